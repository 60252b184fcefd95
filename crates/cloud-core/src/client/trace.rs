//! What a call tells `tracing`: a span for the call and an event for each attempt, under OpenTelemetry's names.
//!
//! Only what the SDK itself knows and what identifies an answer is told; bodies, queries, values of paths and headers
//! may hold secrets and never are.

use std::time::Duration;

use http::StatusCode;
use tracing::Span;
use tracing::field::{Empty, debug};

use crate::client::Reply;
use crate::error::{Error, Result};
use crate::operation::{ApiVersion, CallContext};

/// The span of a call. What is known only at its end is filled in by [`ended`].
pub(super) fn call(context: CallContext, host: &str) -> Span {
    let CallContext { operation, version } = context;
    let ApiVersion { vendor, service, number, .. } = version;
    tracing::debug_span!(
        "call",
        "rpc.system" = vendor,
        "rpc.service" = service,
        "rpc.method" = operation.name,
        "api.version" = number,
        "http.request.method" = operation.method.as_str(),
        "server.address" = host,
        "http.response.status_code" = Empty,
        "http.request.resend_count" = Empty,
        "error.type" = Empty,
        request_id = Empty,
        elapsed_ms = Empty,
    )
}

/// Fills in how a call ended.
pub(super) fn ended(span: &Span, outcome: &Result<Reply>, elapsed: Duration) {
    if span.is_disabled() {
        return;
    }
    let (status, request_id, attempts) = match outcome {
        Ok(Reply { meta, .. }) => (Some(meta.status.as_u16()), meta.request_id.as_deref(), meta.attempts),
        Err(error) => (error.status(), error.request_id(), error.attempts()),
    };
    span.record("http.response.status_code", status);
    span.record("http.request.resend_count", attempts.saturating_sub(1));
    span.record("request_id", request_id);
    span.record("elapsed_ms", millis(elapsed));
    if let Err(error) = outcome {
        span.record("error.type", debug(error.kind()));
    }
}

/// Tells of an attempt with a good answer.
pub(super) fn answered(attempt: u32, status: StatusCode, request_id: Option<&str>, elapsed: Duration) {
    tracing::debug!(
        "http.response.status_code" = status.as_u16(),
        "http.request.resend_count" = attempt - 1,
        request_id,
        elapsed_ms = millis(elapsed),
        "answered"
    );
}

/// Tells of an attempt that failed.
pub(super) fn failed(attempt: u32, error: &Error, elapsed: Duration) {
    tracing::debug!(
        "http.response.status_code" = error.status(),
        "http.request.resend_count" = attempt - 1,
        "error.type" = ?error.kind(),
        request_id = error.request_id(),
        elapsed_ms = millis(elapsed),
        "failed"
    );
}

/// Tells of a wait before the next attempt.
pub(super) fn waiting(attempt: u32, wait: Duration) {
    tracing::debug!("http.request.resend_count" = attempt, wait_ms = millis(wait), "trying again");
}

/// Tells of an attempt that follows at once, under a corrected clock or new credentials.
pub(super) fn renewed(attempt: u32, by_clock: bool) {
    tracing::debug!("http.request.resend_count" = attempt, clock = by_clock, "signing anew");
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
