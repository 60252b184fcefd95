//! Stores the outcome of a request.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::{Error, Result};

use super::{Inner, Kind};
use crate::flights::Left;
use crate::metrics::count;
use crate::slot::{Failure, Held, is_refusal};
use crate::store::{Entry, Known};

/// The delay after the first failure; it doubles with each.
const BACKOFF: Duration = Duration::from_secs(1);
/// The longest delay after failures.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest delay that a service may ask for.
const LONGEST_HINT: Duration = Duration::from_secs(300);

/// What is logged and told once the lock is released.
enum Event {
    Fetched,
    Rotated,
    Refused,
    /// Whether the value is used on.
    Failed {
        stale: bool,
    },
}

impl Inner {
    /// Stores the outcome of the request of this number. Returns what its waiters get.
    pub(super) fn complete<K: Kind>(
        &self,
        key: &Arc<str>,
        number: u64,
        started: Duration,
        outcome: Result<K::Item>,
    ) -> Result<Known<K::Item>> {
        if let Err(error) = &outcome {
            count(&self.counters.errors);
            if is_refusal(error) {
                count(&self.counters.refusals);
            }
        }
        let mut left = Left::default();
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        let Some(entry) = K::table(&mut store).get_mut(key) else { return outcome.map(|item| (item, number)) };
        if !entry.slot.flights.complete(number, &mut left) {
            return overtaken(entry, now, outcome, &mut left).map(|item| (item, number));
        }
        if outcome.as_ref().is_err_and(is_refusal) {
            entry.slot.refused = number;
        }
        let (outcome, event) = match outcome {
            Ok(item) => {
                let (item, rotated) = self.keep::<K>(entry, started, item, &mut left);
                (Ok(item), if rotated { Event::Rotated } else { Event::Fetched })
            }
            Err(error) => {
                let event = self.note(entry, now, &error, &mut left);
                (Err(error), event)
            }
        };
        K::table(&mut store).weigh(key);
        if let Ok(item) = &outcome {
            K::kept(&mut store, item, now, &mut left);
        }
        self.evict(&mut store, &mut left);
        // The entry was there until now, so that refusals of removed ones were of other keys.
        let known = number.max(K::table(&mut store).refused());
        drop(store);
        self.report::<K>(&event, outcome.as_ref().err());
        outcome.map(|item| (item, known))
    }

    /// Keeps a new value, and the old one if it differs. Returns the value that is held, and whether it differs.
    fn keep<K: Kind>(
        &self,
        entry: &mut Entry<K::Item>,
        started: Duration,
        item: K::Item,
        left: &mut Left,
    ) -> (K::Item, bool) {
        left.push_some(entry.slot.failure.take());
        let (value, rotated) = match entry.slot.held.take() {
            // Its holders and the cache share one copy.
            Some(old) if K::same(&old.value, &item) => (old.value, false),
            Some(old) => {
                entry.previous = Some(old.value);
                (item, true)
            }
            None => (item, false),
        };
        let kept = value.clone();
        entry.slot.held = Some(match K::EXPIRES {
            true => {
                let (ttl, half) = (self.settings.ttl, self.settings.ttl / 2);
                let fresh = started.saturating_add(ttl);
                let refresh = started.saturating_add(half).saturating_add(self.jitter(ttl.saturating_sub(half)));
                let stale = fresh.saturating_add(self.settings.stale);
                Held { value, fetched: started, refresh, fresh, stale }
            }
            false => {
                let never = Duration::MAX;
                Held { value, fetched: started, refresh: never, fresh: never, stale: never }
            }
        });
        (kept, rotated)
    }

    /// Notes an error: a refusal evicts the value, anything else delays the next request.
    fn note<T>(&self, entry: &mut Entry<T>, now: Duration, error: &Error, left: &mut Left) -> Event {
        let slot = &mut entry.slot;
        let refusal = is_refusal(error);
        let earlier = slot.failure.as_ref().filter(|failure| !failure.refusal).map_or(0, |failure| failure.count);
        let count = if refusal { 1 } else { earlier.saturating_add(1) };
        let delay = match refusal {
            true => self.settings.negative,
            false => {
                let longest = BACKOFF.saturating_mul(1 << (count - 1).min(6)).min(LONGEST);
                let delay = longest / 2 + self.jitter(longest / 2);
                delay.max(error.retry_after().unwrap_or_default().min(LONGEST_HINT))
            }
        };
        let failure = Failure { error: error.duplicate(), until: now.saturating_add(delay), refusal, count };
        left.push_some(slot.failure.replace(failure));
        if refusal {
            slot.held = None;
            entry.previous = None;
            return Event::Refused;
        }
        // What may not be used any more is not kept either.
        if slot.held.as_ref().is_some_and(|held| now >= held.stale) {
            slot.held = None;
            entry.previous = None;
        }
        Event::Failed { stale: slot.held.is_some() }
    }

    fn report<K: Kind>(&self, event: &Event, error: Option<&Error>) {
        let kind = error.map(Error::kind);
        match event {
            Event::Fetched => tracing::debug!(of_name = !K::EXPIRES, "secret fetched"),
            Event::Rotated => {
                count(&self.counters.rotations);
                tracing::info!("secret rotated");
            }
            Event::Refused => {
                let category = error.and_then(Error::category);
                tracing::warn!(of_name = !K::EXPIRES, "error.type" = ?kind, ?category, "secret refused and evicted");
            }
            Event::Failed { stale } => {
                tracing::warn!(of_name = !K::EXPIRES, "error.type" = ?kind, value_kept = stale, "secret not fetched");
            }
        }
        self.changed.notify_waiters();
    }

    /// A random part of this time.
    fn jitter(&self, of: Duration) -> Duration {
        // The upper bits, as a fraction below one.
        let part = (self.runtime.random() >> 11) as f64 / (1_u64 << 53) as f64;
        of.mul_f64(part)
    }
}

/// What waits for a request that a newer one or `invalidate` has overtaken gets. Who waits for it discards a value from
/// before a refusal.
fn overtaken<T>(entry: &Entry<T>, now: Duration, outcome: Result<T>, left: &mut Left) -> Result<T>
where
    T: Clone + Send + 'static,
{
    match &entry.slot.held {
        Some(held) if now < held.fresh => {
            left.push(outcome);
            Ok(held.value.clone())
        }
        _ => outcome,
    }
}
