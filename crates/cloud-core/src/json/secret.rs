//! Reads JSON that is secret: no decoded text is left in freed memory, and errors quote nothing.

use std::borrow::Cow;
use std::fmt;

use secrecy::zeroize::Zeroizing;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::{json_name, missing};
use crate::error::{Advice, Error, ErrorKind, Result};

/// The deepest nesting, as in `serde_json`.
const DEEPEST: usize = 128;

/// Decodes a secret from JSON. Strings are decoded in buffers that are wiped, unlike the scratch space of `serde_json`;
/// what `T` itself keeps is wiped only if its fields are.
///
/// # Errors
/// [`ErrorKind::Decode`] if the text is not JSON or does not match the type. It names the place, and no value.
pub(crate) fn from_secret_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    let json: &RawValue =
        serde_json::from_str(text).map_err(|_| misfit("cannot read the secret: its value is not JSON"))?;
    T::deserialize(Value { json: json.get(), depth: 0 }).map_err(|problem| {
        let place = problem.place.trim_start_matches('.');
        let text = match problem.what {
            What::IsNot(wanted) if place.is_empty() => format!("the value is not {}", json_name(&wanted)),
            What::IsNot(wanted) => format!("`{place}` is not {}", json_name(&wanted)),
            What::Missing(name) => missing(place, name),
        };
        misfit(&format!("cannot read the secret: {text}"))
    })
}

fn misfit(text: &str) -> Error {
    const ADVICE: &[Advice] = &[Advice::new(
        "check_secret_value",
        "compare the value that is stored with the type that the program reads it as",
    )];
    Error::new(ErrorKind::Decode, text).with_advice(ADVICE)
}

/// Where a value does not fit, and how. It holds names of fields and types, and nothing else of the text.
#[derive(Debug)]
struct Problem {
    place: String,
    what: What,
}

#[derive(Debug)]
enum What {
    IsNot(String),
    Missing(&'static str),
}

impl Problem {
    fn is_not(wanted: impl Into<String>) -> Self {
        Self { place: String::new(), what: What::IsNot(wanted.into()) }
    }

    fn within(mut self, outer: &str) -> Self {
        self.place.insert_str(0, outer);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret does not match the type")
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    /// The message of a type's own may quote the value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::is_not("a value that the type accepts")
    }
    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::is_not(wanted.to_string())
    }
    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::is_not(wanted.to_string())
    }
    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Self::is_not(wanted.to_string())
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::is_not("one of the listed values")
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::is_not("an object with the fields of the type alone")
    }
    fn missing_field(name: &'static str) -> Self {
        Self { place: String::new(), what: What::Missing(name) }
    }
    fn duplicate_field(name: &'static str) -> Self {
        Self::is_not(format!("an object with `{name}` once"))
    }
}

/// The text of one JSON value, known to be valid.
#[derive(Clone, Copy)]
struct Value<'de> {
    json: &'de str,
    depth: usize,
}

impl<'de> Value<'de> {
    /// A value inside this one.
    fn inner(self, json: &'de RawValue) -> Result<Self, Problem> {
        match self.depth < DEEPEST {
            true => Ok(Self { json: json.get(), depth: self.depth + 1 }),
            false => Err(Problem::is_not("an object or array of at most 128 levels")),
        }
    }

    /// The members of an object. Errors name those of these `fields`; any other name may be part of the secret.
    fn members(self, fields: &'static [&'static str]) -> Result<Members<'de>, Problem> {
        let Pairs(members) = serde_json::from_str(self.json).map_err(|_| Problem::is_not("an object"))?;
        Ok(Members { outer: self, fields, members: members.into_iter().enumerate(), value: None })
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let quoted = self.json.get(1..self.json.len() - 1).unwrap_or_default();
        if !quoted.contains('\\') {
            return visitor.visit_borrowed_str(quoted);
        }
        visitor.visit_str(&unescaped(quoted).ok_or_else(|| Problem::is_not("a string of Unicode characters"))?)
    }
}

