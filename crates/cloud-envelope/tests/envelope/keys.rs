//! How long data keys are used, and that a refusal ends their use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloud_core::ErrorCategory;
use cloud_core::testing::FakeRuntime;
use cloud_envelope::{Error, ErrorKind, Limits, Sealer};
use tokio::task::JoinHandle;

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
    let calls = started((0..1_000).map(|number| {
        let sealer = sealer.clone();
        async move { sealer.seal("x", &[("row", &number.to_string())]).await }
    }));
    let calls = calls.await;
    source.permits.add_permits(held);
    let mut messages = Vec::new();
    for call in calls {
        messages.push(call.await.unwrap().unwrap());
    }
    assert_eq!(source.counts(), [1, 0, 0]);
    let held = source.permits.forget_permits(usize::MAX);
    let calls = opened_at_once(&sealer, messages).await;
    source.permits.add_permits(held);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(source.counts(), [1, 0, 1]);
}

/// Starts calls, and returns once each of them waits.
async fn started<F: Future<Output: Send> + Send + 'static>(
    calls: impl Iterator<Item = F>,
) -> Vec<JoinHandle<F::Output>> {
    let polled = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = calls
        .map(|call| {
            let polled = Arc::clone(&polled);
            tokio::spawn(async move {
                // No other task of this thread runs before the call waits.
                polled.fetch_add(1, Ordering::Relaxed);
                call.await
            })
        })
        .collect();
    while polled.load(Ordering::Relaxed) < calls.len() {
        tokio::task::yield_now().await;
    }
    calls
}

async fn opened_at_once(sealer: &Sealer, messages: Vec<Vec<u8>>) -> Vec<JoinHandle<Result<(), Error>>> {
    let calls = messages.into_iter().map(|message| {
        let sealer = sealer.clone();
        async move { sealer.open(&message).await.map(drop) }
    });
    started(calls).await
}

/// Messages of one data key, each with a context of its own.
async fn messages_of_one_key(source: &Source) -> Vec<Vec<u8>> {
    let (sealer, _) = sealer(source, Limits::default());
    let mut messages = Vec::new();
    for number in 0..50 {
        messages.push(sealer.seal("x", &[("row", &format!("{number:02}"))]).await.unwrap());
    }
    messages
}

#[tokio::test]
async fn failure_is_asked_for_again_only_if_another_context_may_be_the_cause() {
    let cases = [
        // Rows that are opened, what the service does, requests, and how many messages are opened.
        (0..50, Mood::Works, 1, 50),
        (0..50, Mood::IsDown, 1, 0),
        (0..50, Mood::Refuses(ErrorCategory::Conflict), 1, 0),
        (0..50, Mood::Refuses(ErrorCategory::Denied), 50, 0),
        (7..8, Mood::Demands("row 7"), 1, 0),
        // The first fails, and so do others with contexts of their own; once one has succeeded, none asks any more.
        (0..50, Mood::Demands("49"), 50, 1),
        (49..50, Mood::Demands("49"), 1, 1),
    ];
    for (rows, mood, requests, opened) in cases {
        let source = source();
        let messages = messages_of_one_key(&source).await;
        let before = source.asked.load(Ordering::Relaxed);
        source.set(mood);
        let held = source.permits.forget_permits(usize::MAX);
        let (sealer, _) = sealer(&source, Limits::default());
        let calls = opened_at_once(&sealer, messages[rows].to_vec()).await;
        assert_eq!(source.waiting.load(Ordering::Relaxed), 1, "{mood:?}");
        source.permits.add_permits(held);
        let mut successes = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(()) => successes += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::KeyService, "{mood:?}"),
            }
        }
        assert_eq!(source.asked.load(Ordering::Relaxed) - before, requests, "{mood:?}");
        assert_eq!(successes, opened, "{mood:?}");
    }
}

#[tokio::test]
async fn callers_with_one_context_share_a_failure() {
    let source = source();
    let messages = messages_of_one_key(&source).await;
    let before = source.asked.load(Ordering::Relaxed);
    source.set(Mood::Demands("49"));
    let held = source.permits.forget_permits(usize::MAX);
    let (sealer, _) = sealer(&source, Limits::default());
    let rows = [0; 10].into_iter().chain([1; 10]).chain([49; 10]);
    let calls = opened_at_once(&sealer, rows.map(|row| messages[row].clone()).collect()).await;
    source.permits.add_permits(1);
    while source.waiting.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    source.permits.add_permits(held);
    let mut successes = 0;
    for call in calls {
        successes += usize::from(call.await.unwrap().is_ok());
    }
    assert_eq!((source.asked.load(Ordering::Relaxed) - before, successes), (3, 10));
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
    // Limits, callers, and how many data keys they need. They are requested at the same time.
    for (limits, callers, keys) in [
        (limits(1, 1 << 20), 50, 50),
        (limits(2, 1 << 20), 50, 25),
        (limits(100, 1 << 20), 1_000, 10),
        (limits(100, 1 << 20), 1_001, 11),
        (limits(100, 20), 50, 5),
        (limits(100, 1), 50, 50),
    ] {
        let source = source();
        let (sealer, _) = sealer(&source, limits);
        let held = source.permits.forget_permits(usize::MAX);
        let calls = started((0..callers).map(|_| {
            let sealer = sealer.clone();
            async move { sealer.seal("xx", &[]).await.map(drop) }
        }));
        let calls = calls.await;
        assert_eq!(source.waiting.load(Ordering::Relaxed), keys, "{limits:?}");
        source.permits.add_permits(held);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(source.counts(), [keys, 0, 0], "{limits:?}");
    }
}

