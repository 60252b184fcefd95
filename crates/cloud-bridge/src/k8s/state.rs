//! What is known of the keys: when they last worked, and the versions that the plugin tells Kubernetes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a round trip counts.
pub(super) const LATELY: Duration = Duration::from_secs(90);

/// The keys in their order.
#[derive(Debug)]
pub(super) struct State(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Vec<Known>,
    /// The version of each key when all of them last worked together. No version goes back.
    published: Option<Vec<u64>>,
}

/// What is known of a key.
#[derive(Clone, Debug, Default)]
struct Known {
    /// When a round trip last worked.
    worked: Option<Duration>,
    /// Why the last one did not.
    failure: Option<String>,
}

impl State {
    pub(super) fn new(keys: usize) -> Self {
        Self(Mutex::new(Inner { keys: vec![Known::default(); keys], published: None }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A round trip has worked.
    pub(super) fn worked(&self, key: usize, now: Duration) {
        if let Some(known) = self.inner().keys.get_mut(key) {
            *known = Known { worked: Some(now), failure: None };
        }
    }

    /// A round trip has not worked.
    pub(super) fn failed(&self, key: usize, why: String) {
        if let Some(known) = self.inner().keys.get_mut(key) {
            known.failure = Some(why);
        }
    }

    /// All keys have encrypted with these versions. Returns false, and keeps those that it has, if one of them is older.
    pub(super) fn publish(&self, versions: Vec<u64>) -> bool {
        let mut inner = self.inner();
        let older = |published: &Vec<u64>| versions.iter().zip(published).any(|(version, before)| version < before);
        if inner.published.as_ref().is_some_and(older) {
            return false;
        }
        inner.published = Some(versions);
        true
    }

    /// The ID for Kubernetes. It is empty until all keys have worked together: an ID of some of them would be that of no
    /// ciphertext.
    pub(super) fn key_id(&self, labels: &[String]) -> String {
        self.inner().published.as_ref().map(|versions| key_id(labels, versions)).unwrap_or_default()
    }

    /// The keys, those whose last round trip has worked first.
    pub(super) fn best_first(&self) -> Vec<usize> {
        let inner = self.inner();
        let mut order: Vec<usize> = (0..inner.keys.len()).collect();
        order.sort_by_key(|index| inner.keys.get(*index).is_none_or(|known| known.failure.is_some()));
        order
    }

    /// `ok` while any key has lately worked, and all have worked since the start. Otherwise which ones have not, and why.
    pub(super) fn health(&self, labels: &[String], now: Duration) -> String {
        let inner = self.inner();
        let lately = |known: &Known| known.worked.is_some_and(|at| now.saturating_sub(at) < LATELY);
        let any = inner.keys.iter().any(lately);
        if any && inner.published.is_some() {
            return "ok".to_owned();
        }
        let reason = |(label, known): (&String, &Known)| {
            let since = if known.worked.is_some() { "does not work now" } else { "has not worked since the start" };
            let failure = known.failure.as_deref().unwrap_or("it was not tried yet");
            format!("{label} {since}: {failure}")
        };
        let failing =
            labels.iter().zip(&inner.keys).filter(|(_, known)| !any || known.failure.is_some() || !lately(known));
        let reasons: Vec<_> = failing.map(reason).collect();
        let effect =
            if any { "nothing can be encrypted" } else { "what these keys have encrypted cannot be decrypted now" };
        format!("{effect}: {}", reasons.join("; "))
    }
}

/// Each key with its version.
pub(super) fn key_id(labels: &[String], versions: &[u64]) -> String {
    let parts = labels.iter().zip(versions).map(|(label, version)| format!("{label}:v{version}"));
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_version_goes_back() {
        let (state, labels) = (State::new(2), ["scp:a".to_owned(), "nhn:b".to_owned()]);
        assert_eq!(state.key_id(&labels), "");
        for (versions, published, id) in [
            ([3, 1], true, "scp:a:v3,nhn:b:v1"),
            ([3, 1], true, "scp:a:v3,nhn:b:v1"),
            ([2, 1], false, "scp:a:v3,nhn:b:v1"),
            ([2, 9], false, "scp:a:v3,nhn:b:v1"),
            ([4, 1], true, "scp:a:v4,nhn:b:v1"),
            ([4, 2], true, "scp:a:v4,nhn:b:v2"),
        ] {
            assert_eq!(state.publish(versions.to_vec()), published, "{versions:?}");
            assert_eq!(state.key_id(&labels), id);
        }
    }

    #[test]
    fn health_is_ok_only_while_a_round_trip_has_lately_worked() {
        let (state, labels) = (State::new(2), ["scp:a".to_owned(), "nhn:b".to_owned()]);
        let at = Duration::from_secs;
        assert!(state.health(&labels, at(0)).contains("scp:a has not worked since the start: it was not tried yet"));
        state.failed(0, "no connection".to_owned());
        assert!(state.health(&labels, at(1)).contains("no connection"));
        state.worked(1, at(10));
        let health = state.health(&labels, at(10));
        assert!(health.starts_with("nothing can be encrypted: scp:a has not worked") && !health.contains("nhn:b"));
        state.worked(0, at(10));
        state.publish(vec![1, 1]);
        assert_eq!(state.health(&labels, at(99)), "ok");
        assert!(state.health(&labels, at(100)).contains("nhn:b does not work now"));
    }

    #[test]
    fn keys_that_work_come_first() {
        let state = State::new(3);
        assert_eq!(state.best_first(), [0, 1, 2]);
        state.failed(0, "no connection".to_owned());
        assert_eq!(state.best_first(), [1, 2, 0]);
        state.worked(0, Duration::ZERO);
        state.failed(1, "no connection".to_owned());
        assert_eq!(state.best_first(), [0, 2, 1]);
    }
}
