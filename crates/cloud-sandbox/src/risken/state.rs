//! The state of RISKEN.

use serde::{Deserialize, Serialize};

use super::aws::store::Store;
use super::error::ErrorResponse;
use super::finding::store::Store as Findings;

/// The state of the service; its default is the seed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) findings: Findings,
}

impl State {
    /// Lets scans end that are due, and stores what they have found.
    pub(super) fn settle(&mut self, now: i64) {
        for ended in self.store.settle(now) {
            self.findings.scanned(&ended);
        }
    }
}

/// The handlers of one service by operation name.
pub(crate) type Handlers = crate::call::Handlers<State, ErrorResponse>;
