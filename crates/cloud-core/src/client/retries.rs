//! The retries of one call: its policy, its count and its share of the client's retry budget.

use std::time::Duration;

use super::budget::Budget;
use super::failure::AttemptError;
use crate::error::{Error, Result};
use crate::operation::Idempotency;
use crate::retry::{Decision, RetryPolicy, decide, wait_for_descriptor};

/// Counts attempts and spends the retry budget.
pub(super) struct Retries<'a> {
    policy: &'a RetryPolicy,
    idempotency: Idempotency,
    budget: &'a Budget,
    /// Attempts that count, which those after a recovery do not.
    attempts: u32,
    /// How often the call waited for a file descriptor.
    waits: u32,
    /// What the retries so far took from the budget.
    taken: u32,
}

impl<'a> Retries<'a> {
    pub(super) fn new(policy: &'a RetryPolicy, idempotency: Idempotency, budget: &'a Budget) -> Self {
        Self { policy, idempotency, budget, attempts: 0, waits: 0, taken: 0 }
    }

    /// Returns the delay before the next attempt. `left` is the time left for the call.
    ///
    /// # Errors
    /// The attempt's error if there is no next attempt.
    pub(super) fn next(&mut self, failed: AttemptError, left: Duration, random: u64) -> Result<Duration> {
        if failed.outcome.is_exhausted() {
            let decision = wait_for_descriptor(self.waits, left, random);
            self.waits += 1;
            return match decision {
                Decision::Stop => Err(failed.error),
                Decision::After(delay) => Ok(delay),
            };
        }
        self.attempts += 1;
        let AttemptError { error, outcome, retry_after, .. } = failed;
        let transient = error.is_transient() || outcome.is_transient();
        let error: Error = error.with_transient(transient).with_retry_after(retry_after);
        match decide(self.policy, self.idempotency, self.attempts, outcome, retry_after, left, random) {
            Decision::Stop => Err(error),
            Decision::After(delay) => match self.budget.take(outcome.is_throttled()) {
                Some(price) => {
                    self.taken += price;
                    Ok(delay)
                }
                None => Err(error.with_note("not retried: the retry budget is used up")),
            },
        }
    }

    /// Returns what the retries took, and a reward, to the budget.
    pub(super) fn succeeded(&self) {
        self.budget.refund(self.taken);
    }
}
