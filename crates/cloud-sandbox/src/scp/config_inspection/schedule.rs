//! When a diagnosis runs by itself, and with which checklists.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Date, Duration, Month, OffsetDateTime, Time, Weekday};

use super::checklist::{BEST_PRACTICE, SSI};

/// How far back a schedule is made up for.
const FARTHEST: Duration = Duration::days(366);

/// The most days from one run to the next: the 31st comes two months later at most.
const LONGEST_GAP: u32 = 63;

/// A time of the day, the days on which it counts, and the checklists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Schedule {
    start_time: String,
    frequency_type: String,
    frequency_value: String,
    best_practice: bool,
    ssi: bool,
}

/// The days that a schedule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    Every,
    Each(Weekday),
    /// A day of the month; months that lack it are left out.
    Monthly(u8),
}

impl Schedule {
    /// Reads the schedule of a request; the reason when it means no time.
    /// Without flags, as since version 1.3, it goes through the one checklist of its diagnosis.
    pub(super) fn read(body: &Value, check_type: &str) -> Result<Self, String> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let flag = |name: &str, own: &str| match text(name) {
            "y" => Ok(true),
            "n" => Ok(false),
            "" if body.get(name).is_none() => Ok(own == check_type),
            _ => Err(format!("{name} must be y or n")),
        };
        let schedule = Self {
            start_time: text("diagnosis_start_time_pattern").to_owned(),
            frequency_type: text("frequency_type").to_owned(),
            frequency_value: text("frequency_value").to_owned(),
            best_practice: flag("use_diagnosis_check_type_bp", BEST_PRACTICE)?,
            ssi: flag("use_diagnosis_check_type_ssi", SSI)?,
        };
        if schedule.time().is_none() {
            return Err("diagnosis_start_time_pattern must be HH:MM, in steps of five minutes".to_owned());
        }
        if !["MONTH", "WEEK", "DAY"].contains(&&*schedule.frequency_type) {
            return Err("frequency_type must be MONTH, WEEK or DAY".to_owned());
        }
        if schedule.days().is_none() {
            return Err(
                "frequency_value must be 1 to 31 by month, MONDAY to SUNDAY by week, everyDay by day".to_owned()
            );
        }
        Ok(schedule)
    }

    pub(super) fn shown(&self, diagnosis_id: &str) -> Value {
        let flag = |on: bool| if on { "y" } else { "n" };
        json!({
            "diagnosis_id": diagnosis_id,
            "diagnosis_start_time_pattern": self.start_time,
            "frequency_type": self.frequency_type,
            "frequency_value": self.frequency_value,
            "use_diagnosis_check_type_bp": flag(self.best_practice),
            "use_diagnosis_check_type_ssi": flag(self.ssi),
        })
    }

    /// The checklists that each scheduled run goes through.
    pub(super) fn check_types(&self) -> Vec<&'static str> {
        let both = [(self.best_practice, BEST_PRACTICE), (self.ssi, SSI)];
        both.into_iter().filter(|(on, _)| *on).map(|(_, check_type)| check_type).collect()
    }

    /// The times after one moment and up to another at which the schedule starts a run.
    pub(super) fn due(&self, after: OffsetDateTime, until: OffsetDateTime) -> Vec<OffsetDateTime> {
        let (Some(time), Some(days)) = (self.time(), self.days()) else {
            return Vec::new();
        };
        let after = until.checked_sub(FARTHEST).map_or(after, |earliest| after.max(earliest));
        let mut found = Vec::new();
        let mut day = Some(after.date());
        while let Some(date) = day.filter(|date| *date <= until.date()) {
            let at = date.with_time(time).assume_utc();
            if days.hold(date) && after < at && at <= until {
                found.push(at);
            }
            day = date.next_day();
        }
        found
    }

    /// The first time after a moment at which the schedule starts a run.
    pub(super) fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let (time, days) = self.time().zip(self.days())?;
        let mut day = Some(after.date());
        for _ in 0..=LONGEST_GAP {
            let date = day?;
            let at = date.with_time(time).assume_utc();
            if days.hold(date) && after < at {
                return Some(at);
            }
            day = date.next_day();
        }
        None
    }

    fn time(&self) -> Option<Time> {
        let (hour, minute) = self.start_time.split_once(':')?;
        let number = |text: &str| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u8>().ok().filter(|_| digits)
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute % 5 == 0).then(|| Time::from_hms(hour, minute, 0).ok()).flatten()
    }

    fn days(&self) -> Option<Days> {
        let value = &*self.frequency_value;
        match &*self.frequency_type {
            "DAY" => (value == "everyDay").then_some(Days::Every),
            "WEEK" => Some(Days::Each(match value {
                "MONDAY" => Weekday::Monday,
                "TUESDAY" => Weekday::Tuesday,
                "WEDNESDAY" => Weekday::Wednesday,
                "THURSDAY" => Weekday::Thursday,
                "FRIDAY" => Weekday::Friday,
                "SATURDAY" => Weekday::Saturday,
                "SUNDAY" => Weekday::Sunday,
                _ => return None,
            })),
            "MONTH" => {
                let digits = value.len() <= 2 && value.bytes().all(|byte| byte.is_ascii_digit());
                let day = value.parse().ok().filter(|_| digits)?;
                (1..=Month::January.length(2000)).contains(&day).then_some(Days::Monthly(day))
            }
            _ => None,
        }
    }
}

