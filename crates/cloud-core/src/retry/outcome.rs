//! What a failed attempt says about another one.

use crate::delivery::Delivery;

/// What a failed attempt says about another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptOutcome {
    /// How far the request got.
    pub(crate) delivery: Delivery,
    pub(super) transient: bool,
    pub(super) throttled: bool,
    /// Refused before it was executed.
    pub(super) refused: bool,
    /// This machine lacks what a connection needs.
    pub(super) exhausted: bool,
}

impl AttemptOutcome {
    /// Another attempt would fail the same way.
    pub(crate) const fn permanent(delivery: Delivery) -> Self {
        Self { delivery, transient: false, throttled: false, refused: false, exhausted: false }
    }

    /// Another attempt may succeed.
    pub(crate) const fn transient(delivery: Delivery) -> Self {
        Self { transient: true, ..Self::permanent(delivery) }
    }

    /// Another attempt may succeed, after a longer delay.
    pub(crate) const fn throttled(delivery: Delivery) -> Self {
        Self { throttled: true, ..Self::transient(delivery) }
    }

    /// The response reports a failure. Its status decides, unless the vendor calls the failure `transient`.
    pub(crate) const fn response(status: u16, transient: bool) -> Self {
        Self {
            delivery: Delivery::ResponseReceived,
            transient: transient || matches!(status, 408 | 429 | 502 | 503 | 504),
            throttled: matches!(status, 429 | 503),
            refused: status == 429,
            exhausted: false,
        }
    }

    /// No connection could be opened for lack of a file descriptor, which another call may return.
    pub(crate) const fn exhausted() -> Self {
        Self { exhausted: true, ..Self::transient(Delivery::NotSent) }
    }

    /// Whether another attempt can succeed without a change by the caller.
    pub(crate) fn is_transient(self) -> bool {
        self.transient
    }

    /// Whether this machine, not the service, is short of something.
    pub(crate) fn is_exhausted(self) -> bool {
        self.exhausted
    }

    /// Whether the service may have executed the request.
    pub(crate) fn may_have_been_executed(self) -> bool {
        self.delivery != Delivery::NotSent && !self.refused
    }

    /// Whether the service is overloaded.
    pub(crate) fn is_throttled(self) -> bool {
        self.throttled
    }
}
