//! Codecs of the formats that the vendors write into strings: flags, dates, Base64, networks, JSON.
//!
//! Requests use them strictly; responses wrap them in [`LenientAs`], so that an odd value fails nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use serde::{Deserializer, Serializer, de};
use time::{Date, Month};

use super::adapter::{DeserializeAs, SerializeAs};
use super::lenient_value::Lenient;
use super::{DateOrTime, Networks, SecretJson, Sort};
use crate::secret::SecretBytes;

/// A format of a string that stands for a value.
pub trait TextFormat<T> {
    /// The format in words, to complete "the value is not …".
    const NAME: &'static str;

    /// Reads the string; `None` if it is not in the format.
    fn read(text: &str) -> Option<T>;

    /// Writes the value as the vendor documents it.
    fn write(value: &T) -> Zeroizing<String>;

    /// Why the value cannot be written in the format, if it cannot.
    fn problem(_value: &T) -> Option<&'static str> {
        None
    }

    /// Whether `write` gives JSON that is no string, and what `read` takes may stand without quotes.
    const BARE: bool = false;
}

/// `Y` or `N`.
#[derive(Debug)]
pub struct YesNo;

/// `y` or `n`.
#[derive(Debug)]
pub struct LowerYesNo;

/// `true` or `false`, where a vendor's own example shows words.
#[derive(Debug)]
pub struct Flag;

/// A date as `YYYYMMDD`.
#[derive(Debug)]
pub struct BasicDate;

/// A day as `YYYY-MM-DD`, or with a time as `YYYY-MM-DD HH:MM:SS`.
#[derive(Debug)]
pub struct DateOrTimeText;

/// A field, a colon and `asc` or `desc`.
#[derive(Debug)]
pub struct SortText;

/// Bytes in Base64 with padding.
#[derive(Debug)]
pub struct Base64;

/// IP networks, separated by commas.
#[derive(Debug)]
pub struct NetworkList;

/// A secret JSON object in a string.
#[derive(Debug)]
pub struct SecretJsonText;

/// A format of a response: a value in another one is kept as it came.
#[derive(Debug)]
pub struct LenientAs<F>(std::marker::PhantomData<F>);

fn read_flag(text: &str) -> Option<bool> {
    match text.trim() {
        "Y" | "y" => Some(true),
        "N" | "n" => Some(false),
        _ => None,
    }
}

impl TextFormat<bool> for YesNo {
    const NAME: &'static str = "`Y` or `N`";

    fn read(text: &str) -> Option<bool> {
        read_flag(text)
    }
    fn write(value: &bool) -> Zeroizing<String> {
        Zeroizing::new(if *value { "Y" } else { "N" }.to_owned())
    }
}

impl TextFormat<bool> for LowerYesNo {
    const NAME: &'static str = "`y` or `n`";

    fn read(text: &str) -> Option<bool> {
        read_flag(text)
    }
    fn write(value: &bool) -> Zeroizing<String> {
        Zeroizing::new(if *value { "y" } else { "n" }.to_owned())
    }
}

impl TextFormat<bool> for Flag {
    const NAME: &'static str = "a boolean";
    const BARE: bool = true;

    fn read(text: &str) -> Option<bool> {
        let text = text.trim();
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if is("true") { Some(true) } else { is("false").then_some(false) }
    }
    fn write(value: &bool) -> Zeroizing<String> {
        Zeroizing::new(value.to_string())
    }
}

impl TextFormat<Date> for BasicDate {
    const NAME: &'static str = "a date as `YYYYMMDD`";

    fn read(text: &str) -> Option<Date> {
        let number = |range: std::ops::Range<usize>| {
            text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u16>().ok()
        };
        let month = Month::try_from(u8::try_from(number(4..6)?).ok()?).ok()?;
        let day = u8::try_from(number(6..8)?).ok()?;
        let date = Date::from_calendar_date(i32::from(number(0..4)?), month, day).ok()?;
        (text.len() == 8).then_some(date)
    }
    fn write(value: &Date) -> Zeroizing<String> {
        Zeroizing::new(format!("{:04}{:02}{:02}", value.year(), u8::from(value.month()), value.day()))
    }
    fn problem(value: &Date) -> Option<&'static str> {
        year_problem(*value)
    }
}

