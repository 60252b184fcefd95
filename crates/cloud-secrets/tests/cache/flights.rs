//! One request in flight, driven by the callers that wait for it.

use std::future::{Future, IntoFuture as _};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use cloud_core::testing::FakeRuntime;
use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, Result, SecretRef, SecretSource, SecretString};
use cloud_secrets::SecretCache;

use crate::script::{Answer, Script, builder, builder_of, cache, denied, got, now, outage, poll, secs};

const ID: SecretRef<'static> = SecretRef::id("id-db");

/// A source with the value `a` whose requests wait, and a cache over it.
fn closed() -> (Script, SecretCache, Arc<FakeRuntime>) {
    let script = Script::new("a");
    script.close();
    let (cache, runtime) = cache(&script);
    (script, cache, runtime)
}

type Get<'a> = Pin<Box<dyn Future<Output = Result<Arc<SecretString>>> + 'a>>;

/// A get by ID that waits.
#[track_caller]
fn waiting(cache: &SecretCache) -> Get<'_> {
    let mut get: Get<'_> = Box::pin(cache.get(ID));
    assert!(poll(get.as_mut()).is_pending());
    get
}

fn executor() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// A get by ID that waits, and whose runtime is idle from here on.
#[track_caller]
fn stalled(cache: &SecretCache) -> (Get<'_>, tokio::runtime::Runtime) {
    let idle = executor();
    let here = idle.enter();
    let get = waiting(cache);
    drop(here);
    (get, idle)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousand_callers_on_a_cold_secret_make_one_request() {
    let (script, cache, _) = closed();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let cache = cache.clone();
        // Half of them by ID: they share the request, too.
        let secret = if number % 2 == 0 { SecretRef::name("db") } else { ID };
        tasks.spawn(async move { cache.get(secret).await });
    }
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
    let (script, cache, _) = closed();
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
    let (script, cache, _) = closed();
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
    let (script, cache, _) = closed();
    let mut early = waiting(&cache);
    cache.invalidate(ID);
    script.open();
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Ok(_))), "its own caller gets it");
    assert_eq!(cache.metrics().entries, 0);
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), 2));
}

#[test]
fn early_request_does_not_revive_what_a_later_one_was_refused() {
    let (script, cache, _) = closed();
    let mut early = waiting(&cache);
    cache.invalidate(ID);
    let mut late = waiting(&cache);
    script.open();
    script.fail(denied);
    assert!(matches!(poll(late.as_mut()), Poll::Ready(Err(_))));
    script.value("a");
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Err(_))));
}

#[test]
fn callers_share_a_failure() {
    let (script, cache, _) = closed();
    script.fail(outage);
    let mut callers: Vec<_> = (0..10).map(|_| Box::pin(cache.get("db"))).collect();
    assert!(callers.iter_mut().all(|caller| poll(caller.as_mut()).is_pending()));
    script.open();
    for caller in &mut callers {
        assert!(matches!(poll(caller.as_mut()), Poll::Ready(Err(error)) if error.status() == Some(503)));
    }
    assert_eq!((script.fetches(), cache.metrics().misses), (1, 10));
}

type Ask = fn(SecretCache, SecretRef<'static>) -> BoxFuture<'static, Result<()>>;

/// A source that asks a cache for the secret that it is to fetch, or to look up.
#[derive(Clone, Debug)]
struct Circular {
    script: Script,
    ask: Ask,
    cache: Arc<Mutex<Option<SecretCache>>>,
    by_name: bool,
}

impl Circular {
    async fn ask(&self, secret: SecretRef<'static>) -> Result<()> {
        let cache = self.cache.lock().unwrap().clone();
        match cache.filter(|_| matches!(secret, SecretRef::Name(_)) == self.by_name) {
            Some(cache) => (self.ask)(cache, secret).await,
            None => Ok(()),
        }
    }
}

impl SecretSource for Circular {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            self.ask(SecretRef::name("db")).await?;
            self.script.resolve(name).await
        })
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            self.ask(ID).await?;
            self.script.fetch(id).await
        })
    }
}

