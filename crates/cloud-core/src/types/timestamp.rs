//! Times as the services send them: the text is kept, and parsed on request without inventing a zone.

use std::fmt;

use ::time::format_description::well_known::Rfc3339;
use ::time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::number;
use crate::error::{Error, ErrorKind, Result};

#[cfg(feature = "chrono-0_4")]
mod chrono;
#[cfg(feature = "jiff-0_2")]
mod jiff;
mod time;

/// A point in time as a string, exactly as received.
///
/// The services write dates in many ways, with and without a zone. Decoding never fails; conversions
/// happen on request, and a missing zone stays missing until the caller says which one is meant. `==` compares the
/// strings: two that name the same instant in different zones differ. Compare instants.
///
/// `TryFrom` converts it to the types of `time`, and of `jiff` and `chrono` with the features `jiff-0_2` and
/// `chrono-0_4`: to instants if the string names its zone, and to a date and time without a zone if it names none.
/// `From` writes their instants.
///
/// ```
/// use cloud_core::Timestamp;
///
/// let with_zone = Timestamp::from("2024-05-17T00:23:17Z");
/// assert_eq!(with_zone.to_offset_date_time()?.unix_timestamp(), 1_715_905_397);
///
/// let without_zone = Timestamp::from("2025-02-25 03:07:17.000");
/// assert!(without_zone.to_offset_date_time().is_err());
/// assert_eq!(without_zone.to_instant(time::UtcOffset::UTC)?.unix_timestamp(), 1_740_452_837);
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp(String);

impl Timestamp {
    /// Returns the string as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the instant, if the string contains its zone.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the text is not a date and time with an offset or `Z`.
    pub fn to_offset_date_time(&self) -> Result<OffsetDateTime> {
        OffsetDateTime::parse(&self.0, &Rfc3339).map_err(|_| self.error("a date and time with a zone"))
    }

    /// Returns the instant: in the zone that the string names, else in the given one. A date alone means midnight.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the text is not a date in any of the formats in use.
    pub fn to_instant(&self, assumed: UtcOffset) -> Result<OffsetDateTime> {
        self.to_offset_date_time().or_else(|_| Ok(self.local()?.assume_offset(assumed)))
    }

    /// Returns date and time as written, if the string names no zone; a date alone means midnight.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the text names its zone, which would be lost, or is not a date in any of the formats in
    /// use.
    pub fn to_date_time(&self) -> Result<PrimitiveDateTime> {
        if self.to_offset_date_time().is_ok() {
            return Err(self.error("a date without a zone; `to_offset_date_time` and `to_instant` keep the zone"));
        }
        self.local()
    }

    fn local(&self) -> Result<PrimitiveDateTime> {
        let instant = completed(&self.0).and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
        instant.map(|time| PrimitiveDateTime::new(time.date(), time.time())).ok_or_else(|| self.error("a date"))
    }

    fn error(&self, wanted: &str) -> Error {
        // The string is arbitrary, so it is shortened and kept on one line.
        let shown: String = self.0.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
        Error::new(ErrorKind::Decode, format!("`{shown}` is not {wanted}"))
    }
}

/// A text without a zone as RFC 3339 would write it with one: `2025-02-25 03:07:17.000`, to the minute, the day alone,
/// and `20251008`.
fn completed(text: &str) -> Option<String> {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if let (8, Some(_)) = (text.len(), digits(0..8)) {
        return Some(format!("{}-{}-{}T00:00:00Z", digits(0..4)?, digits(4..6)?, digits(6..8)?));
    }
    let (day, rest) = text.split_at_checked(10)?;
    let time = match rest.strip_prefix(['T', ' ']) {
        // Anything but digits, such as a zone, is not a time of a day.
        Some(time) if time.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.')) => time,
        None if rest.is_empty() => "00:00",
        _ => return None,
    };
    let seconds = if time.len() == 5 { ":00" } else { "" };
    Some(format!("{day}T{time}{seconds}Z"))
}

