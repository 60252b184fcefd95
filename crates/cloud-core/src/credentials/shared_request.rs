//! One request that several callers wait for. Each of them can poll it, so none depends on another.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use crate::error::{Error, Result};
use crate::runtime::BoxFuture;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request in flight. It is dropped with its last waiter.
pub struct SharedRequest<T> {
    stage: Mutex<Stage<T>>,
    wakers: Arc<Wakers>,
    waiters: AtomicU64,
    /// The error of a request that waits for itself.
    asks_itself: fn() -> Error,
}

enum Stage<T> {
    Waiting(BoxFuture<'static, Result<T>>),
    /// A waiter on this thread is polling it.
    Polled(ThreadId),
    /// The outcome; `None` if it panicked.
    Complete(Option<Result<T>>),
}

impl<T: Clone> SharedRequest<T> {
    pub fn new(asks_itself: fn() -> Error, request: BoxFuture<'static, Result<T>>) -> Arc<Self> {
        let (wakers, waiters) = (Arc::default(), AtomicU64::new(0));
        Arc::new(Self { stage: Mutex::new(Stage::Waiting(request)), wakers, waiters, asks_itself })
    }

    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(*lock(&self.stage), Stage::Complete(_))
    }

    /// Waits for the outcome, and drives the request. Only one waiter gets an error with its source.
    pub fn join(self: Arc<Self>) -> Waiter<T> {
        self.wait(true)
    }

    /// Waits for the outcome that others bring about.
    pub fn watch(self: Arc<Self>) -> Waiter<T> {
        self.wait(false)
    }

    fn wait(self: Arc<Self>, drives: bool) -> Waiter<T> {
        let number = self.waiters.fetch_add(1, Ordering::Relaxed);
        Waiter { shared: self, number, drives }
    }

    /// Ends a poll. Wakes the waiters if the request is complete or was woken meanwhile; without this condition they would
    /// wake each other round and round.
    fn leave(&self, next: Stage<T>) {
        let complete = matches!(next, Stage::Complete(_));
        let was_woken = {
            let mut stage = lock(&self.stage);
            *stage = next;
            // Under the lock: who is woken from here on finds the next stage, and not a poll that is over.
            self.wakers.end_poll()
        };
        if complete || was_woken {
            self.wakers.wake_all();
        }
    }
}

/// Waits for the outcome of a shared request; `None` if it panicked.
pub struct Waiter<T> {
    shared: Arc<SharedRequest<T>>,
    number: u64,
    /// Whether it polls the request.
    drives: bool,
}

impl<T: Clone> Future for Waiter<T> {
    type Output = Option<Result<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &*self.shared;
        // A waker may run code of an executor when it is cloned or dropped, so neither is done under the lock.
        let waker = context.waker().clone();
        let replaced = lock(&shared.wakers.waiting).insert(self.number, waker);
        drop(replaced);
        let mut request = {
            let mut stage = lock(&shared.stage);
            let by = thread::current().id();
            match std::mem::replace(&mut *stage, Stage::Polled(by)) {
                Stage::Waiting(request) if self.drives => {
                    shared.wakers.begin_poll();
                    request
                }
                waiting @ Stage::Waiting(_) => {
                    *stage = waiting;
                    return Poll::Pending;
                }
                Stage::Polled(other) => {
                    *stage = Stage::Polled(other);
                    // Nobody is woken during a poll, so only the request itself comes here on the thread that polls it.
                    return if other == by { Poll::Ready(Some(Err((shared.asks_itself)()))) } else { Poll::Pending };
                }
                Stage::Complete(outcome) => {
                    let copy = outcome.as_ref().map(copy);
                    *stage = Stage::Complete(outcome);
                    return Poll::Ready(copy);
                }
            }
        };
        let waker = Waker::from(Arc::clone(&shared.wakers));
        let poll = AssertUnwindSafe(|| request.as_mut().poll(&mut Context::from_waker(&waker)));
        // The request may belong to a runtime that was shut down, whose timers panic.
        match std::panic::catch_unwind(poll) {
            Ok(Poll::Pending) => {
                shared.leave(Stage::Waiting(request));
                Poll::Pending
            }
            Ok(Poll::Ready(outcome)) => {
                shared.leave(Stage::Complete(Some(copy(&outcome))));
                Poll::Ready(Some(outcome))
            }
            Err(_) => {
                shared.leave(Stage::Complete(None));
                Poll::Ready(None)
            }
        }
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        let waker = lock(&self.shared.wakers.waiting).remove(&self.number);
        drop(waker);
    }
}

