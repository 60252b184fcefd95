//! Clock, timers and random numbers behind one trait, so that tests control them.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::error::{Error, Result};

mod within;
#[doc(hidden)]
pub use within::within;

#[doc(hidden)]
pub use tokio::runtime::Id as RuntimeId;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the request loop needs from its surroundings.
pub trait Runtime: fmt::Debug + Send + Sync {
    /// Returns the time of day, for signatures and lifecycles.
    fn now(&self) -> OffsetDateTime;

    /// Returns the monotonic time since a fixed point, for deadlines and delays.
    fn elapsed(&self) -> Duration;

    /// Completes after `duration`: the delay before a retry.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Completes once `limit` has passed: the time limit of a call or an attempt.
    ///
    /// The request loop arms at most one at a time, and only while something else is pending.
    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()>;

    /// Returns a random number, for jitter.
    fn random(&self) -> u64;

    /// Checks whether [`sleep`](Self::sleep) and [`deadline`](Self::deadline) work here; called before each call.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) says what is missing.
    fn ready(&self) -> Result<()> {
        Ok(())
    }
}

impl<T: Runtime + ?Sized> Runtime for Arc<T> {
    fn now(&self) -> OffsetDateTime {
        T::now(self)
    }

    fn elapsed(&self) -> Duration {
        T::elapsed(self)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        T::sleep(self, duration)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        T::deadline(self, limit)
    }

    fn random(&self) -> u64 {
        T::random(self)
    }

    fn ready(&self) -> Result<()> {
        T::ready(self)
    }
}

/// The system clock and tokio's timer.
#[derive(Debug)]
pub struct TokioRuntime {
    start: Instant,
}

/// Waits for a future until this limit. Returns `None` once it has passed.
#[cfg(feature = "hyper-no-provider")]
pub(crate) async fn limited<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

thread_local! {
    /// The runtime whose timer was last found to work on this thread; without a lock that callers would share.
    static CHECKED: Cell<Option<RuntimeId>> = const { Cell::new(None) };
}

/// Returns which tokio runtime this is called in, if any. What a runtime has to drive, such as a connection, stalls while
/// that runtime is idle.
#[doc(hidden)]
#[must_use]
pub fn current() -> Option<RuntimeId> {
    tokio::runtime::Handle::try_current().ok().map(|runtime| runtime.id())
}

impl Default for TokioRuntime {
    #[allow(clippy::disallowed_methods, reason = "the runtime is the one place for clock and delays")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Runtime for TokioRuntime {
    #[allow(clippy::disallowed_methods, reason = "the runtime is the one place for clock and delays")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "the runtime is the one place for clock and delays")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    #[allow(clippy::disallowed_methods, reason = "the runtime is the one place for clock and delays")]
    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(limit))
    }

    fn random(&self) -> u64 {
        // Each RandomState has keys of its own, so hashing nothing is enough; jitter needs no better source.
        use std::hash::{BuildHasher, Hasher};
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }

    fn ready(&self) -> Result<()> {
        let missing = |_| Error::config("calls need a tokio runtime: await them within one");
        let runtime = tokio::runtime::Handle::try_current().map_err(missing)?.id();
        if CHECKED.get() != Some(runtime) {
            // Tokio has no other way to ask: a timer of a runtime without them panics when it is created.
            std::panic::catch_unwind(|| drop(self.sleep(Duration::ZERO))).map_err(|_| {
                Error::config("calls need timers: build the tokio runtime with `enable_time()` or `enable_all()`")
            })?;
            CHECKED.set(Some(runtime));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_reports_what_is_missing() {
        let runtime = TokioRuntime::default();
        let ready = |within: Option<tokio::runtime::Runtime>| {
            let _guard = within.as_ref().map(tokio::runtime::Runtime::enter);
            runtime.ready().map_err(|error| error.to_string())
        };
        let current = tokio::runtime::Builder::new_current_thread;
        assert!(ready(None).unwrap_err().contains("need a tokio runtime"));
        assert!(ready(current().build().ok()).unwrap_err().contains("enable_time()"));
        assert!(ready(current().enable_time().build().ok()).is_ok());
        assert!(ready(current().build().ok()).unwrap_err().contains("enable_time()"), "each runtime is checked");
    }
}
