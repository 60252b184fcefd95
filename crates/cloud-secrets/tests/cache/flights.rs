//! One request in flight, driven by the callers that wait for it.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use cloud_core::{BoxFuture, Result, SecretRef, SecretSource, SecretString};
use cloud_secrets::SecretCache;

use crate::script::{Script, cache, denied, got, now, outage, poll, secs};

#[tokio::test]
async fn thousand_callers_on_a_cold_secret_make_one_request() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let cache = cache.clone();
        // Half of them by ID: they share the request, too.
        let secret = if number % 2 == 0 { SecretRef::name("db") } else { SecretRef::id("id-db") };
        tasks.spawn(async move { cache.get(secret).await });
    }
    tokio::task::yield_now().await;
    while script.fetches() == 0 {
        tokio::task::yield_now().await;
    }
    script.open();
    while let Some(value) = tasks.join_next().await {
        assert_eq!(value.unwrap().unwrap().expose_secret(), "a");
    }
    assert_eq!((script.resolves(), script.fetches()), (1, 1));
    assert_eq!(cache.metrics().misses + cache.metrics().hits, 1_000);
}

#[test]
fn dropped_caller_leaves_the_request_to_the_others() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let mut second = Box::pin(cache.get("db"));
    {
        let mut first = Box::pin(cache.get("db"));
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    }
    assert_eq!((script.fetches(), script.dropped()), (1, 0));
    script.open();
    assert!(matches!(poll(second.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(script.fetches(), 1);
}

#[test]
fn request_ends_with_its_last_caller_and_the_next_starts_another() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    {
        let mut only = Box::pin(cache.get("db"));
        assert!(poll(only.as_mut()).is_pending());
    }
    assert_eq!((script.fetches(), script.dropped()), (1, 1));
    script.open();
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), 2));
}

#[test]
fn only_the_first_caller_waits_for_a_refresh_and_at_most_a_second() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.close();
    script.value("b");
    runtime.advance(secs(60));
    let mut first = pin!(cache.get("db"));
    assert!(poll(first.as_mut()).is_pending());
    // The others have a value that is fresh.
    assert_eq!(got(&cache).unwrap(), "a");
    runtime.advance(secs(1));
    assert!(matches!(poll(first.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "a"));
    // It is kept: a later caller looks, and finds the outcome.
    script.open();
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("b".into(), 2));
}

#[test]
fn refusal_during_the_brief_wait_is_not_overlooked() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.close();
    script.fail(denied);
    runtime.advance(secs(60));
    let mut first = pin!(cache.get("db"));
    assert!(poll(first.as_mut()).is_pending());
    script.open();
    assert!(got(&cache).is_err(), "the caller that looks sees the refusal");
    runtime.advance(secs(1));
    assert!(matches!(poll(first.as_mut()), Poll::Ready(Err(_))));
}

#[test]
fn outcome_of_a_request_from_before_invalidation_is_not_kept() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let mut early = pin!(cache.get(SecretRef::id("id-db")));
    assert!(poll(early.as_mut()).is_pending());
    cache.invalidate(SecretRef::id("id-db"));
    script.open();
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Ok(_))), "its own caller gets it");
    assert_eq!(cache.metrics().entries, 0);
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), 2));
}

#[test]
fn early_request_does_not_revive_what_a_later_one_was_refused() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let mut early = pin!(cache.get(SecretRef::id("id-db")));
    assert!(poll(early.as_mut()).is_pending());
    cache.invalidate(SecretRef::id("id-db"));
    let mut late = pin!(cache.get(SecretRef::id("id-db")));
    assert!(poll(late.as_mut()).is_pending());
    script.open();
    script.fail(denied);
    assert!(matches!(poll(late.as_mut()), Poll::Ready(Err(_))));
    script.value("a");
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Err(_))));
}

#[test]
fn callers_share_a_failure() {
    let script = Script::new("a");
    script.close();
    script.fail(outage);
    let (cache, _) = cache(&script);
    let mut callers: Vec<_> = (0..10).map(|_| Box::pin(cache.get("db"))).collect();
    assert!(callers.iter_mut().all(|caller| poll(caller.as_mut()).is_pending()));
    script.open();
    for caller in &mut callers {
        assert!(matches!(poll(caller.as_mut()), Poll::Ready(Err(error)) if error.status() == Some(503)));
    }
    assert_eq!((script.fetches(), cache.metrics().misses), (1, 10));
}

/// A source that asks the cache for the secret that it is to fetch.
#[derive(Clone, Debug, Default)]
struct Circular(Arc<Mutex<Option<SecretCache>>>);

impl SecretSource for Circular {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async { Ok("id".to_owned()) })
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let cache = self.0.lock().unwrap().clone().unwrap();
            let value = cache.get(SecretRef::id(id)).await?;
            Ok((*value).clone())
        })
    }
}

#[tokio::test]
async fn source_that_asks_its_own_cache_is_an_error() {
    let source = Circular::default();
    let cache = SecretCache::builder(source.clone()).build();
    *source.0.lock().unwrap() = Some(cache.clone());
    let error = cache.get("db").await.unwrap_err();
    assert!(error.to_string().contains("asks the cache for the secret that it fetches"), "{error}");
}

