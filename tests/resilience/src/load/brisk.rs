//! A clock for soaks: waits between attempts take a fiftieth of their time, limits take theirs unless a call is in a hurry.

use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{BoxFuture, Runtime};
use time::OffsetDateTime;

/// The shortest time that is a limit and no wait: the SDKs' own limits are 15 and 30 s, their waits at most 7 s.
const LIMIT: Duration = Duration::from_secs(10);

tokio::task_local! {
    static HURRY: ();
}

/// Makes a call whose limits are a hundredth of what they are.
pub(crate) async fn in_a_hurry<T>(call: impl Future<Output = T>) -> T {
    HURRY.scope((), call).await
}

/// The system's clock with short waits.
#[derive(Debug, Default)]
pub(crate) struct BriskRuntime(TokioRuntime);

impl Runtime for BriskRuntime {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let hurry = HURRY.try_with(|()| ()).is_ok();
        self.0.sleep(match duration {
            limit if limit >= LIMIT && hurry => limit / 100,
            limit if limit >= LIMIT => limit,
            wait => wait / 50,
        })
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}
