//! The hashes of the IDs of a list's items, to find those that come twice.

use std::collections::HashSet;

/// A set in parts: one that grows holds its old and its new memory at once, and the parts grow one by one.
#[derive(Default)]
pub(super) struct Seen([HashSet<u64>; PARTS]);

const PARTS: usize = 16;

impl Seen {
    /// Returns whether the hash is new.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        self.0[part(hash)].insert(hash)
    }

    pub(super) fn contains(&self, hash: u64) -> bool {
        self.0[part(hash)].contains(&hash)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "less than the number of parts")]
const fn part(hash: u64) -> usize {
    (hash % PARTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_new_once() {
        let mut seen = Seen::default();
        for hash in (0..1_000).chain(u64::MAX - 1_000..=u64::MAX) {
            assert!(!seen.contains(hash) && seen.insert(hash));
            assert!(seen.contains(hash) && !seen.insert(hash));
        }
    }
}
