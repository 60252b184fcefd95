//! All that the cache holds: values by ID, and IDs by name, each within a capacity.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cloud_core::SecretString;
use subtle::ConstantTimeEq as _;

use crate::flights::Left;
use crate::metrics::count;
use crate::slot::Slot;

pub(crate) type Value = Arc<SecretString>;
pub(crate) type Id = Arc<str>;

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) ids: Table<Value>,
    pub(crate) names: Table<Id>,
    /// Counts uses, to find what was not used for longest.
    pub(crate) used: u64,
    /// How many requests were started.
    pub(crate) started: u64,
}

/// What is held under one kind of key.
pub(crate) struct Table<T> {
    map: HashMap<Arc<str>, Entry<T>>,
    bytes: usize,
}

pub(crate) struct Entry<T> {
    pub(crate) slot: Slot<T>,
    /// The value before the held one.
    pub(crate) previous: Option<T>,
    weight: usize,
}

/// How many bytes something takes.
pub(crate) trait Weigh {
    fn weight(&self) -> usize;
}

impl Weigh for Id {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weigh for Value {
    fn weight(&self) -> usize {
        self.expose_secret().len()
    }
}

/// Compares in constant time, apart from the length.
pub(crate) fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { map: HashMap::new(), bytes: 0 }
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { slot: Slot::default(), previous: None, weight: 0 }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static> Table<T> {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry<T>> {
        self.map.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Entry<T>> {
        self.map.get_mut(key)
    }

    pub(crate) fn get_or_insert(&mut self, key: &Arc<str>) -> &mut Entry<T> {
        self.map.entry(Arc::clone(key)).or_default()
    }

    /// Removes the entry. A request in flight is no longer registered, so that its outcome is not stored.
    pub(crate) fn remove(&mut self, key: &str, left: &mut Left) {
        if let Some(entry) = self.map.remove(key) {
            self.bytes = self.bytes.saturating_sub(entry.weight);
            left.push(entry);
        }
    }

    /// Removes all entries.
    pub(crate) fn clear(&mut self, left: &mut Left) {
        self.bytes = 0;
        left.push(std::mem::take(&mut self.map));
    }

    /// Counts the bytes of an entry after it has changed.
    pub(crate) fn weigh(&mut self, key: &str) {
        let Some(entry) = self.map.get_mut(key) else { return };
        let held = entry.slot.held.iter().map(|held| held.value.weight());
        let weight = key.len() + held.chain(entry.previous.iter().map(Weigh::weight)).sum::<usize>();
        self.bytes = self.bytes.saturating_sub(entry.weight) + weight;
        entry.weight = weight;
    }

    /// Removes what was not used for longest until the rest is within the capacity. Requests in flight stay.
    pub(crate) fn evict(&mut self, entries: usize, bytes: usize, evictions: &AtomicU64, left: &mut Left) {
        while self.map.len() > entries || self.bytes > bytes {
            let idle = self.map.iter().filter(|(_, entry)| entry.slot.flights.is_idle());
            // An entry without a value is of less use than one with a value.
            let last = idle.min_by_key(|(_, entry)| (entry.slot.held.is_some(), entry.slot.used));
            let Some(key) = last.map(|(key, _)| Arc::clone(key)) else { return };
            if self.map.get(&*key).is_some_and(|entry| entry.slot.held.is_some()) {
                count(evictions);
            }
            self.remove(&key, left);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of entries with a value.
    pub(crate) fn held(&self) -> usize {
        self.map.values().filter(|entry| entry.slot.held.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_equal_only_if_every_byte_is() {
        let value = SecretString::from("correct horse");
        assert!(same(&value, &"correct horse".into()));
        for other in ["", "correct hors", "correct horsf", "dorrect horse", "correct horse "] {
            assert!(!same(&value, &other.into()), "{other}");
        }
    }
}
