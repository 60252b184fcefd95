//! One request that several callers wait for: whoever of them is polled moves it on, so that none depends on another.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::error::Result;
use crate::runtime::BoxFuture;

/// A request under way. It ends with its last waiter.
pub(super) struct SharedRequest<T> {
    stage: Mutex<Stage<T>>,
    wakers: Arc<Wakers>,
    waiters: AtomicU64,
}

enum Stage<T> {
    Waiting(BoxFuture<'static, Result<T>>),
    /// Somebody polls it at this moment; `again` if somebody else would have.
    Polled {
        again: bool,
    },
    /// How it ended; nothing if it panicked.
    Over(Option<Result<T>>),
}

impl<T: Clone> SharedRequest<T> {
    pub(super) fn new(request: BoxFuture<'static, Result<T>>) -> Arc<Self> {
        let (wakers, waiters) = (Arc::default(), AtomicU64::new(0));
        Arc::new(Self { stage: Mutex::new(Stage::Waiting(request)), wakers, waiters })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(*lock(&self.stage), Stage::Over(_))
    }

    /// Waits for the outcome. Only one waiter gets an error with its source.
    pub(super) fn join(self: Arc<Self>) -> Waiter<T> {
        let number = self.waiters.fetch_add(1, Ordering::Relaxed);
        Waiter { shared: self, number }
    }

    /// Ends this stage and lets everybody look again.
    fn enter(&self, stage: Stage<T>) {
        *lock(&self.stage) = stage;
        self.wakers.wake_all();
    }
}

/// The outcome of a shared; nothing if it was broken off by a panic.
pub(super) struct Waiter<T> {
    shared: Arc<SharedRequest<T>>,
    number: u64,
}

impl<T: Clone> Future for Waiter<T> {
    type Output = Option<Result<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &*self.shared;
        lock(&shared.wakers.0).insert(self.number, context.waker().clone());
        let mut request = {
            let mut stage = lock(&shared.stage);
            match std::mem::replace(&mut *stage, Stage::Polled { again: true }) {
                Stage::Waiting(request) => {
                    *stage = Stage::Polled { again: false };
                    request
                }
                Stage::Polled { .. } => return Poll::Pending,
                Stage::Over(outcome) => {
                    let copy = outcome.as_ref().map(copy);
                    *stage = Stage::Over(outcome);
                    return Poll::Ready(copy);
                }
            }
        };
        let waker = Waker::from(Arc::clone(&shared.wakers));
        let poll = AssertUnwindSafe(|| request.as_mut().poll(&mut Context::from_waker(&waker)));
        // It may have been begun on a runtime that is gone, whose timers panic; that is no fault of this caller.
        let Ok(outcome) = std::panic::catch_unwind(poll) else {
            shared.enter(Stage::Over(None));
            return Poll::Ready(None);
        };
        match outcome {
            Poll::Ready(outcome) => {
                shared.enter(Stage::Over(Some(copy(&outcome))));
                Poll::Ready(Some(outcome))
            }
            Poll::Pending => {
                let stage = std::mem::replace(&mut *lock(&shared.stage), Stage::Waiting(request));
                // It may have been woken, and found busy by whoever was woken for it.
                if let Stage::Polled { again: true } = stage {
                    shared.wakers.wake_all();
                }
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        lock(&self.shared.wakers.0).remove(&self.number);
    }
}

/// Those who wait. Apart from the shared, because the request holds on to it.
#[derive(Default)]
struct Wakers(Mutex<HashMap<u64, Waker>>);

impl Wakers {
    fn wake_all(&self) {
        let wakers: Vec<_> = lock(&self.0).drain().map(|(_, waker)| waker).collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}

fn copy<T: Clone>(outcome: &Result<T>) -> Result<T> {
    match outcome {
        Ok(value) => Ok(value.clone()),
        Err(error) => Err(error.duplicate()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> fmt::Debug for SharedRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRequest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    type Seat = Arc<Mutex<Option<Pin<Box<Waiter<u32>>>>>>;

    /// Polls whoever sits there.
    fn poll(seat: &Seat, flag: &Arc<Flag>) -> Poll<Option<Result<u32>>> {
        let waker = Waker::from(Arc::clone(flag));
        let mut seat = lock(seat);
        seat.as_mut().map_or(Poll::Pending, |waiter| waiter.as_mut().poll(&mut Context::from_waker(&waker)))
    }

    #[test]
    fn who_finds_it_busy_is_woken_when_it_is_free_again() {
        let (first, second) = (Seat::default(), Seat::default());
        let (early, late) = (Arc::new(Flag::default()), Arc::new(Flag::default()));
        let (other, flag) = (Arc::clone(&second), Arc::clone(&late));
        let mut rounds = 0;
        let request = std::future::poll_fn(move |context| {
            rounds += 1;
            if rounds == 2 {
                return Poll::Ready(Ok(7));
            }
            // It is woken while it is polled, and somebody else comes to look before this poll is over.
            context.waker().wake_by_ref();
            assert!(poll(&other, &flag).is_pending());
            Poll::Pending
        });
        let shared = SharedRequest::new(Box::pin(request));
        *lock(&first) = Some(Box::pin(Arc::clone(&shared).join()));
        *lock(&second) = Some(Box::pin(Arc::clone(&shared).join()));
        assert!(poll(&first, &early).is_pending());
        assert!(late.0.load(Ordering::SeqCst), "nobody tells the one who found it busy");
        assert!(matches!(poll(&second, &late), Poll::Ready(Some(Ok(7)))));
        assert!(shared.is_over() && matches!(poll(&first, &early), Poll::Ready(Some(Ok(7)))));
    }
}
