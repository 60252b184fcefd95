//! The cache itself: decides what each caller does, and stores the outcomes of requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::runtime::within;
use cloud_core::{BoxFuture, Error, ErrorKind, Result, Runtime, SecretRef, SecretSource};
use tokio::sync::Notify;

use crate::builder::Settings;
use crate::flights::{BRIEF, Found, Joined, Left};
use crate::metrics::{Counters, Metrics, count};
use crate::slot::{Decision, Mode};
use crate::store::{Id, Known, Store, Value};

mod complete;
mod kind;
mod look;

pub(crate) use kind::{Kind, Names, Values};

pub(crate) struct Inner {
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    /// Told when a value was stored, refused or invalidated.
    pub(crate) changed: Notify,
    store: Mutex<Store>,
}

/// How a caller came to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    Cached,
    Stale,
    Fetched,
}

/// What a caller does next.
enum Step<T> {
    Done(Result<(T, Served)>),
    /// Drives the request, at most this long if it has a usable value.
    Join(Joined<Known<T>>, Option<Duration>),
    /// Waits this long for the request of another runtime.
    Watch(Joined<Known<T>>, Duration),
}

/// When a caller came, which decides whether the outcome of a request is new enough for it.
#[derive(Clone, Copy)]
struct Arrival {
    mode: Mode,
    now: Duration,
    /// How many requests had been started.
    started: u64,
}

impl Arrival {
    fn accepts<K: Kind, T: Clone>(&self, joined: &Joined<T>, outcome: Option<&Result<T>>) -> bool {
        match (outcome, self.mode) {
            // Only a request that waits for itself has an outcome before it is complete: to repeat would never end.
            (Some(_), _) if !joined.shared.is_complete() => true,
            // The value is fetched after the caller came; the ID may be from before.
            (Some(Ok(_)), _) if !K::EXPIRES => true,
            (_, Mode::Get | Mode::Watch) => true,
            (_, Mode::NotOlder(age)) => joined.number > self.started || joined.started.saturating_add(age) > self.now,
            (_, Mode::Force) => joined.number > self.started,
        }
    }
}

impl Inner {
    pub(crate) fn new(source: Arc<dyn SecretSource>, runtime: Arc<dyn Runtime>, settings: Settings) -> Self {
        let (counters, changed) = (Counters::default(), Notify::new());
        Self { source, runtime, settings, counters, changed, store: Mutex::default() }
    }

    /// Returns the value if it is fresh, without allocating.
    pub(crate) fn hit(&self, secret: SecretRef<'_>) -> Option<Value> {
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        let Store { ids, names, used, .. } = &mut *store;
        *used += 1;
        let entry = match secret {
            SecretRef::Id(id) => ids.get_mut(id)?,
            SecretRef::Name(name) => {
                let name = names.get_mut(name)?;
                name.slot.used = *used;
                ids.get_mut(&name.slot.held.as_ref()?.value)?
            }
            _ => return None,
        };
        let held = entry.slot.held.as_ref().filter(|held| now < held.refresh)?;
        entry.slot.used = *used;
        Some(Arc::clone(&held.value))
    }

    /// Returns a value as `mode` demands.
    pub(crate) async fn get(self: &Arc<Self>, secret: SecretRef<'_>, mode: Mode) -> Result<(Value, Served)> {
        self.runtime.ready()?;
        let arrival = Arrival { mode, now: self.runtime.elapsed(), started: self.lock().started };
        let id = self.id_of(secret, arrival).await?;
        self.obtain::<Values>(&id, arrival).await
    }

    async fn id_of(self: &Arc<Self>, secret: SecretRef<'_>, arrival: Arrival) -> Result<Id> {
        let name = match secret {
            SecretRef::Id(id) => return Ok(Id::from(id)),
            SecretRef::Name(name) => Arc::from(name),
            _ => return Err(Error::request("this kind of reference to a secret is not known")),
        };
        // A name is resolved once, and again after the service has refused its secret: another may have the name now.
        let resolved = self.is_resolved(&name, arrival.mode);
        let mode = if !resolved && arrival.mode == Mode::Force { Mode::Force } else { Mode::Get };
        Ok(self.obtain::<Names>(&name, Arrival { mode, ..arrival }).await?.0)
    }

    fn is_resolved(&self, name: &str, mode: Mode) -> bool {
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        let Store { ids, names, .. } = &mut *store;
        let Some(slot) = names.get_mut(name).map(|entry| &mut entry.slot) else { return false };
        let entry = slot.held.as_ref().and_then(|held| ids.get(&held.value));
        let refused = entry.is_some_and(|entry| match mode {
            Mode::Force => entry.slot.failure.as_ref().is_some_and(|failure| failure.refusal),
            _ => entry.slot.refused_before(now),
        });
        if refused {
            slot.held = None;
        }
        let held = slot.held.is_some();
        names.weigh(name);
        held
    }

    async fn obtain<K: Kind>(self: &Arc<Self>, key: &Arc<str>, arrival: Arrival) -> Result<(K::Item, Served)> {
        loop {
            let (waiter, joined, limit) = match self.step::<K>(key, arrival.mode) {
                Step::Done(done) => return done,
                Step::Join(joined, limit) => (Arc::clone(&joined.shared).join(), joined, limit),
                Step::Watch(joined, limit) => (Arc::clone(&joined.shared).watch(), joined, Some(limit)),
            };
            let outcome = match limit {
                None => Some(waiter.await.unwrap_or_else(|| Err(panicked()))),
                Some(limit) => within(waiter, || self.deadline(limit)).await.flatten(),
            };
            // A request from before the caller came is waited for, so that there is one at a time, and then repeated.
            if arrival.accepts::<K, _>(&joined, outcome.as_ref())
                && let Some(done) = self.settle::<K>(key, arrival.mode, joined.number, outcome)
            {
                return done;
            }
        }
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        // A timer needs a while even for no time at all.
        if limit.is_zero() { Box::pin(std::future::ready(())) } else { self.runtime.deadline(limit) }
    }

