//! Tests the cache in every interleaving of a few callers, a revocation and a dropped caller.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use time::macros::datetime;

use super::*;
use crate::testing::FakeRuntime;

const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// The cache and the service that issues numbered tokens and may revoke all that it has issued.
#[derive(Clone)]
struct World {
    cache: CredentialCache<u32>,
    service: Arc<Service>,
}

#[derive(Default)]
struct Service {
    flying: AtomicU32,
    asked: AtomicU32,
    issued: AtomicU32,
    revoked: AtomicU32,
}

/// A point at which others may come in between.
async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Flying<'a>(&'a AtomicU32);

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Service {
    async fn issue(self: Arc<Self>) -> Result<Expiring<u32>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let others = self.flying.fetch_add(1, Ordering::SeqCst);
        let _flying = Flying(&self.flying);
        assert_eq!(others, 0, "two requests for a token at once");
        pause().await;
        let value = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Expiring { value, lifetime: Duration::from_secs(3600) })
    }
}

impl World {
    /// A call as the request loop makes it: a refusal is followed by one more try.
    async fn call(&self) {
        for _ in 0..2 {
            let service = Arc::clone(&self.service);
            let (token, generation) = self.cache.get(START, || service.issue()).await.unwrap();
            pause().await;
            if *token > self.service.revoked.load(Ordering::SeqCst) {
                return;
            }
            assert!(self.cache.invalidate(generation));
        }
        panic!("refused twice though tokens were revoked once");
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What to do at each step; beyond its end the first thing possible. Remembers how many there were.
#[derive(Default)]
struct Choices {
    taken: Vec<(usize, usize)>,
    next: usize,
}

impl Choices {
    fn choose(&mut self, among: usize) -> usize {
        if self.next == self.taken.len() {
            self.taken.push((0, among));
        }
        self.next += 1;
        let (chosen, remembered) = self.taken[self.next - 1];
        assert_eq!(remembered, among, "the same choices led elsewhere");
        chosen
    }

    /// The next run that differs; false after the last.
    fn advance(&mut self) -> bool {
        self.next = 0;
        while let Some((chosen, among)) = self.taken.pop() {
            if chosen + 1 < among {
                self.taken.push((chosen + 1, among));
                return true;
            }
        }
        false
    }
}

enum Step {
    Poll(usize),
    Drop(usize),
    /// From now on it is kept and not polled any more.
    Forget(usize),
    Revoke,
}

/// One run; returns how often a token was asked for.
fn run(choices: &mut Choices, callers: usize, mut revocations: u32, mut drops: u32, mut forgotten: u32) -> u32 {
    let world = World { cache: CredentialCache::new(Arc::new(FakeRuntime::new(START))), service: Arc::default() };
    let wakers: Vec<_> = (0..callers).map(|_| Arc::new(Flag(true.into()))).collect();
    let calls: Vec<_> =
        (0..callers).map(|_| Some(Box::pin(world.call()) as Pin<Box<dyn Future<Output = ()>>>)).collect();
    let calls = RefCell::new(calls);
    let mut kept = Vec::new();
    while calls.borrow().iter().any(Option::is_some) {
        let running = |caller: &usize| calls.borrow()[*caller].is_some();
        let awake = |caller: &usize| wakers[*caller].0.load(Ordering::SeqCst);
        let mut steps: Vec<_> = (0..callers).filter(running).filter(awake).map(Step::Poll).collect();
        assert!(!steps.is_empty(), "callers wait and nothing will wake them");
        if revocations > 0 && world.service.issued.load(Ordering::SeqCst) > 0 {
            steps.push(Step::Revoke);
        }
        if drops > 0 {
            steps.extend((0..callers).filter(running).map(Step::Drop));
        }
        if forgotten > 0 {
            steps.extend((0..callers).filter(running).map(Step::Forget));
        }
        match steps.swap_remove(choices.choose(steps.len())) {
            Step::Poll(caller) => {
                wakers[caller].0.store(false, Ordering::SeqCst);
                let waker = Waker::from(Arc::clone(&wakers[caller]));
                let mut calls = calls.borrow_mut();
                let polled = calls[caller].as_mut().map(|call| call.as_mut().poll(&mut Context::from_waker(&waker)));
                if polled == Some(Poll::Ready(())) {
                    calls[caller] = None;
                }
            }
            Step::Drop(caller) => {
                drops -= 1;
                calls.borrow_mut()[caller] = None;
            }
            Step::Forget(caller) => {
                forgotten -= 1;
                kept.push(calls.borrow_mut()[caller].take());
            }
            Step::Revoke => {
                revocations -= 1;
                world.service.revoked.store(world.service.issued.load(Ordering::SeqCst), Ordering::SeqCst);
            }
        }
    }
    world.service.asked.load(Ordering::SeqCst)
}

/// All runs; returns how many there were and the fewest and most requests for a token.
fn explore(callers: usize, revocations: u32, drops: u32, forgotten: u32) -> (u32, u32, u32) {
    let (mut choices, mut runs, mut fewest, mut most) = (Choices::default(), 0, u32::MAX, 0);
    loop {
        let asked = run(&mut choices, callers, revocations, drops, forgotten);
        (runs, fewest, most) = (runs + 1, fewest.min(asked), most.max(asked));
        if !choices.advance() {
            return (runs, fewest, most);
        }
    }
}

#[test]
fn callers_share_one_request_in_every_order() {
    let (runs, fewest, most) = explore(3, 0, 0, 0);
    assert!(runs > 100, "{runs}");
    assert_eq!((fewest, most), (1, 1));
}

#[test]
fn revocation_costs_one_request_more_in_every_order() {
    let (runs, fewest, most) = explore(3, 1, 0, 0);
    assert!(runs > 500, "{runs}");
    assert_eq!((fewest, most), (1, 2));
}

#[test]
fn dropped_caller_costs_at_most_one_request_more_and_blocks_nobody() {
    let (runs, fewest, most) = explore(2, 1, 1, 0);
    assert!(runs > 500, "{runs}");
    assert_eq!((fewest, most), (1, 3));
}

#[test]
fn forgotten_caller_blocks_nobody() {
    let (runs, fewest, most) = explore(2, 1, 0, 1);
    assert!(runs > 500, "{runs}");
    assert_eq!((fewest, most), (1, 2));
    let (runs, fewest, most) = explore(3, 0, 0, 1);
    assert!(runs > 500, "{runs}");
    assert_eq!((fewest, most), (1, 1));
}
