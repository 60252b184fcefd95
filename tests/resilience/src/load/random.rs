//! Random numbers from a seed: the same seed gives the same calls.

/// A small generator, SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    /// Creates the generator of one scenario.
    #[must_use]
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut own = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        // Mixes the state, so that consecutive numbers give unrelated sequences.
        own.next();
        own
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the bound; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// Returns true with this probability, in thousandths.
    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// Picks an item, with a probability by weight.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [(u64, T)]) -> Option<&'a T> {
        let mut at = self.below(things.iter().map(|(weight, _)| weight).sum());
        things.iter().find_map(|(weight, thing)| match at.checked_sub(*weight) {
            Some(left) => {
                at = left;
                None
            }
            None => Some(thing),
        })
    }

    /// Returns random bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pick_is_repeatable_and_follows_weights() {
        let draw = |number| {
            let mut random = SeededRandom::new(1, number);
            (0..1000).map(|_| *random.pick(&[(1, 'a'), (0, 'b'), (3, 'c')]).unwrap()).collect::<String>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let seldom = draw(7).matches('a').count();
        assert!((150..350).contains(&seldom), "{seldom}");
        assert!(!draw(7).contains('b'));
        assert!(SeededRandom::new(1, 1).pick::<char>(&[]).is_none());
    }
}
