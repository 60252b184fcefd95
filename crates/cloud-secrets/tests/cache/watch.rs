//! Rotations as a stream.

use std::pin::pin;
use std::task::Poll;

use cloud_secrets::{Rotation, SecretCache};

use crate::script::{Script, cache, denied, got, now, outage, poll, secs};

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
        assert!(poll(changed.as_mut()).is_pending(), "the first value is no rotation, nor is the same again");
        assert_eq!(script.fetches(), fetches);
        assert!(poll(changed.as_mut()).is_pending());
        assert_eq!(script.fetches(), fetches, "nothing is due");
        runtime.advance(secs(50));
    }
    script.value("b");
    let Poll::Ready(rotation) = poll(changed.as_mut()) else { panic!("no rotation") };
    assert_eq!(shown(&rotation), ("b".into(), Some("a".into())));
    assert_eq!((got(&cache).unwrap(), cache.metrics().rotations), ("b".into(), 1));
    assert!(!format!("{rotation:?}").contains('b') || format!("{rotation:?}").contains("redacted"));
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
    shared::<cloud_secrets::SecretCacheBuilder>();
    shared::<cloud_secrets::LoginError<std::io::Error>>();
}
