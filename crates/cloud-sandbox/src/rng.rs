//! The one source of chance: keys, ids and passwords come from it, so that a seed repeats a run.

use std::fmt::Write;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use serde::{Deserialize, Serialize};

/// Random numbers fit for keys; the same for the same seed and order of calls.
#[derive(Serialize, Deserialize)]
pub(crate) struct Rng(ChaCha20Rng);

impl Rng {
    /// Repeats with the number, or never when there is none.
    pub(crate) fn new(seed: Option<u64>) -> Result<Self, String> {
        if let Some(seed) = seed {
            return Ok(Self(ChaCha20Rng::seed_from_u64(seed)));
        }
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(|error| format!("the machine gives no random numbers: {error}"))?;
        Ok(Self(ChaCha20Rng::from_seed(entropy)))
    }

    /// A source of its own, for what is made while others go on drawing from this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self(ChaCha20Rng::from_seed(self.bytes()))
    }

    /// The generator itself, for crates that want one.
    pub(crate) fn source(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below the bound, each as likely; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        if bound == 0 {
            return 0;
        }
        // Values of the last, incomplete round would favour small numbers.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.0.next_u64();
            if drawn < fair {
                return usize::try_from(drawn % bound).unwrap_or(0);
            }
        }
    }

    /// 32 hexadecimal digits: an id as Samsung Cloud Platform prints it.
    pub(crate) fn id(&mut self) -> String {
        let mut text = String::with_capacity(32);
        for byte in self.bytes::<16>() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// A random UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let mut id = self.id();
        id.replace_range(12..13, "4");
        id.replace_range(16..17, ["8", "9", "a", "b"][self.below(4)]);
        for dash in [8, 13, 18, 23] {
            id.insert(dash, '-');
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rng_repeats_with_its_seed_and_after_a_restart() {
        let (mut one, mut other) = (Rng::new(Some(7)).unwrap(), Rng::new(Some(7)).unwrap());
        assert_eq!(one.id(), other.id());
        let kept = serde_json::to_string(&one).unwrap();
        let mut back: Rng = serde_json::from_str(&kept).unwrap();
        assert_eq!(back.uuid(), one.uuid());
        assert_ne!(Rng::new(None).unwrap().id(), Rng::new(None).unwrap().id());
    }

    #[test]
    fn rng_draws_every_number_below_a_bound() {
        let mut rng = Rng::new(Some(1)).unwrap();
        let mut seen = [0; 5];
        (0..500).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|&times| times > 50), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }
}
