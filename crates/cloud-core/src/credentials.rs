//! A cache for credentials that expire: renewed ahead, one request at a time, dropped when refused.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime};

use crate::auth::Generation;
use crate::error::{Error, Result};

/// Credentials just issued.
pub struct Issued<T> {
    /// The credentials.
    pub value: T,
    /// How long they are good for.
    pub lifetime: Duration,
}

impl<T> fmt::Debug for Issued<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Holds credentials until shortly before they expire.
///
/// There is no background task: whoever asks first renews, the others wait for the same request or go on with
/// what is still good. A caller that is dropped while renewing leaves the cache usable.
pub struct Cache<T> {
    state: Mutex<State<T>>,
    flight: tokio::sync::Mutex<()>,
}

struct State<T> {
    generation: u64,
    held: Option<Held<T>>,
    /// How many requests have failed, and how the last one did.
    failures: u64,
    failure: Option<Error>,
}

struct Held<T> {
    value: Arc<T>,
    renew: OffsetDateTime,
    expires: OffsetDateTime,
}

/// The longest time ahead of expiry at which credentials are renewed; short-lived ones at a fifth of their life.
const MARGIN: Duration = Duration::from_secs(300);
/// How long good credentials are used on after an attempt to renew them failed, before the next attempt.
const PAUSE: Duration = Duration::from_secs(10);

impl<T> Cache<T> {
    /// The credentials, from `issue` where none are held or those held are about to expire.
    ///
    /// # Errors
    /// The error of `issue`, unless the credentials held are still good.
    pub async fn get<F>(&self, now: OffsetDateTime, issue: impl FnOnce() -> F) -> Result<(Arc<T>, Generation)>
    where
        F: Future<Output = Result<Issued<T>>>,
    {
        let seen_failures = {
            let state = self.lock();
            match state.good(now) {
                Good::Fresh(found) => return Ok(found),
                Good::Aging(found) if self.flight.try_lock().is_err() => return Ok(found),
                _ => state.failures,
            }
        };
        let _flight = self.flight.lock().await;
        {
            let mut state = self.lock();
            if let Good::Fresh(found) = state.good(now) {
                return Ok(found);
            }
            if let (true, Some(failure)) = (state.failures > seen_failures, &state.failure) {
                // The request that this caller waited for has failed; asking once more would only add load.
                return Err(failure.duplicate());
            }
            // Before it is known how it ends: a caller that gives up waiting counts as an attempt that failed.
            if let Some(held) = state.held.as_mut() {
                held.renew = later(now, PAUSE).min(held.expires);
            }
        }
        let outcome = issue().await;
        let mut state = self.lock();
        match outcome {
            Ok(Issued { value, lifetime }) => {
                state.generation += 1;
                state.failure = None;
                let (renew, expires) = (lifetime.saturating_sub(MARGIN.min(lifetime / 5)), lifetime);
                let held = Held { value: Arc::new(value), renew: later(now, renew), expires: later(now, expires) };
                let found = (Arc::clone(&held.value), Generation(state.generation));
                state.held = Some(held);
                Ok(found)
            }
            Err(error) => {
                state.failures += 1;
                let generation = Generation(state.generation);
                if let Some(held) = state.held.as_ref().filter(|held| now < held.expires) {
                    return Ok((Arc::clone(&held.value), generation));
                }
                state.failure = Some(error.duplicate());
                Err(error)
            }
        }
    }

