//! The difference of two reports: what is new, what is gone and what has changed, by uid.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::report::Prefixes;
use crate::{Activity, Event, Metadata, Millis, Report, Status};

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
    /// The events that only one report has, where the other one has a [gap](crate::Gap), or where the later one did not
    /// [look](Report::looked_for): they may be neither new nor gone.
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
/// Times, metadata and the vendor's record do not count as a change: they differ in each run. Neither does the
/// `status_detail` of an inventory, which can quote the time of a scan. If an uid occurs twice in a report, its last event
/// counts. What the earlier report did not look for is new: [`Report::looked_for`] tells whether it did.
#[must_use]
pub fn diff(before: &Report, after: &Report) -> Diff {
    let mut found = Diff::default();
    let (old, new) = (by_uid(before, &mut found), by_uid(after, &mut found));
    let (old_gaps, new_gaps) = (Prefixes::of_gaps(before), Prefixes::of_gaps(after));
    let looked_for = Prefixes::of_coverage(after);
    for (uid, event) in &new {
        match old.get(uid) {
            Some(earlier) if same(earlier, event) => found.unchanged += 1,
            Some(earlier) => {
                found.changed.push(Change { before: (*earlier).clone(), after: (*event).clone() });
            }
            None if old_gaps.cover(uid) => found.uncertain.push((*event).clone()),
            None => found.new.push((*event).clone()),
        }
    }
    for (uid, event) in old.iter().filter(|(uid, _)| !new.contains_key(*uid)) {
        match new_gaps.cover(uid) || looked_for.as_ref().is_some_and(|own| !own.cover(uid)) {
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

    /// Converts into events of the lifecycle: created, updated and closed findings.
    ///
    /// - A new event, and a check that passed before and does not pass now, is created.
    /// - A check that passes now and did not before is closed and resolved.
    /// - A finding that is gone is closed and resolved, with a `status_detail` that says so, at the time of the later
    ///   reading: `closed_at`. A passed check that is gone is left out, because nothing is to be closed.
    /// - Any other change is an update.
    ///
    /// What is uncertain is left out. An inventory keeps its activity, and is left out if it is gone: the schema has no
    /// activity for that.
    #[must_use]
    pub fn into_events(self, closed_at: OffsetDateTime) -> Vec<Event> {
        let closed_at = Millis::from(closed_at);
        let created = self.new.into_iter().map(|event| with_activity(event, Activity::CREATE));
        let changed =
            self.changed.into_iter().map(|Change { before, after }| match (before.is_open(), after.is_open()) {
                (true, false) => closed(after),
                (false, true) => with_activity(after, Activity::CREATE),
                _ => with_activity(after, Activity::UPDATE),
            });
        let gone = self.gone.into_iter().filter(Event::is_open).map(|event| {
            let mut event = closed(event);
            event.time = closed_at;
            event.status_detail = Some("the finding is no longer reported".to_owned());
            event
        });
        created.chain(changed).chain(gone).collect()
    }
}

fn with_activity(mut event: Event, activity: Activity) -> Event {
    if event.finding_info.is_some() {
        event.set_activity(activity);
    }
    event
}

fn closed(event: Event) -> Event {
    let mut event = with_activity(event, Activity::CLOSE);
    event.set_status(Status::RESOLVED);
    event
}

fn by_uid<'a>(report: &'a Report, found: &mut Diff) -> BTreeMap<&'a str, &'a Event> {
    found.without_uid += report.events.iter().filter(|event| event.uid().is_none()).count();
    report.events.iter().filter_map(|event| Some((event.uid()?, event))).collect()
}

fn same(one: &Event, other: &Event) -> bool {
    lasting(one) == lasting(other)
}

/// An event without what differs in each run.
fn lasting(event: &Event) -> Event {
    let mut event = event.clone();
    event.time = Default::default();
    event.metadata = Metadata::new("", "");
    event.unmapped = None;
    event.set_activity(Activity::CREATE);
    if let Some(info) = &mut event.finding_info {
        (info.created_time, info.modified_time, info.last_seen_time) = (None, None, None);
        info.other.retain(|name, _| !name.ends_with("_time"));
    } else {
        event.status_detail = None;
    }
    event.other.retain(|name, _| !matches!(name.as_str(), "raw_data" | "start_time" | "end_time" | "timezone_offset"));
    event
}

#[cfg(test)]
mod tests {
    use cloud_core::UnixSeconds;

    use super::*;
    use crate::{Compliance, ComplianceStatus, FindingInfo, Gap, Severity};

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
        let events = found.into_events(time::macros::datetime!(2026-01-01 0:00 UTC));
        let types: Vec<_> = events.iter().map(|event| (event.uid().unwrap(), event.type_uid)).collect();
        assert_eq!(types, [("d", 200_401), ("c", 200_402), ("a", 200_403)]);
        assert_eq!(events[2].status_id, Some(Status::RESOLVED));
    }

    fn check(uid: &str, status: ComplianceStatus, state: Option<Status>, second: i64) -> Event {
        let info = FindingInfo::new(uid.to_owned(), "a check");
        let (check, time) = (Compliance::new("U-01", status), Millis::from(UnixSeconds(second)));
        let mut event = Event::compliance(Metadata::new("NHN Cloud", "Check"), info, check, Severity::LOW, time);
        if let Some(state) = state {
            event.set_status(state);
        }
        event
    }

    #[test]
    fn check_that_passes_now_is_closed_and_one_that_fails_now_is_created() {
        let (pass, fail, new) = (ComplianceStatus::PASS, ComplianceStatus::FAIL, Some(Status::NEW));
        let (other, warning) = (ComplianceStatus::OTHER, ComplianceStatus::WARNING);
        let at = time::macros::datetime!(1970-01-01 0:00:09 UTC);
        let resolved = Some(Status::RESOLVED);
        for (before, after, wanted) in [
            (Some((fail, new)), Some((pass, None)), Some((200_303, resolved, 2_000))),
            // As Config Inspection says "not applicable".
            (Some((fail, new)), Some((other, None)), Some((200_303, resolved, 2_000))),
            (Some((pass, None)), Some((fail, new)), Some((200_301, new, 2_000))),
            (Some((fail, new)), Some((warning, new)), Some((200_302, new, 2_000))),
            (Some((fail, None)), Some((pass, None)), Some((200_303, resolved, 2_000))),
            (Some((fail, new)), Some((fail, new)), None),
            (None, Some((fail, new)), Some((200_301, new, 2_000))),
            (None, Some((pass, None)), Some((200_301, None, 2_000))),
            (Some((fail, new)), None, Some((200_303, resolved, 9_000))),
            (Some((pass, None)), None, None),
        ] {
            let report = |one: Option<(ComplianceStatus, Option<Status>)>, second| {
                let events = one.into_iter().map(|(status, state)| check("a", status, state, second)).collect();
                Report { events, ..Report::new() }
            };
            let events = diff(&report(before, 1), &report(after, 2)).into_events(at);
            let found = events.first().map(|event| (event.type_uid, event.status_id, event.time.get()));
            assert_eq!((found, events.len()), (wanted, usize::from(wanted.is_some())), "{before:?} {after:?}");
        }
    }

    #[test]
    fn new_version_of_the_schema_changes_no_finding() {
        let before = report(&[("a", Severity::LOW)], 1);
        let mut after = before.clone();
        let metadata = &mut after.events[0].metadata;
        metadata.version = "1.9.0".to_owned();
        metadata.profiles = Some(vec!["cloud".to_owned()]);
        metadata.product.other.insert("version".to_owned(), "2".parse().unwrap());
        assert!(diff(&before, &after).is_empty());
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
    #[test]
    fn what_was_not_looked_for_is_not_gone() {
        let low = Severity::LOW;
        let before = report(&[("x/1", low), ("x/2", low), ("y/1", low), ("z/1", low)], 1);
        let mut after = report(&[("x/1", low), ("z/2", low)], 2);
        after.covers = Some(vec!["x".to_owned(), "z/2".to_owned()]);
        let found = diff(&before, &after);
        assert_eq!((uids(&found.gone), uids(&found.uncertain)), (vec!["x/2"], vec!["y/1", "z/1"]));
        assert_eq!(uids(&found.new), ["z/2"]);
        // What the earlier report did not look for is new, so that no finding is left out of the events.
        let back = diff(&after, &before);
        assert_eq!((uids(&back.new), uids(&back.uncertain)), (vec!["x/2", "y/1", "z/1"], vec![]));
        assert!(!after.looked_for("y/1") && after.looked_for("x/9") && before.looked_for("y/1"));
    }
}
