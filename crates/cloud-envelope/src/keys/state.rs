//! The data keys that are known, and the requests for others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::{BoxFuture, SecretBytes, WrappedKey};

use super::requests::Requests;
use super::sealing_key::{Sealed, SealingKey};
use crate::error::Result;
use crate::limits::Limits;

/// How long after its arrival a data key is young, whatever its age: an age may be shorter than a request takes.
const ARRIVAL: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct State {
    pub(super) sealing: Option<Arc<SealingKey>>,
    pub(super) sealing_requests: SealingRequests,
    pub(super) opened: HashMap<WrappedKey, Opened>,
    opening_requests: HashMap<(usize, WrappedKey), Requests<Unwrapped>>,
    /// How many of them there are when those that have ended are dropped next.
    sweep: usize,
    pub(super) refusals: Refusals,
    /// Counts uses, to find what was not used for longest.
    uses: u64,
    /// When the first of the keys gets too old, by the monotonic clock.
    purge: Duration,
}

/// How often keys were refused or invalidated, to seal, and to open with each source. What was requested before is not
/// used afterwards.
#[derive(Default)]
pub(super) struct Refusals {
    pub(super) sealing: u64,
    pub(super) opening: HashMap<usize, u64>,
}

impl Refusals {
    pub(super) fn of(&self, source: usize) -> u64 {
        self.opening.get(&source).copied().unwrap_or_default()
    }
}

/// A data key that has arrived.
#[derive(Clone)]
pub(super) struct Fetched<K> {
    pub(super) key: K,
    /// How often its source had refused when it was requested.
    pub(super) refusals: u64,
    /// When it was requested, by the monotonic clock.
    pub(super) requested: Duration,
    /// When it arrived.
    pub(super) received: Duration,
}

impl<K> Fetched<K> {
    /// Whether those who waited for it may use it now.
    pub(super) fn is_young(&self, now: Duration, age: Duration) -> bool {
        is_young(self.requested, now, age) || is_young(self.received, now, ARRIVAL)
    }
}

pub(super) type Made = Fetched<Arc<SealingKey>>;
pub(super) type Unwrapped = Fetched<Arc<SecretBytes>>;
/// What a source is asked to unwrap, and the encryption context.
pub(super) type Question = (usize, WrappedKey, Vec<u8>);

/// A data key that was unwrapped.
pub(super) struct Opened {
    key: Arc<SecretBytes>,
    /// Which source unwrapped it.
    pub(super) source: usize,
    /// When it was requested, by the monotonic clock.
    requested: Duration,
    used: u64,
}

/// The requests for a key to seal with.
#[derive(Default)]
pub(super) struct SealingRequests {
    requests: Requests<Made>,
    /// What those who wait will seal.
    promised: Sealed,
}

impl SealingRequests {
    /// Returns a request whose key will do for a message with this many bytes too, or makes one.
    pub(super) fn join(
        &mut self,
        bytes: u64,
        limits: Limits,
        request: impl FnOnce() -> Result<BoxFuture<'static, cloud_core::Result<Made>>>,
    ) -> Result<Arc<SharedRequest<Made>>> {
        if !self.promised.reserve(bytes, limits) {
            // Left to those who wait for it.
            self.requests = Requests::default();
        }
        let mut is_new = false;
        let joined = self.requests.join(&[], false, || {
            is_new = true;
            request()
        })?;
        if is_new {
            self.promised = Sealed::default();
            self.promised.reserve(bytes, limits);
        }
        Ok(joined.request)
    }
}

fn is_young(since: Duration, now: Duration, age: Duration) -> bool {
    now.saturating_sub(since) < age
}

impl State {
    pub(super) fn known(&mut self, key: &WrappedKey, now: Duration, age: Duration) -> Option<Arc<SecretBytes>> {
        self.uses += 1;
        let opened = self.opened.get_mut(key)?;
        if !is_young(opened.requested, now, age) {
            self.opened.remove(key);
            return None;
        }
        opened.used = self.uses;
        Some(Arc::clone(&opened.key))
    }

    /// Keeps a key to seal with, unless it is too old already.
    pub(super) fn keep_sealing(&mut self, fetched: &Made, age: Duration) {
        if self.is_kept(fetched, age) {
            self.sealing = Some(Arc::clone(&fetched.key));
        }
    }

    /// Keeps a key that a source has unwrapped, unless it is too old already.
    pub(super) fn keep_opened(&mut self, key: WrappedKey, source: usize, fetched: &Unwrapped, age: Duration) {
        self.uses += 1;
        if self.is_kept(fetched, age) {
            let opened = Arc::clone(&fetched.key);
            self.opened.insert(key, Opened { key: opened, source, requested: fetched.requested, used: self.uses });
        }
    }

    fn is_kept<K>(&mut self, fetched: &Fetched<K>, age: Duration) -> bool {
        self.purge = self.purge.min(fetched.requested.saturating_add(age));
        is_young(fetched.requested, fetched.received, age)
    }

