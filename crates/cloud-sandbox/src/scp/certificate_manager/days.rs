//! Calendar days in a named time zone, which is how a self-signed certificate's life is ordered.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use time::OffsetDateTime;

/// A zone of the IANA database; the reason when it holds no such zone.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("timezone must name a zone of the IANA database, and {name:?} is none"))
}

/// The first second of a day written `YYYYMMDD`; nothing when there is no such day.
pub(super) fn first_second(day: &str, zone: &TimeZone) -> Option<OffsetDateTime> {
    instant(date(day)?, zone)
}

/// The last second of a day written `YYYYMMDD`; nothing when there is no such day.
pub(super) fn last_second(day: &str, zone: &TimeZone) -> Option<OffsetDateTime> {
    let next = instant(date(day)?.tomorrow().ok()?, zone)?;
    next.checked_sub(time::Duration::SECOND)
}

fn date(day: &str) -> Option<Date> {
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| day.get(range)?.parse::<i16>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn instant(date: Date, zone: &TimeZone) -> Option<OffsetDateTime> {
    let start = date.to_zoned(zone.clone()).ok()?;
    OffsetDateTime::from_unix_timestamp(start.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn day_bounds_follow_the_time_zone() {
        let check = |name: &str, first, last| {
            let zone = zone(name).unwrap();
            assert_eq!(first_second("20250301", &zone), Some(first), "{name}");
            assert_eq!(last_second("20250301", &zone), Some(last), "{name}");
        };
        check("Asia/Seoul", datetime!(2025-02-28 15:00 UTC), datetime!(2025-03-01 14:59:59 UTC));
        check("UTC", datetime!(2025-03-01 0:00 UTC), datetime!(2025-03-01 23:59:59 UTC));
        check("America/New_York", datetime!(2025-03-01 5:00 UTC), datetime!(2025-03-02 4:59:59 UTC));
    }

    #[test]
    fn day_with_a_clock_change_is_not_24_hours() {
        let zone = zone("America/New_York").unwrap();
        assert_eq!(last_second("20250309", &zone), Some(datetime!(2025-03-10 3:59:59 UTC)));
    }

    #[test]
    fn invalid_day_or_zone_is_refused() {
        let utc = zone("UTC").unwrap();
        for day in ["", "2025-1-1", "20250229", "20251301", "2025010", "202501011", "+2025011", "２０２５"] {
            assert_eq!(first_second(day, &utc), None, "{day}");
            assert_eq!(last_second(day, &utc), None, "{day}");
        }
        assert!(zone("Asia/Nowhere").unwrap_err().contains("Asia/Nowhere"));
    }
}