/// A year beyond four digits would be read as another date.
fn year_problem(date: Date) -> Option<&'static str> {
    (!(0..=9999).contains(&date.year())).then_some("has a year that is not written with four digits")
}

impl TextFormat<DateOrTime> for DateOrTimeText {
    const NAME: &'static str = "a date as `YYYY-MM-DD`, with or without `HH:MM:SS`";

    fn read(text: &str) -> Option<DateOrTime> {
        text.parse().ok()
    }
    fn write(value: &DateOrTime) -> Zeroizing<String> {
        Zeroizing::new(value.to_string())
    }
    fn problem(value: &DateOrTime) -> Option<&'static str> {
        year_problem(value.date())
    }
}

impl TextFormat<Sort> for SortText {
    const NAME: &'static str = "a field, a colon and `asc` or `desc`";

    fn read(text: &str) -> Option<Sort> {
        text.parse().ok()
    }
    fn write(value: &Sort) -> Zeroizing<String> {
        Zeroizing::new(value.to_string())
    }
    fn problem(value: &Sort) -> Option<&'static str> {
        value.problem()
    }
}

impl TextFormat<SecretBytes> for Base64 {
    const NAME: &'static str = "Base64";

    fn read(text: &str) -> Option<SecretBytes> {
        STANDARD.decode(text).ok().map(SecretBytes::from)
    }
    fn write(value: &SecretBytes) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(value.expose_secret()))
    }
}

impl TextFormat<Networks> for NetworkList {
    const NAME: &'static str = "a list of IP networks";

    fn read(text: &str) -> Option<Networks> {
        text.parse().ok()
    }
    fn write(value: &Networks) -> Zeroizing<String> {
        Zeroizing::new(value.to_string())
    }
}

impl TextFormat<SecretJson> for SecretJsonText {
    const NAME: &'static str = "a JSON object";

    fn read(text: &str) -> Option<SecretJson> {
        text.parse().ok()
    }
    fn write(value: &SecretJson) -> Zeroizing<String> {
        Zeroizing::new(value.expose_secret().to_owned())
    }
}

fn serialize<T, F: TextFormat<T>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&F::write(value))
}

fn deserialize<'de, T, F: TextFormat<T>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = deserializer.deserialize_string(Text)?;
    F::read(&text).ok_or_else(|| de::Error::custom(format_args!("other text, expected {}", F::NAME)))
}

/// Text in a buffer that is wiped.
struct Text;

impl de::Visitor<'_> for Text {
    type Value = Zeroizing<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Zeroizing<String>, E> {
        Ok(Zeroizing::new(text.to_owned()))
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<Zeroizing<String>, E> {
        Ok(Zeroizing::new(text))
    }
}

macro_rules! codec {
    ($($format:ty: $value:ty),+ $(,)?) => {$(
        impl SerializeAs<$value> for $format {
            fn serialize_as<S: Serializer>(value: &$value, serializer: S) -> Result<S::Ok, S::Error> {
                serialize::<$value, Self, S>(value, serializer)
            }
        }
        impl<'de> DeserializeAs<'de, $value> for $format {
            fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<$value, D::Error> {
                deserialize::<$value, Self, D>(deserializer)
            }
        }
    )+};
}

codec!(
    YesNo: bool,
    LowerYesNo: bool,
    BasicDate: Date,
    DateOrTimeText: DateOrTime,
    Base64: SecretBytes,
    NetworkList: Networks,
    SecretJsonText: SecretJson,
    SortText: Sort,
);

impl<T, F: TextFormat<T>> SerializeAs<Lenient<T>> for LenientAs<F> {
    fn serialize_as<S: Serializer>(value: &Lenient<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.write::<F, S>(serializer)
    }
}

impl<'de, T, F: TextFormat<T>> DeserializeAs<'de, Lenient<T>> for LenientAs<F> {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Lenient<T>, D::Error> {
        Lenient::read::<F, D>(deserializer)
    }
}

#[cfg(test)]
mod tests;
