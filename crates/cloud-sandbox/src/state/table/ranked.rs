//! A sorted sequence in pieces: adding, removing and finding a rank touch one piece and the lengths of the others.

use std::ops::Range;

/// A piece that is longer is split.
const LONGEST: usize = 1024;

/// Places of rows in an order that the caller knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranked {
    /// None of them is empty.
    pieces: Vec<Vec<u32>>,
}

impl Ranked {
    pub(super) const EMPTY: Self = Self { pieces: Vec::new() };

    /// Takes places that are in order.
    pub(super) fn sorted(places: &[u32]) -> Self {
        Self { pieces: places.chunks(LONGEST / 2).map(<[u32]>::to_vec).collect() }
    }

    /// Adds a place behind all that come before it.
    pub(super) fn insert(&mut self, place: u32, before: impl Fn(u32) -> bool) {
        let (piece, at) = self.position(before);
        let Some(found) = self.pieces.get_mut(piece) else {
            self.pieces.push(vec![place]);
            return;
        };
        found.insert(at.min(found.len()), place);
        if found.len() > LONGEST {
            let rest = found.split_off(LONGEST / 2);
            self.pieces.insert(piece + 1, rest);
        }
    }

    /// Removes the first place that none of these come before.
    pub(super) fn remove(&mut self, before: impl Fn(u32) -> bool) {
        let (mut piece, mut at) = self.position(before);
        if self.pieces.get(piece).is_some_and(|found| at >= found.len()) {
            (piece, at) = (piece + 1, 0);
        }
        let Some(found) = self.pieces.get_mut(piece).filter(|found| at < found.len()) else { return };
        found.remove(at);
        if found.is_empty() {
            self.pieces.remove(piece);
        }
    }

    /// How many places come before.
    pub(super) fn rank(&self, before: impl Fn(u32) -> bool) -> usize {
        let (piece, at) = self.position(before);
        self.pieces.iter().take(piece).map(Vec::len).sum::<usize>() + at
    }

    pub(super) fn get(&self, rank: usize) -> Option<u32> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// The places of these ranks.
    pub(super) fn range(&self, ranks: Range<usize>) -> impl DoubleEndedIterator<Item = u32> {
        let mut start = 0_usize;
        let mut parts = Vec::new();
        for piece in &self.pieces {
            let from = ranks.start.saturating_sub(start);
            let to = ranks.end.saturating_sub(start).min(piece.len());
            parts.extend(piece.get(from..to));
            start += piece.len();
            if start >= ranks.end {
                break;
            }
        }
        parts.into_iter().flatten().copied()
    }

    /// The piece, and the place in it, where what does not come before begins.
    fn position(&self, before: impl Fn(u32) -> bool) -> (usize, usize) {
        let begins_before = |piece: &Vec<u32>| piece.first().is_some_and(|first| before(*first));
        let piece = self.pieces.partition_point(begins_before).saturating_sub(1);
        let at = self.pieces.get(piece).map_or(0, |found| found.partition_point(|place| before(*place)));
        (piece, at)
    }
}
