//! The cache itself: decides what each caller does, and stores the outcomes of requests.

use std::future::Future;
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
use crate::store::{Id, Store, Table, Value, Weigh};

mod complete;
mod look;

pub(crate) struct Inner {
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    /// Told when a value was stored, refused or invalidated.
    pub(crate) changed: Notify,
    store: Mutex<Store>,
}

/// What is looked up under a key: a value by its ID, or an ID by its name.
pub(crate) trait Kind: 'static {
    type Item: Weigh + Clone + Send + Sync + 'static;
    /// Whether it is fetched again after the TTL.
    const EXPIRES: bool;

    fn table(store: &mut Store) -> &mut Table<Self::Item>;
    fn request(source: Arc<dyn SecretSource>, key: Arc<str>) -> BoxFuture<'static, Result<Self::Item>>;
    fn same(one: &Self::Item, other: &Self::Item) -> bool;

    /// Called once an item was stored.
    fn kept(_: &mut Store, _: &Self::Item, _: Duration, _: &mut Left) {}
}

pub(crate) struct Values;
pub(crate) struct Names;

impl Kind for Values {
    type Item = Value;
    const EXPIRES: bool = true;

    fn table(store: &mut Store) -> &mut Table<Value> {
        &mut store.ids
    }

    fn request(source: Arc<dyn SecretSource>, id: Arc<str>) -> BoxFuture<'static, Result<Value>> {
        Box::pin(async move { source.fetch(&id).await.map(Arc::new) })
    }

    fn same(one: &Value, other: &Value) -> bool {
        crate::store::same(one, other)
    }
}

impl Kind for Names {
    type Item = Id;
    const EXPIRES: bool = false;

    fn table(store: &mut Store) -> &mut Table<Id> {
        &mut store.names
    }

