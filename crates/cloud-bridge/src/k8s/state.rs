//! What is known of the keys: their newest versions, and when they last worked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a round trip counts.
pub(super) const LATELY: Duration = Duration::from_secs(90);

/// The keys in their order.
#[derive(Debug)]
pub(super) struct State(Mutex<Vec<Known>>);

/// What is known of a key.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The newest version that was seen. It never goes back.
    version: Option<u64>,
    /// When a round trip last worked.
    worked: Option<Duration>,
    /// Why the last one did not.
    failure: Option<String>,
}

impl State {
    pub(super) fn new(keys: usize) -> Self {
        Self(Mutex::new(vec![Known::default(); keys]))
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key has encrypted with this version; false if a newer one was seen before.
    pub(super) fn saw(&self, key: usize, version: u64) -> bool {
        match self.known().get_mut(key) {
            Some(known) if known.version.is_some_and(|newest| newest > version) => false,
            Some(known) => {
                known.version = Some(version);
                true
            }
            None => false,
        }
    }

    /// A round trip has worked.
    pub(super) fn worked(&self, key: usize, now: Duration) {
        if let Some(known) = self.known().get_mut(key) {
            known.worked = Some(now);
            known.failure = None;
        }
    }

    /// A round trip has not worked.
    pub(super) fn failed(&self, key: usize, why: String) {
        if let Some(known) = self.known().get_mut(key) {
            known.failure = Some(why);
        }
    }

    /// The ID for Kubernetes: each key whose version is known, with its version. It changes when a key is rotated, and
    /// when a key that has not worked since the start works for the first time.
    pub(super) fn key_id(&self, labels: &[String]) -> String {
        let known = self.known();
        let parts = labels.iter().zip(known.iter());
        let parts = parts.filter_map(|(label, known)| Some(format!("{label}:v{}", known.version?)));
        parts.collect::<Vec<_>>().join(",")
    }

    /// `ok` while any key has lately worked, or why none has.
    pub(super) fn health(&self, labels: &[String], now: Duration) -> String {
        let known = self.known();
        let lately = |known: &Known| known.worked.is_some_and(|at| now.saturating_sub(at) < LATELY);
        if known.iter().any(lately) {
            return "ok".to_owned();
        }
        let reason = |(label, known): (&String, &Known)| {
            let since = if known.worked.is_some() { "does not work now" } else { "has not worked since the start" };
            let failure = known.failure.as_deref().unwrap_or("it was not tried yet");
            format!("{label} {since}: {failure}")
        };
        let reasons: Vec<_> = labels.iter().zip(known.iter()).map(reason).collect();
        format!("what these keys have encrypted cannot be decrypted now: {}", reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_never_goes_back() {
        let (state, labels) = (State::new(2), ["scp:a".to_owned(), "nhn:b".to_owned()]);
        assert_eq!(state.key_id(&labels), "");
        assert!(state.saw(0, 3) && state.saw(0, 3) && !state.saw(0, 2));
        assert_eq!(state.key_id(&labels), "scp:a:v3");
        assert!(state.saw(1, 1) && state.saw(0, 4));
        assert_eq!(state.key_id(&labels), "scp:a:v4,nhn:b:v1");
    }

    #[test]
    fn health_is_ok_only_while_a_round_trip_has_lately_worked() {
        let (state, labels) = (State::new(2), ["scp:a".to_owned(), "nhn:b".to_owned()]);
        let at = Duration::from_secs;
        assert!(state.health(&labels, at(0)).contains("scp:a has not worked since the start: it was not tried yet"));
        state.failed(0, "no connection".to_owned());
        assert!(state.health(&labels, at(1)).contains("no connection"));
        state.worked(1, at(10));
        assert_eq!(state.health(&labels, at(99)), "ok");
        assert!(state.health(&labels, at(100)).contains("nhn:b does not work now"));
    }
}
