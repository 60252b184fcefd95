//! How long data keys are used, and that a refusal ends their use.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cloud_core::ErrorCategory;
use cloud_core::testing::FakeRuntime;
use cloud_envelope::{ErrorKind, Limits, Sealer};

use crate::source::{CONTEXT, Mood, Source, builder, limits, runtime, source};

const REFUSALS: [ErrorCategory; 4] =
    [ErrorCategory::Denied, ErrorCategory::InvalidCredentials, ErrorCategory::NotFound, ErrorCategory::Conflict];

fn sealer(source: &Source, limits: Limits) -> (Sealer, Arc<FakeRuntime>) {
    let runtime = runtime();
    (Sealer::builder(source.clone()).reuse(limits).runtime(Arc::clone(&runtime)).build().unwrap(), runtime)
}

#[tokio::test]
async fn data_key_seals_until_a_limit() {
    // Limits, length of each message, messages, and how many data keys they need.
    let cases = [
        (limits(100_000, 1 << 36), 10, 1_000, 1),
        (limits(1, 1 << 36), 10, 5, 5),
        (limits(2, 1 << 36), 10, 5, 3),
        (limits(100, 20), 10, 6, 3),
        (limits(100, 19), 10, 6, 6),
        // Longer than the limit: each has a data key of its own.
        (limits(100, 5), 10, 4, 4),
        (limits(100, 5), 0, 4, 1),
    ];
    for (limits, length, messages, keys) in cases {
        let source = source();
        let (sealer, _) = sealer(&source, limits);
        for _ in 0..messages {
            sealer.seal(vec![0; length], &[]).await.unwrap();
        }
        assert_eq!(source.counts(), [keys, 0, 0], "{limits:?}");
    }
}

#[tokio::test]
async fn data_key_is_used_no_longer_than_its_age() {
    let source = source();
    let (sealer, runtime) = sealer(&source, Limits { age: Duration::from_secs(10), ..Limits::default() });
    let message = sealer.seal("x", &[]).await.unwrap();
    sealer.open(&message).await.unwrap();
    runtime.advance(Duration::from_millis(9_999));
    sealer.seal("x", &[]).await.unwrap();
    sealer.open(&message).await.unwrap();
    assert_eq!(source.counts(), [1, 0, 1]);
    runtime.advance(Duration::from_millis(1));
    sealer.seal("x", &[]).await.unwrap();
    assert_eq!(source.counts(), [2, 0, 1]);
    sealer.open(&message).await.unwrap();
    assert_eq!(source.counts(), [2, 0, 2]);
}

#[tokio::test]
async fn age_of_zero_is_a_request_for_each_message() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits { age: Duration::ZERO, ..Limits::default() });
    for _ in 0..3 {
        let message = sealer.seal("x", &[]).await.unwrap();
        sealer.open(&message).await.unwrap();
    }
    assert_eq!(source.counts(), [3, 0, 3]);
}

#[tokio::test]
async fn bytes_of_a_stream_count() {
    let source = source();
    let (sealer, _) = sealer(&source, limits(100, 30));
    for _ in 0..2 {
        let mut message = Vec::new();
        sealer.seal_stream([7; 40].as_slice(), &mut message, &[]).await.unwrap();
        sealer.seal([7; 1], &[]).await.unwrap();
    }
    assert_eq!(source.counts(), [3, 0, 0], "each stream uses the key up, and the message between them begins another");
}

