//! A cache for credentials that expire: renewed ahead, one request at a time, dropped when refused.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime};

use crate::auth::Generation;
use crate::error::{Error, ErrorKind, Result};

mod shared_request;
use shared_request::SharedRequest;

/// Credentials just issued.
pub struct Expiring<T> {
    /// The credentials.
    pub value: T,
    /// How long they are good for.
    pub lifetime: Duration,
}

impl<T> fmt::Debug for Expiring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiring").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Holds credentials until shortly before they expire.
///
/// There is no background task: whoever asks first begins the request, everybody who waits for it moves it on, and the
/// others go on with what is still good. A caller that is dropped, or that is no longer polled, keeps nobody waiting.
pub struct CredentialCache<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    generation: u64,
    held: Option<Held<T>>,
    /// The request under way; it lives as long as somebody waits for it.
    shared: Weak<SharedRequest<Found<T>>>,
}

/// Credentials and which they are.
type Found<T> = (Arc<T>, Generation);

struct Held<T> {
    value: Arc<T>,
    renew: OffsetDateTime,
    expires: OffsetDateTime,
}

/// The longest time ahead of expiry at which credentials are renewed; short-lived ones at a fifth of their life.
const MARGIN: Duration = Duration::from_secs(300);
/// How long good credentials are used on after an attempt to renew them began, before the next attempt.
const PAUSE: Duration = Duration::from_secs(10);

impl<T: Send + Sync + 'static> CredentialCache<T> {
    /// The credentials, from `issue` where none are held or those held are about to expire.
    ///
    /// # Errors
    /// The error of `issue`, unless the credentials held are still good.
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
            let shared = {
                let mut state = self.lock();
                let shared = state.shared.upgrade().filter(|shared| !shared.is_over());
                match (state.good(now), shared) {
                    (Good::Fresh(found), _) | (Good::Aging(found), Some(_)) => return Ok(found),
                    (_, Some(shared)) => shared,
                    (_, None) => {
                        let Some(issue) = issue.take() else {
                            let text = "the request for credentials was broken off";
                            return Err(Error::new(ErrorKind::Credentials, text));
                        };
                        self.start(&mut state, now, async move { issue().await })
                    }
                }
            };
            // A request of another caller's that panicked says nothing about this caller's own.
            if let Some(outcome) = shared.join().await {
                return outcome;
            }
        }
    }

    fn start(
        &self,
        state: &mut State<T>,
        now: OffsetDateTime,
        issue: impl Future<Output = Result<Expiring<T>>> + Send + 'static,
    ) -> Arc<SharedRequest<Found<T>>> {
        // Before it is known how it ends: a caller that gives up waiting counts as an attempt that failed.
        if let Some(held) = state.held.as_mut() {
            held.renew = later(now, PAUSE).min(held.expires);
        }
        let cache = self.clone();
        let shared = SharedRequest::new(Box::pin(async move {
            let outcome = issue.await;
            cache.lock().landed(now, outcome)
        }));
        state.shared = Arc::downgrade(&shared);
        shared
    }
}

impl<T> CredentialCache<T> {
    /// Drops the credentials of this generation, and no newer ones. Returns whether asking again may help, which
    /// it does unless nothing was ever issued.
    pub fn invalidate(&self, generation: Generation) -> bool {
        let mut state = self.lock();
        if state.generation == generation.0 {
            state.held = None;
        }
        state.generation > 0
    }

    /// Whether the credentials of this generation are still the ones that are held.
    pub fn holds(&self, generation: Generation) -> bool {
        let state = self.lock();
        state.generation == generation.0 && state.held.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing is left half done while the lock is held, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Good<T> {
    Fresh(Found<T>),
    Aging(Found<T>),
    None,
}

impl<T> State<T> {
    fn good(&self, now: OffsetDateTime) -> Good<T> {
        let found = |held: &Held<T>| (Arc::clone(&held.value), Generation(self.generation));
        match &self.held {
            Some(held) if now < held.renew => Good::Fresh(found(held)),
            Some(held) if now < held.expires => Good::Aging(found(held)),
            _ => Good::None,
        }
    }

    /// Takes note of how a request that was begun at `now` has ended.
    fn landed(&mut self, now: OffsetDateTime, outcome: Result<Expiring<T>>) -> Result<Found<T>> {
        // Whoever comes from now on does not wait for what is over.
        self.shared = Weak::new();
        match outcome {
            Ok(Expiring { value, lifetime }) => {
                self.generation += 1;
                let (renew, expires) = (lifetime.saturating_sub(MARGIN.min(lifetime / 5)), lifetime);
                let held = Held { value: Arc::new(value), renew: later(now, renew), expires: later(now, expires) };
                let found = (Arc::clone(&held.value), Generation(self.generation));
                self.held = Some(held);
                Ok(found)
            }
            Err(error) => match self.held.as_ref().filter(|held| now < held.expires) {
                Some(held) => Ok((Arc::clone(&held.value), Generation(self.generation))),
                None => Err(error),
            },
        }
    }
}

fn later(now: OffsetDateTime, by: Duration) -> OffsetDateTime {
    // A lifetime of centuries is as good as for ever.
    let last = || PrimitiveDateTime::MAX.assume_utc();
    time::Duration::try_from(by).ok().and_then(|by| now.checked_add(by)).unwrap_or_else(last)
}

impl<T> Clone for CredentialCache<T> {
    /// The same cache once more.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for CredentialCache<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { generation: 0, held: None, shared: Weak::new() })))
    }
}

impl<T> fmt::Debug for CredentialCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("CredentialCache")
            .field("generation", &state.generation)
            .field("held", &state.held.is_some())
            .finish()
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests;
