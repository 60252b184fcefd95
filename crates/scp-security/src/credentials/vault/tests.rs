//! Tests of temporary keys: a refusal counts for the key that was refused, and for no other.

use std::future::Future;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use cloud_core::testing::{FakeRuntime, FakeTransport};
use cloud_core::{Client, Endpoint};
use time::macros::datetime;

use super::*;
use crate::dialect::ScpDialect;

const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

type Hook = Box<dyn FnOnce() + Send>;

/// A clock that lets something happen when it is next read.
#[derive(Clone)]
struct Clock {
    fake: Arc<FakeRuntime>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Runtime for Clock {
    fn now(&self) -> OffsetDateTime {
        self.fake.now()
    }

    fn elapsed(&self) -> Duration {
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(hook) = hook {
            hook();
        }
        self.fake.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.fake.sleep(duration)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.fake.deadline(limit)
    }

    fn random(&self) -> u64 {
        self.fake.random()
    }
}

/// A provider whose vault answers at once.
struct World {
    provider: Arc<VaultProvider>,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        let clock = Clock { fake: Arc::new(FakeRuntime::new(START)), hook: Arc::default() };
        let key = |number: u32| format!(r#"{{"access_key":"key-{number}","secret_key":"secret-{number}"}}"#);
        let transport = (1..=9).fold(FakeTransport::new(), |transport, number| transport.answer(200, &key(number)));
        let endpoint = Endpoint::parse("https://vault.example").unwrap();
        let client = Client::builder(endpoint, Arc::new(ScpDialect::new(&crate::Language::EnUs).unwrap()))
            .transport(transport)
            .runtime(clock.clone())
            .build()
            .unwrap();
        let provider =
            VaultProvider::new(v1_0::Client::new(client), "0123456789abcdef".to_owned(), Arc::new(clock.clone()));
        Self { provider: Arc::new(provider), clock }
    }

    fn get(&self) -> (String, Generation) {
        get(&self.provider, self.clock.now())
    }

    /// Lets this happen when the clock is next read.
    fn meanwhile(&self, hook: impl FnOnce() + Send + 'static) {
        *self.clock.hook.lock().unwrap() = Some(Box::new(hook));
    }
}

fn get(provider: &VaultProvider, now: OffsetDateTime) -> (String, Generation) {
    let outcome = std::pin::pin!(provider.credentials(now)).as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(found) = outcome else { panic!("the vault answers at once") };
    let (found, generation) = found.unwrap();
    (found.access_key().to_owned(), generation)
}

#[test]
fn refused_key_is_replaced_once_it_is_old_enough() {
    let world = World::new();
    let (first, generation) = world.get();
    assert_eq!(first, "key-1");
    assert!(!world.provider.invalidate(generation), "just issued");
    // Each key that is refused as well is kept twice as long.
    for (number, kept) in [(2, 60), (3, 60), (4, 120), (5, 240)] {
        let (_, generation) = world.get();
        world.clock.fake.advance(Duration::from_secs(kept - 1));
        assert!(!world.provider.invalidate(generation), "{number}");
        world.clock.fake.advance(Duration::from_secs(1));
        assert!(world.provider.invalidate(generation), "{number}");
        assert_eq!(world.get().0, format!("key-{number}"));
    }
}

#[test]
fn refusal_of_an_older_key_does_not_count_for_the_newer_one() {
    let world = World::new();
    let (_, refused) = world.get();
    world.clock.fake.advance(Duration::from_secs(3600));
    let (provider, now) = (Arc::clone(&world.provider), world.clock.now());
    world.meanwhile(move || assert_eq!(get(&provider, now).0, "key-2"));
    assert!(world.provider.invalidate(refused), "there is a newer key");
    let (newer, generation) = world.get();
    assert_eq!(newer, "key-2", "the newer key stays");
    // It was issued in its turn, so the refusal of the first is not counted.
    assert_eq!(world.provider.cache.held(generation).unwrap().history.refusals, 0);
    world.clock.fake.advance(Duration::from_secs(60));
    assert!(world.provider.invalidate(generation));
    let (third, generation) = world.get();
    assert_eq!((&*third, world.provider.cache.held(generation).unwrap().history.refusals), ("key-3", 1));
}
