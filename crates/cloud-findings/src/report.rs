//! The result of an inspection: events, rows that became none, and what could not be read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use cloud_core::Incomplete;

use crate::{Event, reason};

/// Events, the number of rows that became none by reason, and what could not be read.
///
/// A report without events is one of two things: [`is_complete`](Self::is_complete) tells "nothing was found" from "not
/// everything was read".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a report may be incomplete"]
pub struct Report {
    /// The events.
    pub events: Vec<Event>,
    /// How many rows of the vendor became no event, by reason: the constants of [`reason`] and a caller's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Gap>,
    /// The prefixes of the uids that were looked for; none if they are not recorded. An event that the later report did
    /// not look for is not gone for [`diff`](crate::diff).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Vec<String>>,
}

/// Prefixes of uids.
pub(crate) struct Prefixes<'a>(HashSet<&'a str>);

impl<'a> Prefixes<'a> {
    pub(crate) fn of_gaps(report: &'a Report) -> Self {
        Self(report.incomplete.iter().map(|gap| gap.prefix.as_str()).collect())
    }

    /// What a report looked for; `None` if it does not say.
    pub(crate) fn of_coverage(report: &'a Report) -> Option<Self> {
        report.covers.as_ref().map(|covers| Self(covers.iter().map(String::as_str).collect()))
    }

    /// As [`Gap::covers`], in a time that does not depend on the number of prefixes.
    pub(crate) fn cover(&self, uid: &str) -> bool {
        let ends = uid.match_indices('/').map(|(end, _)| end).chain([0, uid.len()]);
        ends.filter_map(|end| uid.get(..end)).any(|start| self.0.contains(start))
    }
}

/// A part of an inspection that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// The uids of the events that may be missing begin with this: see [`uid`](crate::uid). Empty for all.
    pub prefix: String,
    /// Why they may be missing.
    pub why: String,
}

impl Gap {
    /// Creates a gap of the events whose uids begin with this.
    #[must_use]
    pub fn new(prefix: impl Into<String>, why: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), why: why.into() }
    }

    /// Returns whether an event with this uid may be missing because of the gap.
    #[must_use]
    pub fn covers(&self, uid: &str) -> bool {
        uid.strip_prefix(&self.prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.prefix.is_empty())
    }
}

impl Report {
    /// Creates an empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Counts a row that becomes no event.
    pub fn drop_row(&mut self, reason: &str) {
        self.drop_rows(reason, 1);
    }

    /// Counts rows that become no event.
    pub fn drop_rows(&mut self, reason: &str, count: u64) {
        if count > 0 {
            let counted = self.dropped.entry(reason.to_owned()).or_default();
            *counted = counted.saturating_add(count);
        }
    }

    /// Notes that a list was not complete. The text says why and quotes no request.
    pub fn note_incomplete(&mut self, prefix: impl Into<String>, incomplete: Option<&Incomplete>) {
        if let Some(incomplete) = incomplete {
            self.incomplete.push(Gap::new(prefix, incomplete.to_string()));
        }
    }

    /// Returns whether everything was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// Returns how many rows became no event, for any reason.
    #[must_use]
    pub fn dropped_rows(&self) -> u64 {
        self.dropped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Returns whether the report looked for an event with this uid, or does not record what it looked for.
    #[must_use]
    pub fn looked_for(&self, uid: &str) -> bool {
        Prefixes::of_coverage(self).is_none_or(|own| own.cover(uid))
    }

    /// Adds another report. Of events with the same uid the first stays; the others are counted as
    /// [`DUPLICATE`](reason::DUPLICATE). What was looked for is recorded if both reports record it, or if this one is
    /// empty.
    pub fn merge(&mut self, other: Self) {
        if *self == Self::default() {
            self.covers = other.covers;
        } else {
            self.covers = both(self.covers.take(), other.covers);
        }
        let mut known: BTreeSet<String> = self.events.iter().filter_map(Event::uid).map(str::to_owned).collect();
        for event in other.events {
            match event.uid() {
                Some(uid) if !known.insert(uid.to_owned()) => self.drop_row(reason::DUPLICATE),
                _ => self.events.push(event),
            }
        }
        for (reason, count) in other.dropped {
            self.drop_rows(&reason, count);
        }
        self.incomplete.extend(other.incomplete);
    }
}

/// What two reports looked for together; unknown if it is unknown of one.
pub(crate) fn both(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let (mut one, other) = (one?, other?);
    one.extend(other);
    one.sort();
    one.dedup();
    Some(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FindingInfo, Metadata, Millis, Severity};

    fn event(uid: &str) -> Event {
        let info = FindingInfo::new(uid.to_owned(), "a finding");
        Event::detection(Metadata::new("RISKEN", "Finding"), info, Severity::LOW, Millis::default())
    }

    #[test]
    fn gap_covers_whole_parts_of_a_uid() {
        for (prefix, uid, covered) in [
            ("", "a", true),
            ("a", "a", true),
            ("a", "a/b", true),
            ("a", "ab", false),
            ("a/b", "a", false),
            ("a/", "a//b", true),
            ("a/", "a/b", false),
        ] {
            let gap = Gap::new(prefix, "");
            assert_eq!(gap.covers(uid), covered, "{prefix:?} {uid:?}");
            let report = Report { incomplete: vec![gap], ..Report::new() };
            assert_eq!(Prefixes::of_gaps(&report).cover(uid), covered, "{prefix:?} {uid:?}");
        }
    }

    #[test]
    fn merged_report_records_what_was_looked_for_if_both_do() {
        let of = |covers: Option<&[&str]>| {
            let covers = covers.map(|covers| covers.iter().map(ToString::to_string).collect());
            Report { covers, events: vec![event("a")], ..Report::new() }
        };
        for (one, other, wanted) in [
            (Report::new(), of(Some(&["a"])), Some(&["a"][..])),
            (of(Some(&["a", "b"])), of(Some(&["c", "a"])), Some(&["a", "b", "c"])),
            (of(None), of(Some(&["a"])), None),
            (of(Some(&["a"])), of(None), None),
            // Such as a shard without targets: it looked for nothing, which is known.
            (of(Some(&[])), of(Some(&["a"])), Some(&["a"])),
            (of(Some(&[])), of(Some(&[])), Some(&[])),
        ] {
            let mut all = one.clone();
            all.merge(other);
            let wanted = wanted.map(|wanted| wanted.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(all.covers, wanted, "{one:?}");
            assert_eq!(all.looked_for("z"), wanted.is_none());
        }
    }

    #[test]
    fn merged_report_keeps_each_uid_once_and_every_count() {
        let mut one = Report { events: vec![event("a"), event("b")], ..Report::new() };
        one.drop_row(reason::NO_ID);
        let mut other = Report { events: vec![event("b"), event("c")], ..Report::new() };
        other.drop_row(reason::NO_ID);
        other.incomplete.push(Gap::new("x", "the service is down"));
        one.merge(other);
        let uids: Vec<_> = one.events.iter().filter_map(Event::uid).collect();
        assert_eq!(uids, ["a", "b", "c"]);
        assert_eq!(one.dropped, BTreeMap::from([("duplicate".to_owned(), 1), ("no_id".to_owned(), 2)]));
        assert_eq!((one.dropped_rows(), one.is_complete()), (3, false));
    }
}
