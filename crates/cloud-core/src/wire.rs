//! JSON on the wire: lenient codecs for answers, request bodies, and the types that answers need.

use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
pub use serde_with::As;
use serde_with::{DeserializeAs, SerializeAs};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::ZeroizingBuf;
use crate::validate::Validator;

mod strict;

pub use crate::json::Json;
use strict::Strict;

/// A request body: it knows its JSON and its documented limits.
pub trait Body {
    /// The body as JSON. The only place where a type that holds a secret is written out.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] if a value cannot be written as JSON.
    fn encode(&self) -> Result<Bytes>;

    /// Reports every value that breaks a documented rule.
    fn validate(&self, validator: &mut Validator) {
        let _ = validator;
    }
}

/// A value as JSON, in a buffer that is wiped from memory when it is dropped.
///
/// # Errors
/// [`ErrorKind::Request`] if the value cannot be written as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Bytes> {
    let mut bytes = ZeroizingBuf::default();
    serde_json::to_writer(&mut bytes, value).map_err(|_| Error::request("the body cannot be written as json"))?;
    Ok(bytes.freeze())
}

/// A value from JSON. An error names the place (`keys[3].state`) and never quotes a value.
///
/// # Errors
/// [`ErrorKind::Decode`] if the text is not JSON or not of this shape.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    // Tracking the path costs time, so it is done only once it is known that there is something to say.
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Strict(&mut deserializer));
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|_| explain::<T>(text))
}

#[cold]
fn explain<T: DeserializeOwned>(text: &[u8]) -> Error {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let outcome = T::deserialize(Strict(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track)));
    let problem = match outcome {
        Ok(_) => "text follows the json value; a proxy may stand in between".to_owned(),
        Err(inner) => {
            let path = track.path().to_string();
            let (line, column) = (inner.line(), inner.column());
            if inner.is_data() {
                let problem = shape_problem(&path, &inner.to_string());
                format!("{problem}; the service may have changed, so look for a newer release")
            } else if inner.is_eof() {
                format!("the json ends early, at line {line} column {column}; it may have been cut short on its way")
            } else {
                format!("not json, at line {line} column {column}; a proxy may stand in between")
            }
        }
    };
    Error::new(ErrorKind::Decode, format!("the answer cannot be read: {problem}"))
}

/// Serde's own text may quote the value it met; only its words about names and types are used.
fn shape_problem(path: &str, text: &str) -> String {
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return match path {
            "." | "" => format!("`{name}` is missing"),
            _ => format!("`{path}.{name}` is missing"),
        };
    }
    let wanted = text.rsplit_once(", expected ").map_or("another type", |(_, rest)| rest);
    let wanted = wanted.split(" at line ").next().unwrap_or(wanted);
    let place = if matches!(path, "." | "") { "the whole value" } else { path };
    format!("`{place}` is not {wanted}")
}

/// Beyond 2^53 a float no longer names one integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An integer that may come as a number, as text, or as a list of one of them.
#[derive(Debug)]
pub struct LenientInt;

/// A boolean that may come as `true`, as text, as 0 or 1, or as a list of one of them.
#[derive(Debug)]
pub struct LenientBool;

/// A boolean for which empty text means that there is none.
#[derive(Debug)]
pub struct LenientOptionalBool;

/// A text that may come as a number or a boolean.
#[derive(Debug)]
pub struct LenientText;

impl SerializeAs<i64> for LenientInt {
    fn serialize_as<S: Serializer>(source: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*source)
    }
}

impl<'de> DeserializeAs<'de, i64> for LenientInt {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(IntVisitor)
    }
}

struct IntVisitor;

impl<'de> de::Visitor<'de> for IntVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::custom("out of range, expected an integer of 64 bits"))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[allow(clippy::cast_possible_truncation, reason = "whole and in range, as just checked")]
            return Ok(number as i64);
        }
        Err(E::custom("a fraction, expected an integer"))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        text.trim().parse().map_err(|_| E::custom("other text, expected an integer"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<i64, A::Error> {
        only_one::<A, De<i64, LenientInt>>(list).map(|value| value.0)
    }
}

impl SerializeAs<bool> for LenientBool {
    fn serialize_as<S: Serializer>(source: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*source)
    }
}

