//! A simulated clock: time passes only when nothing else can happen.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cloud_core::{BoxFuture, Runtime};
use time::OffsetDateTime;
use time::macros::datetime;

use super::Manner;

const START: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

/// The only random number, a half, so that each delay is half of its maximum.
const HALF: u64 = 1 << 63;

/// The time of the matrix. It stops while a request is in flight, and advances to the end of the nearest wait if
/// none is, or if the server announces that it will send nothing more.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    last: u64,
    /// By the ends of the waits.
    sleepers: BTreeMap<(Duration, u64), Sleeper>,
    in_flight: u32,
    silent: bool,
    driver: Option<Waker>,
    waits: Vec<Duration>,
}

#[derive(Debug)]
struct Sleeper {
    /// How long the wait was when it began.
    length: Duration,
    waker: Option<Waker>,
    /// Whether the call waited for this alone when it looked last.
    alone: bool,
}

impl Clock {
    /// Returns the correct time of day.
    pub(super) fn time(&self) -> OffsetDateTime {
        START + self.lock().elapsed
    }

    pub(super) fn since_start(&self) -> Duration {
        self.lock().elapsed
    }

    /// Advances to the next full second, so that dates in headers are exact.
    pub(super) fn next_second(&self) {
        let mut state = self.lock();
        state.elapsed = Duration::from_secs(state.elapsed.as_secs() + 1);
    }

    /// Advances the time between calls.
    pub(super) fn pass(&self, time: Duration) {
        self.lock().elapsed += time;
    }

    /// Takes the waits that ended while nothing was in flight: the delays between attempts.
    pub(super) fn take_waits(&self) -> Vec<Duration> {
        std::mem::take(&mut self.lock().waits)
    }

    /// Announces that the server sends nothing more to the request in flight.
    pub(super) fn server_goes_silent(&self) {
        let mut state = self.lock();
        state.silent = true;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
    }

    /// Marks a request as in flight until the returned value is dropped.
    pub(super) fn request(&self) -> InFlight {
        self.lock().in_flight += 1;
        InFlight(self.clone())
    }

    /// Runs a call to its end, and advances the time whenever it only waits. A call that blocks a thread runs beside this.
    pub(super) async fn drive<T>(&self, call: impl Future<Output = T>, manner: Manner) -> T {
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(value) = call.as_mut().poll(context) {
                    return Poll::Ready(value);
                }
                if !self.jump(context, manner) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Ends the nearest wait, unless a request is in flight. In another thread, a wait of an earlier request may be about to
    /// be dropped, so that only one counts with which the call waits for nothing else.
    fn jump(&self, context: &Context<'_>, manner: Manner) -> bool {
        let mut state = self.lock();
        state.driver = Some(context.waker().clone());
        if state.in_flight > 0 && !state.silent {
            return false;
        }
        let silent = state.in_flight > 0;
        let ends = |sleeper: &Sleeper| manner == Manner::Awaited || silent || sleeper.alone;
        let Some(key) = state.sleepers.iter().find(|(_, sleeper)| ends(sleeper)).map(|(key, _)| *key) else {
            return false;
        };
        let Some(Sleeper { length, waker, .. }) = state.sleepers.remove(&key) else { return false };
        state.elapsed = state.elapsed.max(key.0);
        if state.in_flight == 0 {
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

/// A request in flight.
#[derive(Debug)]
pub(super) struct InFlight(Clock);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_flight -= 1;
        state.silent = false;
    }
}

/// A wait; it ends once the clock has removed it from its list.
struct Sleep {
    clock: Clock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        let (alone, silent) = (state.in_flight == 0, state.silent);
        let Some(sleeper) = state.sleepers.get_mut(&self.key) else { return Poll::Ready(()) };
        (sleeper.waker, sleeper.alone) = (Some(context.waker().clone()), alone);
        if (alone || silent)
            && let Some(driver) = state.driver.take()
        {
            driver.wake();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&self.key);
    }
}

/// A client's clock, whose time of day may be wrong.
#[derive(Debug)]
pub(super) struct ClientClock {
    pub(super) clock: Clock,
    pub(super) wrong_by: time::Duration,
}

impl Runtime for ClientClock {
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
        state.sleepers.insert(key, Sleeper { length: duration, waker: None, alone: false });
        drop(state);
        Box::pin(Sleep { clock: self.clock.clone(), key })
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.sleep(limit)
    }

    fn random(&self) -> u64 {
        HALF
    }
}
