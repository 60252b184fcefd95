//! The latest calls, without secrets, for people and tests that inspect what a program did.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

/// How many calls are kept.
const KEPT: usize = 500;

/// A body whose shown form is longer is left out.
const LONGEST_BODY: usize = 16 << 10;

/// One call that the sandbox received, with every secret masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedCall {
    /// Counts all calls from 1.
    pub number: u64,
    /// When it arrived by the sandbox's clock.
    pub at: String,
    /// `vendor/service/operation/version`; parts that could not be told are `-`.
    pub operation: String,
    /// The method of the request.
    pub method: String,
    /// Path and query; appkeys and values of undocumented parameters are masked.
    pub target: String,
    /// The headers that say how the call was made; credentials are not among them.
    pub headers: Vec<(String, String)>,
    /// The JSON of the request, reduced to the fields of its schema; null without a body.
    pub request: Value,
    /// The status of the response; 0 when the connection was reset in its place.
    pub status: u16,
    /// The JSON of the response, reduced to the fields of its schema; null without a body.
    pub response: Value,
    /// The fault that struck the call.
    pub fault: Option<String>,
    /// What the response does not show: `nothing was there: …` where a vendor reports success for a resource that does
    /// not exist.
    pub note: Option<String>,
}

/// The latest calls in their order.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    calls: VecDeque<LoggedCall>,
}

impl Log {
    /// Adds a call, which gets its number here.
    pub(crate) fn add(&self, mut call: LoggedCall) {
        for body in [&mut call.request, &mut call.response] {
            if body.to_string().len() > LONGEST_BODY {
                *body = Value::from("… too long to keep");
            }
        }
        let mut inner = self.lock();
        inner.last += 1;
        call.number = inner.last;
        if inner.calls.len() == KEPT {
            inner.calls.pop_front();
        }
        inner.calls.push_back(call);
    }

    /// The kept calls with a number above this one.
    pub(crate) fn after(&self, number: u64) -> Vec<LoggedCall> {
        self.lock().calls.iter().filter(|call| call.number > number).cloned().collect()
    }

    /// The number of the latest call; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// Deletes the calls; the numbering continues.
    pub(crate) fn clear(&self) {
        self.lock().calls.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(request: Value) -> LoggedCall {
        LoggedCall {
            number: 0,
            at: "2026-01-01T00:00:00Z".to_owned(),
            operation: "scp/kms/encrypt/1.2".to_owned(),
            method: "POST".to_owned(),
            target: "/v1/kms/openapi/encrypt/1".to_owned(),
            headers: Vec::new(),
            request,
            status: 200,
            response: Value::Null,
            fault: None,
            note: None,
        }
    }

    #[test]
    fn log_keeps_the_latest_and_counts_all() {
        let log = Log::default();
        for _ in 0..KEPT + 3 {
            log.add(call(Value::Null));
        }
        let kept = log.after(0);
        assert_eq!((kept.len(), kept[0].number), (KEPT, 4));
        assert_eq!(log.after(KEPT as u64 + 2).len(), 1);
        log.clear();
        log.add(call(Value::Null));
        assert_eq!(log.after(0)[0].number, KEPT as u64 + 4);
    }

    #[test]
    fn log_leaves_out_long_bodies() {
        let log = Log::default();
        log.add(call(Value::from("x".repeat(LONGEST_BODY))));
        assert_eq!(log.after(0)[0].request, "… too long to keep");
    }
}
