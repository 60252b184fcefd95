//! Capacity in entries and bytes.

use cloud_core::SecretRef;
use cloud_secrets::SecretCache;

use crate::script::{Answer, Script, builder, now, secs};

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
    let (builder, _) = builder(&script);
    let cache = builder.build();
    get(&cache, 0);
    script.answer("id-0", Answer::Value("y".repeat(50)));
    now(cache.refresh(SecretRef::id("id-0"))).unwrap();
    assert_eq!(cache.metrics().bytes, 4 + 100 + 50);
    script.answer("id-0", Answer::Fail(crate::script::denied));
    now(cache.refresh(SecretRef::id("id-0"))).unwrap_err();
    assert_eq!((cache.metrics().bytes, cache.metrics().entries), (4, 0));
    cache.invalidate_all();
    assert_eq!(cache.metrics().bytes, 0);
}

#[test]
fn unknown_names_do_not_fill_the_memory_or_push_values_out() {
    let script = script();
    let (builder, runtime) = builder(&script);
    let cache = builder.capacity(5).build();
    get(&cache, 0);
    for number in 0..1_000 {
        now(cache.get(&*format!("unknown-{number}"))).unwrap_err();
        now(cache.get(SecretRef::id(&format!("unknown-{number}")))).unwrap_err();
    }
    let fetches = script.fetches();
    get(&cache, 0);
    assert_eq!(script.fetches(), fetches);
    assert!(cache.metrics().bytes < 1_000, "{:?}", cache.metrics());
    runtime.advance(secs(1));
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
    assert!(lookups.iter_mut().all(|lookup| crate::script::poll(lookup.as_mut()).is_pending()));
    assert_eq!(cache.metrics().entries, 5, "while they are in flight");
    script.open();
    for lookup in &mut lookups {
        assert!(matches!(crate::script::poll(lookup.as_mut()), std::task::Poll::Ready(Err(_))));
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
    script.answer("id-2", Answer::Fail(crate::script::outage));
    script.answer("id-3", Answer::Fail(crate::script::denied));
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
        assert!(crate::script::poll(std::pin::pin!(cache.get(SecretRef::id(&id)))).is_pending());
    }
    assert!(cache.metrics().bytes < 100, "{:?}", cache.metrics());
}

#[test]
fn request_in_flight_is_not_evicted() {
    let script = script();
    script.close();
    let cache = builder(&script).0.capacity(1).build();
    let mut first = std::pin::pin!(cache.get(SecretRef::id("id-0")));
    let mut second = std::pin::pin!(cache.get(SecretRef::id("id-1")));
    assert!(crate::script::poll(first.as_mut()).is_pending() && crate::script::poll(second.as_mut()).is_pending());
    script.open();
    assert!(crate::script::poll(first.as_mut()).is_ready() && crate::script::poll(second.as_mut()).is_ready());
    assert_eq!(cache.metrics().entries, 1);
}
