//! Rotations as a stream.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use cloud_core::SecretRef;
use cloud_core::testing::FakeRuntime;
use cloud_secrets::{Rotation, SecretCache, SecretCacheBuilder};

use crate::script::{Answer, Script, builder, cache, denied, got, now, outage, poll, secs};

fn shown(rotation: &Rotation) -> (String, Option<String>) {
    let previous = rotation.previous.as_ref().map(|value| value.expose_secret().to_owned());
    (rotation.value.expose_secret().to_owned(), previous)
}

#[test]
fn stream_fetches_when_due_and_yields_changes_alone() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    let mut watch = cache.watch("db");
    let mut changed = Box::pin(watch.changed());
    for fetches in 1..5 {
        assert!(poll(changed.as_mut()).is_pending(), "neither the first value nor the same one again is a rotation");
        assert_eq!(script.fetches(), fetches);
        assert!(poll(changed.as_mut()).is_pending());
        assert_eq!(script.fetches(), fetches, "nothing is due");
        runtime.advance(secs(50));
    }
    script.value("b");
    let Poll::Ready(rotation) = poll(changed.as_mut()) else { panic!("no rotation") };
    assert_eq!(shown(&rotation), ("b".into(), Some("a".into())));
    assert_eq!((got(&cache).unwrap(), cache.metrics().rotations), ("b".into(), 1));
}

#[test]
fn stream_sees_what_others_fetch() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    let mut streams: Vec<_> = (0..3).map(|_| cache.watch("db")).collect();
    let mut waiting: Vec<_> = streams.iter_mut().map(|stream| Box::pin(stream.changed())).collect();
    assert!(waiting.iter_mut().all(|changed| poll(changed.as_mut()).is_pending()));
    script.value("b");
    now(cache.refresh("db")).unwrap();
    for changed in &mut waiting {
        let Poll::Ready(rotation) = poll(changed.as_mut()) else { panic!("no rotation") };
        assert_eq!(shown(&rotation), ("b".into(), Some("a".into())));
    }
    assert_eq!(script.fetches(), 2);
}

#[test]
fn rotation_before_the_first_poll_is_not_lost() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    let mut watch = cache.watch("db");
    script.value("b");
    now(cache.refresh("db")).unwrap();
    assert_eq!(shown(&now(watch.changed())), ("b".into(), Some("a".into())));
}

#[test]
fn stream_outlives_outage_and_refusal() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    let mut watch = cache.watch("db");
    let mut changed = pin!(watch.changed());
    assert!(poll(changed.as_mut()).is_pending());
    let mut pass = |script: &Script, seconds: u64, fail: fn() -> cloud_core::Error| {
        script.fail(fail);
        for _ in 0..seconds {
            runtime.advance(secs(1));
            assert!(poll(changed.as_mut()).is_pending());
        }
    };
    pass(&script, 3_000, outage);
    assert!(script.fetches() < 150, "{} requests in 3,000 s", script.fetches());
    pass(&script, 60, denied);
    // It comes back as it was; still the holders of the old one are told.
    script.value("a");
    runtime.advance(secs(60));
    let Poll::Ready(rotation) = poll(changed.as_mut()) else { panic!("no rotation") };
    assert_eq!(shown(&rotation), ("a".into(), None));
}

type Case = (&'static str, Script, SecretCache, Arc<FakeRuntime>, Vec<SecretRef<'static>>);

