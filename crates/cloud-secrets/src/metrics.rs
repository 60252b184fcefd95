//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a cache has done since it was built, and what it holds now.
///
/// ```
/// # fn show(cache: &cloud_secrets::SecretCache) {
/// let metrics = cache.metrics();
/// println!("{} of {} gets were hits", metrics.hits, metrics.hits + metrics.misses + metrics.stale);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Gets that returned a value within its TTL from the cache. A get that starts a refresh waits for it for at most a
    /// second, and is a miss if the refresh completes in time, even with an unchanged value.
    pub hits: u64,
    /// Gets that had to wait for the service, or that failed.
    pub misses: u64,
    /// Gets that returned a value past its TTL because the service could not be asked.
    pub stale: u64,
    /// Requests for a value, successful or not. Each may be several attempts of the SDK.
    pub fetches: u64,
    /// Of these, requests that were started while the cache held a value, whatever their outcome.
    pub refreshes: u64,
    /// Requests for a value or for the ID of a name that failed, including refusals.
    pub errors: u64,
    /// Requests that the service refused. Each evicts the value, unless a newer request has an outcome.
    pub refusals: u64,
    /// Changes of a value.
    pub rotations: u64,
    /// Secrets removed because the cache was full.
    pub evictions: u64,
    /// Secrets with a value that the cache holds now.
    pub entries: usize,
    /// Bytes of values, IDs and names that the cache holds now.
    pub bytes: usize,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) stale: AtomicU64,
    pub(crate) fetches: AtomicU64,
    pub(crate) refreshes: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) refusals: AtomicU64,
    pub(crate) rotations: AtomicU64,
    pub(crate) evictions: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn metrics(&self, entries: usize, bytes: usize) -> Metrics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Metrics {
            hits: read(&self.hits),
            misses: read(&self.misses),
            stale: read(&self.stale),
            fetches: read(&self.fetches),
            refreshes: read(&self.refreshes),
            errors: read(&self.errors),
            refusals: read(&self.refusals),
            rotations: read(&self.rotations),
            evictions: read(&self.evictions),
            entries,
            bytes,
        }
    }
}
