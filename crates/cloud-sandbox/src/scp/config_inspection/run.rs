//! One pass through a checklist: its states over time, what it found, and the counts of that.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::checklist::{Item, Version};
use crate::rng::Rng;
use crate::scp::timestamps::plain;

/// How long a run waits, and when it is over, both from its request on.
const WAITS: Duration = Duration::seconds(1);
const LASTS: Duration = Duration::seconds(5);

pub(super) const COMPLETED: &str = "Completed";
pub(super) const ERROR: &str = "Error";

/// What a check came to; outcomes compare as their codes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Outcome {
    #[serde(rename = "01")]
    Pass,
    #[serde(rename = "02")]
    NotApplicable,
    #[serde(rename = "03")]
    Fail,
    #[serde(rename = "04")]
    Error,
}

/// The outcome of one item, and whether the run before had another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    changed: bool,
}

/// A run that was asked for, whether it is over or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    sequence: String,
    check_type: String,
    /// The ID of the version of the checklist; none for the newest.
    #[serde(default)]
    checklist_version: Option<String>,
    requested_at: OffsetDateTime,
    requested_by: String,
    /// The account could not be reached.
    unreachable: bool,
    /// One for each item of the checklist, in its order.
    findings: Vec<Finding>,
}

impl Outcome {
    /// More often good than bad.
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(20) {
            0..=11 => Self::Pass,
            12..=16 => Self::Fail,
            17..=18 => Self::NotApplicable,
            _ => Self::Error,
        }
    }

    fn contents(self) -> &'static str {
        match self {
            Self::Pass => "Every resource that was looked at meets the criteria.",
            Self::NotApplicable => "The account has no resource of this kind.",
            Self::Fail => "At least one resource does not meet the criteria.",
            Self::Error => "The configuration could not be read.",
        }
    }
}

impl Run {
    /// Decides what the run will find: mostly what the run before found.
    pub(super) fn start(
        checklist: &Version,
        at: OffsetDateTime,
        by: String,
        unreachable: bool,
        before: Option<&Self>,
        rng: &mut Rng,
    ) -> Self {
        let mut findings = Vec::new();
        for index in 0..checklist.items().len() {
            let old = before.and_then(|run| run.findings.get(index)).map(|finding| finding.outcome);
            let outcome = match old {
                _ if unreachable => Outcome::Error,
                Some(old) if rng.below(10) > 0 => old,
                _ => Outcome::draw(rng),
            };
            findings.push(Finding { outcome, changed: old.is_some_and(|old| old != outcome) });
        }
        let sequence = format!("SCPCIS-{}", rng.id().to_uppercase());
        Self {
            sequence,
            check_type: checklist.check_type.to_owned(),
            checklist_version: Some(checklist.id.to_owned()),
            requested_at: at,
            requested_by: by,
            unreachable,
            findings,
        }
    }

    /// A run with given outcomes, for a fresh sandbox.
    pub(super) fn seeded(sequence: &str, check_type: &str, at: OffsetDateTime, by: &str, outcomes: &[Outcome]) -> Self {
        let findings = outcomes.iter().map(|&outcome| Finding { outcome, changed: false }).collect();
        Self {
            sequence: sequence.to_owned(),
            check_type: check_type.to_owned(),
            checklist_version: None,
            requested_at: at,
            requested_by: by.to_owned(),
            unreachable: outcomes.iter().all(|outcome| *outcome == Outcome::Error),
            findings,
        }
    }

    pub(super) fn is(&self, check_type: &str) -> bool {
        self.check_type == check_type
    }

    pub(super) fn unreachable(&self) -> bool {
        self.unreachable
    }

    pub(super) fn sequence(&self) -> &str {
        &self.sequence
    }

    pub(super) fn check_type(&self) -> &str {
        &self.check_type
    }

