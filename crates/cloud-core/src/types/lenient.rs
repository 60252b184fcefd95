//! Lenient codecs: numbers, booleans and strings that services write in more than one way.

use std::fmt;

use serde::de::{MapAccess, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::adapter::{DeserializeAs, SerializeAs, With};
use super::number;

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
        only_one::<A, With<i64, LenientInt>>(list).map(|value| value.0)
    }
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<i64, A::Error> {
        number::visit(self, members)
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
        only_one::<A, With<bool, LenientBool>>(list).map(|value| Some(value.0))
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
        impl<'de> de::Visitor<'de> for Visitor {
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
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<String, A::Error> {
                number::visit(self, members)
            }
        }
        deserializer.deserialize_any(Visitor)
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
