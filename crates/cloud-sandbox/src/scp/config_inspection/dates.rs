//! Points in time as Config Inspection is given them: `YYYY-MM-DD HH:MM:SS` in UTC, or a day alone.

use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};

use crate::call::Call;
use crate::scp::error::ErrorResponse;

const INSTANT: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const DAY: StaticFormatDescription = format_description!("[year]-[month]-[day]");

/// Reads a day with a time.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, &INSTANT).ok().map(PrimitiveDateTime::assume_utc)
}

/// The span between the `start_date` and the `end_date` of a list, both included.
pub(super) struct Span {
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
}

impl Span {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, ErrorResponse> {
        Self::new(call.query("start_date"), call.query("end_date")).map_err(ErrorResponse::invalid_input)
    }

    fn new(start: Option<&str>, end: Option<&str>) -> Result<Self, String> {
        let wrong = |name: &str| format!("{name} must be YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS");
        let day = |text: &str| Date::parse(text, &DAY).ok();
        let first = |text: &str| instant(text).or_else(|| Some(day(text)?.with_time(Time::MIDNIGHT).assume_utc()));
        let last = |text: &str| {
            let end_of_day =
                |day: Date| day.next_day()?.with_time(Time::MIDNIGHT).assume_utc().checked_sub(Duration::SECOND);
            instant(text).or_else(|| end_of_day(day(text)?))
        };
        let start = start.map(|text| first(text).ok_or_else(|| wrong("start_date"))).transpose()?;
        let end = end.map(|text| last(text).ok_or_else(|| wrong("end_date"))).transpose()?;
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            return Err("end_date must not be before start_date".to_owned());
        }
        Ok(Self { start, end })
    }

    /// Whether every point in time lies within.
    pub(super) fn is_open(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// Whether a point in time lies within, by the second.
    pub(super) fn holds(&self, at: OffsetDateTime) -> bool {
        let at = at.unix_timestamp();
        self.start.is_none_or(|start| start.unix_timestamp() <= at)
            && self.end.is_none_or(|end| at <= end.unix_timestamp())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn date_range_includes_both_days() {
        let span = Span::new(Some("2026-06-01 12:00:00"), Some("2026-06-02")).unwrap();
        for (at, within) in [
            (datetime!(2026-06-01 11:59:59 UTC), false),
            (datetime!(2026-06-01 12:00 UTC), true),
            (datetime!(2026-06-02 23:59:59.9 UTC), true),
            (datetime!(2026-06-03 0:00 UTC), false),
        ] {
            assert_eq!(span.holds(at), within, "{at}");
        }
        assert!(Span::new(None, None).unwrap().holds(datetime!(1970-01-01 0:00 UTC)));
    }

    #[test]
    fn invalid_or_reversed_dates_are_refused() {
        for (start, end) in [
            (Some("2026-06-31"), None),
            (Some("20260601"), None),
            (Some("2026-06-01T00:00:00Z"), None),
            (None, Some("soon")),
            (Some("2026-06-02"), Some("2026-06-01")),
        ] {
            assert!(Span::new(start, end).is_err(), "{start:?} {end:?}");
        }
    }
}
