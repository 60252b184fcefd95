//! A day, or a time of it, in UTC.

use std::fmt;
use std::str::FromStr;

use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::Timestamp;
use crate::error::{Error, Result};

/// A day, or a time of a day in UTC, as the end of a period.
///
/// ```
/// use cloud_core::DateOrTime;
/// use cloud_core::time::{Date, Month, Time};
///
/// let day = Date::from_calendar_date(2026, Month::May, 4)?;
/// assert_eq!(DateOrTime::from(day).to_string(), "2026-05-04");
/// assert_eq!(DateOrTime::from(day.with_time(Time::MIDNIGHT)).to_string(), "2026-05-04 00:00:00");
/// assert_eq!("2026-05-04".parse::<DateOrTime>()?, DateOrTime::Date(day));
/// assert!("20260504".parse::<DateOrTime>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DateOrTime {
    /// A day.
    Date(Date),
    /// A time in UTC; fractions of a second are not sent.
    Time(PrimitiveDateTime),
}

impl DateOrTime {
    pub(crate) fn date(self) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Time(time) => time.date(),
        }
    }
}

impl From<Date> for DateOrTime {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

/// The time is in UTC.
impl From<PrimitiveDateTime> for DateOrTime {
    fn from(time: PrimitiveDateTime) -> Self {
        Self::Time(time)
    }
}

/// The time is converted to UTC.
impl From<OffsetDateTime> for DateOrTime {
    fn from(time: OffsetDateTime) -> Self {
        let time = time.to_offset(UtcOffset::UTC);
        Self::Time(PrimitiveDateTime::new(time.date(), time.time()))
    }
}

impl fmt::Display for DateOrTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())?;
        match self {
            Self::Date(_) => Ok(()),
            Self::Time(time) => write!(f, " {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()),
        }
    }
}

impl FromStr for DateOrTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let time = match text.len() {
            10 => Timestamp::from(format!("{text} 00:00:00")).to_date_time().map(|time| Self::Date(time.date())),
            _ => Timestamp::from(text).to_date_time().map(Self::Time),
        };
        // `to_date_time` reads other formats too, and `Display` shows whether it was this one.
        time.ok()
            .filter(|time| time.to_string() == text)
            .ok_or_else(|| Error::request("a day or time must have the form `2026-05-04` or `2026-05-04 12:00:00`"))
    }
}
