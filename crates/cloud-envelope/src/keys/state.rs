//! The data keys that are known, and the requests for others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::{SecretBytes, WrappedKey};

use super::requests::Requests;
use super::sealing_key::SealingKey;

#[derive(Default)]
pub(super) struct State {
    pub(super) sealing: Option<Arc<SealingKey>>,
    pub(super) sealing_requests: Requests<Made>,
    pub(super) opened: HashMap<WrappedKey, Opened>,
    pub(super) opening_requests: HashMap<Question, Requests<Unwrapped>>,
    pub(super) refusals: Refusals,
    /// Counts uses, to find what was not used for longest.
    pub(super) uses: u64,
    /// When keys that are too old are dropped next, by the monotonic clock.
    pub(super) purge: Duration,
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

/// A key to seal with, and the number of refusals when it was requested.
pub(super) type Made = (Arc<SealingKey>, u64);
/// A key to open with, and the number of refusals of its source when it was requested.
pub(super) type Unwrapped = (Arc<SecretBytes>, u64);
/// What a source is asked to unwrap, and the encryption context.
pub(super) type Question = (usize, WrappedKey, Vec<u8>);

/// A data key that was unwrapped.
pub(super) struct Opened {
    pub(super) key: Arc<SecretBytes>,
    /// Which source unwrapped it.
    pub(super) source: usize,
    /// When it was requested, by the monotonic clock.
    pub(super) requested: Duration,
    pub(super) used: u64,
}

impl State {
    pub(super) fn known(&mut self, key: &WrappedKey, now: Duration, age: Duration) -> Option<Arc<SecretBytes>> {
        self.uses += 1;
        let opened = self.opened.get_mut(key).filter(|opened| now.saturating_sub(opened.requested) < age)?;
        opened.used = self.uses;
        Some(Arc::clone(&opened.key))
    }

    /// Drops keys that are too old, at most once in the time that they are used.
    pub(super) fn purge(&mut self, now: Duration, age: Duration) {
        if now < self.purge {
            return;
        }
        self.purge = now.saturating_add(age);
        let young = |requested: Duration| now.saturating_sub(requested) < age;
        self.opened.retain(|_, opened| young(opened.requested));
        self.sealing.take_if(|key| !young(key.requested()));
    }

    pub(super) fn evict(&mut self, capacity: usize) {
        while self.opened.len() > capacity {
            let oldest = self.opened.iter().min_by_key(|(_, opened)| opened.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.opened.remove(&oldest);
        }
    }
}