impl<'de> DeserializeAs<'de, bool> for LenientBool {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        match deserializer.deserialize_any(BoolVisitor)? {
            Some(value) => Ok(value),
            None => Err(de::Error::custom("empty text, expected a boolean")),
        }
    }
}

struct BoolVisitor;

impl<'de> de::Visitor<'de> for BoolVisitor {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean")
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<bool>, E> {
        Ok(Some(value))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<bool>, E> {
        match number {
            0 => Ok(Some(false)),
            1 => Ok(Some(true)),
            _ => Err(E::custom("another number, expected a boolean")),
        }
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<bool>, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(-1))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<bool>, E> {
        match text.trim() {
            "" => Ok(None),
            text if text.eq_ignore_ascii_case("true") || text == "1" => Ok(Some(true)),
            text if text.eq_ignore_ascii_case("false") || text == "0" => Ok(Some(false)),
            _ => Err(E::custom("other text, expected a boolean")),
        }
    }
    fn visit_unit<E: de::Error>(self) -> Result<Option<bool>, E> {
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<bool>, A::Error> {
        only_one::<A, De<bool, LenientBool>>(list).map(|value| Some(value.0))
    }
}

impl SerializeAs<Option<bool>> for LenientOptionalBool {
    fn serialize_as<S: Serializer>(source: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
        source.serialize(serializer)
    }
}

impl<'de> DeserializeAs<'de, Option<bool>> for LenientOptionalBool {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
        deserializer.deserialize_any(BoolVisitor)
    }
}

impl SerializeAs<String> for LenientText {
    fn serialize_as<S: Serializer>(source: &String, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(source)
    }
}

impl<'de> DeserializeAs<'de, String> for LenientText {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<String, E> {
                Ok(text)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
                Ok(number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
                Ok(number.to_string())
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
                // An id without its last digits would be another one.
                if number.abs() > EXACT {
                    return Err(E::custom("too long a number, expected a text or a number of at most 64 bits"));
                }
                Ok(number.to_string())
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<String, E> {
                Ok(value.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Carries a codec through a list.
struct De<T, U>(T, std::marker::PhantomData<U>);

impl<'de, T, U: DeserializeAs<'de, T>> Deserialize<'de> for De<T, U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        U::deserialize_as(deserializer).map(|value| Self(value, std::marker::PhantomData))
    }
}

fn only_one<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(mut list: A) -> Result<T, A::Error> {
    let first = list.next_element()?;
    let more = list.next_element::<de::IgnoredAny>()?.is_some();
    match first {
        Some(value) if !more => Ok(value),
        _ => Err(de::Error::custom("a list, expected one value or a list of one")),
    }
}

/// One value or a list of them: some services send either for the same field. It is written as it came.
///
/// ```
/// use cloud_core::OneOrMany;
///
/// let names: OneOrMany<String> = serde_json::from_str(r#"["vault"]"#)?;
/// assert_eq!(names.first().map(String::as_str), Some("vault"));
/// assert_eq!(serde_json::to_string(&names)?, r#"["vault"]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OneOrMany<T> {
    /// A bare value.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values, whichever way they came.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// The first value; `None` for an empty list.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.as_slice().first()
    }
}

impl<T> From<T> for OneOrMany<T> {
    fn from(value: T) -> Self {
        Self::One(value)
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => value.serialize(serializer),
            Self::Many(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = OneOrMany<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(OneOrMany::Many)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A field of an update that tells "leave it", "clear it" and "set it" apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// Not sent: the service leaves the field as it is.
    #[default]
    Absent,
    /// Sent as `null`.
    Null,
    /// Sent with this value.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether nothing is sent.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if one is sent.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(text: &str) -> Self {
        Self::Value(text.to_owned())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A secret on its way into a request body; the request path is the only user.
#[derive(Debug)]
pub struct Exposed<'a>(pub &'a SecretString);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// An optional secret on its way into a request body.
#[derive(Debug)]
pub struct ExposedOption<'a>(pub &'a Option<SecretString>);

impl Serialize for ExposedOption<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Exposed).serialize(serializer)
    }
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
