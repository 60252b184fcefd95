//! Stale on outage, never after a refusal.

use std::pin::pin;
use std::task::Poll;

use cloud_core::{Error, ErrorCategory, ErrorKind};

use crate::script::{Answer, Script, cache, got, outage, poll, refused, secs};

fn error(kind: ErrorKind, status: u16, category: Option<ErrorCategory>) -> Error {
    Error::builder(kind, "failed").status(status).category(category).build()
}

/// Everything that is not a refusal, as the SDKs report it.
const OUTAGES: [fn() -> Error; 8] = [
    outage,
    // A gateway's 404 has no category.
    || error(ErrorKind::Service, 404, None),
    || error(ErrorKind::Service, 429, Some(ErrorCategory::Throttled)),
    || error(ErrorKind::Service, 500, None),
    || error(ErrorKind::Decode, 200, None),
    || Error::new(ErrorKind::Connect, "no connection"),
    || Error::new(ErrorKind::Timeout, "too late"),
    // The service that issues tokens cannot be reached.
    || Error::new(ErrorKind::Credentials, "no token"),
];

const REFUSALS: [fn() -> Error; 5] = [
    || refused(ErrorCategory::Denied),
    || refused(ErrorCategory::InvalidCredentials),
    || refused(ErrorCategory::NotFound),
    // Stopped, or scheduled for deletion.
    || refused(ErrorCategory::Conflict),
    // NHN refuses in HTTP 200.
    || error(ErrorKind::Service, 200, Some(ErrorCategory::Denied)),
];

#[test]
fn value_is_served_stale_in_an_outage_until_its_limit() {
    for (number, outage) in OUTAGES.into_iter().enumerate() {
        let script = Script::new("a");
        let (cache, runtime) = cache(&script);
        assert_eq!(got(&cache).unwrap(), "a");
        script.fail(outage);
        runtime.advance(secs(99));
        assert_eq!(got(&cache).unwrap(), "a", "{number}: within the TTL");
        assert_eq!(cache.metrics().stale, 0);
        for advance in [1, 60, 900] {
            runtime.advance(secs(advance));
            assert_eq!(got(&cache).unwrap(), "a", "{number}");
        }
        assert_eq!(cache.metrics().stale, 3);
        runtime.advance(secs(40));
        assert!(got(&cache).is_err(), "{number}: 1,100 s are the TTL and the limit");
        script.value("b");
        runtime.advance(secs(60));
        assert_eq!(got(&cache).unwrap(), "b", "{number}");
    }
}

#[test]
fn caller_whose_own_request_fails_gets_the_stale_value() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.fail(outage);
    // Nobody asked for a long time, so the first request after the TTL is the one that fails.
    runtime.advance(secs(500));
    assert_eq!((got(&cache).unwrap(), script.fetches(), cache.metrics().stale), ("a".into(), 2, 1));
}

#[test]
fn service_that_does_not_respond_is_waited_for_at_most_a_second() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.close();
    let get = || Box::pin(cache.get("db"));
    let is_a = |get: Poll<cloud_core::Result<std::sync::Arc<cloud_secrets::SecretString>>>| matches!(get, Poll::Ready(Ok(value)) if value.expose_secret() == "a");
    // From the TTL on, and again when the first request is given up after a minute.
    for (advance, fetches) in [(100, 2), (60, 3)] {
        runtime.advance(secs(advance));
        let mut callers = [get(), get()];
        assert!(callers.iter_mut().all(|caller| poll(caller.as_mut()).is_pending()), "at {advance} s");
        runtime.advance(secs(1));
        assert!(callers.iter_mut().all(|caller| is_a(poll(caller.as_mut()))), "at {advance} s");
        for _ in 0..58 {
            runtime.advance(secs(1));
            assert!(is_a(poll(get().as_mut())), "what has not responded for a second is not waited for");
        }
        assert_eq!((script.fetches(), cache.metrics().errors), (fetches, 0));
    }
    assert_eq!(cache.metrics().stale, 2 * (2 + 58));
    script.value("b");
    script.open();
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("b".into(), 3), "a later caller drives the last request");
}

#[test]
fn refresh_that_hangs_is_not_started_again_at_the_end_of_the_ttl() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.close();
    runtime.advance(secs(95));
    assert!(poll(pin!(cache.get("db"))).is_pending());
    runtime.advance(secs(5));
    assert_eq!((got(&cache).unwrap(), cache.metrics().stale), ("a".into(), 1));
    assert_eq!((script.fetches(), script.dropped()), (2, 0));
}

