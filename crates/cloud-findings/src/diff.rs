//! The difference of two reports: what is new, what is gone and what has changed, by uid.

use std::collections::BTreeMap;

use crate::{Activity, Event, Gap, Report, Status};

/// The difference of two reports.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Diff {
    /// The events that only the later report has.
    pub new: Vec<Event>,
    /// The events that only the earlier report has.
    pub gone: Vec<Event>,
    /// The events that differ.
    pub changed: Vec<Change>,
    /// The events that only one report has, where the other one was not read completely: they may be neither new nor
    /// gone.
    pub uncertain: Vec<Event>,
    /// How many events are the same.
    pub unchanged: usize,
    /// How many events of both reports have no uid, and cannot be compared.
    pub without_uid: usize,
}

/// An event before and after.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The event of the earlier report.
    pub before: Event,
    /// The event of the later report.
    pub after: Event,
}

/// Compares two reports by the uids of their events.
///
/// Times, metadata and the vendor's record do not count as a change: they differ in each run. If an uid occurs twice in a
/// report, its last event counts.
#[must_use]
pub fn diff(before: &Report, after: &Report) -> Diff {
    let mut found = Diff::default();
    let (old, new) = (by_uid(before, &mut found), by_uid(after, &mut found));
    for (uid, event) in &new {
        match old.get(uid) {
            Some(earlier) if same(earlier, event) => found.unchanged += 1,
            Some(earlier) => {
                found.changed.push(Change { before: (*earlier).clone(), after: (*event).clone() });
            }
            None if is_covered(&before.incomplete, uid) => found.uncertain.push((*event).clone()),
            None => found.new.push((*event).clone()),
        }
    }
    for (uid, event) in old.iter().filter(|(uid, _)| !new.contains_key(*uid)) {
        match is_covered(&after.incomplete, uid) {
            true => found.uncertain.push((*event).clone()),
            false => found.gone.push((*event).clone()),
        }
    }
    found
}

impl Diff {
    /// Returns whether nothing is new, gone, changed or uncertain.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty() && self.changed.is_empty() && self.uncertain.is_empty()
    }

    /// Converts into events of the lifecycle: created, updated and closed findings. What is gone is resolved. What is
    /// uncertain is left out, and so are inventories that are gone, for which the schema has no activity.
    #[must_use]
    pub fn into_events(self) -> Vec<Event> {
        let set = |mut event: Event, activity| {
            if event.finding_info.is_some() {
                event.set_activity(activity);
            }
            event
        };
        let created = self.new.into_iter().map(|event| set(event, Activity::CREATE));
        let updated = self.changed.into_iter().map(|change| set(change.after, Activity::UPDATE));
        let closed = self.gone.into_iter().filter(|event| event.finding_info.is_some()).map(|event| {
            let mut event = set(event, Activity::CLOSE);
            event.set_status(Status::RESOLVED);
            event
        });
        created.chain(updated).chain(closed).collect()
    }
}

fn by_uid<'a>(report: &'a Report, found: &mut Diff) -> BTreeMap<&'a str, &'a Event> {
    found.without_uid += report.events.iter().filter(|event| event.uid().is_none()).count();
    report.events.iter().filter_map(|event| Some((event.uid()?, event))).collect()
}

fn is_covered(gaps: &[Gap], uid: &str) -> bool {
    gaps.iter().any(|gap| gap.covers(uid))
}

fn same(one: &Event, other: &Event) -> bool {
    lasting(one) == lasting(other)
}

/// An event without what differs in each run.
fn lasting(event: &Event) -> Event {
    let mut event = event.clone();
    event.time = Default::default();
    event.metadata.original_time = None;
    event.metadata.other.clear();
    event.unmapped = None;
    event.set_activity(Activity::CREATE);
    if let Some(info) = &mut event.finding_info {
        (info.created_time, info.modified_time, info.last_seen_time) = (None, None, None);
        info.other.retain(|name, _| !name.ends_with("_time"));
    }
    event.other.retain(|name, _| !matches!(name.as_str(), "raw_data" | "start_time" | "end_time" | "timezone_offset"));
    event
}

#[cfg(test)]
mod tests {
    use cloud_core::UnixSeconds;

    use super::*;
    use crate::{FindingInfo, Metadata, Millis, Severity};

    fn event(uid: &str, severity: Severity, second: i64) -> Event {
        let time = Millis::from(UnixSeconds(second));
        let mut info = FindingInfo::new(uid.to_owned(), "a finding");
        info.last_seen_time = Some(time);
        let mut event = Event::detection(Metadata::new("RISKEN", "Finding"), info, severity, time);
        event.unmapped = Some(format!("{{\"seen\":{second}}}").parse().unwrap());
        event
    }

    fn report(events: &[(&str, Severity)], second: i64) -> Report {
        let events = events.iter().map(|(uid, severity)| event(uid, *severity, second)).collect();
        Report { events, ..Report::new() }
    }

    fn uids<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<&'a str> {
        events.into_iter().filter_map(Event::uid).collect()
    }

    #[test]
    fn new_gone_and_changed_are_told_apart_and_times_do_not_count() {
        let before = report(&[("a", Severity::LOW), ("b", Severity::LOW), ("c", Severity::LOW)], 1);
        let after = report(&[("b", Severity::LOW), ("c", Severity::HIGH), ("d", Severity::LOW)], 2);
        let found = diff(&before, &after);
        assert_eq!((uids(&found.new), uids(&found.gone)), (vec!["d"], vec!["a"]));
        assert_eq!((found.changed.len(), found.unchanged, found.uncertain.len()), (1, 1, 0));
        assert_eq!(found.changed[0].after.severity_id, Severity::HIGH);
        assert!(
            diff(&before, &report(&[("a", Severity::LOW), ("b", Severity::LOW), ("c", Severity::LOW)], 9)).is_empty()
        );
        let events = found.into_events();
        let types: Vec<_> = events.iter().map(|event| (event.uid().unwrap(), event.type_uid)).collect();
        assert_eq!(types, [("d", 200_401), ("c", 200_402), ("a", 200_403)]);
        assert_eq!(events[2].status_id, Some(Status::RESOLVED));
    }

    #[test]
    fn what_was_not_read_is_neither_gone_nor_new() {
        let before = report(&[("x/1", Severity::LOW), ("y/1", Severity::LOW)], 1);
        let mut after = report(&[], 2);
        after.incomplete.push(Gap::new("x", "the region is down"));
        let found = diff(&before, &after);
        assert_eq!((uids(&found.gone), uids(&found.uncertain)), (vec!["y/1"], vec!["x/1"]));
        let back = diff(&after, &before);
        assert_eq!((uids(&back.new), uids(&back.uncertain)), (vec!["y/1"], vec!["x/1"]));
    }
}
