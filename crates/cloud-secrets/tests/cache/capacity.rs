//! Capacity in entries and bytes.

use std::pin::pin;
use std::task::Poll;

use cloud_core::SecretRef;
use cloud_secrets::SecretCache;

use crate::script::{Answer, Script, builder, denied, now, outage, poll, secs};

fn script() -> Script {
    let script = Script::default();
    for number in 0..10 {
        script.answer(&format!("id-{number}"), Answer::Value("x".repeat(100)));
    }
    script
}

fn get(cache: &SecretCache, number: usize) {
    assert_eq!(now(cache.get(SecretRef::id(&format!("id-{number}")))).unwrap().expose_secret().len(), 100);
}

#[test]
fn what_was_not_used_for_longest_is_evicted() {
    // Each entry is 104 bytes: the ID and the value.
    for limit in [(3, usize::MAX), (usize::MAX, 3 * 104), (3, 3 * 104)] {
        let script = script();
        let cache = builder(&script).0.capacity(limit.0).capacity_bytes(limit.1).build();
        for number in [0, 1, 2, 0] {
            get(&cache, number);
        }
        get(&cache, 3);
        let metrics = cache.metrics();
        assert_eq!((metrics.entries, metrics.bytes, metrics.evictions), (3, 312, 1));
        let fetches = script.fetches();
        for number in [0, 2, 3] {
            get(&cache, number);
        }
        assert_eq!(script.fetches(), fetches);
        get(&cache, 1);
        assert_eq!(script.fetches(), fetches + 1);
    }
}

#[test]
fn value_larger_than_the_capacity_is_returned_and_not_kept() {
    let script = script();
    let cache = builder(&script).0.capacity_bytes(50).build();
    get(&cache, 0);
    get(&cache, 0);
    assert_eq!((script.fetches(), cache.metrics().entries, cache.metrics().bytes), (2, 0, 0));
}

#[test]
fn previous_value_counts_until_the_secret_is_gone() {
    let script = script();
    let cache = builder(&script).0.build();
    get(&cache, 0);
    script.answer("id-0", Answer::Value("y".repeat(50)));
    now(cache.refresh(SecretRef::id("id-0"))).unwrap();
    assert_eq!(cache.metrics().bytes, 4 + 100 + 50);
    script.answer("id-0", Answer::Fail(denied));
    now(cache.refresh(SecretRef::id("id-0"))).unwrap_err();
    assert_eq!((cache.metrics().bytes, cache.metrics().entries), (4, 0));
    cache.invalidate_all();
    assert_eq!(cache.metrics().bytes, 0);
}

#[test]
fn unknown_names_do_not_fill_the_memory_or_push_values_out() {
    let script = script();
    let cache = builder(&script).0.capacity(5).build();
    get(&cache, 0);
    for number in 0..1_000 {
        now(cache.get(&*format!("unknown-{number}"))).unwrap_err();
        now(cache.get(SecretRef::id(&format!("unknown-{number}")))).unwrap_err();
    }
    let fetches = script.fetches();
    get(&cache, 0);
    assert_eq!(script.fetches(), fetches);
    assert!(cache.metrics().bytes < 1_000, "{:?}", cache.metrics());
}

#[test]
fn lookups_that_fail_evict_no_value() {
    let script = script();
    let cache = builder(&script).0.capacity(5).capacity_bytes(5 * 104).build();
    for number in 0..5 {
        get(&cache, number);
    }
    script.close();
    let ids: Vec<_> = (0..50).map(|number| format!("unknown-{number}")).collect();
    let mut lookups: Vec<_> = ids.iter().map(|id| Box::pin(cache.get(SecretRef::id(id)))).collect();
    assert!(lookups.iter_mut().all(|lookup| poll(lookup.as_mut()).is_pending()));
    assert_eq!(cache.metrics().entries, 5, "while they are in flight");
    script.open();
    for lookup in &mut lookups {
        assert!(matches!(poll(lookup.as_mut()), Poll::Ready(Err(_))));
    }
    let fetches = script.fetches();
    for number in 0..5 {
        get(&cache, number);
    }
    assert_eq!((script.fetches(), cache.metrics().evictions), (fetches, 0));
}

#[test]
fn backoff_is_kept_while_the_cache_is_full() {
    let script = script();
    let cache = builder(&script).0.capacity(2).build();
    get(&cache, 0);
    get(&cache, 1);
    script.answer("id-2", Answer::Fail(outage));
    script.answer("id-3", Answer::Fail(denied));
    for _ in 0..5 {
        for id in ["id-2", "id-3"] {
            now(cache.get(SecretRef::id(id))).unwrap_err();
        }
        get(&cache, 0);
        get(&cache, 1);
    }
    assert_eq!((script.fetches(), cache.metrics().entries), (4, 2));
}

#[test]
fn value_larger_than_the_capacity_evicts_no_other() {
    let script = script();
    script.answer("id-9", Answer::Value("x".repeat(10_000)));
    let cache = builder(&script).0.capacity_bytes(3 * 104).build();
    for number in [0, 1, 2] {
        get(&cache, number);
    }
    assert_eq!(now(cache.get(SecretRef::id("id-9"))).unwrap().expose_secret().len(), 10_000);
    assert_eq!(cache.metrics().entries, 3);
}

#[test]
fn lookups_that_are_dropped_do_not_fill_the_memory() {
    let script = script();
    script.close();
    let cache = builder(&script).0.capacity(5).build();
    for number in 0..1_000 {
        let id = format!("unknown-{number}");
        assert!(poll(pin!(cache.get(SecretRef::id(&id)))).is_pending());
    }
    assert!(cache.metrics().bytes < 100, "{:?}", cache.metrics());
}

#[test]
fn request_in_flight_is_not_evicted() {
    let script = script();
    script.close();
    let cache = builder(&script).0.capacity(1).build();
    let mut first = pin!(cache.get(SecretRef::id("id-0")));
    let mut second = pin!(cache.get(SecretRef::id("id-1")));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    script.open();
    assert!(poll(first.as_mut()).is_ready());
    // The other has no value yet, and takes no room.
    get(&cache, 0);
    assert_eq!(script.fetches(), 2);
    assert!(poll(second.as_mut()).is_ready());
    assert_eq!((script.fetches(), cache.metrics().entries, cache.metrics().evictions), (2, 1, 1));
}

#[test]
fn value_is_evicted_unless_its_refresh_is_waited_for() {
    for waited_for in [true, false] {
        let script = script();
        let (builder, runtime) = builder(&script);
        let cache = builder.capacity(1).build();
        get(&cache, 0);
        script.close();
        runtime.advance(secs(60));
        let mut refresh = Some(Box::pin(cache.get(SecretRef::id("id-0"))));
        assert!(refresh.iter_mut().all(|refresh| poll(refresh.as_mut()).is_pending()));
        refresh = refresh.filter(|_| waited_for);
        script.open();
        get(&cache, 1);
        assert!(refresh.iter_mut().all(|refresh| poll(refresh.as_mut()).is_ready()));
        let dropped = usize::from(!waited_for);
        assert_eq!((script.fetches(), script.dropped(), cache.metrics().entries), (3, dropped, 1), "{waited_for}");
        get(&cache, dropped);
        assert_eq!(script.fetches(), 3, "{waited_for}");
    }
}