    /// Drops the credentials of this generation, and no newer ones. Returns whether asking again may help, which
    /// it does unless nothing was ever issued.
    pub fn refuse(&self, generation: Generation) -> bool {
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Good<T> {
    Fresh((Arc<T>, Generation)),
    Aging((Arc<T>, Generation)),
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
}

fn later(now: OffsetDateTime, by: Duration) -> OffsetDateTime {
    // A lifetime of centuries is as good as for ever.
    let last = || PrimitiveDateTime::MAX.assume_utc();
    time::Duration::try_from(by).ok().and_then(|by| now.checked_add(by)).unwrap_or_else(last)
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        let state = State { generation: 0, held: None, failures: 0, failure: None };
        Self { state: Mutex::new(state), flight: tokio::sync::Mutex::new(()) }
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Cache").field("generation", &state.generation).field("held", &state.held.is_some()).finish()
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use time::macros::datetime;

    use super::*;
    use crate::error::ErrorKind;

    const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    struct Issuer {
        cache: Cache<u64>,
        asked: AtomicU64,
        lifetime: u64,
    }

    impl Issuer {
        fn new(lifetime: u64) -> Self {
            Self { cache: Cache::default(), asked: AtomicU64::new(0), lifetime }
        }

        async fn get(&self, after: i64, works: bool) -> Result<u64> {
            let issue = || async {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                match works {
                    true => Ok(Issued { value: number, lifetime: Duration::from_secs(self.lifetime) }),
                    false => Err(Error::new(ErrorKind::Credentials, "no")),
                }
            };
            self.cache.get(START + time::Duration::seconds(after), issue).await.map(|(value, _)| *value)
        }
    }

    #[tokio::test]
    async fn renewed_ahead_by_a_part_of_the_lifetime() {
        for (lifetime, last_old, first_new) in [(60, 47, 48), (3600, 3299, 3300), (86_400, 86_099, 86_100)] {
            let issuer = Issuer::new(lifetime);
            assert_eq!(issuer.get(0, true).await.unwrap(), 1);
            assert_eq!(issuer.get(last_old, true).await.unwrap(), 1, "{lifetime}");
            assert_eq!(issuer.get(first_new, true).await.unwrap(), 2, "{lifetime}");
        }
    }

    #[tokio::test]
    async fn a_lifetime_beyond_all_dates_does_not_end() {
        let issuer = Issuer::new(i64::MAX.unsigned_abs());
        assert_eq!(issuer.get(0, true).await.unwrap(), 1);
        assert_eq!(issuer.get(1_000_000, true).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn good_credentials_survive_a_failed_renewal() {
        let issuer = Issuer::new(60);
        issuer.get(0, true).await.unwrap();
        assert_eq!(issuer.get(50, false).await.unwrap(), 1);
        assert_eq!(issuer.get(59, false).await.unwrap(), 1);
        assert_eq!(issuer.asked.load(Ordering::SeqCst), 2, "not asked again at once");
        assert!(issuer.get(60, false).await.is_err());
    }

    #[tokio::test]
    async fn a_pause_after_a_failure_does_not_outlast_the_credentials() {
        let issuer = Issuer::new(60);
        issuer.get(0, true).await.unwrap();
        assert_eq!(issuer.get(58, false).await.unwrap(), 1);
        assert!(issuer.get(61, false).await.is_err(), "no longer good");
        assert_eq!(issuer.get(62, true).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_renewal_that_hangs_costs_one_caller_and_not_all() {
        let issuer = Issuer::new(3600);
        issuer.get(0, true).await.unwrap();
        let now = START + time::Duration::seconds(3400);
        let hang = || std::future::pending::<Result<Issued<u64>>>();
        {
            let mut leader = Box::pin(issuer.cache.get(now, hang));
            std::future::poll_fn(|context| {
                assert!(leader.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            assert_eq!(issuer.get(3400, true).await.unwrap(), 1, "others go on with what is good");
        }
        // The caller gave up. Those who come next do not all have to find out for themselves.
        assert_eq!(issuer.get(3409, true).await.unwrap(), 1);
        assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
        assert_eq!(issuer.get(3410, true).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_while_asking_leaves_the_cache_usable() {
        for held in [false, true] {
            let issuer = Arc::new(Issuer::new(60));
            if held {
                issuer.get(0, true).await.unwrap();
            }
            let panics = Arc::clone(&issuer);
            let panicked = tokio::spawn(async move {
                let issue = || async { panic!("while asking") };
                panics.cache.get(START + time::Duration::seconds(60), issue).await.map(drop)
            });
            let waiting = Arc::clone(&issuer);
            let waiting = tokio::spawn(async move { waiting.get(60, true).await });
            assert!(panicked.await.unwrap_err().is_panic());
            let number = if held { 2 } else { 1 };
            assert_eq!(waiting.await.unwrap().unwrap(), number);
            assert_eq!(issuer.get(61, true).await.unwrap(), number);
            assert!(!format!("{:?}", issuer.cache).is_empty());
        }
    }

    #[tokio::test]
    async fn only_the_refused_generation_is_dropped() {
        let issuer = Issuer::new(60);
        assert!(!issuer.cache.refuse(Generation(0)), "nothing was issued yet");
        issuer.get(0, true).await.unwrap();
        assert!(issuer.cache.holds(Generation(1)));
        assert!(issuer.cache.refuse(Generation(1)));
        assert!(!issuer.cache.holds(Generation(1)));
        assert_eq!(issuer.get(0, true).await.unwrap(), 2);
        assert!(!issuer.cache.holds(Generation(1)) && issuer.cache.holds(Generation(2)));
        assert!(issuer.cache.refuse(Generation(1)), "already replaced");
        assert_eq!(issuer.get(0, true).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn many_callers_make_one_request() {
        for (works, asked) in [(true, 1), (false, 1)] {
            let issuer = Arc::new(Issuer::new(60));
            let callers: Vec<_> = (0..100)
                .map(|_| {
                    let issuer = Arc::clone(&issuer);
                    tokio::spawn(async move { issuer.get(0, works).await })
                })
                .collect();
            for caller in callers {
                assert_eq!(caller.await.unwrap().is_ok(), works);
            }
            assert_eq!(issuer.asked.load(Ordering::SeqCst), asked);
        }
    }

    #[tokio::test]
    async fn a_dropped_caller_leaves_the_cache_usable() {
        let issuer = Issuer::new(60);
        {
            let mut abandoned = Box::pin(issuer.get(0, true));
            std::future::poll_fn(|context| {
                assert!(abandoned.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        }
        assert_eq!(issuer.get(0, true).await.unwrap(), 2);
    }
}
