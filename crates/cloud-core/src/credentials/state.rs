//! What a cache of credentials holds, and how good it is.

use std::sync::{Arc, Weak};
use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime};

use super::Expiring;
use super::shared_request::SharedRequest;
use crate::auth::Generation;
use crate::error::Result;

pub(super) struct State<T> {
    pub(super) generation: u64,
    pub(super) current: Option<Cached<T>>,
    /// The request in flight; it is dropped with its last waiter.
    pub(super) shared: Weak<SharedRequest<Credentials<T>>>,
    /// The same request while the current credentials are valid, kept for later callers, and when it was started.
    pub(super) renewal: Option<Renewal<T>>,
}

/// A request and when it was started.
type Renewal<T> = (Arc<SharedRequest<Credentials<T>>>, OffsetDateTime);

/// What a completed request replaces.
type Left<T> = (Option<Cached<T>>, Option<Renewal<T>>);

/// Credentials and their generation.
pub(super) type Credentials<T> = (Arc<T>, Generation);

pub(super) struct Cached<T> {
    pub(super) value: Arc<T>,
    pub(super) renew: OffsetDateTime,
    pub(super) expires: OffsetDateTime,
}

/// Credentials are renewed this long before they expire, or after four fifths of a shorter lifetime.
const MARGIN: Duration = Duration::from_secs(300);

pub(super) enum Validity<T> {
    Valid(Credentials<T>),
    RenewalDue(Credentials<T>),
    Expired,
}

impl<T> State<T> {
    pub(super) fn validity(&self, now: OffsetDateTime) -> Validity<T> {
        let found = |current: &Cached<T>| (Arc::clone(&current.value), Generation(self.generation));
        match &self.current {
            Some(current) if now < current.renew => Validity::Valid(found(current)),
            Some(current) if now < current.expires => Validity::RenewalDue(found(current)),
            _ => Validity::Expired,
        }
    }

    /// Stores the outcome of a request that was started at `now`. Returns what it replaces as well, to be dropped without
    /// the lock.
    pub(super) fn complete(
        &mut self,
        now: OffsetDateTime,
        outcome: Result<Expiring<T>>,
    ) -> (Result<Credentials<T>>, Left<T>) {
        // Later callers do not wait for a completed request, and the cache keeps no second copy of the credentials.
        self.shared = Weak::new();
        let renewal = self.renewal.take();
        match outcome {
            Ok(Expiring { value, lifetime }) => {
                self.generation += 1;
                let (renew, expires) = (lifetime.saturating_sub(MARGIN.min(lifetime / 5)), lifetime);
                let current = Cached { value: Arc::new(value), renew: later(now, renew), expires: later(now, expires) };
                let found = (Arc::clone(&current.value), Generation(self.generation));
                (Ok(found), (self.current.replace(current), renewal))
            }
            // A caller whose credentials are still valid keeps them.
            Err(error) => (Err(error), (None, renewal)),
        }
    }
}

pub(super) fn later(now: OffsetDateTime, by: Duration) -> OffsetDateTime {
    // A date beyond the calendar becomes its last day.
    let last = || PrimitiveDateTime::MAX.assume_utc();
    time::Duration::try_from(by).ok().and_then(|by| now.checked_add(by)).unwrap_or_else(last)
}