/// The wakers of all waiters. Separate from the request, which keeps a reference to it.
#[derive(Default)]
struct Wakers {
    /// By number, which grows: they are woken in the order in which they began to wait.
    waiting: Mutex<HashMap<u64, Waker>>,
    /// Whether the request is being polled. It wakes nobody then, since an executor may poll at once who is woken.
    polled: AtomicBool,
    /// Whether the request was woken since its last poll began.
    woken: AtomicBool,
}

impl Wakers {
    fn begin_poll(&self) {
        self.woken.store(false, Ordering::SeqCst);
        self.polled.store(true, Ordering::SeqCst);
    }

    /// Returns whether the request was woken during the poll. From here on, waking it wakes the waiters.
    fn end_poll(&self) -> bool {
        self.polled.store(false, Ordering::SeqCst);
        self.woken.load(Ordering::SeqCst)
    }

    fn wake_all(&self) {
        let mut wakers: Vec<_> = std::mem::take(&mut *lock(&self.waiting)).into_iter().collect();
        wakers.sort_unstable_by_key(|(number, _)| *number);
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.polled.load(Ordering::SeqCst) {
            self.wake_all();
        }
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

impl<T> fmt::Debug for Waiter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SharedRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRequest").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn asks_itself() -> Error {
        Error::new(ErrorKind::Credentials, "the request waits for itself")
    }

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    type WaiterSlot = Arc<Mutex<Option<Pin<Box<Waiter<u32>>>>>>;

    /// Polls the waiter in the slot.
    fn poll(slot: &WaiterSlot, flag: &Arc<Flag>) -> Poll<Option<Result<u32>>> {
        let waker = Waker::from(Arc::clone(flag));
        let mut slot = lock(slot);
        slot.as_mut().map_or(Poll::Pending, |waiter| waiter.as_mut().poll(&mut Context::from_waker(&waker)))
    }

    /// Polls the waiter in the slot on a thread of its own.
    fn poll_elsewhere(slot: &WaiterSlot, flag: &Arc<Flag>) -> Poll<Option<Result<u32>>> {
        thread::scope(|scope| scope.spawn(|| poll(slot, flag)).join().unwrap())
    }

