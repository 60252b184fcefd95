//! The retry budget of a client, which keeps retries from making an outage worse.

use std::sync::atomic::{AtomicU32, Ordering};

/// A token bucket that all clones of a client share. Each retry takes tokens; a successful call returns what its
/// retries took, plus one.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

pub(super) const FULL: u32 = 500;
const RETRY: u32 = 14;
const THROTTLED: u32 = 5;
const REWARD: u32 = 1;

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl Budget {
    /// Takes the price of a retry; `None` if there is not enough left.
    pub(super) fn take(&self, throttled: bool) -> Option<u32> {
        let price = if throttled { THROTTLED } else { RETRY };
        let took = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(price));
        took.ok().map(|_| price)
    }

    /// Puts back what a call's retries took, and the reward for a call that succeeded.
    pub(super) fn refund(&self, taken: u32) {
        // A full bucket, the usual one, is only read: callers on other cores need not fetch it again.
        let refill = |left: u32| (left < FULL).then(|| left.saturating_add(taken + REWARD).min(FULL));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(crate::proptests::settings())]

        #[test]
        fn retries_cost_no_more_than_the_bucket_holds(
            calls in proptest::collection::vec((0..4_u32, proptest::bool::ANY, proptest::bool::ANY), 0..400),
        ) {
            let budget = Budget::default();
            let (mut spent, mut rewards) = (0, 0);
            for (retries, throttled, succeeds) in calls {
                let taken: u32 = (0..retries).map_while(|_| budget.take(throttled)).sum();
                proptest::prop_assert_eq!(taken % if throttled { THROTTLED } else { RETRY }, 0);
                if succeeds {
                    budget.refund(taken);
                    rewards += REWARD;
                } else {
                    spent += taken;
                }
                let left = budget.0.load(Ordering::Relaxed);
                proptest::prop_assert!(left <= FULL);
                proptest::prop_assert!(left + spent >= FULL, "a success did not give all of its cost back");
                proptest::prop_assert!(left + spent <= FULL + rewards, "more than was taken came back");
            }
        }
    }

    #[test]
    fn empty_bucket_stops_retries_and_success_refills_it() {
        let budget = Budget::default();
        let mut taken = 0;
        while let Some(price) = budget.take(false) {
            taken += price;
        }
        assert_eq!(taken, 490);
        assert_eq!(budget.take(true), Some(5), "a throttled retry is cheaper");
        budget.refund(0);
        assert_eq!(budget.take(true), Some(5));
        assert_eq!(budget.take(true), None);
        budget.refund(495);
        budget.refund(495);
        assert_eq!(budget.0.load(Ordering::Relaxed), FULL, "never more than full");
    }
}
