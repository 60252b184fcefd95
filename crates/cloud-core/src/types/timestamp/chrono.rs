//! Times as those of `chrono`.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};

use super::{Timestamp, UnixSeconds, written};
use crate::error::{Error, ErrorKind, Result};
use time::{OffsetDateTime, UtcOffset};

fn out_of_range() -> Error {
    Error::new(ErrorKind::Decode, "the time is outside of the years that chrono can hold")
}

/// An instant is written with the offset that it has; `chrono` has leap seconds, which are written as the second before.
///
/// ```
/// use chrono::{DateTime, FixedOffset, NaiveDateTime};
/// use cloud_core::Timestamp;
///
/// let instant: DateTime<FixedOffset> = (&Timestamp::from("2025-03-11T16:00:32+09:00")).try_into()?;
/// assert_eq!(instant.timestamp(), 1_741_676_432);
/// assert_eq!(Timestamp::from(instant).as_str(), "2025-03-11T16:00:32+09:00");
///
/// // A missing zone is not invented.
/// let without_zone = Timestamp::from("2025-02-25 03:07:17.000");
/// assert!(DateTime::<FixedOffset>::try_from(&without_zone).is_err());
/// let local = NaiveDateTime::try_from(&without_zone)?;
/// assert_eq!(local.and_utc().timestamp(), 1_740_452_837);
/// # Ok::<(), cloud_core::Error>(())
/// ```
impl From<DateTime<FixedOffset>> for Timestamp {
    fn from(instant: DateTime<FixedOffset>) -> Self {
        let nanos = i128::from(instant.timestamp()) * 1_000_000_000
            + i128::from(instant.timestamp_subsec_nanos().min(999_999_999));
        let utc = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        let offset = UtcOffset::from_whole_seconds(instant.offset().local_minus_utc());
        match (utc, offset) {
            (Ok(utc), Ok(offset)) => written(utc.checked_to_offset(offset).unwrap_or(utc)),
            // A year of six digits, which no service sends.
            _ => Self(format!("{:?}Z", instant.naive_utc())),
        }
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        instant.fixed_offset().into()
    }
}

impl TryFrom<&Timestamp> for DateTime<FixedOffset> {
    type Error = Error;

    /// Returns the instant in the offset that the string names. An error if it names none.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        let instant = stamp.to_offset_date_time()?;
        let utc = DateTime::from_timestamp(instant.unix_timestamp(), instant.nanosecond());
        let offset = FixedOffset::east_opt(instant.offset().whole_seconds());
        utc.zip(offset).map(|(utc, offset)| offset.from_utc_datetime(&utc.naive_utc())).ok_or_else(out_of_range)
    }
}

impl TryFrom<&Timestamp> for DateTime<Utc> {
    type Error = Error;

    /// Returns the instant. An error if the string names no zone.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        DateTime::<FixedOffset>::try_from(stamp).map(|instant| instant.to_utc())
    }
}

impl TryFrom<&Timestamp> for NaiveDateTime {
    type Error = Error;

    /// Returns date and time as written. An error if the string names a zone, which would be lost.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        let (date, time) = stamp.to_date_time().map(|time| (time.date(), time.time()))?;
        NaiveDate::from_ymd_opt(date.year(), u8::from(date.month()).into(), date.day().into())
            .and_then(|day| {
                let (hour, minute, second) = time.as_hms();
                day.and_hms_nano_opt(hour.into(), minute.into(), second.into(), time.nanosecond())
            })
            .ok_or_else(out_of_range)
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for UnixSeconds {
    /// Leaves out fractions of a second, towards the past.
    fn from(instant: DateTime<Z>) -> Self {
        Self(instant.timestamp())
    }
}

impl TryFrom<UnixSeconds> for DateTime<Utc> {
    type Error = Error;

    fn try_from(seconds: UnixSeconds) -> Result<Self> {
        Self::from_timestamp(seconds.0, 0).ok_or_else(out_of_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_local_times_keep_what_the_string_says() {
        for (text, instant, local) in [
            ("2024-05-17T00:23:17Z", Some(1_715_905_397), None),
            ("2025-03-11T16:00:32+09:00", Some(1_741_676_432), None),
            ("2025-03-11T02:00:32.000000001-05:30", Some(1_741_678_232), None),
            ("1969-12-31T23:59:59.5Z", Some(-1), None),
            ("2025-02-25 03:07:17.120", None, Some("2025-02-25T03:07:17.120")),
            ("20251008", None, Some("2025-10-08T00:00:00")),
            ("tomorrow", None, None),
        ] {
            let stamp = Timestamp::from(text);
            let given = DateTime::<FixedOffset>::try_from(&stamp).ok();
            assert_eq!(given.map(|time| time.timestamp()), instant, "{text}");
            assert_eq!(DateTime::<Utc>::try_from(&stamp).ok(), given.map(|time| time.to_utc()), "{text}");
            let naive = NaiveDateTime::try_from(&stamp).ok();
            assert_eq!(naive.map(|time| format!("{time:?}")).as_deref(), local, "{text}");
            if let Some(given) = given {
                assert_eq!(Timestamp::from(given), stamp, "with its offset and its fraction");
                assert_eq!(UnixSeconds::from(given), UnixSeconds(instant.unwrap()));
            }
        }
        assert_eq!(DateTime::<Utc>::try_from(UnixSeconds(-1)).unwrap().timestamp(), -1);
        assert!(DateTime::<Utc>::try_from(UnixSeconds(i64::MAX)).is_err());
        let far: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;
        assert!(!Timestamp::from(far).as_str().is_empty());
    }
}
