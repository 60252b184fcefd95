//! A runtime for soaks: delays take a fiftieth of their time; limits take their full time unless shortened.

use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{BoxFuture, Runtime};
use time::OffsetDateTime;

tokio::task_local! {
    static SHORT_LIMITS: ();
}

/// Makes a call with a hundredth of its time limits.
pub(crate) async fn with_short_limits<T>(call: impl Future<Output = T>) -> T {
    SHORT_LIMITS.scope((), call).await
}

/// The system's clock with short delays.
#[derive(Debug, Default)]
pub(crate) struct FastRuntime(TokioRuntime);

impl Runtime for FastRuntime {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration / 50)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let short = SHORT_LIMITS.try_with(|()| ()).is_ok();
        self.0.deadline(if short { limit / 100 } else { limit })
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}