    /// The version of the checklist that the run went through.
    pub(super) fn checklist(&self) -> Option<&'static Version> {
        Version::of(&self.check_type, self.checklist_version.as_deref())
    }

    pub(super) fn requested_at(&self) -> OffsetDateTime {
        self.requested_at
    }

    pub(super) fn requested_by(&self) -> &str {
        &self.requested_by
    }

    /// When the run is or will be over.
    pub(super) fn proceeded_at(&self) -> OffsetDateTime {
        self.requested_at.saturating_add(LASTS)
    }

    pub(super) fn is_over(&self, now: OffsetDateTime) -> bool {
        self.proceeded_at() <= now
    }

    pub(super) fn state(&self, now: OffsetDateTime) -> &'static str {
        if !self.is_over(now) {
            let waiting = now < self.requested_at.saturating_add(WAITS);
            return if waiting { "Requested" } else { "In_Progress" };
        }
        self.final_state()
    }

    pub(super) fn final_state(&self) -> &'static str {
        if self.unreachable { ERROR } else { COMPLETED }
    }

    /// The outcome as a whole.
    pub(super) fn result(&self) -> &'static str {
        if self.unreachable { "FAIL" } else { "SUCCESS" }
    }

    pub(super) fn error_state(&self, now: OffsetDateTime) -> Option<&'static str> {
        (self.unreachable && self.is_over(now)).then_some("CONNECTION_FAIL")
    }

    /// The outcome as a whole and how many items had each outcome.
    pub(super) fn counts(&self) -> Value {
        let count = |wanted: Outcome| self.findings.iter().filter(|finding| finding.outcome == wanted).count();
        let total = self.findings.len();
        json!({
            "count_check": total,
            "count_error": count(Outcome::Error),
            "count_fail": count(Outcome::Fail),
            "count_na": count(Outcome::NotApplicable),
            "count_pass": count(Outcome::Pass),
            "diagnosis_check_type": self.check_type,
            "diagnosis_request_sequence": self.sequence,
            "diagnosis_result": self.result(),
            "diagnosis_total_count": total,
            "proceed_date": plain(self.proceeded_at()),
            "total": total,
        })
    }

    /// The items with what was found, in the order of the checklist.
    pub(super) fn items(&self) -> Vec<(&'static Item, &Finding)> {
        let items = self.checklist().map(Version::items).unwrap_or_default();
        items.iter().zip(&self.findings).collect()
    }

    pub(super) fn row(&self, item: &Item, finding: &Finding) -> Value {
        json!({
            "action_guide": item.action,
            "changed": finding.changed,
            "created_at": plain(self.proceeded_at()),
            "diagnosis_check_type": self.check_type,
            "diagnosis_criteria": item.criteria,
            "diagnosis_item": item.item,
            "diagnosis_layer": item.layer,
            "diagnosis_method": item.method,
            "diagnosis_result": finding.outcome,
            "marker": item.code,
            "result_contents": finding.outcome.contents(),
            "sub_category": item.code,
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::checklist::{self, BEST_PRACTICE, SSI};
    use super::*;

    const AT: OffsetDateTime = datetime!(2026-06-01 0:00 UTC);

    fn run(unreachable: bool, before: Option<&Run>, seed: u64) -> Run {
        Run::start(
            Version::of(BEST_PRACTICE, None).unwrap(),
            AT,
            String::new(),
            unreachable,
            before,
            &mut Rng::new(Some(seed)).unwrap(),
        )
    }

    #[test]
    fn run_state_follows_the_clock() {
        let (good, bad) = (run(false, None, 1), run(true, None, 1));
        for (seconds, state) in [(0, "Requested"), (1, "In_Progress"), (4, "In_Progress")] {
            let now = AT + Duration::seconds(seconds);
            assert_eq!((good.state(now), good.error_state(now)), (state, None));
            assert_eq!((bad.state(now), bad.error_state(now)), (state, None));
        }
        let now = AT + Duration::seconds(5);
        assert_eq!((good.state(now), good.error_state(now)), (COMPLETED, None));
        assert_eq!((bad.state(now), bad.error_state(now)), (ERROR, Some("CONNECTION_FAIL")));
    }

    fn rows(run: &Run) -> Vec<Value> {
        run.items().into_iter().map(|(item, finding)| run.row(item, finding)).collect()
    }

    #[test]
    fn run_counts_agree_with_its_items() {
        for (seed, unreachable) in [(1, false), (2, false), (3, true)] {
            let run = run(unreachable, None, seed);
            let (counts, rows) = (run.counts(), rows(&run));
            let of = |code: &str| rows.iter().filter(|row| row["diagnosis_result"] == code).count();
            for (name, code) in [("count_pass", "01"), ("count_na", "02"), ("count_fail", "03"), ("count_error", "04")]
            {
                assert_eq!(counts[name], of(code), "{name}");
            }
            for name in ["count_check", "diagnosis_total_count", "total"] {
                assert_eq!(counts[name], rows.len(), "{name}");
            }
        }
    }

    #[test]
    fn change_is_relative_to_the_previous_run() {
        let first = run(false, None, 1);
        assert!(rows(&first).iter().all(|row| row["changed"] == false));
        let second = run(false, Some(&first), 5);
        for (old, new) in rows(&first).iter().zip(rows(&second)) {
            assert_eq!(new["changed"], old["diagnosis_result"] != new["diagnosis_result"]);
        }
        let lists = [BEST_PRACTICE, SSI].map(|kind| checklist::items(kind).len());
        assert!(lists.iter().all(|&length| length > 5), "{lists:?}");
    }
}
