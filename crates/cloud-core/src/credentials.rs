//! A cache for credentials that expire: renewed before they expire, by one request at a time.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use time::OffsetDateTime;

use crate::auth::Generation;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{Runtime, within};

mod shared_request;
mod state;
use shared_request::SharedRequest;
use state::{Credentials, State, Validity, later};

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
pub struct CredentialCache<T> {
    state: Arc<Mutex<State<T>>>,
    runtime: Arc<dyn Runtime>,
}

/// What a caller does for credentials.
enum Step<T> {
    Use(Credentials<T>),
    /// Waits for the request.
    Wait(Arc<SharedRequest<Credentials<T>>>),
    /// Started the renewal: waits for it briefly.
    Renew(Arc<SharedRequest<Credentials<T>>>, Credentials<T>),
    /// Looks whether the renewal that an earlier caller left has an outcome.
    Look(Arc<SharedRequest<Credentials<T>>>, Credentials<T>),
}

/// The minimum time between two attempts to renew credentials that are still valid.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a caller with valid credentials waits for new ones.
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
            // The request of another caller panicked; this caller starts its own.
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
        // Kept until the lock is released: dropping a request may run code that asks this cache.
        let (left, in_flight);
        let mut state = self.lock();
        let validity = state.validity(now);
        left = state.renewal.take_if(|(shared, started)| {
            // Only this cache holds it, so nobody waits.
            let unattended = Arc::strong_count(shared) == 1;
            let useless = matches!(validity, Validity::Expired) || now >= later(*started, ABANDONED);
            shared.is_complete() || (unattended && useless)
        });
        in_flight = if left.is_some() { None } else { state.shared.upgrade() };
        let running = in_flight.as_ref().filter(|shared| !shared.is_complete()).map(Arc::clone);
        let step = match (validity, running) {
            (Validity::Valid(found), _) => Some(Step::Use(found)),
            (Validity::RenewalDue(found), Some(shared)) => Some(Step::Look(shared, found)),
            (Validity::Expired, Some(shared)) => Some(Step::Wait(shared)),
            (Validity::RenewalDue(found), None) => Some(match issue() {
                None => Step::Use(found),
                Some(issue) => {
                    let shared = self.start(&mut state, now, issue);
                    state.renewal = Some((Arc::clone(&shared), now));
                    Step::Renew(shared, found)
                }
            }),
            (Validity::Expired, None) => issue().map(|issue| Step::Wait(self.start(&mut state, now, issue))),
        };
        drop(state);
        drop((left, in_flight));
        step
    }

    fn start(
        &self,
        state: &mut State<T>,
        now: OffsetDateTime,
        issue: impl Future<Output = Result<Expiring<T>>> + Send + 'static,
    ) -> Arc<SharedRequest<Credentials<T>>> {
        // Set before the outcome is known: a caller that stops waiting counts as a failed attempt.
        if let Some(current) = state.current.as_mut() {
            current.renew = later(now, PAUSE).min(current.expires);
        }
        // The cache may keep the request, so the request must not keep the cache.
        let cache = Arc::downgrade(&self.state);
        let shared = SharedRequest::new(Box::pin(async move {
            let outcome = issue.await;
            let Some(cache) = cache.upgrade() else {
                return outcome.map(|issued| (Arc::new(issued.value), Generation::default()));
            };
            // What is replaced is dropped after the lock is released, as it may run code of the caller.
            let (completed, _left) = lock(&cache).complete(now, outcome);
            completed
        }));
        state.shared = Arc::downgrade(&shared);
        shared
    }
}

impl<T> CredentialCache<T> {
    /// Creates an empty cache.
    #[must_use]
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        let state = State { generation: 0, current: None, shared: Weak::new(), renewal: None };
        Self { state: Arc::new(Mutex::new(state)), runtime }
    }

    /// Drops the credentials of this generation, and no newer ones. Returns whether new credentials may help: false
    /// if none were ever issued.
    pub fn invalidate(&self, generation: Generation) -> bool {
        let mut state = self.lock();
        let dropped = if state.generation == generation.0 { state.current.take() } else { None };
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

    /// Returns whether the credentials of this generation are the current ones.
    pub fn holds(&self, generation: Generation) -> bool {
        let state = self.lock();
        state.generation == generation.0 && state.current.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
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
mod model;

#[cfg(test)]
mod tests;