#[tokio::test]
async fn many_callers_wait_for_one_request() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let held = source.permits.forget_permits(usize::MAX);
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let sealer = sealer.clone();
            tokio::spawn(async move { sealer.seal("x", &[]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    source.permits.add_permits(held);
    let mut message = Vec::new();
    for call in calls {
        message = call.await.unwrap().unwrap();
    }
    assert_eq!(source.counts(), [1, 0, 0]);
    let held = source.permits.forget_permits(usize::MAX);
    let opening = (0..1_000).map(|_| {
        let (sealer, message) = (sealer.clone(), message.clone());
        tokio::spawn(async move { sealer.open(&message).await.map(drop) })
    });
    let opening: Vec<_> = opening.collect();
    tokio::task::yield_now().await;
    source.permits.add_permits(held);
    for call in opening {
        call.await.unwrap().unwrap();
    }
    assert_eq!(source.counts(), [1, 0, 1]);
}

#[tokio::test]
async fn caller_that_does_not_look_makes_no_requests_for_others() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let held = source.permits.forget_permits(usize::MAX);
    let mut looks = Box::pin(sealer.seal("x", &[]));
    let mut does_not_look = Box::pin(sealer.seal("x", &[]));
    let pending = |call: &mut std::pin::Pin<Box<_>>| futures_poll(call);
    assert!(pending(&mut looks).is_none() && pending(&mut does_not_look).is_none());
    source.permits.add_permits(held);
    looks.await.unwrap();
    sealer.invalidate("key-1");
    let held = source.permits.forget_permits(usize::MAX);
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let sealer = sealer.clone();
            tokio::spawn(async move { sealer.seal("x", &[]).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    source.permits.add_permits(held);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    // Its key was invalidated meanwhile, so it takes the new one.
    does_not_look.await.unwrap();
    assert_eq!(source.counts(), [2, 0, 0]);
}

/// Polls a call once.
fn futures_poll<F: Future>(call: &mut std::pin::Pin<Box<F>>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn call_after_an_invalidation_does_not_join_a_request_from_before() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let message = sealer.seal("x", &[]).await.unwrap();
    sealer.invalidate("key-1");
    let held = source.permits.forget_permits(usize::MAX);
    let mut calls = Vec::new();
    for _ in 0..2 {
        let (to_seal, to_open, message) = (sealer.clone(), sealer.clone(), message.clone());
        calls.push(tokio::spawn(async move { to_seal.seal("x", &[]).await.map(drop) }));
        calls.push(tokio::spawn(async move { to_open.open(&message).await.map(drop) }));
        tokio::task::yield_now().await;
        sealer.invalidate("key-1");
    }
    source.permits.add_permits(held);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    // The first of all, those of the two rounds, and one more: both rounds were invalidated while they waited.
    assert_eq!(source.counts(), [4, 0, 3]);
}

#[tokio::test]
async fn callers_do_not_wait_for_each_other_at_a_low_limit() {
    let source = source();
    let (sealer, _) = sealer(&source, limits(1, 1 << 20));
    let held = source.permits.forget_permits(usize::MAX);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let sealer = sealer.clone();
            tokio::spawn(async move { sealer.seal("x", &[]).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    // One request for all, and then one for each but the first, at the same time.
    source.permits.add_permits(1);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    source.permits.add_permits(held);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(source.counts(), [50, 0, 0]);
}

#[test]
fn runtimes_do_not_wait_for_each_other() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let (idle, busy) = (runtime(), runtime());
    let held = source.permits.forget_permits(usize::MAX);
    // A call of a runtime that nobody drives any more.
    let waiting = {
        let sealer = sealer.clone();
        idle.spawn(async move { sealer.seal("x", &[]).await.map(drop) })
    };
    idle.block_on(tokio::task::yield_now());
    source.permits.add_permits(held);
    busy.block_on(sealer.seal("x", &[])).unwrap();
    idle.block_on(waiting).unwrap().unwrap();
    assert_eq!(source.counts(), [2, 0, 0]);
}

#[tokio::test]
async fn key_that_is_repeated_in_a_message_is_asked_for_once() {
    let source = source();
    let message = builder(&source).build().unwrap().seal("x", &[]).await.unwrap();
    let header = 1 + 2 + 32 + 2;
    let key = message[header + 2..header + 2 + 10 + 7 + 18].to_vec();
    let forged = [&message[..header], &[0, 5], &key.repeat(5), &message[header + 2 + key.len()..]].concat();
    source.set(Mood::Refuses(ErrorCategory::Denied));
    let asked = source.asked.load(Ordering::Relaxed);
    let error = builder(&source).build().unwrap().open(&forged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyService);
    assert_eq!(source.asked.load(Ordering::Relaxed), asked + 1);
}

#[tokio::test]
async fn caller_that_leaves_holds_up_nobody() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let held = source.permits.forget_permits(usize::MAX);
    let first = tokio::spawn({
        let sealer = sealer.clone();
        async move { sealer.seal("x", &[]).await.map(drop) }
    });
    tokio::task::yield_now().await;
    let second = tokio::spawn(async move { sealer.seal("x", &[]).await.map(drop) });
    tokio::task::yield_now().await;
    first.abort();
    source.permits.add_permits(held);
    second.await.unwrap().unwrap();
    assert_eq!(source.generated.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn failure_is_an_error_for_its_callers_and_the_next_call_asks_again() {
    for mood in [Mood::IsDown, Mood::Panics, Mood::Refuses(ErrorCategory::Denied)] {
        let source = source();
        let (sealer, _) = sealer(&source, Limits::default());
        source.set(mood);
        let error = sealer.seal("x", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyService, "{mood:?}");
        assert!(error.service_error().is_some());
        source.set(Mood::Works);
        sealer.seal("x", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn data_keys_are_used_through_an_outage_but_never_after_a_refusal() {
    for (mood, ends) in
        REFUSALS.map(|category| (Mood::Refuses(category), true)).into_iter().chain([(Mood::IsDown, false)])
    {
        let source = source();
        let (sealer, _) = sealer(&source, Limits::default());
        let known = sealer.seal("known", CONTEXT).await.unwrap();
        let unknown = Sealer::builder(source.clone()).build().unwrap().seal("unknown", CONTEXT).await.unwrap();
        sealer.open(&known).await.unwrap();
        source.set(mood);
        let error = sealer.open(&unknown).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyService, "{mood:?}");
        assert_eq!(sealer.open(&known).await.is_err(), ends, "{mood:?}: to open");
        // Who may not decrypt may still encrypt.
        let ends_sealing = ends && mood != Mood::Refuses(ErrorCategory::Denied);
        assert_eq!(sealer.seal("x", &[]).await.is_err(), ends_sealing, "{mood:?}: to seal");
        // A later outage does not bring them back.
        source.set(Mood::IsDown);
        assert_eq!(sealer.open(&known).await.is_err(), ends, "{mood:?}: later");
        assert_eq!(sealer.seal("x", &[]).await.is_err(), ends_sealing, "{mood:?}: later");
    }
}

#[tokio::test]
async fn invalidated_key_is_asked_for_again() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let message = sealer.seal("x", &[]).await.unwrap();
    sealer.open(&message).await.unwrap();
    sealer.invalidate("another key");
    sealer.open(&sealer.seal("x", &[]).await.unwrap()).await.unwrap();
    assert_eq!(source.counts(), [1, 0, 1]);
    sealer.invalidate("key-1");
    sealer.open(&message).await.unwrap();
    sealer.seal("x", &[]).await.unwrap();
    assert_eq!(source.counts(), [2, 0, 2]);
}

#[tokio::test]
async fn data_key_that_was_requested_before_an_invalidation_is_not_kept() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    let held = source.permits.forget_permits(usize::MAX);
    let call = tokio::spawn({
        let sealer = sealer.clone();
        async move { sealer.seal("x", &[]).await.map(drop) }
    });
    tokio::task::yield_now().await;
    sealer.invalidate("key-1");
    source.permits.add_permits(held);
    call.await.unwrap().unwrap();
    sealer.seal("x", &[]).await.unwrap();
    assert_eq!(source.counts(), [2, 0, 0]);
}

#[tokio::test]
async fn least_recently_used_data_key_is_evicted() {
    let source = source();
    let sealer = builder(&source).capacity(2).reuse(limits(1, 1 << 20)).build().unwrap();
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(sealer.seal("x", &[]).await.unwrap());
    }
    for (number, unwraps) in [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4)] {
        sealer.open(&messages[number]).await.unwrap();
        assert_eq!(source.counts()[2], unwraps, "message {number}");
    }
}

#[tokio::test]
async fn data_key_of_another_length_is_an_error() {
    let source = source();
    let (sealer, _) = sealer(&source, Limits::default());
    for length in [0, 16, 31, 33, 64] {
        *source.length.lock().unwrap() = length;
        let error = sealer.seal("x", &[]).await.unwrap_err();
        assert_eq!(error.service_error().map(|error| error.kind()), Some(cloud_core::ErrorKind::Decode), "{length}");
    }
    *source.length.lock().unwrap() = 32;
    let message = sealer.seal("x", &[]).await.unwrap();
    *source.length.lock().unwrap() = 16;
    assert_eq!(sealer.open(&message).await.unwrap_err().kind(), ErrorKind::KeyService);
}