    /// Decides what the caller does, and starts a request if there is none.
    fn step<K: Kind>(self: &Arc<Self>, key: &Arc<str>, mode: Mode) -> Step<K::Item> {
        // Declared first, so dropped after the lock is released: a request may run code that asks this cache.
        let mut left = Left::default();
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        store.used += 1;
        let used = store.used;
        let entry = K::table(&mut store).get_or_insert(key);
        entry.slot.used = used;
        let patience = match entry.slot.decide(now, mode) {
            Decision::Use(value) => return Step::Done(Ok((value, Served::Cached))),
            Decision::UseStale(value) => return Step::Done(Ok((value, Served::Stale))),
            Decision::Fail(error) => return Step::Done(Err(error)),
            Decision::Ahead(patience) => Some(patience),
            Decision::Fetch => None,
        };
        match entry.slot.flights.find(now, patience.is_none(), &mut left) {
            Found::Own(joined) => {
                let limit = patience.map(|patience| patience.saturating_sub(joined.age(now)));
                Step::Join(joined, limit)
            }
            Found::Other(joined) => {
                let limit = patience.unwrap_or(BRIEF).saturating_sub(joined.age(now));
                Step::Watch(joined, limit)
            }
            Found::Nothing => {
                let joined = self.start::<K>(&mut store, key, now, patience.is_some(), &mut left);
                Step::Join(joined, patience.map(|_| BRIEF))
            }
        }
    }

    fn start<K: Kind>(
        self: &Arc<Self>,
        store: &mut Store,
        key: &Arc<str>,
        now: Duration,
        keep: bool,
        left: &mut Left,
    ) -> Joined<Known<K::Item>> {
        store.started += 1;
        let number = store.started;
        // The cache may keep the request, so the request must not keep the cache.
        let (cache, source, id) = (Arc::downgrade(self), Arc::clone(&self.source), Arc::clone(key));
        let shared = SharedRequest::new(
            asks_itself,
            Box::pin(async move {
                let outcome = caught(K::request(source, Arc::clone(&id))).await;
                match cache.upgrade() {
                    Some(cache) => cache.complete::<K>(&id, number, now, outcome),
                    None => outcome.map(|item| (item, number)),
                }
            }),
        );
        let entry = K::table(store).get_or_insert(key);
        entry.slot.flights.add(number, now, &shared, keep, left);
        if K::EXPIRES {
            count(&self.counters.fetches);
            if entry.slot.held.is_some() {
                count(&self.counters.refreshes);
            }
        }
        K::table(store).weigh(key);
        // Nothing else bounds what callers leave behind that are dropped before an outcome.
        K::table(store).evict_empty(self.settings.entries, self.settings.bytes, left);
        Joined { shared, number, started: now }
    }

    /// Returns what a caller gets after it waited; none if it decides again. `outcome` is none if it waited in vain.
    fn settle<K: Kind>(
        &self,
        key: &str,
        mode: Mode,
        number: u64,
        outcome: Option<Result<Known<K::Item>>>,
    ) -> Option<Result<(K::Item, Served)>> {
        let error = match outcome {
            Some(Ok((value, known))) => {
                // The service may have refused the secret since that request was sent.
                let refused = K::table(&mut self.lock()).refused_since(key, number, known);
                return (!refused).then_some(Ok((value, Served::Fetched)));
            }
            Some(Err(error)) if mode == Mode::Force => return Some(Err(error)),
            Some(Err(error)) => Some(error),
            None => None,
        };
        // Looked up again, not remembered: it may have been refused meanwhile.
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        match K::table(&mut store).get(key).and_then(|entry| entry.slot.usable(now)) {
            Some(held) if mode != Mode::Force => {
                let served = if now < held.fresh { Served::Cached } else { Served::Stale };
                Some(Ok((held.value.clone(), served)))
            }
            _ => error.map(Err),
        }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let store = self.lock();
        self.counters.metrics(store.ids.held(), store.ids.bytes() + store.names.bytes())
    }

    fn evict(&self, store: &mut Store, left: &mut Left) {
        let Settings { entries, bytes, .. } = self.settings;
        store.ids.evict(entries, bytes, &self.counters.evictions, left);
        store.ids.evict_empty(entries, bytes, left);
        // Names are few bytes each, so their number alone is limited; one that is gone is resolved again.
        store.names.evict(entries, usize::MAX, &Default::default(), left);
        store.names.evict_empty(entries, bytes, left);
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // The store is consistent whenever the lock is released, so a poisoned lock is usable.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns a panic of the source into an error, so that it is counted and backed off like one.
async fn caught<T>(mut request: BoxFuture<'static, Result<T>>) -> Result<T> {
    std::future::poll_fn(|context| {
        let poll = AssertUnwindSafe(|| request.as_mut().poll(context));
        catch_unwind(poll).unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    })
    .await
}

fn panicked() -> Error {
    Error::new(ErrorKind::FailureState, "the source of the secrets panicked")
}

fn asks_itself() -> Error {
    Error::new(ErrorKind::FailureState, "the source of the secrets asks the cache for the secret that it fetches")
}
