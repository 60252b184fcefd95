//! A period between two instants, for operations that require both.

use std::ops::{Range, RangeInclusive};

use cloud_core::{Error, Result};
use time::{Date, Duration, Month, OffsetDateTime, UtcOffset};

/// The longest month. The vendor says "one month" and not whether both ends count, so what may be one is not rejected.
const LONGEST: Duration = Duration::days(31);

/// The shortest month.
const SHORTEST: Duration = Duration::days(28);

/// A period from one instant to another, of at most a month.
///
/// The service reads whole seconds: fractions are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

impl Period {
    /// Creates the period from `start` to `end`.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](cloud_core::ErrorKind::Request) if `end` is before `start`, if the period is longer than 31
    /// days, or if an instant cannot be written: its year has not four digits, or its offset has seconds. A period of
    /// up to 31 days can still be longer than the calendar month; the service decides.
    pub fn new(start: OffsetDateTime, end: OffsetDateTime) -> Result<Self> {
        for (name, instant) in [("begins", start), ("ends", end)] {
            if !(0..=9999).contains(&instant.year()) {
                return Err(Error::request(format!(
                    "the period {name} in a year that is not written with four digits"
                )));
            }
            if instant.offset().seconds_past_minute() != 0 {
                return Err(Error::request(format!(
                    "the period {name} at an offset with seconds, which cannot be written"
                )));
            }
        }
        if end < start {
            return Err(Error::request("the period ends before it begins"));
        }
        if end - start > LONGEST {
            let days = (end - start).whole_days();
            return Err(Error::request(format!(
                "the period is longer than 31 days ({days} days and more); split it with Period::split()"
            )));
        }
        Ok(Self { start, end })
    }

    /// Creates the period of a calendar month in Korean time (+09:00), from its first to its last second.
    ///
    /// ```
    /// use nhn_security::Period;
    /// use time::{Month, macros::datetime};
    ///
    /// let february = Period::month(2025, Month::February)?;
    /// assert_eq!(february.start(), datetime!(2025-02-01 00:00:00 +9));
    /// assert_eq!(february.end(), datetime!(2025-02-28 23:59:59 +9));
    /// # Ok::<(), nhn_security::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Request`](cloud_core::ErrorKind::Request) if the year has not four digits.
    pub fn month(year: i32, month: Month) -> Result<Self> {
        let unwritten = |_| Error::request(format!("the year {year} is not written with four digits"));
        let korea = UtcOffset::from_hms(9, 0, 0).unwrap_or(UtcOffset::UTC);
        let first = Date::from_calendar_date(year, month, 1).map_err(unwritten)?;
        let last = Date::from_calendar_date(year, month, month.length(year)).map_err(unwritten)?;
        let end = last.with_hms(23, 59, 59).map_err(unwritten)?;
        Self::new(first.midnight().assume_offset(korea), end.assume_offset(korea))
    }

    /// Splits the time from `start` to `end` into periods of at most 28 days, in order and without a gap.
    ///
    /// The vendor says "one month", but not how many days that is, nor in which time zone it begins; no month is shorter
    /// than 28 days. A period ends one second before the next one begins, since both ends
    /// may count. `end` is part of the last period.
    ///
    /// ```
    /// use nhn_security::Period;
    /// use time::macros::datetime;
    ///
    /// let periods = Period::split(datetime!(2025-07-01 0:00 +9), datetime!(2025-08-01 0:00 +9))?;
    /// assert_eq!(periods.len(), 2);
    /// assert_eq!(periods[0].end(), datetime!(2025-07-28 23:59:59 +9));
    /// assert_eq!((periods[1].start(), periods[1].end()), (datetime!(2025-07-29 0:00 +9), datetime!(2025-08-01 0:00 +9)));
    /// # Ok::<(), nhn_security::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Request`](cloud_core::ErrorKind::Request) as [`new`](Self::new), except for the length.
    pub fn split(start: OffsetDateTime, end: OffsetDateTime) -> Result<Vec<Self>> {
        // What is wrong with an end is an error before anything is split.
        Self::new(start, start)?;
        Self::new(end, end)?;
        if end < start {
            return Err(Error::request("the period ends before it begins"));
        }
        let (mut periods, mut from) = (Vec::new(), start);
        while let Some(next) = from.checked_add(SHORTEST).filter(|next| *next <= end) {
            periods.push(Self::new(from, next - Duration::SECOND)?);
            from = next;
        }
        periods.push(Self::new(from, end)?);
        Ok(periods)
    }

