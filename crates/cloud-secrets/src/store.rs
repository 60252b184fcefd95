//! All that the cache holds: values by ID, and IDs by name, each within a capacity.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cloud_core::{SecretRef, SecretString};
use subtle::ConstantTimeEq as _;

use crate::flights::Left;
use crate::metrics::count;
use crate::slot::Slot;

pub(crate) type Value = Arc<SecretString>;
pub(crate) type Id = Arc<str>;
/// An item that was requested, and the number up to which refusals of removed entries are none of its key.
pub(crate) type Known<T> = (T, u64);

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) ids: Table<Value>,
    pub(crate) names: Table<Id>,
    /// Counts uses, to find what was not used for longest.
    pub(crate) used: u64,
    /// How many requests were started.
    pub(crate) started: u64,
}

impl Store {
    /// The entry of a value, whose name may be used if it is resolved.
    pub(crate) fn entry(&self, secret: SecretRef<'_>) -> Option<&Entry<Value>> {
        let id = match secret {
            SecretRef::Id(id) => id,
            SecretRef::Name(name) => &*self.names.get(name)?.slot.held.as_ref()?.value,
            _ => return None,
        };
        self.ids.get(id)
    }
}

/// What is held under one kind of key.
pub(crate) struct Table<T> {
    map: HashMap<Arc<str>, Entry<T>>,
    /// The greatest number of a refused request of an entry that was removed.
    refused: u64,
    /// The entries that hold a value.
    full: Share,
    /// The entries that remember a failure, or whose request is in flight.
    empty: Share,
}

/// A number of entries, and their bytes.
#[derive(Clone, Copy, Default)]
struct Share {
    entries: usize,
    bytes: usize,
}

pub(crate) struct Entry<T> {
    pub(crate) slot: Slot<T>,
    /// The value before the held one.
    pub(crate) previous: Option<T>,
    /// As it was counted last, and whether it held a value then; none if it was not counted.
    counted: Option<(usize, bool)>,
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
        Self { map: HashMap::new(), refused: 0, full: Share::default(), empty: Share::default() }
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { slot: Slot::default(), previous: None, counted: None }
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
        let slot = || Slot { refused: self.refused, ..Slot::default() };
        self.map.entry(Arc::clone(key)).or_insert_with(|| Entry { slot: slot(), ..Entry::default() })
    }

    /// Whether a request for this key was refused that is newer than `number`, or may have been if the entry is gone.
    pub(crate) fn refused_since(&self, key: &str, number: u64, known: u64) -> bool {
        self.map.get(key).map_or(self.refused > known, |entry| entry.slot.refused > number)
    }

    /// The greatest number of a refused request of an entry that was removed.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Removes the entry. A request in flight is no longer registered, so that its outcome is not stored.
    pub(crate) fn remove(&mut self, key: &str, left: &mut Left) {
        if let Some(entry) = self.map.remove(key) {
            self.discount(entry.counted);
            self.refused = self.refused.max(entry.slot.refused);
            left.push(entry);
        }
    }

    /// Removes all entries.
    pub(crate) fn clear(&mut self, left: &mut Left) {
        (self.full, self.empty) = (Share::default(), Share::default());
        let refused = self.map.values().map(|entry| entry.slot.refused).max();
        self.refused = self.refused.max(refused.unwrap_or_default());
        left.push(std::mem::take(&mut self.map));
    }

    /// Counts an entry and its bytes after it has changed.
    pub(crate) fn weigh(&mut self, key: &str) {
        let Some(entry) = self.map.get_mut(key) else { return };
        let held = entry.slot.held.iter().map(|held| held.value.weight());
        let weight = key.len() + held.chain(entry.previous.iter().map(Weigh::weight)).sum::<usize>();
        let full = entry.slot.held.is_some();
        let before = entry.counted.replace((weight, full));
        self.discount(before);
        let share = if full { &mut self.full } else { &mut self.empty };
        share.entries += 1;
        share.bytes += weight;
    }

    fn discount(&mut self, counted: Option<(usize, bool)>) {
        let Some((weight, full)) = counted else { return };
        let share = if full { &mut self.full } else { &mut self.empty };
        share.entries = share.entries.saturating_sub(1);
        share.bytes = share.bytes.saturating_sub(weight);
    }

    /// Evicts the least recently used values until the rest is within the capacity. Requests in flight stay.
    pub(crate) fn evict(&mut self, entries: usize, bytes: usize, evictions: &AtomicU64, left: &mut Left) {
        // One that is too large alone must not push out all others.
        let large = |(_, entry): &(&Arc<str>, &Entry<T>)| entry.counted.is_some_and(|(weight, _)| weight > bytes);
        while self.full.entries > entries || self.full.bytes > bytes {
            let too_large = (self.full.bytes > bytes).then(|| self.idle(true).find(large)).flatten();
            let Some(key) = too_large.map(|(key, _)| Arc::clone(key)).or_else(|| self.oldest(true)) else { return };
            count(evictions);
            self.remove(&key, left);
        }
    }

    /// Removes the least recently used entries without a value. They have a capacity of their own, of the same size, so
    /// that lookups that fail do not evict values. Requests in flight do not count.
    pub(crate) fn evict_empty(&mut self, entries: usize, bytes: usize, left: &mut Left) {
        while self.empty.entries > entries || self.empty.bytes > bytes {
            let size: usize = self.idle(false).map(|(key, _)| key.len()).sum();
            if self.idle(false).count() <= entries && size <= bytes {
                return;
            }
            let Some(key) = self.oldest(false) else { return };
            self.remove(&key, left);
        }
    }

    fn oldest(&self, full: bool) -> Option<Arc<str>> {
        self.idle(full).min_by_key(|(_, entry)| entry.slot.used).map(|(key, _)| Arc::clone(key))
    }

    /// The entries with a value, or without, that wait for no request.
    fn idle(&self, full: bool) -> impl Iterator<Item = (&Arc<str>, &Entry<T>)> {
        let has = move |entry: &Entry<T>| entry.slot.held.is_some() == full;
        self.map.iter().filter(move |(_, entry)| has(entry) && entry.slot.flights.is_idle())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.full.bytes + self.empty.bytes
    }

    /// The number of entries with a value.
    pub(crate) fn held(&self) -> usize {
        self.full.entries
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
