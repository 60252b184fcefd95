//! What a cache of credentials holds, and how good it is.

use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime};

use super::Expiring;
use super::shared_request::SharedRequest;
use crate::auth::Generation;
use crate::error::Result;
use crate::runtime::RuntimeId;
use crate::sync::{Arc, Weak};

pub(super) struct State<T> {
    pub(super) generation: u64,
    pub(super) current: Option<Cached<T>>,
    /// How many requests were started.
    pub(super) started: u64,
    /// The requests in flight, at most one of each runtime. One is dropped with its last waiter.
    pub(super) requests: Vec<InFlight<T>>,
    /// One of them that was started while the current credentials were valid, kept for later callers.
    pub(super) renewal: Option<Renewal<T>>,
}

pub(super) struct InFlight<T> {
    pub(super) number: u64,
    pub(super) origin: Origin,
    pub(super) shared: Weak<SharedRequest<Credentials<T>>>,
}

/// Where and when a request was started.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    /// The runtime that drives it.
    pub(super) runtime: Option<RuntimeId>,
    /// By the monotonic clock.
    pub(super) at: Duration,
}

pub(super) struct Renewal<T> {
    pub(super) number: u64,
    pub(super) shared: Arc<SharedRequest<Credentials<T>>>,
    pub(super) started: OffsetDateTime,
}

/// What is dropped after the lock is released, as it may run code of the caller.
pub(super) type Left<T> = (Option<Cached<T>>, Option<T>, Option<Renewal<T>>);

/// Credentials and their generation.
pub(super) type Credentials<T> = (Arc<T>, Generation);

pub(super) struct Cached<T> {
    /// The number of its request.
    number: u64,
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
        let found = |current: &Cached<T>| (Arc::clone(&current.value), Generation::new(self.generation));
        match &self.current {
            Some(current) if now < current.renew => Validity::Valid(found(current)),
            Some(current) if now < current.expires => Validity::RenewalDue(found(current)),
            _ => Validity::Expired,
        }
    }

    /// Returns the requests that somebody waits for or that are kept. They are to be dropped without the lock.
    pub(super) fn alive(&self) -> Vec<(Origin, Arc<SharedRequest<Credentials<T>>>)> {
        self.requests.iter().filter_map(|request| Some((request.origin, request.shared.upgrade()?))).collect()
    }

    /// Takes the kept renewal if nobody can use it any more.
    pub(super) fn take_useless_renewal(&mut self, useless: impl FnOnce(&Renewal<T>) -> bool) -> Option<Renewal<T>> {
        let left = self.renewal.take_if(|renewal| useless(renewal))?;
        self.requests.retain(|request| request.number != left.number);
        Some(left)
    }

    /// Stores the outcome of the request of this number that was started at `now`. Returns what it replaces as well, to
    /// be dropped without the lock.
    pub(super) fn complete(
        &mut self,
        number: u64,
        now: OffsetDateTime,
        outcome: Result<Expiring<T>>,
    ) -> (Result<Credentials<T>>, Left<T>) {
        // Later callers do not wait for a completed request, and the cache keeps no second copy of the credentials.
        self.requests.retain(|request| request.number != number);
        let renewal = self.renewal.take_if(|renewal| renewal.number == number);
        let Expiring { value, lifetime } = match outcome {
            Ok(issued) => issued,
            // A caller whose credentials are still valid keeps them.
            Err(error) => return (Err(error), (None, None, renewal)),
        };
        // A request that another runtime left for a while must not replace what was requested after it.
        if let Some(newer) = self.current.as_ref().filter(|current| current.number > number && now < current.expires) {
            return (Ok((Arc::clone(&newer.value), Generation::new(self.generation))), (None, Some(value), renewal));
        }
        self.generation += 1;
        let (renew, expires) = (lifetime.saturating_sub(MARGIN.min(lifetime / 5)), lifetime);
        let current = Cached { number, value: Arc::new(value), renew: later(now, renew), expires: later(now, expires) };
        let found = (Arc::clone(&current.value), Generation::new(self.generation));
        (Ok(found), (self.current.replace(current), None, renewal))
    }
}

pub(super) fn later(now: OffsetDateTime, by: Duration) -> OffsetDateTime {
    // A date beyond the calendar becomes its last day.
    let last = || PrimitiveDateTime::MAX.assume_utc();
    time::Duration::try_from(by).ok().and_then(|by| now.checked_add(by)).unwrap_or_else(last)
}
