//! The deadline of a call, and how its time was spent.

use std::time::Duration;

use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind};

/// The limit of a call with all its attempts and delays, on the monotonic clock.
pub(super) struct Deadline {
    started: Duration,
    limit: Duration,
    current: Option<(Phase, Duration)>,
    spent: [Duration; 3],
}

/// What a call is doing.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Credentials,
    Sending,
    Backoff,
}

impl Deadline {
    /// Starts a call at `now` that may take `limit`.
    pub(super) fn new(now: Duration, limit: Duration) -> Self {
        Self { started: now, limit, current: None, spent: [Duration::ZERO; 3] }
    }

    /// Returns the time left at `now`.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.limit.saturating_sub(now.saturating_sub(self.started))
    }

    /// Starts a phase at `now`.
    pub(super) fn enter(&mut self, phase: Phase, now: Duration) {
        self.leave(now);
        self.current = Some((phase, now));
    }

    /// Returns the error of a call that has no time left at `now`. It says how the time was spent.
    pub(super) fn exceeded(&mut self, now: Duration, delivery: Delivery) -> Error {
        self.leave(now);
        let [credentials, sending, backoff] = self.spent.map(|time| time.as_millis());
        let limit = self.limit.as_millis();
        let text = format!(
            "no response within the call's limit of {limit} ms: credentials took {credentials} ms, \
             attempts {sending} ms, backoff {backoff} ms"
        );
        Error::new(ErrorKind::Timeout, text).with_transient(true).with_delivery(delivery)
    }

    fn leave(&mut self, now: Duration) {
        if let Some((phase, since)) = self.current.take() {
            self.spent[phase as usize] += now.saturating_sub(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_a_call_is_counted_by_phase() {
        let at = Duration::from_millis;
        let mut deadline = Deadline::new(Duration::ZERO, at(2000));
        let phases = [(Phase::Credentials, 5), (Phase::Sending, 15), (Phase::Backoff, 115), (Phase::Sending, 1115)];
        phases.iter().for_each(|(phase, now)| deadline.enter(*phase, at(*now)));
        let wanted = "no response within the call's limit of 2000 ms: credentials took 10 ms, attempts 985 ms, \
                      backoff 1000 ms";
        for now in [2000, 9000] {
            let error = deadline.exceeded(at(now), Delivery::PossiblySent);
            assert_eq!(error.message(), wanted, "a call that is over takes no time");
            assert_eq!(error.delivery(), Delivery::PossiblySent);
        }
    }
}