#[tokio::test]
async fn caller_whose_key_others_have_used_up_asks_again() {
    let source = source();
    let (sealer, _) = sealer(&source, limits(2, 1 << 20));
    let held = source.permits.forget_permits(usize::MAX);
    let mut waits = Box::pin(sealer.seal("x", &[]));
    assert!(futures_poll(&mut waits).is_none());
    let other = tokio::spawn({
        let sealer = sealer.clone();
        async move { sealer.seal("x", &[]).await.map(drop) }
    });
    tokio::task::yield_now().await;
    source.permits.add_permits(held);
    other.await.unwrap().unwrap();
    // Takes what is left of the key.
    sealer.seal("x", &[]).await.unwrap();
    assert_eq!(source.counts(), [1, 0, 0]);
    waits.await.unwrap();
    assert_eq!(source.counts(), [2, 0, 0]);
}

#[tokio::test]
async fn message_beyond_the_limit_of_bytes_leaves_the_key_of_others() {
    let source = source();
    let (sealer, _) = sealer(&source, limits(100, 10));
    for _ in 0..3 {
        sealer.seal([7; 2], &[]).await.unwrap();
        sealer.seal([7; 11], &[]).await.unwrap();
    }
    assert_eq!(source.counts(), [4, 0, 0], "one for all that are short, and one for each that is long");
}

#[tokio::test]
async fn key_that_is_always_overtaken_is_a_transient_error() {
    for limits in [limits(100, 1 << 20), limits(1, 1 << 20)] {
        let source = source();
        let (sealer, _) = sealer(&source, limits);
        let message = sealer.seal("x", &[]).await.unwrap();
        sealer.invalidate("key-1");
        *source.overtakes.lock().unwrap() = Some(sealer.clone());
        let errors = [sealer.seal("x", &[]).await.unwrap_err(), sealer.open(&message).await.unwrap_err()];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::KeyService);
            assert!(error.service_error().unwrap().is_transient(), "{error:?}");
        }
        assert_eq!(source.counts(), [4, 0, 3]);
        *source.overtakes.lock().unwrap() = None;
        sealer.seal("x", &[]).await.unwrap();
        sealer.open(&message).await.unwrap();
    }
}

#[tokio::test]
async fn caller_that_looks_late_takes_no_old_key() {
    for (late, requests) in [(Duration::from_secs(599), 1), (Duration::from_secs(86_400), 2)] {
        let source = source();
        let (sealer, runtime) = sealer(&source, Limits::default());
        let message = sealer.seal("x", &[]).await.unwrap();
        sealer.invalidate("key-1");
        let held = source.permits.forget_permits(usize::MAX);
        let mut seals = Box::pin(sealer.seal("x", &[]));
        let mut opens = Box::pin(sealer.open(&message));
        assert!(futures_poll(&mut seals).is_none() && futures_poll(&mut opens).is_none());
        source.permits.add_permits(held);
        // Others complete both requests.
        sealer.seal("x", &[]).await.unwrap();
        sealer.open(&message).await.unwrap();
        assert_eq!(source.counts(), [2, 0, 1]);
        runtime.advance(late);
        seals.await.unwrap();
        opens.await.unwrap();
        assert_eq!(source.counts(), [1 + requests, 0, requests], "{late:?}");
    }
}

#[tokio::test]
async fn age_that_is_shorter_than_a_request_is_no_error() {
    let source = source();
    let (sealer, runtime) = sealer(&source, Limits { age: Duration::from_secs(2), ..Limits::default() });
    for request in 1..=2 {
        let held = source.permits.forget_permits(usize::MAX);
        let mut seals = Box::pin(sealer.seal("x", &[]));
        assert!(futures_poll(&mut seals).is_none());
        runtime.advance(Duration::from_secs(3));
        source.permits.add_permits(held);
        let message = seals.await.unwrap();
        let held = source.permits.forget_permits(usize::MAX);
        let mut opens = Box::pin(sealer.open(&message));
        assert!(futures_poll(&mut opens).is_none());
        runtime.advance(Duration::from_secs(3));
        source.permits.add_permits(held);
        opens.await.unwrap();
        assert_eq!(source.counts(), [request, 0, request], "it is used once, and not kept");
    }
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
        for limits in [Limits::default(), limits(1, 1 << 20), limits(100, 1)] {
            let source = source();
            let (sealer, _) = sealer(&source, limits);
            source.set(mood);
            // Longer than the last of these limits.
            let error = sealer.seal("xx", &[]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::KeyService, "{mood:?}");
            assert!(error.service_error().is_some());
            source.set(Mood::Works);
            sealer.seal("xx", &[]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn data_keys_are_used_through_an_outage_but_never_after_a_refusal() {
    for (mood, ends) in REFUSALS.map(|category| (Mood::Refuses(category), true)).into_iter().chain([
        (Mood::IsDown, false),
        // A refusal of one wrapped key.
        (Mood::Demands("another context"), false),
    ]) {
        let source = source();
        let (sealer, _) = sealer(&source, Limits::default());
        let known = sealer.seal("known", CONTEXT).await.unwrap();
        let unknown = Sealer::builder(source.clone()).build().unwrap().seal("unknown", CONTEXT).await.unwrap();
        sealer.open(&known).await.unwrap();
        source.set(mood);
        let error = sealer.open(&unknown).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyService, "{mood:?}");
        assert_eq!(sealer.open(&known).await.is_err(), ends, "{mood:?}: to open");
        // If decrypt is denied, only that use ends.
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
