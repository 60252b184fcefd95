//! Values, names and IDs, TTL, explicit refresh and invalidation.

use std::sync::Arc;

use cloud_core::SecretRef;
use cloud_secrets::{ErrorKind, SecretString};

use crate::script::{Answer, Script, cache, denied, got, now, outage, secs};

#[test]
fn value_is_fetched_once_within_its_ttl() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    let first = now(cache.get("db")).unwrap();
    runtime.advance(secs(49));
    assert!(Arc::ptr_eq(&first, &now(cache.get("db")).unwrap()), "the value is shared");
    assert_eq!((script.resolves(), script.fetches()), (1, 1));
    let metrics = cache.metrics();
    assert_eq!((metrics.hits, metrics.misses, metrics.stale, metrics.fetches, metrics.entries), (1, 1, 0, 1, 1));
}

#[test]
fn refresh_is_due_at_a_random_point_of_the_second_half_of_the_ttl() {
    for (random, due) in [(0, 49), (1 << 62, 62), (1 << 63, 74), (u64::MAX, 99)] {
        let script = Script::new("a");
        let (cache, runtime) = cache(&script);
        runtime.set_random(random);
        assert_eq!(got(&cache).unwrap(), "a");
        runtime.advance(secs(due));
        assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), 1), "{random}");
        runtime.advance(secs(1));
        script.value("b");
        // The caller at whom it is due fetches it, and has the new value at once if the service is quick.
        assert_eq!((got(&cache).unwrap(), script.fetches()), ("b".into(), 2), "{random}");
        assert_eq!(cache.metrics().refreshes, 1);
    }
}

#[test]
fn zero_ttl_asks_each_time() {
    let script = Script::new("a");
    let (builder, _) = crate::script::builder(&script);
    let cache = builder.ttl(secs(0)).build();
    for fetches in 1..4 {
        assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), fetches));
    }
}

#[test]
fn name_and_id_share_a_value() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    let by_id = now(cache.get(SecretRef::id("id-db"))).unwrap();
    assert_eq!(script.resolves(), 0, "an ID needs no lookup");
    for secret in [SecretRef::name("db"), "db".into(), SecretRef::id("id-db")] {
        assert!(Arc::ptr_eq(&by_id, &now(cache.get(secret)).unwrap()));
    }
    assert_eq!((script.resolves(), script.fetches()), (1, 1));
}

#[test]
fn name_of_no_secret_or_of_two_is_an_error_that_is_kept_briefly() {
    for (ids, not_found) in [(&[][..], true), (&["id-1", "id-2"][..], false)] {
        let script = Script::new("a");
        script.name("db", ids);
        let (cache, runtime) = cache(&script);
        for _ in 0..3 {
            let error = now(cache.get("db")).unwrap_err();
            assert_eq!((error.kind(), error.is_not_found()), (ErrorKind::Lookup, not_found));
        }
        assert_eq!((script.resolves(), script.fetches()), (1, 0));
        runtime.advance(secs(10));
        script.name("db", &["id-db"]);
        assert_eq!((got(&cache).unwrap(), script.resolves()), ("a".into(), 2));
    }
}

#[test]
fn name_is_resolved_again_after_a_refusal() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    // The secret is deleted, and another is created with its name.
    script.fail(crate::script::not_found);
    runtime.advance(secs(60));
    assert!(got(&cache).is_err());
    script.name("db", &["id-new"]);
    script.answer("id-new", Answer::Value("new".into()));
    assert!(got(&cache).is_err() && script.resolves() == 1, "the refusal is kept for 10 s");
    runtime.advance(secs(10));
    assert_eq!((got(&cache).unwrap(), script.resolves()), ("new".into(), 2));
    assert_eq!((got(&cache).unwrap(), script.resolves()), ("new".into(), 2));
}

#[test]
fn refused_secret_that_comes_back_is_fetched_with_one_lookup() {
    let script = Script::new("a");
    script.fail(denied);
    let (cache, runtime) = cache(&script);
    assert!(got(&cache).is_err());
    runtime.advance(secs(10));
    script.value("a");
    for _ in 0..3 {
        assert_eq!(got(&cache).unwrap(), "a");
    }
    assert_eq!((script.resolves(), script.fetches()), (2, 2));
}

#[test]
fn explicit_refresh_fetches_within_the_ttl_and_whatever_failed_before() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.value("b");
    assert_eq!(now(cache.refresh("db")).unwrap().expose_secret(), "b");
    script.fail(outage);
    for _ in 0..3 {
        assert_eq!(now(cache.refresh("db")).unwrap_err().status(), Some(503));
    }
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("b".into(), 5));
    script.fail(denied);
    assert!(now(cache.refresh("db")).unwrap_err().is_denied() && got(&cache).is_err());
    script.value("c");
    assert_eq!(now(cache.refresh("db")).unwrap().expose_secret(), "c");
    assert_eq!((got(&cache).unwrap(), cache.metrics().rotations), ("c".into(), 1));
}

#[test]
fn invalidated_secret_is_fetched_again() {
    let script = Script::new("a");
    let (cache, _) = cache(&script);
    type Invalidate = fn(&cloud_secrets::SecretCache);
    let ways: [(Invalidate, usize); 3] = [
        (|cache| cache.invalidate("db"), 1),
        (|cache| cache.invalidate(SecretRef::id("id-db")), 0),
        (cloud_secrets::SecretCache::invalidate_all, 1),
    ];
    for (number, (invalidate, lookups)) in ways.into_iter().enumerate() {
        script.value(&format!("a{number}"));
        let resolved = script.resolves();
        invalidate(&cache);
        assert_eq!(cache.metrics().entries, 0);
        assert_eq!((got(&cache).unwrap(), script.resolves() - resolved), (format!("a{number}"), lookups));
    }
}

#[derive(Debug, serde::Deserialize)]
struct DbLogin {
    username: String,
    password: SecretString,
}

#[test]
fn json_value_is_read_as_a_type() {
    let script = Script::new(r#"{"username":"app","password":"a\"b"}"#);
    let (cache, _) = cache(&script);
    let login: DbLogin = now(cache.get_as("db")).unwrap();
    assert_eq!((&*login.username, login.password.expose_secret()), ("app", "a\"b"));
}

#[test]
fn value_that_does_not_fit_is_an_error_that_names_the_field() {
    let cases = [
        (r#"{"username":"app"}"#, "`password` is missing"),
        (r#"{"username":7,"password":"x"}"#, "`username` is not a string"),
        ("no json", "its value is not JSON"),
        (r#"{"username":"app","#, "its value is not JSON"),
    ];
    for (value, text) in cases {
        let (cache, _) = cache(&Script::new(value));
        let error = now(cache.get_as::<DbLogin>("db")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains(text), "{error}");
        assert!(!error.message().contains("response"), "{error}");
    }
}