    /// Drops keys that are too old.
    pub(super) fn purge(&mut self, now: Duration, age: Duration) {
        if now < self.purge {
            return;
        }
        self.opened.retain(|_, opened| is_young(opened.requested, now, age));
        self.sealing.take_if(|key| !is_young(key.requested(), now, age));
        let requested = self.opened.values().map(|opened| opened.requested);
        let oldest = requested.chain(self.sealing.iter().map(|key| key.requested())).min();
        self.purge = oldest.map_or(Duration::MAX, |oldest| oldest.saturating_add(age));
    }

    pub(super) fn evict(&mut self, capacity: usize) {
        while self.opened.len() > capacity {
            let oldest = self.opened.iter().min_by_key(|(_, opened)| opened.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.opened.remove(&oldest);
        }
    }

    /// Returns the requests in flight that unwrap a key with a source.
    pub(super) fn opening_requests(&mut self, source: usize, key: &WrappedKey) -> &mut Requests<Unwrapped> {
        // Only when their number has doubled: each request would look at all others otherwise.
        if self.opening_requests.len() >= self.sweep {
            self.opening_requests.retain(|_, requests| !requests.is_idle());
            self.sweep = 2 * self.opening_requests.len() + 16;
        }
        self.opening_requests.entry((source, key.clone())).or_default()
    }

    /// Lets nobody join the requests in flight of these sources.
    pub(super) fn leave_opening_requests(&mut self, sources: &[usize]) {
        self.opening_requests.retain(|(source, _), _| !sources.contains(source));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    const AGE: Duration = Duration::from_secs(10);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn wrapped(number: u64) -> WrappedKey {
        WrappedKey::new("test", b"key".to_vec(), number.to_be_bytes())
    }

    /// Keeps a key that was requested then. Nothing else holds it.
    fn keep(state: &mut State, requested: u64) -> Weak<SecretBytes> {
        let (key, requested) = (Arc::new(SecretBytes::from([7; 32])), seconds(requested));
        let fetched = Fetched { key: Arc::clone(&key), refusals: 0, requested, received: requested };
        state.keep_opened(wrapped(requested.as_secs()), 0, &fetched, AGE);
        Arc::downgrade(&key)
    }

    #[test]
    fn keys_are_dropped_at_their_age() {
        let mut state = State::default();
        state.purge(seconds(0), AGE);
        let requested = [3, 0, 9];
        let keys = requested.map(|requested| keep(&mut state, requested));
        let sealing = Arc::new(SealingKey::new(SecretBytes::from([7; 32]), Vec::new(), seconds(5)));
        let made = Fetched { key: sealing, refusals: 0, requested: seconds(5), received: seconds(6) };
        state.keep_sealing(&made, AGE);
        let sealing = Arc::downgrade(&made.key);
        drop(made);
        for now in 0..25 {
            state.purge(seconds(now), AGE);
            for (requested, key) in requested.iter().zip(&keys) {
                assert_eq!(key.upgrade().is_some(), now < requested + 10, "requested at {requested}, at {now}");
            }
            assert_eq!(sealing.upgrade().is_some(), now < 15, "at {now}");
        }
    }

    #[test]
    fn key_that_is_found_too_old_is_dropped() {
        let mut state = State::default();
        let key = keep(&mut state, 0);
        assert!(state.known(&wrapped(0), seconds(9), AGE).is_some() && key.upgrade().is_some());
        assert!(state.known(&wrapped(0), seconds(10), AGE).is_none() && key.upgrade().is_none());
    }

    #[test]
    fn key_that_arrives_too_old_is_not_kept() {
        let mut state = State::default();
        let key = Arc::new(SecretBytes::from([7; 32]));
        let late = Fetched { key: Arc::clone(&key), refusals: 0, requested: seconds(0), received: seconds(10) };
        state.keep_opened(wrapped(0), 0, &late, AGE);
        drop(late);
        assert_eq!(Arc::strong_count(&key), 1);
    }

    #[test]
    fn requests_that_have_ended_do_not_pile_up() {
        let mut state = State::default();
        let request = || Ok::<_, ()>(Box::pin(std::future::pending()) as _);
        let in_flight: Vec<_> = (0..100)
            .map(|number| state.opening_requests(0, &wrapped(number)).join(&[], false, request).unwrap())
            .collect();
        for number in 100..10_000 {
            drop(state.opening_requests(0, &wrapped(number)).join(&[], false, request).unwrap());
            assert!(state.opening_requests.len() <= 2 * in_flight.len() + 20, "{}", state.opening_requests.len());
        }
        let joined = state.opening_requests(0, &wrapped(7)).join(&[], false, request).unwrap();
        assert!(Arc::ptr_eq(&joined.request, &in_flight[7].request), "those in flight are still there");
    }
}