    #[test]
    fn request_that_waits_for_itself_fails() {
        let slot = WaiterSlot::default();
        let own = Arc::clone(&slot);
        let request = std::future::poll_fn(move |_| {
            let waiter: Option<Pin<Box<Waiter<u32>>>> = lock(&own).take();
            let outcome = waiter.unwrap().as_mut().poll(&mut Context::from_waker(Waker::noop()));
            outcome.map(|outcome| outcome.unwrap())
        });
        let shared = SharedRequest::new(asks_itself, Box::pin(request));
        *lock(&slot) = Some(Box::pin(Arc::clone(&shared).join()));
        let mut outer = Box::pin(Arc::clone(&shared).join());
        let Poll::Ready(Some(Err(error))) = outer.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("no error");
        };
        assert!(error.to_string().contains("the request waits for itself"), "{error}");
    }

    #[test]
    fn waiter_that_meets_a_busy_request_is_woken_again() {
        let (first, second) = (WaiterSlot::default(), WaiterSlot::default());
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
            assert!(poll_elsewhere(&other, &flag).is_pending());
            Poll::Pending
        });
        let shared = SharedRequest::new(asks_itself, Box::pin(request));
        *lock(&first) = Some(Box::pin(Arc::clone(&shared).join()));
        *lock(&second) = Some(Box::pin(Arc::clone(&shared).join()));
        assert!(poll(&first, &early).is_pending());
        assert!(late.0.load(Ordering::SeqCst), "the second waiter was not woken");
        assert!(matches!(poll(&second, &late), Poll::Ready(Some(Ok(7)))));
        assert!(shared.is_complete() && matches!(poll(&first, &early), Poll::Ready(Some(Ok(7)))));
    }

    /// A task that holds a waiter.
    struct Holder(#[allow(dead_code, reason = "is dropped")] Mutex<Option<Pin<Box<Waiter<u32>>>>>);

    impl Wake for Holder {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn waker_that_is_dropped_may_drop_another_waiter() {
        let shared = SharedRequest::<u32>::new(asks_itself, Box::pin(std::future::pending()));
        let task = Arc::new(Holder(Mutex::new(Some(Box::pin(Arc::clone(&shared).join())))));
        let mut waiter = Box::pin(Arc::clone(&shared).join());
        // From here on only the waker that the waiter keeps holds the task.
        assert!(waiter.as_mut().poll(&mut Context::from_waker(&Waker::from(task))).is_pending());
        drop(waiter);
        assert!(lock(&shared.wakers.waiting).is_empty());
    }

    /// A task that an executor polls at once when it is woken.
    struct Inline {
        waiter: Mutex<Option<Pin<Box<Waiter<u32>>>>>,
        outcome: Mutex<Option<Result<u32>>>,
    }

    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let waker = Waker::from(Arc::clone(&self));
            let Some(mut waiter) = lock(&self.waiter).take() else { return };
            match waiter.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => *lock(&self.outcome) = outcome,
                Poll::Pending => *lock(&self.waiter) = Some(waiter),
            }
        }
    }

    #[test]
    fn executor_that_polls_at_once_is_not_taken_for_the_request() {
        let mut rounds = 0;
        let request = std::future::poll_fn(move |context| {
            rounds += 1;
            if rounds == 3 {
                return Poll::Ready(Ok(7));
            }
            if rounds == 2 {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        });
        let shared = SharedRequest::new(asks_itself, Box::pin(request));
        let waiter = Mutex::new(Some(Box::pin(Arc::clone(&shared).join())));
        let task = Arc::new(Inline { waiter, outcome: Mutex::default() });
        Arc::clone(&task).wake();
        let mut other = Box::pin(Arc::clone(&shared).join());
        assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(lock(&task.outcome).take().map(|outcome| outcome.unwrap()), Some(7));
    }

    #[test]
    fn waiters_do_not_wake_each_other() {
        let (first, second) = (WaiterSlot::default(), WaiterSlot::default());
        let (early, late) = (Arc::new(Flag::default()), Arc::new(Flag::default()));
        let (other, flag) = (Arc::clone(&second), Arc::clone(&late));
        let request = std::future::poll_fn(move |_| {
            assert!(poll_elsewhere(&other, &flag).is_pending());
            Poll::<Result<u32>>::Pending
        });
        let shared = SharedRequest::new(asks_itself, Box::pin(request));
        *lock(&first) = Some(Box::pin(Arc::clone(&shared).join()));
        *lock(&second) = Some(Box::pin(Arc::clone(&shared).join()));
        assert!(poll(&first, &early).is_pending());
        assert!(!early.0.load(Ordering::SeqCst) && !late.0.load(Ordering::SeqCst), "nothing happened to the request");
    }

    #[test]
    fn waiters_on_two_threads_are_polled_about_once_a_wake() {
        const WAITERS: u64 = 1000;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (polls, request_polls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (answer, mut answered) = tokio::sync::oneshot::channel::<u32>();
        let counted = Arc::clone(&request_polls);
        let request = std::future::poll_fn(move |context| {
            counted.fetch_add(1, Ordering::SeqCst);
            Pin::new(&mut answered).poll(context).map(|value| Ok(value.unwrap()))
        });
        let shared = SharedRequest::new(asks_itself, Box::pin(request));
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..WAITERS {
                let (polls, mut waiter) = (Arc::clone(&polls), Box::pin(Arc::clone(&shared).join()));
                tasks.spawn(std::future::poll_fn(move |context| {
                    polls.fetch_add(1, Ordering::SeqCst);
                    waiter.as_mut().poll(context)
                }));
            }
            while polls.load(Ordering::SeqCst) < WAITERS {
                tokio::task::yield_now().await;
            }
            answer.send(7).unwrap();
            while let Some(outcome) = tasks.join_next().await {
                assert_eq!(outcome.unwrap().unwrap().unwrap(), 7);
            }
        });
        let (polls, request_polls) = (polls.load(Ordering::SeqCst), request_polls.load(Ordering::SeqCst));
        // Each waiter is polled when it starts, when the answer arrives, and again if another was polling at that time.
        assert!(polls <= 3 * WAITERS + 10, "{polls} polls of waiters");
        assert!(request_polls <= 2 * WAITERS, "{request_polls} polls of the request");
    }
}