impl Days {
    fn hold(self, date: Date) -> bool {
        match self {
            Self::Every => true,
            Self::Each(day) => date.weekday() == day,
            Self::Monthly(day) => date.day() == day,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn request(time: &str, frequency: &str, value: &str) -> Value {
        json!({
            "diagnosis_id": "DIA-1", "diagnosis_start_time_pattern": time, "frequency_type": frequency,
            "frequency_value": value, "use_diagnosis_check_type_bp": "y", "use_diagnosis_check_type_ssi": "n",
        })
    }

    #[test]
    fn documented_schedules_round_trip() {
        for (time, frequency, value) in [
            ("08:00", "MONTH", "1"),
            ("00:00", "MONTH", "01"),
            ("23:55", "MONTH", "31"),
            ("12:05", "WEEK", "SUNDAY"),
            ("12:05", "DAY", "everyDay"),
        ] {
            let asked = request(time, frequency, value);
            assert_eq!(Schedule::read(&asked, BEST_PRACTICE).unwrap().shown("DIA-1"), asked);
        }
    }

    #[test]
    fn schedule_without_flags_uses_the_checklist_of_its_diagnosis() {
        let mut asked = request("08:00", "DAY", "everyDay");
        for flag in ["use_diagnosis_check_type_bp", "use_diagnosis_check_type_ssi"] {
            asked.as_object_mut().unwrap().shift_remove(flag);
        }
        for check_type in [BEST_PRACTICE, SSI] {
            assert_eq!(Schedule::read(&asked, check_type).unwrap().check_types(), [check_type]);
        }
    }

    #[test]
    fn invalid_schedules_are_refused() {
        for (time, frequency, value) in [
            ("08:01", "MONTH", "1"),
            ("24:00", "MONTH", "1"),
            ("8:00", "MONTH", "1"),
            ("08:60", "MONTH", "1"),
            ("", "MONTH", "1"),
            ("08:00", "MONTH", "0"),
            ("08:00", "MONTH", "32"),
            ("08:00", "MONTH", "001"),
            ("08:00", "MONTH", "MONDAY"),
            ("08:00", "WEEK", "monday"),
            ("08:00", "WEEK", "1"),
            ("08:00", "DAY", "1"),
            ("08:00", "YEAR", "1"),
        ] {
            assert!(
                Schedule::read(&request(time, frequency, value), BEST_PRACTICE).is_err(),
                "{time} {frequency} {value}"
            );
        }
        let mut flag = request("08:00", "MONTH", "1");
        flag["use_diagnosis_check_type_ssi"] = "yes".into();
        assert!(Schedule::read(&flag, BEST_PRACTICE).unwrap_err().contains("use_diagnosis_check_type_ssi"));
    }

    #[test]
    fn due_times_exclude_the_start_and_include_the_end() {
        let check = |frequency: &str, value: &str, after, until, wanted: &[OffsetDateTime]| {
            let schedule = Schedule::read(&request("08:00", frequency, value), BEST_PRACTICE).unwrap();
            assert_eq!(schedule.due(after, until), wanted, "{frequency} {value}");
        };
        let (from, to) = (datetime!(2026-01-30 08:00 UTC), datetime!(2026-02-02 08:00 UTC));
        let (first, second, third) =
            (datetime!(2026-01-31 8:00 UTC), datetime!(2026-02-01 8:00 UTC), datetime!(2026-02-02 8:00 UTC));
        check("DAY", "everyDay", from, to, &[first, second, third]);
        check("WEEK", "SUNDAY", from, to, &[second]);
        check("MONTH", "31", from, to, &[first]);
        check("MONTH", "30", from, to, &[]);
        check("DAY", "everyDay", to, from, &[]);
        for (frequency, value) in [("DAY", "everyDay"), ("WEEK", "SUNDAY"), ("MONTH", "31"), ("MONTH", "29")] {
            let schedule = Schedule::read(&request("08:00", frequency, value), BEST_PRACTICE).unwrap();
            let all = schedule.due(from, from + Duration::days(360));
            let mut next = Some(from);
            for at in all {
                next = next.and_then(|after| schedule.next(after));
                assert_eq!(next, Some(at), "{frequency} {value}");
            }
        }
        let long = Schedule::read(&request("08:00", "DAY", "everyDay"), BEST_PRACTICE).unwrap();
        assert_eq!(long.due(datetime!(1970-01-01 0:00 UTC), to).len(), 366);
    }
}
