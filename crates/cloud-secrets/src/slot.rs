//! What the cache holds for one secret or one name, and what a caller may do with it.

use std::time::Duration;

use cloud_core::{Error, ErrorCategory};

use crate::flights::{BRIEF, Flights};
use crate::store::Known;

/// A value with its age, the last failure, and the requests in flight.
pub(crate) struct Slot<T> {
    pub(crate) held: Option<Held<T>>,
    pub(crate) failure: Option<Failure>,
    pub(crate) flights: Flights<Known<T>>,
    /// The number of the last request that was refused, or zero. A value of an earlier one is not used.
    pub(crate) refused: u64,
    /// When it was last used, by the cache's counter.
    pub(crate) used: u64,
}

/// A value, with times of the monotonic clock.
pub(crate) struct Held<T> {
    pub(crate) value: T,
    /// When its request was started.
    pub(crate) fetched: Duration,
    /// From here on a caller fetches it ahead of its end.
    pub(crate) refresh: Duration,
    /// Until then it is used without asking.
    pub(crate) fresh: Duration,
    /// Until then it is used in an outage. Never before `fresh`.
    pub(crate) stale: Duration,
}

/// The last outcome, if it was an error.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// No request is made before.
    pub(crate) until: Duration,
    pub(crate) refusal: bool,
    /// How many in a row.
    pub(crate) count: u32,
}

/// How much the caller wants a new value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Any value that may be used.
    Get,
    /// The same, but waits for a refresh that is due.
    Watch,
    /// A value that was fetched within this time.
    NotOlder(Duration),
    /// A value that is fetched from now on, whatever failed before.
    Force,
}

/// What a caller does.
pub(crate) enum Decision<T> {
    Use(T),
    /// The same, past its TTL.
    UseStale(T),
    /// Uses the held value unless a request brings another soon. One in flight is waited for until it is this old.
    Ahead(Duration),
    Fail(Error),
    Fetch,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { held: None, failure: None, flights: Flights::default(), refused: 0, used: 0 }
    }
}

impl<T: Clone + Send + Sync + 'static> Slot<T> {
    pub(crate) fn decide(&self, now: Duration, mode: Mode) -> Decision<T> {
        let waits = self.failure.as_ref().filter(|failure| now < failure.until && mode != Mode::Force);
        let usable = self.usable(now);
        let new = |held: &Held<T>| match mode {
            Mode::Force => false,
            Mode::NotOlder(age) => now < held.fetched.saturating_add(age),
            Mode::Get | Mode::Watch => now < held.refresh,
        };
        match (usable, waits) {
            (Some(held), _) if new(held) && now < held.fresh => Decision::Use(held.value.clone()),
            (Some(held), Some(_)) if now < held.fresh => Decision::Use(held.value.clone()),
            (Some(held), Some(_)) => Decision::UseStale(held.value.clone()),
            (Some(held), None) if mode == Mode::Get => {
                // Past its TTL it is used only if the service is known to fail, or does not respond.
                let known = now < held.fresh || self.failure.is_some();
                Decision::Ahead(if known { Duration::ZERO } else { BRIEF })
            }
            (None, Some(failure)) => Decision::Fail(failure.error.duplicate()),
            (Some(_) | None, None) => Decision::Fetch,
        }
    }

    /// Returns the value if it may be used when the service cannot be asked.
    pub(crate) fn usable(&self, now: Duration) -> Option<&Held<T>> {
        self.held.as_ref().filter(|held| now < held.stale)
    }

    /// Whether the last answer was a refusal that is no longer kept.
    pub(crate) fn refused_before(&self, now: Duration) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.refusal && now >= failure.until)
    }

    /// How long until a caller would fetch.
    pub(crate) fn due(&self, now: Duration) -> Duration {
        let refresh = self.held.as_ref().map_or(Duration::ZERO, |held| held.refresh);
        let failure = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.until);
        refresh.max(failure).saturating_sub(now)
    }
}

/// Whether the secret may no longer be used. Everything else means that the service could not be asked: a gateway's 404,
/// 429 and 5xx have no such category.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(
        error.category(),
        Some(
            ErrorCategory::Denied
                | ErrorCategory::InvalidCredentials
                | ErrorCategory::NotFound
                | ErrorCategory::Conflict
        )
    )
}
