//! What a call logs through `tracing`: a span for the call and an event for each attempt, with OpenTelemetry's names.
//!
//! Bodies, queries, path values and headers may contain secrets and are never logged.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tracing::Span;
use tracing::field::{Empty, debug};

use super::recovery::Recovered;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::operation::{ApiVersion, CallContext};
use crate::response::Response;

/// Creates the span of a call. [`ended`] records what is known only at its end.
pub(super) fn call(context: CallContext, endpoint: &Endpoint) -> Span {
    let CallContext { operation, version } = context;
    let ApiVersion { vendor, service, number, .. } = version;
    tracing::debug_span!(
        "call",
        "rpc.system" = vendor,
        "rpc.service" = service,
        "rpc.method" = operation.name,
        "api.version" = number,
        "http.request.method" = operation.method.as_str(),
        "server.address" = endpoint.host(),
        "http.response.status_code" = Empty,
        "http.request.resend_count" = Empty,
        "error.type" = Empty,
        request_id = Empty,
        elapsed_ms = Empty,
    )
}

/// Records how a call ended.
pub(super) fn ended(span: &Span, outcome: &Result<Response<Bytes>>, elapsed: impl FnOnce() -> Duration) {
    if span.is_disabled() {
        return;
    }
    let (status, request_id, attempts) = match outcome {
        Ok(response) => {
            let parts = response.parts();
            (Some(parts.status.as_u16()), parts.request_id.as_deref(), parts.attempts)
        }
        Err(error) => (error.status(), error.request_id(), error.attempts()),
    };
    span.record("http.response.status_code", status);
    span.record("http.request.resend_count", attempts.saturating_sub(1));
    span.record("request_id", request_id);
    span.record("elapsed_ms", millis(elapsed()));
    if let Err(error) = outcome {
        span.record("error.type", debug(error.kind()));
    }
}

/// Logs an attempt that succeeded.
pub(super) fn succeeded(
    attempt: u32,
    status: StatusCode,
    request_id: Option<&str>,
    elapsed: impl FnOnce() -> Duration,
) {
    tracing::debug!(
        "http.response.status_code" = status.as_u16(),
        "http.request.resend_count" = attempt - 1,
        request_id,
        elapsed_ms = millis(elapsed()),
        "attempt succeeded"
    );
}

/// Logs an attempt that failed.
pub(super) fn failed(attempt: u32, error: &Error, elapsed: impl FnOnce() -> Duration) {
    tracing::debug!(
        "http.response.status_code" = error.status(),
        "http.request.resend_count" = attempt - 1,
        "error.type" = ?error.kind(),
        request_id = error.request_id(),
        elapsed_ms = millis(elapsed()),
        "attempt failed"
    );
}

/// Logs the delay before a retry.
pub(super) fn retrying(attempt: u32, delay: Duration) {
    tracing::debug!("http.request.resend_count" = attempt, delay_ms = millis(delay), "retrying");
}

/// Logs an attempt that follows at once, with a corrected clock or new credentials.
pub(super) fn recovered(attempt: u32, recovered: Recovered) {
    tracing::debug!("http.request.resend_count" = attempt, corrected = ?recovered, "signing again");
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