fn number<'de, V: Visitor<'de>>(json: &str, visitor: V) -> Result<V::Value, Problem> {
    if let Ok(number) = json.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = json.parse() {
        return visitor.visit_i64(number);
    }
    match json.parse::<f64>() {
        Ok(number) if number.is_finite() => visitor.visit_f64(number),
        _ => Err(Problem::is_not("a number in range")),
    }
}

/// The content of a JSON string, in a buffer that is wiped; `None` for any other value.
pub(crate) fn unquoted(json: &str) -> Option<Zeroizing<String>> {
    unescaped(json.strip_prefix('"')?.strip_suffix('"')?)
}

/// What a string says between its quotation marks; `None` for half a surrogate.
fn unescaped(quoted: &str) -> Option<Zeroizing<String>> {
    // No escape is shorter than what it stands for, so that the buffer never moves.
    let mut text = Zeroizing::new(String::with_capacity(quoted.len()));
    let mut rest = quoted;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let kind = escape.chars().next()?;
        rest = escape.get(kind.len_utf8()..)?;
        text.push(match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = u32::from_str_radix(rest.get(..4)?, 16).ok()?;
                rest = rest.get(4..)?;
                if (0xd800..0xdc00).contains(&first) {
                    let second = u32::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
                    rest = rest.get(6..)?;
                    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?
                } else {
                    char::from_u32(first)?
                }
            }
            same => same,
        });
    }
    text.push_str(rest);
    Some(text)
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.json.as_bytes().first() {
            Some(b'n') => visitor.visit_unit(),
            Some(b't') => visitor.visit_bool(true),
            Some(b'f') => visitor.visit_bool(false),
            Some(b'"') => self.text(visitor),
            Some(b'{') => visitor.visit_map(self.members(&[])?),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(self.json).map_err(|_| Problem::is_not("an array"))?;
                let mut items = Items { outer: self, items: items.into_iter().enumerate() };
                let value = visitor.visit_seq(&mut items)?;
                // A tuple takes as many as it has, and leaves the others.
                if items.items.len() > 0 { Err(Problem::is_not("an array of the type's length")) } else { Ok(value) }
            }
            _ => number(self.json, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.json == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    /// Takes no list of the members in their order, which would mix them up.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_map(self.members(fields)?)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.json.parse() {
            Ok(number) => visitor.visit_i128(number),
            Err(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.json.parse() {
            Ok(number) => visitor.visit_u128(number),
            Err(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        struct Name<V>(V);
        impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
            type Value = V::Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.expecting(f)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<V::Value, E> {
                let name: StrDeserializer<'_, E> = text.into_deserializer();
                self.0.visit_enum(name)
            }
        }
        match self.json.as_bytes().first() {
            Some(b'{') => match self.members(variants)? {
                one if one.members.len() == 1 => visitor.visit_enum(MapAccessDeserializer::new(one)),
                _ => Err(Problem::is_not("an object with one member")),
            },
            _ => self.deserialize_str(Name(visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// The members of an object, in their order and with those that come twice.
struct Pairs<'de>(Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = members.next_entry::<Cow<'_, str>, _>()? {
                    pairs.push((name.into_owned(), value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

struct Items<'de> {
    outer: Value<'de>,
    items: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        let value = self.outer.inner(item).and_then(|item| seed.deserialize(item));
        value.map(Some).map_err(|problem| problem.within(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Members<'de> {
    outer: Value<'de>,
    fields: &'static [&'static str],
    members: std::iter::Enumerate<std::vec::IntoIter<(String, &'de RawValue)>>,
    /// The value of the last key, with its place.
    value: Option<(String, &'de RawValue)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((index, (name, value))) = self.members.next() else { return Ok(None) };
        let key = seed.deserialize(Key(&name));
        let known = self.fields.contains(&name.as_str());
        self.value = Some((if known { format!(".{name}") } else { format!("[key {}]", index + 1) }, value));
        key.map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some((place, value)) = self.value.take() else { return Err(Problem::is_not("an object")) };
        let value = self.outer.inner(value).and_then(|value| seed.deserialize(value));
        value.map_err(|problem| problem.within(&place))
    }
}

/// The name of a member as a key. As in `serde_json`, it may say a number or a flag.
struct Key<'a>(&'a str);

impl Key<'_> {
    fn is_number(&self) -> bool {
        self.0.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            && serde_json::from_str::<de::IgnoredAny>(self.0).is_ok()
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.is_number() { number(self.0, visitor) } else { visitor.visit_str(self.0) }
    }
}

macro_rules! number_keys {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            self.number(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => visitor.visit_str(other),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let name: StrDeserializer<'_, Problem> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0.parse() {
            Ok(number) if self.is_number() => visitor.visit_i128(number),
            _ => visitor.visit_str(self.0),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0.parse() {
            Ok(number) if self.is_number() => visitor.visit_u128(number),
            _ => visitor.visit_str(self.0),
        }
    }

    number_keys! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::secret::SecretString;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Plain,
        Tls { name: String },
        Ports(u16, u16),
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Login {
        user: String,
        port: u16,
        ratio: Option<f64>,
        #[serde(default)]
        hosts: Vec<Host>,
        mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Host {
        name: String,
        weight: i32,
    }

    #[test]
    fn values_that_are_no_strings_are_read_as_serde_json_reads_them() {
        for text in [
            r#"{"user":"app","port":5432}"#,
            r#" { "user" : "a\"b\\\/\b\f\n\r\té😀" , "port":1, "ratio": -2.5e-3, "more": [[{}]] } "#,
            r#"{"user":"","port":0,"ratio":null,"hosts":[{"name":"a","weight":-7},{"name":"é","weight":0}]}"#,
            r#"{"user":"x","port":65535,"ratio":3,"mode":"plain"}"#,
            r#"{"user":"x","port":1,"mode":{"tls":{"name":"n"}}}"#,
            r#"{"user":"x","port":1,"mode":{"ports":[1,2]}}"#,
        ] {
            assert_eq!(from_secret_json::<Login>(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
        }
        assert_eq!(from_secret_json::<SecretString>(r#""a\u00e9""#).unwrap().expose_secret(), "aé");
        assert_eq!(
            from_secret_json::<BTreeMap<String, SecretString>>(r#"{"\n":"x"}"#).unwrap()["\n"].expose_secret(),
            "x"
        );
        assert_eq!(from_secret_json::<(u8, bool, ())>("[7,true,null]").unwrap(), (7, true, ()));
    }

    /// Reads a text as `serde_json` does, or refuses it as that does.
    fn same<T: DeserializeOwned + PartialEq + fmt::Debug>(texts: &[&str]) {
        for text in texts {
            assert_eq!(from_secret_json::<T>(text).ok(), serde_json::from_str::<T>(text).ok(), "{text}");
        }
    }

    #[test]
    fn no_part_of_a_value_is_left_out() {
        same::<(u8, u8)>(&["[1]", "[1,2]", "[1,2,3]"]);
        same::<[u8; 2]>(&["[1]", "[1,2]", "[1,2,3]"]);
        same::<Mode>(&[
            r#"{"ports":[1,2,3]}"#,
            r#"{"tls":{"name":"n"},"plain":null}"#,
            r#"{"plain":null,"tls":{"name":"n"}}"#,
            r#"{"plain":null}"#,
            "{}",
        ]);
        same::<u128>(&["340282366920938463463374607431768211455", "-1", "1.5", r#""1""#, "7"]);
        same::<i128>(&["-170141183460469231731687303715884105728", "340282366920938463463374607431768211455", "7"]);
    }

    /// Reads an object by its keys as `serde_json` does, or refuses it as that does.
    fn same_keys<K: DeserializeOwned + Ord + fmt::Debug>(names: &[&str]) {
        for name in names {
            let text = format!(r#"{{"{name}":1}}"#);
            let wanted = serde_json::from_str::<BTreeMap<K, u8>>(&text).ok();
            assert_eq!(from_secret_json::<BTreeMap<K, u8>>(&text).ok(), wanted, "{text}");
        }
    }

    #[test]
    fn keys_are_read_as_serde_json_reads_them() {
        #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        struct Name(String);
        #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        enum Unit {
            A,
        }
        let names = &["1", "-1", "007", "70000", "1.5", "1e2", " 1", "1 ", "", "x", "true", "null", "A", "\\n", "é"];
        same_keys::<u16>(names);
        same_keys::<i64>(names);
        same_keys::<u128>(names);
        // serde_json panics where a flag is wanted and the key begins outside ASCII.
        same_keys::<bool>(&names[..names.len() - 1]);
        same_keys::<char>(names);
        same_keys::<String>(names);
        same_keys::<Name>(names);
        same_keys::<Unit>(names);
        same_keys::<Option<u8>>(names);
    }

    #[test]
    fn errors_name_the_place_and_never_quote_the_secret() {
        let login = |rest: &str| format!(r#"{{"user":"S3CRET","port":1{rest}}}"#);
        for (text, place) in [
            ("S3CRET".to_owned(), "its value is not JSON"),
            (r#"{"user":"S3CRET""#.to_owned(), "its value is not JSON"),
            (r#""S3CRET""#.to_owned(), "the value is not an object"),
            (r#"["S3CRET",1]"#.to_owned(), "the value is not an object"),
            (r#"{"user":"S3CRET"}"#.to_owned(), "`port` is missing"),
            (r#"{"user":"x","port":"S3CRET"}"#.to_owned(), "`port` is not u16"),
            (r#"{"user":"x","port":70000}"#.to_owned(), "`port` is not u16"),
            (login(r#","user":"S3CRET""#), "once"),
            (login(r#","hosts":"S3CRET""#), "`hosts` is not an array"),
            (login(r#","hosts":[{"name":"a","weight":1},{"name":"S3CRET"}]"#), "`hosts[1].weight` is missing"),
            (login(r#","hosts":[{"name":7,"weight":1}]"#), "`hosts[0].name` is not a string"),
            (login(r#","hosts":[{"S3CRET":7}]"#), "`hosts[0]` is not an object with the fields of the type alone"),
            (login(r#","mode":"S3CRET""#), "`mode` is not one of the listed values"),
            (login(r#","mode":{"S3CRET":1}"#), "`mode` is not one of the listed values"),
            (login(r#","ratio":1e999"#), "`ratio` is not a number in range"),
            (r#"{"user":"\ud800","port":1}"#.to_owned(), "`user` is not"),
        ] {
            let error = from_secret_json::<Login>(&text).unwrap_err();
            assert_eq!((error.kind(), error.advice()[0].code()), (ErrorKind::Decode, "check_secret_value"));
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(place) && !shown.contains("S3CRET"), "{text}: {shown}");
            assert!(std::error::Error::source(&error).is_none(), "{text}");
        }
        let error = from_secret_json::<BTreeMap<String, u16>>(r#"{"a":1,"S3CRET":"x"}"#).unwrap_err().to_string();
        assert!(error.contains("`[key 2]` is not u16") && !error.contains("S3CRET"), "{error}");
        let deep = "[".repeat(40_000) + &"]".repeat(40_000);
        assert!(from_secret_json::<crate::types::Json>(&deep).is_err());
    }

    proptest! {
        #[test]
        fn every_string_is_read_as_it_was_written(text in "\\PC*|[\\x00-\\x1f\"\\\\]{0,8}", escaped in any::<bool>()) {
            let mut json = serde_json::to_string(&text).unwrap();
            if escaped {
                json = format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            }
            prop_assert_eq!(from_secret_json::<String>(&json).unwrap(), text);
        }
    }
}
