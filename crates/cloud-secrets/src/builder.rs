//! Builds a cache.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{Runtime, SecretSource};

use crate::cache::SecretCache;
use crate::inner::Inner;

/// The TTL unless set.
pub(crate) const TTL: Duration = Duration::from_secs(300);
/// How long a refusal is kept unless set.
const NEGATIVE: Duration = Duration::from_secs(10);
/// The most secrets unless set.
const ENTRIES: usize = 1_000;
/// The most bytes unless set: all secrets of the default number with a value of 16 KiB.
const BYTES: usize = 16 * 1024 * 1024;

/// What a user sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) ttl: Duration,
    pub(crate) stale: Duration,
    pub(crate) negative: Duration,
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// Builds a [`SecretCache`]. All settings have defaults.
///
/// ```
/// use std::time::Duration;
///
/// use cloud_secrets::{SecretCache, SecretSource};
///
/// fn cache(source: impl SecretSource + 'static) -> SecretCache {
///     SecretCache::builder(source)
///         .ttl(Duration::from_secs(300))
///         .stale_on_outage(Duration::from_secs(86_400))
///         .build()
/// }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct SecretCacheBuilder {
    source: Arc<dyn SecretSource>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
}

impl SecretCacheBuilder {
    pub(crate) fn new(source: Arc<dyn SecretSource>) -> Self {
        let settings = Settings { ttl: TTL, stale: Duration::ZERO, negative: NEGATIVE, entries: ENTRIES, bytes: BYTES };
        Self { source, runtime: None, settings }
    }

    /// Sets how long a value is used without asking the service. The default is 5 minutes.
    ///
    /// After a random time between half of it and all of it, a caller fetches the value again, so that programs that
    /// were started together do not all ask at once. With zero, each `get` asks the service.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.ttl = ttl;
        self
    }

    /// Sets how long after its TTL a value is still used while the service cannot be asked. The default is zero: an
    /// outage is an error once the TTL has passed.
    ///
    /// A caller waits at most a second for a service that does not respond, and then uses the value. The request goes on,
    /// and a later caller gets its outcome.
    ///
    /// A value that the service has refused is never used, whatever is set here.
    pub fn stale_on_outage(mut self, limit: Duration) -> Self {
        self.settings.stale = limit;
        self
    }

    /// Sets how long a refusal is kept before the service is asked again. The default is 10 seconds.
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.settings.negative = ttl;
        self
    }

    /// Sets the maximum number of secrets, and of names. The default is 1,000. If there are more, the cache evicts the least
    /// recently used.
    ///
    /// As many secrets and names again are remembered that were refused or failed. They evict no values.
    pub fn capacity(mut self, entries: usize) -> Self {
        self.settings.entries = entries;
        self
    }

    /// Sets the most bytes of values and IDs that the cache holds. The default is 16 MiB. The previous value
    /// counts too.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.settings.bytes = bytes;
        self
    }

    /// Sets clock, timers and random numbers, for tests. The default is the system's clock and tokio's timers.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Builds the cache. Nothing is fetched, and no task is started.
    #[must_use]
    pub fn build(self) -> SecretCache {
        let runtime = self.runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        SecretCache::new(Arc::new(Inner::new(self.source, runtime, self.settings)))
    }
}

impl fmt::Debug for SecretCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretCacheBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
