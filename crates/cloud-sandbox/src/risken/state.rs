//! The state of RISKEN.

use serde::{Deserialize, Serialize};

use super::aws::store::Store;
use super::error::ErrorResponse;
use super::finding::store::Store as Findings;
use crate::call::Call;

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

/// Reads a call leniently from its query or its body, checks it, and lets scans end that are due.
pub(super) fn read<R>(
    state: &mut State,
    call: &Call<'_>,
    from_query: fn(&str) -> R,
    from_body: fn(&[u8]) -> R,
    check: fn(&R) -> Result<(), String>,
) -> Result<(R, i64), ErrorResponse> {
    let request = match call.request.method.as_str() {
        "GET" => from_query(call.request.query()),
        _ => from_body(&call.request.body),
    };
    check(&request).map_err(|text| ErrorResponse::invalid(&text))?;
    let now = call.now.unix_timestamp();
    state.settle(now);
    Ok((request, now))
}

/// The handlers of one service by operation name.
pub(crate) type Handlers = crate::call::Handlers<State, ErrorResponse>;
