//! Bodies of requests: JSON whose errors name the place and never a value.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::failure::{Failure, Result};

/// The most bytes of a body.
pub(crate) const LONGEST: usize = 1024 * 1024;

/// What [`Absent`] says of a parameter that is set.
const UNSUPPORTED: &str = "is not supported by this bridge";

/// Reads a body; one without bytes is an empty object.
pub(crate) fn read<'a, T: de::Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        Failure::invalid(explain(&place, error.inner()))
    })?;
    reader.end().map_err(|_| Failure::invalid("the body has more than one JSON value"))?;
    Ok(value)
}

/// Serde's own messages quote values, so only what is known to be without one is passed on.
fn explain(place: &str, error: &serde_json::Error) -> String {
    let known = place.len() <= 64 && place.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]".contains(&b));
    let text = error.to_string();
    let name = if known && place != "." { format!("`{place}`") } else { "the body".to_owned() };
    if text.starts_with(UNSUPPORTED) {
        return format!("{name} {UNSUPPORTED}");
    }
    if text.starts_with("unknown field") {
        return format!("{name} is not a parameter of this request");
    }
    match error.classify() {
        serde_json::error::Category::Data => format!("{name} has another type, comes twice or is missing"),
        _ => "the body is not JSON".to_owned(),
    }
}

/// A number, also as a string: Vault's command line writes all parameters as strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> de::Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Number, E> {
        Ok(Number(value))
    }
    fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Number, E> {
        let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.then(|| value.parse().ok()).flatten();
        number.map(Number).ok_or_else(|| E::custom("not a number"))
    }
}

/// A parameter of Vault's API that no cloud has: null, false, zero and what is empty mean that it is not used.
#[derive(Debug, Default)]
pub(crate) struct Absent;

impl<'de> de::Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Unset)
    }
}

struct Unset;

fn unset<E: de::Error>(absent: bool) -> std::result::Result<Absent, E> {
    if absent { Ok(Absent) } else { Err(E::custom(UNSUPPORTED)) }
}

impl<'de> Visitor<'de> for Unset {
    type Value = Absent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
    fn visit_unit<E: de::Error>(self) -> std::result::Result<Absent, E> {
        Ok(Absent)
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> std::result::Result<Absent, E> {
        unset(!value)
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Absent, E> {
        unset(value == 0)
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Absent, E> {
        unset(value == 0)
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Absent, E> {
        unset(value == 0.0)
    }
    fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Absent, E> {
        unset(matches!(value, "" | "false" | "0" | "0s"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Absent, A::Error> {
        unset(items.next_element::<IgnoredAny>()?.is_none())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Absent, A::Error> {
        unset(members.next_entry::<IgnoredAny, IgnoredAny>()?.is_none())
    }
}

#[cfg(test)]
mod tests {
    use cloud_core::SecretString;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[allow(dead_code, reason = "only read")]
        plaintext: SecretString,
        #[serde(default)]
        #[allow(dead_code, reason = "only read")]
        context: Absent,
    }

    #[test]
    fn unsupported_parameter_is_named_unless_it_is_empty() {
        for absent in ["null", "false", "0", "\"\"", "\"false\"", "\"0\"", "\"0s\"", "[]", "{}"] {
            assert!(
                read::<Request>(format!(r#"{{"plaintext":"a","context":{absent}}}"#).as_bytes()).is_ok(),
                "{absent}"
            );
        }
        for present in ["true", "1", "-1", "0.5", "\"canary-value\"", "[0]", "{\"canary-value\":0}"] {
            let body = format!(r#"{{"plaintext":"a","context":{present}}}"#);
            let failure = read::<Request>(body.as_bytes()).unwrap_err();
            assert_eq!(failure.text(), Some("`context` is not supported by this bridge"), "{present}");
        }
    }

    #[test]
    fn number_is_read_from_a_string_too() {
        for (json, wanted) in
            [("7", Some(7)), ("\"7\"", Some(7)), ("\"\"", None), ("\"+7\"", None), ("-7", None), ("7.0", None)]
        {
            assert_eq!(serde_json::from_str::<Number>(json).ok(), wanted.map(Number), "{json}");
        }
    }

    #[test]
    fn errors_name_the_place_and_no_value() {
        for (body, wanted) in [
            (r#"{"plaintext":"canary-value""#, "the body is not JSON"),
            (r#"canary-value"#, "the body is not JSON"),
            (r#"{"plaintext":["canary-value"]}"#, "`plaintext` has another type"),
            (r#"{"plaintext":"a","canary-value":1}"#, "is not a parameter"),
            (r#"{"plaintext":"a","plaintext":"canary-value"}"#, "comes twice"),
            (r#"{"plaintext":"a"} "canary-value""#, "more than one JSON value"),
            ("", "the body has another type, comes twice or is missing"),
        ] {
            let failure = read::<Request>(body.as_bytes()).unwrap_err();
            let text = failure.text().unwrap();
            assert!(text.contains(wanted) && !text.contains("canary"), "{body}: {text}");
            assert_eq!(failure.status(), 400);
        }
    }
}
