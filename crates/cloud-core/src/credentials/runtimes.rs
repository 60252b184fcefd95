//! Tests of a cache that several runtimes share, of which one is idle or was shut down.
#![allow(clippy::disallowed_methods, reason = "the tests of concurrency need tasks that wait")]

use std::sync::atomic::{AtomicU64, Ordering};

use time::macros::datetime;
use tokio::sync::oneshot;

use super::*;
use crate::testing::FakeRuntime;

const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
const LIFETIME: Duration = Duration::from_secs(3600);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// A cache whose requests are counted.
struct World {
    cache: CredentialCache<u64>,
    clock: Arc<FakeRuntime>,
    asked: Arc<AtomicU64>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FakeRuntime::new(START));
        let cache = CredentialCache::new(Arc::clone(&clock) as Arc<dyn Runtime>);
        Self { cache, clock, asked: Arc::default() }
    }

    /// Asks for credentials; a request for them takes until `answer` is sent or dropped.
    fn get(&self, answer: oneshot::Receiver<()>) -> impl Future<Output = Result<u64>> + Send + use<> {
        let (cache, asked, now) = (self.cache.clone(), Arc::clone(&self.asked), self.clock.now());
        let issue = move || async move {
            let value = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let _ = answer.await;
            Ok(Expiring { value, lifetime: LIFETIME })
        };
        async move { cache.get(now, issue).await.map(|(value, _)| *value) }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A request that is answered at once.
fn at_once() -> oneshot::Receiver<()> {
    oneshot::channel().1
}

/// Starts a call on a runtime, which is idle from then on. It is held by a task of that runtime.
fn start(runtime: &tokio::runtime::Runtime, call: impl Future<Output = Result<u64>> + Send + 'static) {
    runtime.block_on(async {
        tokio::spawn(call);
        tokio::task::yield_now().await;
    });
}

#[test]
fn request_of_an_idle_runtime_does_not_hold_up_another() {
    for age in [BRIEF, Duration::from_secs(25)] {
        let (world, idle, busy) = (World::new(), runtime(), runtime());
        let (_answer, never) = oneshot::channel();
        start(&idle, world.get(never));
        assert_eq!(world.asked(), 1);
        world.clock.advance(age);
        assert_eq!(busy.block_on(world.get(at_once())).unwrap(), 2, "the runtime makes its own request");
    }
}

#[test]
fn young_request_of_another_runtime_is_waited_for() {
    let (world, idle, busy) = (World::new(), runtime(), runtime());
    let (answer, answered) = oneshot::channel();
    start(&idle, world.get(answered));
    let mut waiting = Box::pin(world.get(at_once()));
    busy.block_on(std::future::poll_fn(|context| {
        assert!(waiting.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    // Its own runtime goes on with it.
    answer.send(()).unwrap();
    idle.block_on(async { tokio::task::yield_now().await });
    assert_eq!(busy.block_on(waiting).unwrap(), 1);
    assert_eq!(world.asked(), 1, "one request for both");
}

#[test]
fn caller_that_waits_for_an_idle_runtime_goes_on_after_a_second() {
    let (world, idle, busy) = (World::new(), runtime(), runtime());
    let (_answer, never) = oneshot::channel();
    start(&idle, world.get(never));
    let calls: Vec<_> = (0..100).map(|_| world.get(at_once())).collect();
    busy.block_on(async {
        let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
        tokio::task::yield_now().await;
        assert_eq!(world.asked(), 1);
        world.clock.advance(BRIEF);
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), 2);
        }
    });
    assert_eq!(world.asked(), 2, "the callers on one runtime share a request");
}

#[test]
fn valid_credentials_are_used_while_another_runtime_renews() {
    let (world, idle, busy) = (World::new(), runtime(), runtime());
    busy.block_on(world.get(at_once())).unwrap();
    world.clock.advance(LIFETIME - Duration::from_secs(200));
    let (_answer, never) = oneshot::channel();
    start(&idle, world.get(never));
    for (later, number) in [(0, 1), (9, 1), (1, 3)] {
        world.clock.advance(Duration::from_secs(later));
        assert_eq!(busy.block_on(world.get(at_once())).unwrap(), number);
    }
    assert_eq!(world.asked(), 3, "renewed by the other runtime after the pause");
}

#[test]
fn request_of_a_runtime_that_was_shut_down_is_repeated() {
    let world = World::new();
    let ask = || {
        let (cache, now) = (world.cache.clone(), world.clock.now());
        let issue = || async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(Expiring { value: 7, lifetime: LIFETIME })
        };
        async move { cache.get(now, issue).await.map(|(value, _)| *value) }
    };
    let first = runtime();
    let mut left = Box::pin(ask());
    first.block_on(std::future::poll_fn(|context| {
        assert!(left.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    drop(first);
    world.clock.advance(BRIEF);
    assert_eq!(runtime().block_on(ask()).unwrap(), 7);
    assert_eq!(runtime().block_on(left).unwrap(), 7);
}