/// Caches whose values are due at once, for one reason or the other.
fn never_fresh() -> Vec<Case> {
    type Change = fn(SecretCacheBuilder) -> SecretCacheBuilder;
    let db = &[SecretRef::name("db")][..];
    let both = &[SecretRef::name("db"), SecretRef::id("id-2")][..];
    let cases: [(&str, bool, Change, &[SecretRef<'static>]); 5] = [
        ("no TTL", false, |builder| builder.ttl(secs(0)), db),
        ("refused, not kept", true, |builder| builder.negative_ttl(secs(0)), db),
        ("too large", false, |builder| builder.capacity_bytes(3), db),
        ("streams that evict each other", false, |builder| builder.capacity(1), both),
        ("nothing is kept", false, |builder| builder.capacity(0), both),
    ];
    let mut caches = Vec::new();
    for (case, refuses, change, secrets) in cases {
        let script = Script::new("value");
        script.answer("id-2", Answer::Value("other".into()));
        if refuses {
            script.fail(denied);
        }
        let (builder, runtime) = builder(&script);
        caches.push((case, script, change(builder).build(), runtime, secrets.to_vec()));
    }
    caches
}

#[test]
fn stream_fetches_at_most_once_a_second_and_does_not_wait_for_others() {
    for (case, script, cache, runtime, secrets) in never_fresh() {
        let mut streams: Vec<_> = secrets.iter().map(|secret| cache.watch(*secret)).collect();
        let mut waiting: Vec<_> = streams.iter_mut().map(|stream| Box::pin(stream.changed())).collect();
        for second in 0..20 {
            for _ in 0..3 {
                assert!(waiting.iter_mut().all(|changed| poll(changed.as_mut()).is_pending()), "{case}");
            }
            assert!(script.fetches() <= (second + 1) * secrets.len(), "{case}: {} at {second} s", script.fetches());
            runtime.advance(secs(1));
        }
        script.value("new");
        let mut outcome = Poll::Pending;
        // Two streams with room for one see their values in turn.
        for _ in 0..100 {
            outcome = poll(waiting[0].as_mut());
            if outcome.is_ready() {
                break;
            }
            runtime.advance(secs(1));
        }
        let Poll::Ready(rotation) = outcome else { panic!("{case}: no rotation") };
        assert_eq!(rotation.value.expose_secret(), "new", "{case}");
    }
}

#[test]
fn value_that_changes_with_each_fetch_is_fetched_at_most_once_a_second() {
    let script = Script::new("0");
    let (builder, runtime) = builder(&script);
    let cache = builder.ttl(secs(0)).build();
    let mut watch = cache.watch("db");
    for number in 1..10 {
        script.value(&number.to_string());
        let fetches = script.fetches();
        let rotated = poll(pin!(watch.changed())).is_ready();
        assert_eq!((rotated, script.fetches()), (number > 1, fetches + 1));
        assert!(poll(pin!(watch.changed())).is_pending(), "it was fetched in this second");
        assert_eq!(script.fetches(), fetches + 1);
        runtime.advance(secs(1));
    }
}

#[test]
fn stream_of_an_evicted_value_fetches_it_again() {
    let script = Script::new("a");
    script.answer("id-2", Answer::Value("other".into()));
    let (builder, runtime) = builder(&script);
    let cache = builder.capacity(1).build();
    let mut watch = cache.watch("db");
    let mut changed = pin!(watch.changed());
    assert!(poll(changed.as_mut()).is_pending());
    now(cache.get(SecretRef::id("id-2"))).unwrap();
    script.value("b");
    runtime.advance(secs(1));
    let Poll::Ready(rotation) = poll(changed.as_mut()) else { panic!("no rotation") };
    assert_eq!(shown(&rotation), ("b".into(), Some("a".into())));
}

#[test]
fn rotation_shows_neither_value() {
    let script = Script::new("canary-before");
    let (cache, _) = cache(&script);
    assert!(got(&cache).is_ok());
    let mut watch = cache.watch("db");
    script.value("canary-after");
    now(cache.refresh("db")).unwrap();
    let rotation = now(watch.changed());
    assert_eq!(shown(&rotation), ("canary-after".into(), Some("canary-before".into())));
    let text = format!("{rotation:?} {rotation:#?} {watch:?}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn stream_keeps_no_value_that_was_refused() {
    for rotates in [false, true] {
        let script = Script::new("a");
        let (cache, _) = cache(&script);
        let mut value = Arc::downgrade(&now(cache.get("db")).unwrap());
        let mut watch = cache.watch("db");
        assert!(poll(pin!(watch.changed())).is_pending());
        if rotates {
            script.value("b");
            value = Arc::downgrade(&now(cache.refresh("db")).unwrap());
            drop(now(watch.changed()));
        }
        script.fail(denied);
        now(cache.refresh("db")).unwrap_err();
        assert!(poll(pin!(watch.changed())).is_pending());
        assert!(value.upgrade().is_none(), "rotates: {rotates}");
    }
}

#[test]
fn stream_without_timers_sees_what_others_fetch() {
    let executor = |timers| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        if timers { builder.enable_time() } else { &mut builder }.build().unwrap()
    };
    let (with, without) = (executor(true), executor(false));
    for inside in [None, Some(&without)] {
        let script = Script::new("a");
        let cache = SecretCache::builder(script.clone()).build();
        let mut watch = cache.watch("db");
        let mut look = || {
            let _here = inside.map(|executor| executor.enter());
            poll(pin!(watch.changed()))
        };
        assert!(look().is_pending() && look().is_pending());
        assert_eq!(script.fetches(), 0);
        with.block_on(async { cache.get("db").await.unwrap() });
        assert!(look().is_pending(), "the first value is not a rotation");
        script.value("b");
        with.block_on(async { cache.refresh("db").await.unwrap() });
        let Poll::Ready(rotation) = look() else { panic!("no rotation") };
        assert_eq!(shown(&rotation), ("b".into(), Some("a".into())));
    }
}

#[test]
fn stream_alone_does_not_keep_requests_running() {
    let script = Script::new("a");
    script.close();
    let (cache, _) = cache(&script);
    let mut watch = cache.watch("db");
    {
        let mut changed = pin!(watch.changed());
        assert!(poll(changed.as_mut()).is_pending());
    }
    assert_eq!((script.fetches(), script.dropped()), (1, 0), "a dropped `changed` loses nothing");
    drop(watch);
    assert_eq!(script.dropped(), 1);
}

#[test]
fn types_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<SecretCache>();
    shared::<cloud_secrets::Watch>();
    shared::<SecretCacheBuilder>();
    shared::<cloud_secrets::LoginError<std::io::Error>>();
}
