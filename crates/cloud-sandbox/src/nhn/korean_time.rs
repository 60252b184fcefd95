//! Dates as NHN Cloud prints them: Korean time, with or without the offset.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{datetime, format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

const KST: UtcOffset = offset!(+9);
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59 +9);
const LOCAL: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]");
const LOCAL_SECONDS: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const LOCAL_ANY: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond]");

/// A moment as Secure Key Manager prints it: local time without an offset.
pub(super) fn local(now: OffsetDateTime) -> String {
    // The last hours of the last year have no Korean time that four digits could write.
    let shown = now.checked_to_offset(KST).filter(|local| local.year() <= 9999).unwrap_or(LAST);
    shown.format(&LOCAL).unwrap_or_default()
}

/// Reads a date that [`local`] or a seed file wrote; the fraction may be missing.
pub(super) fn read_local(text: &str) -> Option<OffsetDateTime> {
    let read = PrimitiveDateTime::parse(text, &LOCAL_SECONDS).or_else(|_| PrimitiveDateTime::parse(text, &LOCAL_ANY));
    Some(read.ok()?.assume_offset(KST))
}

/// Reads a moment with an offset from a query: to the second, and the offset in digits.
pub(super) fn read_offset(text: &str) -> Option<OffsetDateTime> {
    const LENGTH: usize = "2025-06-17T00:00:00+09:00".len();
    let plain = text.len() == LENGTH && text.as_bytes().get(10) == Some(&b'T') && !text.ends_with(['Z', 'z']);
    if plain { OffsetDateTime::parse(text, &Rfc3339).ok() } else { None }
}

/// The same moment of the month after; the last day where that month is shorter.
pub(super) fn month_later(from: OffsetDateTime) -> Option<OffsetDateTime> {
    let month = from.month().next();
    let year = if month == time::Month::January { from.year().checked_add(1)? } else { from.year() };
    let day = from.day().min(month.length(year));
    let date = time::Date::from_calendar_date(year, month, day).ok()?;
    Some(from.replace_date(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_time_round_trips() {
        let now = OffsetDateTime::from_unix_timestamp_nanos(1_605_290_625_682_000_000).unwrap();
        assert_eq!(local(now), "2020-11-14T03:03:45.682");
        assert_eq!(read_local("2020-11-14T03:03:45.682"), Some(now));
        let last = OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap();
        assert_eq!(local(last), "9999-12-31T23:59:59.000");
        for good in ["2025-01-25T12:00:00", "2025-01-25T12:00:00.0", "2025-01-25T12:00:00.000"] {
            assert_eq!(read_local(good).unwrap().unix_timestamp(), 1_737_774_000, "{good}");
        }
        for bad in ["", "2025-01-25", "2025-01-25T12:00:00+09:00", "2025-13-25T12:00:00"] {
            assert_eq!(read_local(bad), None, "{bad}");
        }
    }

    #[test]
    fn timestamp_is_read_with_a_numeric_offset() {
        assert!(read_offset("2025-06-17T00:00:00+09:00").is_some());
        assert!(read_offset("2025-06-17T00:00:00-00:00").is_some());
        for bad in [
            "2025-06-17T00:00:00Z",
            "2025-06-17T00:00:00.1+09:00",
            "2025-06-17T00:00:00 09:00",
            "2025-06-17 00:00:00+09:00",
            "2025-06-17t00:00:00+09:00",
            "한한한한한한한한a",
        ] {
            assert_eq!(read_offset(bad), None, "{bad}");
        }
    }

    #[test]
    fn month_is_a_calendar_month() {
        for (from, to) in [("2025-06-01", "2025-07-01"), ("2025-01-31", "2025-02-28"), ("2024-12-05", "2025-01-05")] {
            let at = |day: &str| read_offset(&format!("{day}T00:00:00+09:00")).unwrap();
            assert_eq!(month_later(at(from)), Some(at(to)), "{from}");
        }
    }
}