    fn request(source: Arc<dyn SecretSource>, name: Arc<str>) -> BoxFuture<'static, Result<Id>> {
        Box::pin(async move { source.resolve(&name).await.map(Id::from) })
    }

    fn same(one: &Id, other: &Id) -> bool {
        one == other
    }

    /// Lets the secret of a name be fetched that was refused before the name was resolved again.
    fn kept(store: &mut Store, id: &Id, now: Duration, left: &mut Left) {
        if let Some(entry) = store.ids.get_mut(id)
            && entry.slot.refused_before(now)
        {
            left.push_some(entry.slot.failure.take());
        }
    }
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
    /// Waits for the request.
    Wait(Joined<T>),
    /// Waits this long for the request of another runtime.
    Watch(Joined<T>, Duration),
    /// Has a usable value and started a request: waits for it briefly.
    Drive(Joined<T>),
    /// Has a usable value: looks whether the request that an earlier caller left has an outcome.
    Look(Joined<T>),
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
    fn accepts<T>(&self, joined: &Joined<T>) -> bool {
        match self.mode {
            Mode::Get | Mode::Watch => true,
            Mode::NotOlder(age) => joined.number > self.started || joined.started.saturating_add(age) > self.now,
            Mode::Force => joined.number > self.started,
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
        let held = entry.slot.held.as_ref().filter(|held| now < held.refresh && now < held.fresh)?;
        entry.slot.used = *used;
        Some(Arc::clone(&held.value))
    }

    /// Returns a value as `mode` demands.
    pub(crate) async fn get(self: &Arc<Self>, secret: SecretRef<'_>, mode: Mode) -> Result<(Value, Served)> {
        self.runtime.ready()?;
        let id = self.id_of(secret, mode).await?;
        self.obtain::<Values>(&id, mode).await
    }

    async fn id_of(self: &Arc<Self>, secret: SecretRef<'_>, mode: Mode) -> Result<Id> {
        let name = match secret {
            SecretRef::Id(id) => return Ok(Id::from(id)),
            SecretRef::Name(name) => Arc::from(name),
            _ => return Err(Error::request("this kind of reference to a secret is not known")),
        };
        // A name is resolved once, and again after the service has refused its secret: another may have the name now.
        let mode = if self.is_resolved(&name, mode) || mode != Mode::Force { Mode::Get } else { Mode::Force };
        Ok(self.obtain::<Names>(&name, mode).await?.0)
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

    async fn obtain<K: Kind>(self: &Arc<Self>, key: &Arc<str>, mode: Mode) -> Result<(K::Item, Served)> {
        let arrival = Arrival { mode, now: self.runtime.elapsed(), started: self.lock().started };
        loop {
            let step = self.step::<K>(key, mode);
            let (number, accepted) = match &step {
                Step::Done(_) => (0, true),
                Step::Wait(joined) | Step::Watch(joined, _) | Step::Drive(joined) | Step::Look(joined) => {
                    (joined.number, arrival.accepts(joined))
                }
            };
            let outcome = match step {
                Step::Done(done) => return done,
                Step::Wait(joined) => Some(joined.shared.join().await.unwrap_or_else(|| Err(panicked()))),
                Step::Watch(joined, wait) => {
                    within(joined.shared.watch(), || self.runtime.deadline(wait)).await.flatten()
                }
                Step::Drive(joined) => within(joined.shared.join(), || self.runtime.deadline(BRIEF)).await.flatten(),
                Step::Look(joined) => {
                    let mut waiter = std::pin::pin!(joined.shared.join());
                    let look = |poll| if let Poll::Ready(outcome) = poll { outcome } else { None };
                    std::future::poll_fn(|context| Poll::Ready(look(waiter.as_mut().poll(context)))).await
                }
            };
            // A request from before the caller came is waited for, so that there is one at a time, and then repeated.
            if accepted && let Some(done) = self.settle::<K>(key, mode, number, outcome) {
                return done;
            }
        }
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
        let usable = match entry.slot.decide(now, mode) {
            Decision::Use(value) => return Step::Done(Ok((value, Served::Cached))),
            Decision::UseStale(value) => return Step::Done(Ok((value, Served::Stale))),
            Decision::Fail(error) => return Step::Done(Err(error)),
            Decision::Ahead(value) => Some(value),
            Decision::Fetch => None,
        };
        let fresh = entry.slot.held.as_ref().is_some_and(|held| now < held.fresh);
        match (entry.slot.flights.find(now, usable.is_none(), &mut left), usable) {
            (Found::Own(joined), None) => Step::Wait(joined),
            (Found::Own(joined), Some(_)) => Step::Look(joined),
            (Found::Other(joined, wait), None) => Step::Watch(joined, wait),
            (Found::Other(joined, _), Some(value)) => {
                left.push(joined.shared);
                Step::Done(Ok((value, if fresh { Served::Cached } else { Served::Stale })))
            }
            (Found::Nothing, usable) => {
                let keep = usable.is_some();
                let joined = self.start::<K>(&mut store, key, now, keep, &mut left);
                if keep { Step::Drive(joined) } else { Step::Wait(joined) }
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
    ) -> Joined<K::Item> {
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
                    None => outcome,
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
        outcome: Option<Result<K::Item>>,
    ) -> Option<Result<(K::Item, Served)>> {
        let error = match outcome {
            // The service has refused the secret since that request was sent.
            Some(Ok(_)) if K::table(&mut self.lock()).refused(key) > number => return None,
            Some(Ok(value)) => return Some(Ok((value, Served::Fetched))),
            Some(Err(error)) if mode == Mode::Force => return Some(Err(error)),
            Some(Err(error)) => Some(error),
            None => None,
        };
        // Looked up again, not remembered: it may have been refused meanwhile.
        let mut store = self.lock();
        let now = self.runtime.elapsed();
        let slot = K::table(&mut store).get(key).map(|entry| &entry.slot);
        let failed = error.is_some() || slot.is_some_and(|slot| slot.failure.is_some());
        let usable = slot.and_then(|slot| slot.usable(now)).filter(|held| failed || now < held.fresh);
        match usable {
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
