//! The requests in flight for one secret: at most one of each runtime, driven by the callers that wait.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::runtime::{self, RuntimeId};

/// How long a caller with a usable value waits for a new one, and how old a request of another runtime may get before a
/// caller makes its own.
pub(crate) const BRIEF: Duration = Duration::from_secs(1);
/// A request that is older gets no further waiters, and is given up if it has none.
const ABANDONED: Duration = Duration::from_secs(60);

/// What is dropped after the lock is released, as it may run code of the caller.
#[derive(Default)]
pub(crate) struct Left(Vec<Box<dyn Any + Send>>);

impl Left {
    pub(crate) fn push(&mut self, item: impl Any + Send) {
        self.0.push(Box::new(item));
    }

    pub(crate) fn push_some(&mut self, item: Option<impl Any + Send>) {
        if let Some(item) = item {
            self.push(item);
        }
    }
}

pub(crate) struct Flights<T> {
    flying: Vec<Flight<T>>,
    /// One that was started while there was a usable value, kept for later callers, by its number.
    kept: Option<(u64, Arc<SharedRequest<T>>)>,
}

struct Flight<T> {
    number: u64,
    /// The runtime that drives it: it stalls while that runtime is idle.
    runtime: Option<RuntimeId>,
    /// By the monotonic clock.
    started: Duration,
    shared: Weak<SharedRequest<T>>,
}

/// A request that a caller has found or made.
pub(crate) struct Joined<T> {
    pub(crate) shared: Arc<SharedRequest<T>>,
    pub(crate) number: u64,
    /// By the monotonic clock.
    pub(crate) started: Duration,
}

impl<T> Joined<T> {
    pub(crate) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.started)
    }
}

/// What a caller finds.
pub(crate) enum Found<T> {
    Nothing,
    /// Of the caller's runtime.
    Own(Joined<T>),
    /// Of another runtime.
    Other(Joined<T>),
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { flying: Vec::new(), kept: None }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Returns the request that a caller can wait for. `needed`: the caller has no usable value, so that a request that
    /// nobody has polled for a while is replaced.
    pub(crate) fn find(&mut self, now: Duration, needed: bool, left: &mut Left) -> Found<T> {
        self.leave_useless(now, needed, left);
        let here = runtime::current();
        let mut other: Option<Joined<T>> = None;
        for flight in &self.flying {
            let Some(shared) = flight.shared.upgrade() else { continue };
            let joined = Joined { shared, number: flight.number, started: flight.started };
            let age = joined.age(now);
            if joined.shared.is_complete() {
                left.push(joined.shared);
            } else if flight.runtime == here && age < ABANDONED {
                left.push_some(other.map(|other| other.shared));
                return Found::Own(joined);
            } else if flight.runtime != here && age < BRIEF {
                left.push_some(other.replace(joined).map(|other| other.shared));
            } else {
                left.push(joined.shared);
            }
        }
        other.map_or(Found::Nothing, Found::Other)
    }

    fn leave_useless(&mut self, now: Duration, needed: bool, left: &mut Left) {
        let started = |number| self.flying.iter().find(|flight| flight.number == number).map(|flight| flight.started);
        if let Some((number, shared)) = &self.kept {
            let old = started(*number).is_none_or(|started| now.saturating_sub(started) >= ABANDONED);
            let unattended = Arc::strong_count(shared) == 1;
            if shared.is_complete() || (unattended && (needed || old)) {
                let number = *number;
                self.flying.retain(|flight| flight.number != number);
                left.push_some(self.kept.take());
            }
        }
        self.flying.retain(|flight| flight.shared.strong_count() > 0);
    }

    /// Registers a request. `keep` holds it for later callers when its own caller leaves.
    pub(crate) fn add(
        &mut self,
        number: u64,
        now: Duration,
        shared: &Arc<SharedRequest<T>>,
        keep: bool,
        left: &mut Left,
    ) {
        let runtime = runtime::current();
        self.flying.push(Flight { number, runtime, started: now, shared: Arc::downgrade(shared) });
        if keep {
            let replaced = self.kept.replace((number, Arc::clone(shared)));
            left.push_some(replaced);
        }
    }

    /// Removes a completed request and those that were started before it, whose outcome is older. Returns whether it was
    /// registered; otherwise its outcome must not be stored.
    pub(crate) fn complete(&mut self, number: u64, left: &mut Left) -> bool {
        if !self.flying.iter().any(|flight| flight.number == number) {
            return false;
        }
        self.flying.retain(|flight| flight.number > number);
        left.push_some(self.kept.take_if(|(kept, _)| *kept <= number));
        true
    }

    /// Whether nobody waits for a request.
    pub(crate) fn is_idle(&self) -> bool {
        let kept = |number| self.kept.as_ref().is_some_and(|(kept, _)| *kept == number);
        self.flying.iter().all(|flight| flight.shared.strong_count() <= usize::from(kept(flight.number)))
    }
}
