//! Times as those of `jiff`.

use jiff::civil;

use super::{Timestamp, UnixSeconds, written};
use crate::error::{Error, ErrorKind, Result};
use time::{OffsetDateTime, PrimitiveDateTime};

fn out_of_range() -> Error {
    Error::new(ErrorKind::Decode, "the time is outside of the years that jiff can hold")
}

/// An instant is written in UTC, since a `jiff::Timestamp` has no zone.
///
/// ```
/// use cloud_core::Timestamp;
///
/// let instant: jiff::Timestamp = (&Timestamp::from("2025-03-11T16:00:32+09:00")).try_into()?;
/// assert_eq!(instant.to_string(), "2025-03-11T07:00:32Z");
/// assert_eq!(Timestamp::from(instant).as_str(), "2025-03-11T07:00:32Z");
///
/// // A missing zone is not invented.
/// let without_zone = Timestamp::from("2025-02-25 03:07:17.000");
/// assert!(jiff::Timestamp::try_from(&without_zone).is_err());
/// let local = jiff::civil::DateTime::try_from(&without_zone)?;
/// assert_eq!(local.to_string(), "2025-02-25T03:07:17");
/// # Ok::<(), cloud_core::Error>(())
/// ```
impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        // Every instant of jiff is one of time.
        OffsetDateTime::from_unix_timestamp_nanos(instant.as_nanosecond())
            .map_or_else(|_| Self(instant.to_string()), written)
    }
}

impl TryFrom<&Timestamp> for jiff::Timestamp {
    type Error = Error;

    /// Returns the instant. An error if the string names no zone.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        Self::from_nanosecond(stamp.to_offset_date_time()?.unix_timestamp_nanos()).map_err(|_| out_of_range())
    }
}

impl TryFrom<&Timestamp> for civil::DateTime {
    type Error = Error;

    /// Returns date and time as written. An error if the string names a zone, which would be lost.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        local(stamp.to_date_time()?).ok_or_else(out_of_range)
    }
}

fn local(time: PrimitiveDateTime) -> Option<civil::DateTime> {
    let (date, time) = (time.date(), time.time());
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(u8::from(date.month())).ok()?, i8::try_from(date.day()).ok()?);
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(|part| i8::try_from(part).ok());
    let nanos = i32::try_from(time.nanosecond()).ok()?;
    civil::DateTime::new(year, month, day, hour?, minute?, second?, nanos).ok()
}

impl From<jiff::Timestamp> for UnixSeconds {
    /// Leaves out fractions of a second, towards the past.
    fn from(instant: jiff::Timestamp) -> Self {
        let whole = instant.as_nanosecond().div_euclid(1_000_000_000);
        Self(i64::try_from(whole).unwrap_or_default())
    }
}

impl TryFrom<UnixSeconds> for jiff::Timestamp {
    type Error = Error;

    fn try_from(seconds: UnixSeconds) -> Result<Self> {
        Self::from_second(seconds.0).map_err(|_| out_of_range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_local_times_keep_what_the_string_says() {
        for (text, instant, civil) in [
            ("2024-05-17T00:23:17Z", Some("2024-05-17T00:23:17Z"), None),
            ("2026-04-14T15:05:24.124Z", Some("2026-04-14T15:05:24.124Z"), None),
            ("2025-03-11T16:00:32+09:00", Some("2025-03-11T07:00:32Z"), None),
            ("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59.5Z"), None),
            ("2025-02-25 03:07:17.120", None, Some("2025-02-25T03:07:17.12")),
            ("2025-01-30T15:00:00.000", None, Some("2025-01-30T15:00:00")),
            ("20251008", None, Some("2025-10-08T00:00:00")),
            ("tomorrow", None, None),
        ] {
            let stamp = Timestamp::from(text);
            let given = jiff::Timestamp::try_from(&stamp).ok();
            assert_eq!(given.map(|time| time.to_string()).as_deref(), instant, "{text}");
            let local = civil::DateTime::try_from(&stamp).ok();
            assert_eq!(local.map(|time| time.to_string()).as_deref(), civil, "{text}");
            if let Some(given) = given {
                let again = Timestamp::from(given);
                assert_eq!(Some(again.as_str()), instant);
                assert_eq!(jiff::Timestamp::try_from(&again).unwrap(), given);
            }
        }
        for seconds in [0, -1, 1_715_905_397] {
            let instant = jiff::Timestamp::try_from(UnixSeconds(seconds)).unwrap();
            assert_eq!(UnixSeconds::from(instant), UnixSeconds(seconds));
        }
        let half: jiff::Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(UnixSeconds::from(half), UnixSeconds(-1));
        assert!(jiff::Timestamp::try_from(UnixSeconds(i64::MAX)).is_err());
    }
}
