//! A cache for credentials that expire: renewed before they expire, by one request at a time.

use std::fmt;
use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use time::OffsetDateTime;

use crate::auth::Generation;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{self, Runtime, within};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};

// The paths hold wherever this file is compiled from.
#[doc(hidden)]
#[path = "credentials/shared_request.rs"]
pub mod shared_request;
#[path = "credentials/state.rs"]
mod state;
use shared_request::SharedRequest;
use state::{Credentials, InFlight, Origin, Renewal, State, Validity, later};

/// Credentials with their lifetime.
#[non_exhaustive]
pub struct Expiring<T> {
    /// The credentials.
    pub value: T,
    /// How long they are valid.
    pub lifetime: Duration,
}

impl<T> Expiring<T> {
    /// Creates credentials that are valid this long.
    #[must_use]
    pub const fn new(value: T, lifetime: Duration) -> Self {
        Self { value, lifetime }
    }
}

impl<T> fmt::Debug for Expiring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiring").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Caches credentials until shortly before they expire.
///
/// There is no background task: the first caller that needs new credentials starts the request, and every caller that
/// waits for it polls it. While the current credentials are valid, the first caller waits for new ones at most a
/// second, and the others do not wait. A caller that is dropped or no longer polled does not block the others.
///
/// A request belongs to the tokio runtime on which it was started, since it stalls while that runtime is idle. A caller
/// on another runtime waits for it until it is one second old, and then makes its own request.
pub struct CredentialCache<T> {
    state: Arc<Mutex<State<T>>>,
    runtime: Arc<dyn Runtime>,
}

/// What a caller does for credentials.
enum Step<T> {
    Use(Credentials<T>),
    /// Waits for the request.
    Wait(Arc<SharedRequest<Credentials<T>>>),
    /// Waits this long for the request of another runtime.
    Watch(Arc<SharedRequest<Credentials<T>>>, Duration),
    /// Started the renewal: waits for it briefly.
    Renew(Arc<SharedRequest<Credentials<T>>>, Credentials<T>),
    /// Looks whether the renewal that an earlier caller left has an outcome.
    Look(Arc<SharedRequest<Credentials<T>>>, Credentials<T>),
}

/// The minimum time between two attempts to renew credentials that are still valid.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a caller with valid credentials waits for new ones, and how old a request of another runtime may get before
/// a caller makes its own.
const BRIEF: Duration = Duration::from_secs(1);
/// A renewal that nobody waits for and that takes longer is given up.
const ABANDONED: Duration = Duration::from_secs(60);

