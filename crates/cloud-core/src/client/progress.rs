//! How far a call has come and where its time went, readable after its future was dropped by a time limit.

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is known of a call while it runs.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) attempts: AtomicU32,
    pub(super) maybe_sent: AtomicBool,
    times: Mutex<Times>,
}

/// What a call is doing.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Credentials,
    SendFuture,
    Waiting,
}

#[derive(Default)]
struct Times {
    current: Option<(Phase, Duration)>,
    spent: [Duration; 3],
}

impl Times {
    fn turn(&mut self, next: Option<Phase>, now: Duration) {
        if let Some((phase, since)) = self.current {
            self.spent[phase as usize] += now.saturating_sub(since);
        }
        self.current = next.map(|phase| (phase, now));
    }
}

impl Progress {
    /// What is done from `now` on, by the monotonic clock.
    pub(super) fn enter(&self, phase: Phase, now: Duration) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).turn(Some(phase), now);
    }

    /// Where the time went, for the error of a call that has none left at `now`.
    pub(super) fn spent(&self, limit: Duration, now: Duration) -> String {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.turn(None, now);
        let [credentials, sending, waiting] = times.spent.map(|time| time.as_millis());
        let limit = limit.as_millis();
        format!(
            "no answer within the call's limit of {limit} ms: credentials took {credentials} ms, attempts {sending} ms, \
             waits {waiting} ms"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_put_down_to_what_was_done_in_it() {
        let progress = Progress::default();
        let at = Duration::from_millis;
        let phases =
            [(Phase::Credentials, 5), (Phase::SendFuture, 15), (Phase::Waiting, 115), (Phase::SendFuture, 1115)];
        phases.iter().for_each(|(phase, now)| progress.enter(*phase, at(*now)));
        let wanted =
            "no answer within the call's limit of 2000 ms: credentials took 10 ms, attempts 985 ms, waits 1000 ms";
        assert_eq!(progress.spent(at(2000), at(2000)), wanted);
        assert_eq!(progress.spent(at(2000), at(9000)), wanted, "a call that is over takes no time");
    }
}
