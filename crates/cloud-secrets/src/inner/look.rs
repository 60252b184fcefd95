//! What is known without a request, and explicit invalidation.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::SecretRef;

use super::Inner;
use crate::flights::Left;
use crate::store::{Entry, Value};
use crate::watch::Seen;

impl Inner {
    /// The value before the current one.
    pub(crate) fn previous(&self, secret: SecretRef<'_>) -> Option<Value> {
        self.entry(secret, |entry| entry.previous.clone()).flatten()
    }

    /// What is known of the secret, without a request.
    pub(crate) fn glance(&self, secret: SecretRef<'_>) -> Seen {
        if let Some(seen) =
            self.entry(secret, |entry| entry.slot.held.as_ref().map(|held| Arc::clone(&held.value))).flatten()
        {
            return Seen::Value(seen);
        }
        let refused = |failure: Option<&crate::slot::Failure>| failure.is_some_and(|failure| failure.refusal);
        let value = self.entry(secret, |entry| refused(entry.slot.failure.as_ref()));
        let name = || match secret {
            SecretRef::Name(name) => {
                self.lock().names.get(name).is_some_and(|entry| refused(entry.slot.failure.as_ref()))
            }
            _ => false,
        };
        if value.unwrap_or_else(name) { Seen::Refused } else { Seen::Nothing }
    }

    /// How long until a caller would fetch.
    pub(crate) fn due(&self, secret: SecretRef<'_>) -> Duration {
        let now = self.runtime.elapsed();
        if let Some(due) = self.entry(secret, |entry| entry.slot.due(now)) {
            return due;
        }
        let SecretRef::Name(name) = secret else { return Duration::ZERO };
        // The name is resolved, but the value was evicted.
        let store = self.lock();
        let unresolved = store.names.get(name).filter(|entry| entry.slot.held.is_none());
        unresolved.map_or(Duration::ZERO, |entry| entry.slot.due(now))
    }

    fn entry<R>(&self, secret: SecretRef<'_>, read: impl FnOnce(&Entry<Value>) -> R) -> Option<R> {
        let store = self.lock();
        let id = match secret {
            SecretRef::Id(id) => id,
            SecretRef::Name(name) => &store.names.get(name)?.slot.held.as_ref()?.value,
            _ => return None,
        };
        store.ids.get(id).map(read)
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