    /// Returns the first instant.
    #[must_use]
    pub fn start(self) -> OffsetDateTime {
        self.start
    }

    /// Returns the last instant, which is part of the period.
    #[must_use]
    pub fn end(self) -> OffsetDateTime {
        self.end
    }
}

impl TryFrom<RangeInclusive<OffsetDateTime>> for Period {
    type Error = Error;

    fn try_from(range: RangeInclusive<OffsetDateTime>) -> Result<Self> {
        let (start, end) = range.into_inner();
        Self::new(start, end)
    }
}

impl TryFrom<Range<OffsetDateTime>> for Period {
    type Error = Error;

    /// Ends one second before the end of the range, which is no part of it. An empty range is an error.
    fn try_from(range: Range<OffsetDateTime>) -> Result<Self> {
        let last = range.end.checked_sub(Duration::SECOND);
        Self::new(range.start, last.ok_or_else(|| Error::request("the period ends before it begins"))?)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn period_is_at_most_a_month_and_ends_after_it_begins() {
        let (before, long) = ("the period ends before it begins", "longer than 31 days");
        for (from, to, expected) in [
            (datetime!(2025-01-01 0:00 UTC), datetime!(2025-01-02 0:00 UTC), None),
            (datetime!(2025-01-01 0:00 UTC), datetime!(2025-01-01 0:00 UTC), None),
            (datetime!(2025-01-02 0:00 UTC), datetime!(2025-01-01 0:00 UTC), Some(before)),
            // The same instant, and an earlier one, written with other offsets.
            (datetime!(2025-01-01 9:00 +9), datetime!(2025-01-01 0:00 UTC), None),
            (datetime!(2025-01-01 0:00 UTC), datetime!(2025-01-01 8:59:59 +9), Some(before)),
            (datetime!(2025-01-01 0:00 +9), datetime!(2025-01-31 23:59:59 +9), None),
            (datetime!(2025-01-01 0:00 +9), datetime!(2025-02-01 0:00 +9), None),
            (datetime!(2025-01-01 0:00 +9), datetime!(2025-02-01 0:00:01 +9), Some(long)),
            // Longer than that February, and not longer than another month.
            (datetime!(2025-02-01 0:00 +9), datetime!(2025-03-04 0:00 +9), None),
            (datetime!(2025-02-01 0:00 +9), datetime!(2025-03-04 0:00:01 +9), Some("(31 days and more)")),
            (datetime!(2025-01-01 0:00 +9), datetime!(2025-12-31 0:00 +9), Some("(364 days and more); split it")),
            (datetime!(0000-01-01 0:00 UTC), datetime!(0000-01-02 0:00 UTC), None),
            // The ends of the calendar, which lie outside it in UTC.
            (datetime!(0000-01-01 0:00 +12), datetime!(0000-01-02 0:00 +12), None),
            (datetime!(9999-12-31 0:00 -12), datetime!(9999-12-31 23:59:59 -12), None),
            (datetime!(-0001-12-31 0:00 UTC), datetime!(0000-01-02 0:00 UTC), Some("begins in a year that is not")),
            (
                datetime!(2025-01-01 0:00 +9:00:01),
                datetime!(2025-01-02 0:00 +9),
                Some("begins at an offset with seconds"),
            ),
            (
                datetime!(2025-01-01 0:00 +9),
                datetime!(2025-01-02 0:00 +9:00:01),
                Some("ends at an offset with seconds"),
            ),
        ] {
            let period = Period::new(from, to);
            match (&period, expected) {
                (Ok(period), None) => assert_eq!((period.start(), period.end()), (from, to)),
                (Err(error), Some(text)) => {
                    assert_eq!(error.kind(), cloud_core::ErrorKind::Request);
                    assert!(error.to_string().contains(text), "{from} {to}: {error}");
                }
                _ => panic!("{from} {to}: {period:?}"),
            }
        }
    }

    #[test]
    fn month_is_the_calendar_month_in_korea() {
        for (year, month, from, to) in [
            (2025, Month::January, datetime!(2025-01-01 0:00 +9), datetime!(2025-01-31 23:59:59 +9)),
            (2025, Month::February, datetime!(2025-02-01 0:00 +9), datetime!(2025-02-28 23:59:59 +9)),
            (2024, Month::February, datetime!(2024-02-01 0:00 +9), datetime!(2024-02-29 23:59:59 +9)),
            (2025, Month::June, datetime!(2025-06-01 0:00 +9), datetime!(2025-06-30 23:59:59 +9)),
            (2025, Month::December, datetime!(2025-12-01 0:00 +9), datetime!(2025-12-31 23:59:59 +9)),
            (9999, Month::December, datetime!(9999-12-01 0:00 +9), datetime!(9999-12-31 23:59:59 +9)),
            (0, Month::January, datetime!(0000-01-01 0:00 +9), datetime!(0000-01-31 23:59:59 +9)),
        ] {
            let period = Period::month(year, month).unwrap();
            assert_eq!((period.start(), period.end()), (from, to));
            assert_eq!(period.start().offset(), UtcOffset::from_hms(9, 0, 0).unwrap(), "as it is sent");
        }
        for year in [-1, 10_000, i32::MIN, i32::MAX] {
            let error = Period::month(year, Month::May).unwrap_err().to_string();
            assert!(error.contains("not written with four digits"), "{year}: {error}");
        }
    }

    #[test]
    fn split_covers_each_second_once_and_no_part_is_longer_than_a_month() {
        for (from, to, parts) in [
            (datetime!(2025-07-01 0:00 +9), datetime!(2025-07-01 0:00 +9), 1),
            (datetime!(2025-07-01 0:00 +9), datetime!(2025-07-28 23:59:59 +9), 1),
            (datetime!(2025-07-01 0:00 +9), datetime!(2025-07-29 0:00 +9), 2),
            (datetime!(2025-01-30 12:30 UTC), datetime!(2025-12-31 23:59:59 +9), 12),
            (datetime!(2024-01-31 15:00 UTC), datetime!(2024-03-31 14:59:59 UTC), 3),
            (datetime!(9999-11-01 0:00 -12), datetime!(9999-12-31 23:59:59 -12), 3),
        ] {
            let periods = Period::split(from, to).unwrap();
            assert_eq!(periods.len(), parts, "{from} {to}");
            assert_eq!((periods[0].start(), periods[parts - 1].end()), (from, to));
            assert!(periods.iter().all(|one| one.end() - one.start() < Duration::days(28)), "{periods:?}");
            assert!(periods.windows(2).all(|pair| pair[1].start() - pair[0].end() == Duration::SECOND), "{periods:?}");
        }
        let day = datetime!(2025-07-01 0:00 +9);
        for (from, to, text) in [
            (day, day - Duration::SECOND, "ends before it begins"),
            (datetime!(-0001-12-31 0:00 UTC), day, "begins in a year that is not"),
            (day, datetime!(2026-01-02 0:00 +9:00:01), "at an offset with seconds"),
        ] {
            let error = Period::split(from, to).unwrap_err();
            assert!(error.kind() == cloud_core::ErrorKind::Request && error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn range_ends_before_its_end_and_an_inclusive_one_with_it() {
        let (july, august) = (datetime!(2025-07-01 0:00 +9), datetime!(2025-08-01 0:00 +9));
        let month = Period::month(2025, Month::July).unwrap();
        assert_eq!(Period::try_from(july..august).unwrap(), month);
        assert_eq!(Period::try_from(july..=august).unwrap().end(), august);
        assert!(Period::try_from(july..july).is_err());
        assert_eq!(Period::try_from(july..=july).unwrap(), Period::new(july, july).unwrap());
    }
}
