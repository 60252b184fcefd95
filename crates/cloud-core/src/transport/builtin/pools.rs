//! A pool of connections for each tokio runtime: a connection is driven by tasks of the runtime that opened it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;

use crate::error::Result;

type Make<P> = dyn Fn() -> Result<P> + Send + Sync;

/// All pools of a transport, each a `P`.
///
/// The first pool belongs to the runtime of the first request and is found without a lock. A runtime's other pool is
/// dropped with that runtime.
pub(in crate::transport) struct Pools<P> {
    first: P,
    owner: OnceLock<Id>,
    /// Makes another pool with the same settings; `None` if the client was given.
    make: Option<Box<Make<P>>>,
    others: RwLock<HashMap<Id, Other<P>>>,
}

struct Other<P> {
    pool: P,
    /// Ends the task that waits for the end of the runtime.
    _watched: oneshot::Sender<()>,
}

impl<P: Clone + Send + Sync + 'static> Pools<P> {
    /// Only one pool, of a client that cannot be made again.
    #[cfg(feature = "reqwest-0_13")]
    pub(super) fn of_one(pool: P) -> Arc<Self> {
        Self::new(pool, None)
    }

    pub(super) fn making(make: impl Fn() -> Result<P> + Send + Sync + 'static) -> Result<Arc<Self>> {
        Ok(Self::new(make()?, Some(Box::new(make))))
    }

    fn new(first: P, make: Option<Box<Make<P>>>) -> Arc<Self> {
        Arc::new(Self { first, owner: OnceLock::new(), make, others: RwLock::default() })
    }

    /// Returns the pool of the current runtime.
    pub(super) fn current(self: &Arc<Self>) -> Result<Cow<'_, P>> {
        let (Some(make), Ok(runtime)) = (&self.make, Handle::try_current()) else {
            return Ok(Cow::Borrowed(&self.first));
        };
        let id = runtime.id();
        if *self.owner.get_or_init(|| id) == id {
            return Ok(Cow::Borrowed(&self.first));
        }
        let known = self.others.read().unwrap_or_else(PoisonError::into_inner).get(&id).map(|other| other.pool.clone());
        if let Some(pool) = known {
            return Ok(Cow::Owned(pool));
        }
        let pool = make()?;
        let (watched, ended) = oneshot::channel();
        match self.others.write().unwrap_or_else(PoisonError::into_inner).entry(id) {
            Entry::Occupied(other) => return Ok(Cow::Owned(other.get().pool.clone())),
            Entry::Vacant(vacant) => vacant.insert(Other { pool: pool.clone(), _watched: watched }),
        };
        // Spawned without the lock: a runtime that shuts down drops the task, and with it the pool, at once.
        let watch = Watch { pools: Arc::downgrade(self), runtime: id };
        runtime.spawn(async move {
            let _watch = watch;
            let _ = ended.await;
        });
        Ok(Cow::Owned(pool))
    }
}

/// Belongs to a task of the runtime, so it is dropped with the runtime.
struct Watch<P> {
    pools: Weak<Pools<P>>,
    runtime: Id,
}

impl<P> Drop for Watch<P> {
    fn drop(&mut self) {
        let Some(pools) = self.pools.upgrade() else { return };
        let left = pools.others.write().unwrap_or_else(PoisonError::into_inner).remove(&self.runtime);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn others(pools: &Pools<Arc<()>>) -> usize {
        pools.others.read().unwrap().len()
    }

    #[test]
    fn pool_is_dropped_with_its_runtime() {
        let pools = Pools::making(|| Ok(Arc::new(()))).unwrap();
        let (first, second) = (runtime(), runtime());
        for round in 0..3 {
            first.block_on(async { pools.current().map(drop).unwrap() });
            assert_eq!(others(&pools), round.min(1));
            second.block_on(async { pools.current().map(drop).unwrap() });
            assert_eq!(others(&pools), 1);
        }
        for _ in 0..100 {
            runtime().block_on(async { pools.current().map(drop).unwrap() });
            assert_eq!(others(&pools), 1, "a pool outlived its runtime");
        }
        drop(second);
        assert_eq!(others(&pools), 0);
        let third = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        third.block_on(async {
            let tasks: Vec<_> = (0..20)
                .map(|_| {
                    let pools = Arc::clone(&pools);
                    tokio::spawn(async move { pools.current().map(drop).unwrap() })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(others(&pools), 1);
        drop(third);
        assert_eq!(others(&pools), 0);
    }

    #[test]
    fn runtime_keeps_no_task_of_a_dropped_transport() {
        let pools = Pools::making(|| Ok(Arc::new(()))).unwrap();
        runtime().block_on(async { pools.current().map(drop).unwrap() });
        runtime().block_on(async move {
            pools.current().map(drop).unwrap();
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
            drop(pools);
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
    }
}
