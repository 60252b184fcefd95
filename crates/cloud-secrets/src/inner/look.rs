//! What is known without a request, and explicit invalidation.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::SecretRef;

use super::Inner;
use crate::flights::Left;
use crate::slot::Slot;
use crate::store::{Entry, Value};
use crate::watch::Seen;

impl Inner {
    /// The value before the current one.
    pub(crate) fn previous(&self, secret: SecretRef<'_>) -> Option<Value> {
        self.lock().entry(secret)?.previous.clone()
    }

    /// What is known of the secret, without a request.
    pub(crate) fn glance(&self, secret: SecretRef<'_>) -> Seen {
        let store = self.lock();
        let failure = match (store.entry(secret), secret) {
            (Some(Entry { slot: Slot { held: Some(held), .. }, .. }), _) => {
                return Seen::Value(Arc::clone(&held.value));
            }
            (Some(entry), _) => entry.slot.failure.as_ref(),
            (None, SecretRef::Name(name)) => store.names.get(name).and_then(|entry| entry.slot.failure.as_ref()),
            (None, _) => None,
        };
        if failure.is_some_and(|failure| failure.refusal) { Seen::Refused } else { Seen::Nothing }
    }

    /// How long until a caller would fetch.
    pub(crate) fn due(&self, secret: SecretRef<'_>) -> Duration {
        let store = self.lock();
        let now = self.runtime.elapsed();
        match (store.entry(secret), secret) {
            (Some(entry), _) => entry.slot.due(now),
            (None, SecretRef::Name(name)) => {
                // If the name is resolved, the value was evicted.
                let unresolved = store.names.get(name).filter(|entry| entry.slot.held.is_none());
                unresolved.map_or(Duration::ZERO, |entry| entry.slot.due(now))
            }
            (None, _) => Duration::ZERO,
        }
    }

    /// Removes the value, and the ID of a name.
    pub(crate) fn invalidate(&self, secret: SecretRef<'_>) {
        let mut left = Left::default();
        let mut store = self.lock();
        match secret {
            SecretRef::Id(id) => store.ids.remove(id, &mut left),
            SecretRef::Name(name) => {
                let held = store.names.get(name).and_then(|entry| entry.slot.held.as_ref());
                if let Some(id) = held.map(|held| Arc::clone(&held.value)) {
                    store.ids.remove(&id, &mut left);
                }
                store.names.remove(name, &mut left);
            }
            _ => {}
        }
        drop(store);
        self.changed.notify_waiters();
    }

    pub(crate) fn invalidate_all(&self) {
        let mut left = Left::default();
        let mut store = self.lock();
        store.ids.clear(&mut left);
        store.names.clear(&mut left);
        drop(store);
        self.changed.notify_waiters();
    }
}