#[test]
fn without_a_limit_nothing_is_served_past_the_ttl() {
    let script = Script::new("a");
    let (builder, runtime) = crate::script::builder(&script);
    let cache = builder.stale_on_outage(secs(0)).build();
    assert_eq!(got(&cache).unwrap(), "a");
    script.fail(outage);
    runtime.advance(secs(99));
    assert_eq!(got(&cache).unwrap(), "a");
    runtime.advance(secs(1));
    assert!(got(&cache).is_err());
}

#[test]
fn refused_value_is_evicted_and_stays_so_in_a_later_outage() {
    for (number, refusal) in REFUSALS.into_iter().enumerate() {
        for outage in OUTAGES {
            let script = Script::new("a");
            let (cache, runtime) = cache(&script);
            assert_eq!(got(&cache).unwrap(), "a");
            script.fail(refusal);
            // Still within the TTL: the refresh ahead is what is refused.
            runtime.advance(secs(60));
            assert!(got(&cache).is_err(), "{number}");
            assert_eq!((cache.metrics().entries, cache.metrics().refusals), (0, 1));
            script.fail(outage);
            for _ in 0..50 {
                runtime.advance(secs(20));
                assert!(got(&cache).is_err(), "{number}: revived");
            }
            script.value("b");
            runtime.advance(secs(300));
            assert_eq!(got(&cache).unwrap(), "b");
        }
    }
}

#[test]
fn refusal_in_an_outage_evicts_the_stale_value() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.fail(outage);
    runtime.advance(secs(150));
    assert_eq!(got(&cache).unwrap(), "a");
    script.fail(|| refused(ErrorCategory::Denied));
    runtime.advance(secs(60));
    assert!(got(&cache).is_err());
    script.fail(outage);
    runtime.advance(secs(60));
    assert!(got(&cache).is_err());
}

#[test]
fn failures_are_backed_off() {
    let script = Script::new("a");
    script.fail(outage);
    let (cache, runtime) = cache(&script);
    for _ in 0..600 {
        assert!(got(&cache).is_err());
        runtime.advance(secs(1));
    }
    // Without jitter: after 0.5, 1, 2, 4, 8, 16 and then 30 seconds each.
    let fetches = script.fetches();
    assert!((20..=30).contains(&fetches), "{fetches} requests in 600 s");
    assert_eq!(cache.metrics().errors, fetches as u64);
    script.value("a");
    runtime.advance(secs(60));
    assert_eq!(got(&cache).unwrap(), "a");
    script.fail(outage);
    runtime.advance(secs(60));
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), fetches + 2));
    runtime.advance(secs(1));
    assert_eq!((got(&cache).unwrap(), script.fetches()), ("a".into(), fetches + 3), "a success ends the backoff");
}

#[test]
fn delay_that_the_service_asks_for_is_the_least() {
    let script = Script::new("a");
    script.fail(|| Error::builder(ErrorKind::Service, "busy").status(429).retry_after(secs(40)).build());
    let (cache, runtime) = cache(&script);
    for _ in 0..40 {
        assert!(got(&cache).is_err());
        runtime.advance(secs(1));
    }
    assert_eq!(script.fetches(), 1);
    assert!(got(&cache).is_err());
    assert_eq!(script.fetches(), 2);
}

#[test]
fn refusals_are_kept_briefly() {
    let script = Script::new("a");
    script.fail(|| refused(ErrorCategory::Denied));
    let (cache, runtime) = cache(&script);
    for (advance, fetches) in [(0, 1), (5, 1), (4, 1), (1, 2), (9, 2), (1, 3)] {
        runtime.advance(secs(advance));
        assert!(got(&cache).is_err());
        assert_eq!(script.fetches(), fetches);
    }
}

#[test]
fn panic_of_the_source_is_an_outage() {
    let script = Script::new("a");
    let (cache, runtime) = cache(&script);
    assert_eq!(got(&cache).unwrap(), "a");
    script.answer("id-db", Answer::Panic);
    runtime.advance(secs(150));
    assert_eq!((got(&cache).unwrap(), cache.metrics().errors), ("a".into(), 1));
    let (cold, _) = crate::script::cache(&script);
    for _ in 0..3 {
        assert!(got(&cold).unwrap_err().contains("panicked"));
    }
    assert_eq!(script.fetches(), 3);
}
