//! Attempts that did not succeed: their error, and what it says about another attempt.

use std::time::Duration;

use time::OffsetDateTime;

use super::recovery::Refusal;
use super::skew;
use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind};
use crate::retry::AttemptOutcome;
use crate::transport::{Stage, TransportError};

/// An attempt that did not succeed.
pub(super) struct AttemptError {
    pub(super) error: Error,
    pub(super) outcome: AttemptOutcome,
    /// The delay that the service asked for.
    pub(super) retry_after: Option<Duration>,
    /// Set if the service refused the credentials.
    pub(super) refusal: Option<Refusal>,
}

impl AttemptError {
    /// Creates a failed attempt. The outcome decides what the error says about delivery.
    pub(super) fn new(error: Error, outcome: AttemptOutcome) -> Box<Self> {
        let error = error.with_delivery(outcome.delivery);
        Box::new(Self { error, outcome, retry_after: None, refusal: None })
    }

    /// Says that the clock may be the cause of a refused signature, if it is too far off to be corrected.
    pub(super) fn explain_clock(&mut self, signs_time: bool, now: OffsetDateTime) {
        let refusal = self.refusal.as_ref().filter(|_| signs_time);
        if let Some(hours) = refusal.and_then(|refusal| skew::too_far(&refusal.headers, refusal.sent, now)) {
            let note = format!("this machine's clock and the date of the response are {hours} hours apart");
            self.error.note(&note);
        }
    }

    /// The request cannot be sent.
    pub(super) fn unsendable(error: Error) -> Box<Self> {
        Self::new(error, AttemptOutcome::permanent(Delivery::NotSent))
    }

    /// There are no credentials, so the call itself was not sent, whatever happened to the request for them.
    pub(super) fn signing_failed(error: Error) -> Box<Self> {
        let outcome = match error.status() {
            // A request for credentials that may have been executed is not repeated: some issue a key each time.
            _ if !(error.is_transient() && error.is_unsent()) => AttemptOutcome::permanent(Delivery::NotSent),
            Some(429 | 503) => AttemptOutcome::throttled(Delivery::NotSent),
            _ => AttemptOutcome::transient(Delivery::NotSent),
        };
        let retry_after = error.retry_after();
        let requested = !error.is_unsent();
        let mut failed = Self::new(error, outcome);
        if requested {
            failed.error.set_credentials_requested();
        }
        failed.retry_after = retry_after;
        failed
    }

    /// The call has no time left.
    pub(super) fn call_timeout(error: Error) -> Box<Self> {
        let outcome = AttemptOutcome::permanent(error.delivery());
        Self::new(error, outcome)
    }

    /// The attempt has no time left, the call has some.
    pub(super) fn attempt_timeout(limit: Duration) -> Box<Self> {
        let text = format!("no response within the attempt's limit of {} ms", limit.as_millis());
        Self::new(Error::new(ErrorKind::Timeout, text), AttemptOutcome::transient(Delivery::PossiblySent))
    }

    /// The transport failed.
    pub(super) fn transport(error: TransportError) -> Box<Self> {
        let delivery = error.stage.delivery();
        let (kind, outcome) = match error.stage {
            Stage::Config => (ErrorKind::Config, AttemptOutcome::permanent(delivery)),
            Stage::Invalid => (ErrorKind::Request, AttemptOutcome::permanent(delivery)),
            Stage::Exhausted => (ErrorKind::Connect, AttemptOutcome::exhausted()),
            Stage::Connect => (ErrorKind::Connect, AttemptOutcome::transient(delivery)),
            Stage::Handshake => (ErrorKind::Connect, AttemptOutcome::permanent(delivery)),
            Stage::PossiblySent => (ErrorKind::Transport, AttemptOutcome::transient(delivery)),
            Stage::Response => (ErrorKind::Transport, AttemptOutcome::permanent(delivery)),
        };
        let text = match std::error::Error::source(&error).map(innermost) {
            Some(cause) if error.stage != Stage::Handshake => format!("{error}: {cause}"),
            _ => error.to_string(),
        };
        // A connection error passes unless the transport says otherwise.
        let transient = outcome.is_transient();
        Self::new(Error::new(kind, text).with_transient(transient).with_source(error), outcome)
    }
}

/// The last error of a chain says what happened (`connection refused`); those above it say where.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