#[test]
fn caller_does_not_wait_for_an_idle_runtime() {
    let script = Script::new("a");
    script.close();
    let (cache, runtime) = cache(&script);
    let executor = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (idle, busy) = (executor(), executor());
    let mut stalled = Box::pin(cache.get(SecretRef::id("id-db")));
    {
        let _here = idle.enter();
        assert!(poll(stalled.as_mut()).is_pending());
    }
    let _here = busy.enter();
    let mut caller = pin!(cache.get(SecretRef::id("id-db")));
    assert!(poll(caller.as_mut()).is_pending());
    assert_eq!(script.fetches(), 1, "a young request of another runtime is waited for");
    runtime.advance(secs(1));
    assert!(poll(caller.as_mut()).is_pending());
    assert_eq!(script.fetches(), 2);
    script.open();
    assert!(matches!(poll(caller.as_mut()), Poll::Ready(Ok(_))));
    // What the idle runtime fetched is older, and does not replace it.
    assert!(matches!(poll(stalled.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!((now(cache.get("db")).unwrap().expose_secret(), script.fetches()), ("a", 2));
}

#[test]
fn refresh_returns_no_value_from_before_the_call() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let id = SecretRef::id("id-db");
    let mut early = pin!(cache.get(id));
    assert!(poll(early.as_mut()).is_pending());
    let mut refreshes: Vec<_> = (0..5).map(|_| Box::pin(cache.refresh(id))).collect();
    assert!(refreshes.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
    assert_eq!(script.fetches(), 1, "one request at a time");
    script.open();
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "a"));
    script.value("b");
    script.close();
    assert!(refreshes.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
    script.open();
    for refresh in &mut refreshes {
        assert!(matches!(poll(refresh.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "b"));
    }
    assert_eq!((script.fetches(), got(&cache).unwrap()), (2, "b".into()), "the refreshes share the second");
}

#[test]
fn refresh_does_not_fail_with_an_error_from_before_the_call() {
    let script = Script::new("a");
    script.close();
    script.fail(denied);
    let (cache, _) = cache(&script);
    let mut early = pin!(cache.get(SecretRef::id("id-db")));
    let mut refresh = pin!(cache.refresh(SecretRef::id("id-db")));
    assert!(poll(early.as_mut()).is_pending() && poll(refresh.as_mut()).is_pending());
    script.open();
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Err(_))));
    script.value("a");
    assert!(matches!(poll(refresh.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn request_that_is_not_polled_for_long_is_replaced() {
    let script = Script::new("a");
    script.close();
    let (cache, runtime) = cache(&script);
    let mut early = pin!(cache.get(SecretRef::id("id-db")));
    assert!(poll(early.as_mut()).is_pending());
    for (advance, fetches) in [(59, 1), (1, 2)] {
        runtime.advance(secs(advance));
        assert!(poll(pin!(cache.get(SecretRef::id("id-db")))).is_pending());
        assert_eq!(script.fetches(), fetches);
    }
}

type Afterwards = fn(&Script, &SecretCache);

/// What happens between a refusal and the end of a request that was sent before it.
const AFTERWARDS: [(&str, Afterwards); 4] = [
    ("nothing", |_, _| {}),
    ("an outage", |script, cache| {
        script.fail(outage);
        assert!(now(cache.refresh(SecretRef::id("id-db"))).is_err());
    }),
    ("invalidated", |script, cache| {
        cache.invalidate(SecretRef::id("id-db"));
        script.fail(outage);
    }),
    ("all invalidated", |script, cache| {
        cache.invalidate_all();
        script.fail(outage);
        assert!(now(cache.get(SecretRef::id("id-db"))).is_err());
    }),
];

#[test]
fn request_of_an_idle_runtime_returns_no_value_from_before_a_refusal() {
    for (case, afterwards) in AFTERWARDS {
        let slow = Slow::new("a");
        let (builder, runtime) = crate::script::builder_of(slow.clone());
        let cache = builder.build();
        let executor = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (idle, busy) = (executor(), executor());
        let mut stalled = Box::pin(cache.get(SecretRef::id("id-db")));
        {
            let _here = idle.enter();
            assert!(poll(stalled.as_mut()).is_pending());
        }
        let _here = busy.enter();
        runtime.advance(secs(1));
        slow.script.fail(denied);
        assert!(now(cache.get(SecretRef::id("id-db"))).unwrap_err().is_denied(), "{case}");
        afterwards(&slow.script, &cache);
        slow.end();
        // It may ask again, and gets what the service says now.
        assert!(matches!(poll(stalled.as_mut()), Poll::Ready(Err(_))), "{case}");
        assert_eq!(cache.metrics().entries, 0, "{case}");
    }
}

/// A source whose first request returns a value when it is told to; the others are those of a script.
#[derive(Clone, Debug)]
struct Slow {
    script: Script,
    first: Arc<Mutex<(bool, bool, String)>>,
}

impl Slow {
    fn new(value: &str) -> Self {
        Self { script: Script::new(value), first: Arc::new(Mutex::new((false, false, value.to_owned()))) }
    }

    fn end(&self) {
        self.first.lock().unwrap().1 = true;
    }
}

impl SecretSource for Slow {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        self.script.resolve(name)
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        if std::mem::replace(&mut self.first.lock().unwrap().0, true) {
            return self.script.fetch(id);
        }
        Box::pin(std::future::poll_fn(|_| {
            let (_, ended, value) = &*self.first.lock().unwrap();
            if *ended { Poll::Ready(Ok((&**value).into())) } else { Poll::Pending }
        }))
    }
}

#[test]
fn default_runtime_says_what_is_missing() {
    let cache = SecretCache::builder(Script::new("a")).build();
    assert_eq!(now(cache.get("db")).unwrap_err().kind(), cloud_core::ErrorKind::Config);
}