async fn log_in(cache: SecretCache, secret: SecretRef<'static>) -> Result<()> {
    use cloud_secrets::LoginError;
    let login = cache.login(secret, |_| async { Err::<(), _>(std::io::Error::other("wrong password")) });
    match login.retry_if(|_| true).into_future().await {
        Err(LoginError::Secret(error)) => Err(error),
        Err(LoginError::Login(_)) => Err(Error::new(ErrorKind::Service, "wrong password")),
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn source_that_asks_its_own_cache_is_an_error() {
    const ITSELF: &str = "asks the cache for the secret that it fetches";
    let ways: [(&str, Ask, &str); 3] = [
        ("get", |cache, secret| Box::pin(async move { cache.get(secret).await.map(drop) }), ""),
        ("refresh", |cache, secret| Box::pin(async move { cache.refresh(secret).await.map(drop) }), ITSELF),
        ("login", |cache, secret| Box::pin(log_in(cache, secret)), "wrong password"),
    ];
    for (way, ask, when_cached) in ways {
        for (by_name, cached) in [(false, false), (false, true), (true, false)] {
            let case = format!("{way}, by name: {by_name}, cached: {cached}");
            let source = Circular { script: Script::new("a"), ask, cache: Arc::default(), by_name };
            let (builder, runtime) = builder_of(source.clone());
            let cache = builder.build();
            if cached {
                now(cache.get(ID)).unwrap();
                runtime.advance(secs(10));
            }
            *source.cache.lock().unwrap() = Some(cache.clone());
            let expected = if cached { when_cached } else { ITSELF };
            match now(cache.refresh(if by_name { SecretRef::name("db") } else { ID })) {
                Ok(_) => assert!(expected.is_empty(), "{case}: no error"),
                Err(error) => {
                    assert!(!expected.is_empty() && error.to_string().contains(expected), "{case}: {error}");
                }
            }
        }
    }
}

#[test]
fn caller_does_not_wait_for_an_idle_runtime() {
    let slow = Slow::new("b");
    let (builder, runtime) = builder_of(slow.clone());
    let cache = builder.build();
    let (mut stalled, _idle) = stalled(&cache);
    let busy = executor();
    let _here = busy.enter();
    let mut caller = waiting(&cache);
    assert_eq!(slow.script.fetches(), 0, "a young request of another runtime is waited for");
    runtime.advance(secs(1));
    assert!(matches!(poll(caller.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "b"));
    slow.end(Ok("a".into()));
    // What the idle runtime fetched is older, and does not replace it.
    assert!(matches!(poll(stalled.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "b"));
    assert_eq!((got(&cache).unwrap(), slow.script.fetches()), ("b".into(), 1));
}

#[test]
fn refresh_of_an_idle_runtime_delays_only_callers_past_the_ttl() {
    for (age, delayed) in [(60, false), (150, true)] {
        let script = Script::new("a");
        let (cache, runtime) = cache(&script);
        assert_eq!(got(&cache).unwrap(), "a");
        script.close();
        runtime.advance(secs(age));
        let (_stalled, _idle) = stalled(&cache);
        let busy = executor();
        let _here = busy.enter();
        let mut caller = Box::pin(cache.get(ID));
        let mut outcome = poll(caller.as_mut());
        assert_eq!(outcome.is_pending(), delayed, "{age}");
        if delayed {
            runtime.advance(secs(1));
            outcome = poll(caller.as_mut());
        }
        assert!(matches!(outcome, Poll::Ready(Ok(value)) if value.expose_secret() == "a"), "{age}");
        assert_eq!((script.fetches(), cache.metrics().stale), (2, u64::from(delayed)), "{age}");
    }
}

/// An error whose cause asks the cache when it is dropped, on another thread so that a deadlock fails the test.
#[derive(Debug)]
struct AsksWhenDropped(SecretCache, mpsc::Sender<bool>);

impl std::fmt::Display for AsksWhenDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("asks when dropped")
    }
}

impl std::error::Error for AsksWhenDropped {}

impl Drop for AsksWhenDropped {
    fn drop(&mut self) {
        let (sender, receiver) = mpsc::channel();
        let cache = self.0.clone();
        std::thread::spawn(move || sender.send(cache.metrics().fetches));
        self.1.send(receiver.recv_timeout(secs(5)).is_ok()).unwrap();
    }
}

#[test]
fn error_of_an_overtaken_request_is_counted_and_dropped_without_the_lock() {
    for (category, refusals) in [(None, 0), (Some(ErrorCategory::Denied), 1)] {
        let slow = Slow::new("b");
        let (builder, runtime) = builder_of(slow.clone());
        let cache = builder.build();
        let (mut stalled, _idle) = stalled(&cache);
        let busy = executor();
        let _here = busy.enter();
        runtime.advance(secs(1));
        assert_eq!(got(&cache).unwrap(), "b");
        let (sender, dropped) = mpsc::channel();
        let cause = AsksWhenDropped(cache.clone(), sender);
        let error = Error::builder(ErrorKind::Service, "late").category(category).source(cause).build();
        slow.end(Err(error));
        assert!(matches!(poll(stalled.as_mut()), Poll::Ready(Ok(value)) if value.expose_secret() == "b"));
        let metrics = cache.metrics();
        assert_eq!((metrics.fetches, metrics.errors, metrics.refusals, metrics.entries), (2, 1, refusals, 1));
        assert_eq!(dropped.try_recv(), Ok(true), "the cache was locked");
    }
}

#[test]
fn refresh_returns_no_value_from_before_the_call() {
    let (script, cache, _) = closed();
    let mut early = waiting(&cache);
    let mut refreshes: Vec<_> = (0..5).map(|_| Box::pin(cache.refresh(ID))).collect();
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
    let (script, cache, _) = closed();
    script.fail(denied);
    let mut early = waiting(&cache);
    let mut refresh = pin!(cache.refresh(ID));
    assert!(poll(refresh.as_mut()).is_pending());
    script.open();
    assert!(matches!(poll(early.as_mut()), Poll::Ready(Err(_))));
    script.value("a");
    assert!(matches!(poll(refresh.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn request_that_is_not_polled_for_long_is_replaced() {
    let (script, cache, runtime) = closed();
    let _early = waiting(&cache);
    for (advance, fetches) in [(59, 1), (1, 2)] {
        runtime.advance(secs(advance));
        drop(waiting(&cache));
        assert_eq!(script.fetches(), fetches);
    }
}

type Afterwards = fn(&Script, &SecretCache);

/// What happens between a refusal and the end of a request that was sent before it.
const AFTERWARDS: [(&str, Afterwards); 4] = [
    ("nothing", |_, _| {}),
    ("an outage", |script, cache| {
        script.fail(outage);
        assert!(now(cache.refresh(ID)).is_err());
    }),
    ("invalidated", |script, cache| {
        cache.invalidate(ID);
        script.fail(outage);
    }),
    ("all invalidated", |script, cache| {
        cache.invalidate_all();
        script.fail(outage);
        assert!(now(cache.get(ID)).is_err());
    }),
];

#[test]
fn request_of_an_idle_runtime_returns_no_value_from_before_a_refusal() {
    for (case, afterwards) in AFTERWARDS {
        let slow = Slow::new("a");
        let (builder, runtime) = builder_of(slow.clone());
        let cache = builder.build();
        let (mut stalled, _idle) = stalled(&cache);
        let busy = executor();
        let _here = busy.enter();
        runtime.advance(secs(1));
        slow.script.fail(denied);
        assert!(now(cache.get(ID)).unwrap_err().is_denied(), "{case}");
        afterwards(&slow.script, &cache);
        slow.end(Ok("a".into()));
        // It may ask again, and gets what the service says now.
        assert!(matches!(poll(stalled.as_mut()), Poll::Ready(Err(_))), "{case}");
        assert_eq!(cache.metrics().entries, 0, "{case}");
    }
}

#[test]
fn caller_that_is_polled_late_gets_no_value_from_before_a_refusal() {
    for (case, afterwards) in AFTERWARDS {
        let (script, cache, _) = closed();
        let (mut early, mut late) = (waiting(&cache), waiting(&cache));
        script.open();
        assert!(matches!(poll(early.as_mut()), Poll::Ready(Ok(_))), "{case}");
        script.fail(denied);
        assert!(now(cache.refresh(ID)).unwrap_err().is_denied(), "{case}");
        afterwards(&script, &cache);
        assert!(matches!(poll(late.as_mut()), Poll::Ready(Err(_))), "{case}");
    }
}

#[test]
fn refusal_of_another_secret_discards_no_value() {
    type Change = fn(cloud_secrets::SecretCacheBuilder) -> cloud_secrets::SecretCacheBuilder;
    let cases: [(&str, Change); 2] =
        [("nothing is kept", |builder| builder.capacity(0)), ("too large", |builder| builder.capacity_bytes(7))];
    for (case, change) in cases {
        let script = Script::new("a long value");
        script.close();
        script.answer("other", Answer::Fail(denied));
        let cache = change(builder(&script).0).build();
        let mut caller = waiting(&cache);
        let mut other = Box::pin(cache.get(SecretRef::id("other")));
        assert!(poll(other.as_mut()).is_pending());
        script.open();
        assert!(matches!(poll(other.as_mut()), Poll::Ready(Err(_))), "{case}");
        cache.invalidate(SecretRef::id("other"));
        assert!(matches!(poll(caller.as_mut()), Poll::Ready(Ok(_))), "{case}");
        assert_eq!((script.fetches(), cache.metrics().entries), (2, 0), "{case}");
    }
}

#[test]
fn concurrent_refreshes_of_an_unresolved_name_share_lookup_and_request() {
    for fails in [false, true] {
        let (script, cache, _) = closed();
        script.close_names();
        if fails {
            script.name("db", &[]);
        }
        let mut refreshes: Vec<_> = (0..5).map(|_| Box::pin(cache.refresh("db"))).collect();
        assert!(refreshes.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
        assert_eq!((script.resolves(), script.fetches()), (1, 0));
        script.open_names();
        if fails {
            // The lookup was started before the others came, so they do not share its failure.
            assert!(matches!(poll(refreshes.remove(0).as_mut()), Poll::Ready(Err(error)) if error.is_not_found()));
            script.name("db", &["id-db"]);
            script.close_names();
            assert!(refreshes.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
            script.open_names();
        }
        assert!(refreshes.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
        script.open();
        assert!(refreshes.iter_mut().all(|refresh| matches!(poll(refresh.as_mut()), Poll::Ready(Ok(_)))));
        assert_eq!((script.resolves(), script.fetches()), (1 + usize::from(fails), 1), "fails: {fails}");
    }
}

/// A source whose first request ends when it is told to; the others are those of a script.
#[derive(Clone, Debug)]
struct Slow {
    script: Script,
    first: Arc<Mutex<(bool, Option<Result<SecretString>>)>>,
}

impl Slow {
    /// The others return this value.
    fn new(value: &str) -> Self {
        Self { script: Script::new(value), first: Arc::default() }
    }

    fn end(&self, outcome: Result<SecretString>) {
        self.first.lock().unwrap().1 = Some(outcome);
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
        Box::pin(std::future::poll_fn(|_| self.first.lock().unwrap().1.take().map_or(Poll::Pending, Poll::Ready)))
    }
}

#[test]
fn default_runtime_says_what_is_missing() {
    let cache = SecretCache::builder(Script::new("a")).build();
    assert_eq!(now(cache.get("db")).unwrap_err().kind(), ErrorKind::Config);
}