/// An instant as RFC 3339 writes it, in the offset that it is in.
fn written(instant: OffsetDateTime) -> Timestamp {
    let offset = instant.offset();
    // RFC 3339 knows no seconds of an offset.
    let instant = if offset.seconds_past_minute() == 0 { instant } else { instant.to_offset(UtcOffset::UTC) };
    let (date, time, (hours, minutes, _)) = (instant.date(), instant.time(), instant.offset().as_hms());
    let (month, nanos) = (u8::from(date.month()), time.nanosecond());
    let mut text = format!(
        "{:04}-{month:02}-{:02}T{:02}:{:02}:{:02}",
        date.year(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    if nanos > 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    if instant.offset().is_utc() {
        text.push('Z');
    } else {
        let sign = if instant.offset().is_negative() { '-' } else { '+' };
        text.push_str(&format!("{sign}{:02}:{:02}", hours.unsigned_abs(), minutes.unsigned_abs()));
    }
    Timestamp(text)
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Timestamp {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date as text or number")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Ok(Timestamp(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Timestamp, E> {
                Ok(Timestamp(text))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Timestamp, E> {
                Ok(from_number(&number))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Timestamp, E> {
                Ok(from_number(&number))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Timestamp, E> {
                Ok(from_number(&number))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, members: A) -> Result<Timestamp, A::Error> {
                number::visit(self, members)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Apart from the visitor, so that reading text, the common case, stays small wherever it is compiled in.
#[cold]
fn from_number(number: &dyn fmt::Display) -> Timestamp {
    Timestamp(number.to_string())
}

/// A point in time as seconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// Returns the instant.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if it lies outside the years that [`OffsetDateTime`] can hold.
    pub fn to_offset_date_time(self) -> Result<OffsetDateTime> {
        let instant = OffsetDateTime::from_unix_timestamp(self.0);
        instant.map_err(|_| Error::new(ErrorKind::Decode, format!("{} seconds is out of range", self.0)))
    }
}

impl From<OffsetDateTime> for UnixSeconds {
    fn from(instant: OffsetDateTime) -> Self {
        Self(instant.unix_timestamp())
    }
}

impl From<i64> for UnixSeconds {
    fn from(seconds: i64) -> Self {
        Self(seconds)
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for UnixSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::adapter::As::<super::lenient::LenientInt>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, local: Option<&str>, zoned: bool) {
        let stamp: Timestamp = serde_json::from_value(text.into()).unwrap();
        assert_eq!(stamp.as_str(), text);
        assert_eq!(stamp.to_date_time().ok().map(|t| t.to_string()).as_deref(), local.filter(|_| !zoned), "{text}");
        let korea = UtcOffset::from_hms(9, 0, 0).unwrap();
        let instant = stamp.to_instant(korea).ok();
        assert_eq!(instant.map(|t| PrimitiveDateTime::new(t.date(), t.time()).to_string()).as_deref(), local, "{text}");
        assert!(zoned || instant.is_none_or(|instant| instant.offset() == korea), "{text}");
        assert_eq!(stamp.to_offset_date_time().is_ok(), zoned, "{text}");
        assert_eq!(serde_json::to_value(&stamp).unwrap(), text);
    }

    #[test]
    fn documented_formats_are_parsed_and_kept() {
        check("2024-05-17T00:23:17Z", Some("2024-05-17 0:23:17.0"), true);
        check("2026-04-14T15:05:24.124Z", Some("2026-04-14 15:05:24.124"), true);
        check("2025-03-11T16:00:32+09:00", Some("2025-03-11 16:00:32.0"), true);
        check("2026-02-07T18:07:59", Some("2026-02-07 18:07:59.0"), false);
        check("2025-01-30T15:00:00.000", Some("2025-01-30 15:00:00.0"), false);
        check("2025-02-25 03:07:17.000", Some("2025-02-25 3:07:17.0"), false);
        check("2022-01-01 12:00:00", Some("2022-01-01 12:00:00.0"), false);
        check("2022-01-01", Some("2022-01-01 0:00:00.0"), false);
        check("20251008", Some("2025-10-08 0:00:00.0"), false);
        check("2025-02-25 03:07:17", Some("2025-02-25 3:07:17.0"), false);
        check("2025-02-25T03:07", Some("2025-02-25 3:07:00.0"), false);
        check("2025-02-25 23:59", Some("2025-02-25 23:59:00.0"), false);
        check("2025-02-25T03:07:17.", None, false);
        check("2025-02-25T", None, false);
        check("2025-02-25T03", None, false);
        check("2025-02-25 03:07 Z", None, false);
        check("2025-02-30", None, false);
        check("20250230", None, false);
        check("2025100", None, false);
        check("２０２５１００８", None, false);
        check("2025-02-25é03:07", None, false);
        check("", None, false);
        check("tomorrow", None, false);
    }

    #[test]
    fn instants_are_written_with_their_offset_and_read_again() {
        for text in [
            "2024-05-17T00:23:17Z",
            "2026-04-14T15:05:24.124Z",
            "2025-03-11T16:00:32+09:00",
            "2025-03-11T16:00:32.000000001-05:30",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999-00:30",
        ] {
            let instant = OffsetDateTime::try_from(&Timestamp::from(text)).unwrap();
            assert_eq!(Timestamp::from(instant).as_str(), text);
            assert!(PrimitiveDateTime::try_from(&Timestamp::from(text)).is_err(), "the zone would be lost");
        }
        let odd = OffsetDateTime::UNIX_EPOCH.to_offset(UtcOffset::from_hms(0, 20, 8).unwrap());
        assert_eq!(Timestamp::from(odd).as_str(), "1970-01-01T00:00:00Z");
        assert!(OffsetDateTime::try_from(&Timestamp::from("2025-02-25 03:07:17")).is_err());
        assert_eq!(OffsetDateTime::try_from(UnixSeconds(7)).unwrap().unix_timestamp(), 7);
    }

    #[test]
    fn numbers_are_kept_as_text() {
        for (json, text) in [
            ("20251008", "20251008"),
            ("-1", "-1"),
            ("1715905397.25", "1715905397.25"),
            ("1715905397.0", "1715905397"),
            ("1.5e3", "1500"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap().as_str(), text);
            assert_eq!(crate::codegen::from_json::<Timestamp>(json.as_bytes()).unwrap().as_str(), text);
        }
        for json in [r#"{"a":"1"}"#, "{}", "[1.5]", "null"] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn unix_seconds_accept_strings_and_reject_values_out_of_range() {
        assert_eq!(serde_json::from_str::<UnixSeconds>("\"1629337534\"").unwrap(), UnixSeconds(1_629_337_534));
        assert!(UnixSeconds(i64::MAX).to_offset_date_time().is_err());
    }
}
