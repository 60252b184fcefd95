//! A clock that jumps: time passes only when nothing else can happen.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cloud_core::{BoxFuture, Runtime};
use time::OffsetDateTime;
use time::macros::datetime;

const START: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

/// Always drawn: exactly a half, so that a wait is half of what it may be.
const HALF: u64 = 1 << 63;

/// The time of the matrix. It stands still while a request is under way, and jumps to the end of the nearest wait when
/// none is, or when the server says that it will send nothing more.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    last: u64,
    /// The ends of waits, with how long each was when it began.
    sleepers: BTreeMap<(Duration, u64), (Duration, Option<Waker>)>,
    under_way: u32,
    silent: bool,
    driver: Option<Waker>,
    waits: Vec<Duration>,
}

impl Clock {
    /// The time of day, right and the same for everyone who is not made to be wrong.
    pub(super) fn time(&self) -> OffsetDateTime {
        START + self.lock().elapsed
    }

    pub(super) fn since_start(&self) -> Duration {
        self.lock().elapsed
    }

    /// Moves on to the next full second, so that dates in headers, which know no parts of one, say it exactly.
    pub(super) fn next_second(&self) {
        let mut state = self.lock();
        state.elapsed = Duration::from_secs(state.elapsed.as_secs() + 1);
    }

    /// Time passes between calls.
    pub(super) fn pass(&self, time: Duration) {
        self.lock().elapsed += time;
    }

    /// The waits that ended while nothing was under way, since this was last asked: those between attempts.
    pub(super) fn take_waits(&self) -> Vec<Duration> {
        std::mem::take(&mut self.lock().waits)
    }

    /// The server sends nothing more to the request under way.
    pub(super) fn falls_silent(&self) {
        let mut state = self.lock();
        state.silent = true;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
    }

    /// A request is under way until what is returned is dropped.
    pub(super) fn request(&self) -> UnderWay {
        self.lock().under_way += 1;
        UnderWay(self.clone())
    }

    /// Runs a call to its end, and lets time pass where it waits for nothing else.
    pub(super) async fn drive<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(value) = call.as_mut().poll(context) {
                    return Poll::Ready(value);
                }
                if !self.jump(context) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Ends the nearest wait, unless something else may still happen.
    fn jump(&self, context: &Context<'_>) -> bool {
        let mut state = self.lock();
        state.driver = Some(context.waker().clone());
        if state.under_way > 0 && !state.silent {
            return false;
        }
        let Some(((end, _), (length, waker))) = state.sleepers.pop_first() else { return false };
        state.elapsed = state.elapsed.max(end);
        if state.under_way == 0 {
            state.waits.push(length);
        }
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that may still be answered.
#[derive(Debug)]
pub(super) struct UnderWay(Clock);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.under_way -= 1;
        state.silent = false;
    }
}

/// A wait; over once the clock has taken it off its list.
struct Sleep {
    clock: Clock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.clock.lock().sleepers.get_mut(&self.key) {
            Some((_, waker)) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&self.key);
    }
}

/// A client's view of the clock, which may be wrong about the time of day.
#[derive(Debug)]
pub(super) struct View {
    pub(super) clock: Clock,
    pub(super) wrong_by: time::Duration,
}

impl Runtime for View {
    fn now(&self) -> OffsetDateTime {
        self.clock.time() + self.wrong_by
    }

    fn elapsed(&self) -> Duration {
        self.clock.since_start()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.clock.lock();
        state.last += 1;
        let key = (state.elapsed.saturating_add(duration), state.last);
        state.sleepers.insert(key, (duration, None));
        drop(state);
        Box::pin(Sleep { clock: self.clock.clone(), key })
    }

    fn random(&self) -> u64 {
        HALF
    }
}