impl<T: Send + Sync + 'static> CredentialCache<T> {
    /// Returns the current credentials, or new ones from `issue` if there are none or they are about to expire.
    ///
    /// # Errors
    /// The error of `issue`, unless the current credentials are still valid.
    pub async fn get<F>(
        &self,
        now: OffsetDateTime,
        issue: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(Arc<T>, Generation)>
    where
        F: Future<Output = Result<Expiring<T>>> + Send + 'static,
    {
        let mut issue = Some(issue);
        loop {
            let step = self.step(now, || {
                let issue = issue.take()?;
                Some(async move { issue().await })
            });
            let outcome = match step {
                None => {
                    let text = "the request for credentials was aborted; call again";
                    return Err(Error::new(ErrorKind::Credentials, text));
                }
                Some(Step::Use(found)) => return Ok(found),
                Some(Step::Wait(shared)) => shared.join().await,
                Some(Step::Watch(shared, left)) => {
                    within(shared.watch(), || self.runtime.deadline(left)).await.flatten()
                }
                Some(Step::Renew(shared, found)) => {
                    let outcome = within(shared.join(), || self.runtime.deadline(BRIEF)).await;
                    Some(outcome.flatten().and_then(Result::ok).map_or(Ok(found), Ok))
                }
                Some(Step::Look(shared, found)) => {
                    let mut waiter = std::pin::pin!(shared.join());
                    let poll = std::future::poll_fn(|context| Poll::Ready(waiter.as_mut().poll(context))).await;
                    match poll {
                        Poll::Ready(outcome) => Some(outcome.and_then(Result::ok).map_or(Ok(found), Ok)),
                        Poll::Pending => Some(Ok(found)),
                    }
                }
            };
            // The request of another caller panicked, or its runtime is idle; this caller starts its own.
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// Decides what the caller does, and starts a request if there is none; `None` if it has started one already.
    fn step<F>(&self, now: OffsetDateTime, issue: impl FnOnce() -> Option<F>) -> Option<Step<T>>
    where
        F: Future<Output = Result<Expiring<T>>> + Send + 'static,
    {
        // Declared first, so dropped after the lock is released: a request may run code that asks this cache.
        let (_left, alive, _replaced);
        let mut state = self.lock();
        let validity = state.validity(now);
        _left = state.take_useless_renewal(|renewal| {
            // Only this cache holds it, so nobody waits.
            let unattended = Arc::strong_count(&renewal.shared) == 1;
            let useless = matches!(validity, Validity::Expired) || now >= later(renewal.started, ABANDONED);
            renewal.shared.is_complete() || (unattended && useless)
        });
        let found = match validity {
            Validity::Valid(found) => return Some(Step::Use(found)),
            Validity::RenewalDue(found) => Some(found),
            Validity::Expired => None,
        };
        let here = Origin { runtime: runtime::current(), at: self.runtime.elapsed() };
        alive = state.alive();
        let running = || alive.iter().filter(|(_, shared)| !shared.is_complete());
        let own = running().find(|(origin, _)| origin.runtime == here.runtime).map(|(_, shared)| Arc::clone(shared));
        let left_of = |origin: &Origin| BRIEF.saturating_sub(here.at.saturating_sub(origin.at));
        let young = running().map(|(origin, shared)| (left_of(origin), shared)).max_by_key(|(left, _)| *left);
        let young = young.filter(|(left, _)| !left.is_zero());
        match (own, young, found) {
            (Some(own), _, Some(found)) => Some(Step::Look(own, found)),
            (Some(own), _, None) => Some(Step::Wait(own)),
            (None, Some(_), Some(found)) => Some(Step::Use(found)),
            (None, Some((left, shared)), None) => Some(Step::Watch(Arc::clone(shared), left)),
            (None, None, found) => match (issue(), found) {
                (None, found) => found.map(Step::Use),
                (Some(issue), None) => Some(Step::Wait(self.start(&mut state, now, here, issue))),
                (Some(issue), Some(found)) => {
                    let shared = self.start(&mut state, now, here, issue);
                    let renewal = Renewal { number: state.started, shared: Arc::clone(&shared), started: now };
                    _replaced = state.renewal.replace(renewal);
                    Some(Step::Renew(shared, found))
                }
            },
        }
    }

    fn start(
        &self,
        state: &mut State<T>,
        now: OffsetDateTime,
        origin: Origin,
        issue: impl Future<Output = Result<Expiring<T>>> + Send + 'static,
    ) -> Arc<SharedRequest<Credentials<T>>> {
        // Set before the outcome is known: a caller that stops waiting counts as a failed attempt.
        if let Some(current) = state.current.as_mut() {
            current.renew = later(now, PAUSE).min(current.expires);
        }
        state.started += 1;
        let number = state.started;
        // The cache may keep the request, so the request must not keep the cache.
        let cache = Arc::downgrade(&self.state);
        let shared = SharedRequest::new(
            asks_itself,
            Box::pin(async move {
                let outcome = issue.await;
                let Some(cache) = cache.upgrade() else {
                    return outcome.map(|issued| (Arc::new(issued.value), Generation::default()));
                };
                // What is replaced is dropped after the lock is released, as it may run code of the caller.
                let (completed, _left) = lock(&cache).complete(number, now, outcome);
                completed
            }),
        );
        state.requests.retain(|request| request.shared.strong_count() > 0);
        state.requests.push(InFlight { number, origin, shared: Arc::downgrade(&shared) });
        shared
    }
}

impl<T> CredentialCache<T> {
    /// Creates an empty cache.
    #[must_use]
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        let state = State { generation: 0, current: None, started: 0, requests: Vec::new(), renewal: None };
        Self { state: Arc::new(Mutex::new(state)), runtime }
    }

    /// Drops the credentials of this generation, and no newer ones. Returns whether new credentials may help: false
    /// if none were ever issued.
    pub fn invalidate(&self, generation: Generation) -> bool {
        let mut state = self.lock();
        let dropped = if Generation::new(state.generation) == generation { state.current.take() } else { None };
        let renewable = state.generation > 0;
        drop(state);
        drop(dropped);
        renewable
    }

    /// Returns the current credentials, valid or not.
    #[must_use]
    pub fn current(&self) -> Option<Arc<T>> {
        self.lock().current.as_ref().map(|current| Arc::clone(&current.value))
    }

    /// Returns the current credentials unless they have expired at `now`.
    #[must_use]
    pub fn valid(&self, now: OffsetDateTime) -> Option<Arc<T>> {
        match self.lock().validity(now) {
            Validity::Valid((found, _)) | Validity::RenewalDue((found, _)) => Some(found),
            Validity::Expired => None,
        }
    }

    /// Returns the credentials of this generation if they are the current ones, valid or not.
    #[must_use]
    pub fn held(&self, generation: Generation) -> Option<Arc<T>> {
        let state = self.lock();
        let current = state.current.as_ref().filter(|_| Generation::new(state.generation) == generation);
        current.map(|current| Arc::clone(&current.value))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

fn asks_itself() -> Error {
    Error::new(ErrorKind::Credentials, "the provider of the credentials asks for the credentials that it provides")
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    // The state is consistent whenever the lock is released, so a poisoned lock is usable.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Clone for CredentialCache<T> {
    /// Returns a handle to the same cache.
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), runtime: Arc::clone(&self.runtime) }
    }
}

impl<T> fmt::Debug for CredentialCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("CredentialCache")
            .field("generation", &state.generation)
            .field("current", &state.current.is_some())
            .finish()
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
#[path = "credentials/model.rs"]
mod model;

#[cfg(test)]
#[cfg(feature = "testing")]
#[path = "credentials/runtimes.rs"]
mod runtimes;

#[cfg(test)]
#[cfg(feature = "testing")]
#[path = "credentials/tests.rs"]
mod tests;
