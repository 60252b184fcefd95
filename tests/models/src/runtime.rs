//! Runtimes of the model: each thread says which one it belongs to, and a timer may fire whenever the checker chooses.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

pub use cloud_core::runtime::{BoxFuture, Runtime};
use shuttle::rand::Rng as _;
use shuttle::sync::{Arc, Mutex};
use time::OffsetDateTime;
use time::macros::datetime;

#[path = "../../../crates/cloud-core/src/runtime/within.rs"]
mod within;
pub use within::within;

pub(crate) type RuntimeId = u32;

shuttle::thread_local! {
    static RUNTIME: Cell<Option<RuntimeId>> = Cell::new(None);
}

/// Makes the current thread part of this runtime.
pub fn enter(runtime: u32) {
    RUNTIME.with(|current| current.set(Some(runtime)));
}

/// The runtime of the current thread.
pub fn current() -> Option<RuntimeId> {
    RUNTIME.with(Cell::get)
}

/// A clock that moves when a timer fires, and when it is told.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Duration>>);

impl Clock {
    /// Moves the clock to this time, unless it is past it.
    pub fn reach(&self, time: Duration) {
        if let Ok(mut now) = self.0.lock() {
            *now = time.max(*now);
        }
    }
}

impl Runtime for Clock {
    fn now(&self) -> OffsetDateTime {
        datetime!(2026-01-01 0:00 UTC) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().map(|now| *now).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.deadline(duration)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let (clock, end) = (self.clone(), self.elapsed() + limit);
        // At least once it is looked at without having fired.
        let mut looks = shuttle::rand::thread_rng().gen_range(1..8);
        Box::pin(poll_fn(move |context| {
            if looks == 0 {
                clock.reach(end);
                return Poll::Ready(());
            }
            looks -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    fn random(&self) -> u64 {
        0
    }
}
