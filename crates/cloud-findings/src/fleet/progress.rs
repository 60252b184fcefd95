//! What a run reports while it lasts, and at its end.

use std::collections::BTreeMap;

use cloud_core::Error;

use super::Target;
use crate::Report;

/// A step of a run. What is reported as done or failed is in the checkpoint.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The target is done according to the checkpoint.
    Skipped {
        /// The target.
        target: Target,
    },
    /// The inspection of the target begins.
    Started {
        /// The target.
        target: Target,
    },
    /// The inspection has ended. Its report may be incomplete; then a later run with the checkpoint inspects the target
    /// again.
    Done {
        /// The target.
        target: Target,
        /// What was found.
        report: Report,
    },
    /// The inspection has failed. A later run with the checkpoint tries again.
    Failed {
        /// The target.
        target: Target,
        /// Why.
        error: Error,
    },
}

/// The result of a run. Its size does not depend on the number of targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many targets of the shard were taken from the list.
    pub targets: u64,
    /// How many of them an earlier run had done.
    pub skipped: u64,
    /// How many were inspected.
    pub done: u64,
    /// How many of these reports are incomplete.
    pub incomplete: u64,
    /// How many inspections failed.
    pub failed: u64,
    /// How many events were found.
    pub events: u64,
    /// How many rows became no event, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

impl Summary {
    /// Returns whether every target is done, by this run or an earlier one, and every report of this run is complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.stopped && self.failed == 0 && self.incomplete == 0 && self.skipped + self.done == self.targets
    }

    pub(super) fn count(&mut self, report: &Report) {
        self.done += 1;
        self.incomplete += u64::from(!report.is_complete());
        self.events += u64::try_from(report.events.len()).unwrap_or(u64::MAX);
        for (reason, count) in &report.dropped {
            let counted = self.dropped.entry(reason.clone()).or_default();
            *counted = counted.saturating_add(*count);
        }
    }
}
