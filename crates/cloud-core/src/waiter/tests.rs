//! Tests of waiting under a scripted transport and a clock that stands still.

use std::sync::Arc;

use time::macros::datetime;

use super::*;
use crate::client::Client;
use crate::dialect::{Dialect, Failure, RawResponse, ResponseOutcome};
use crate::endpoint::Endpoint;
use crate::operation::{ApiVersion, CallContext, Idempotency, Method, Operation, Segment};
use crate::request::Request;
use crate::runtime::Runtime as _;
use crate::testing::{FakeRuntime, FakeTransport};
use crate::transport::Stage;

static V1: ApiVersion = ApiVersion::new("test", "runs", "1");
static SHOW: Operation = Operation::new("show", Method::Get, &[Segment::Literal("/runs/"), Segment::Param("id")])
    .idempotency(Idempotency::Safe);

/// Payload as it is; other statuses are failures.
#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn prepare(&self, _: CallContext, _: &mut http::HeaderMap) -> Result<()> {
        Ok(())
    }

    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if answer.status.is_success() {
            return ResponseOutcome::Payload(answer.body.clone());
        }
        ResponseOutcome::Failed(Failure::default())
    }
}

struct Outcome {
    result: Result<u32>,
    requests: usize,
    waits: Vec<u64>,
}

/// The second word of the state is what the run has come to.
fn judge(state: String) -> Observed<u32> {
    match state.split_once(' ') {
        Some(("done", result)) => Observed::Done(result.parse().unwrap()),
        Some(("failed", why)) => Observed::Failed(why.to_owned()),
        _ => Observed::Pending(state),
    }
}

async fn wait(transport: FakeTransport, id: &str, change: impl FnOnce(Waiter<u32>) -> Waiter<u32>) -> Outcome {
    wait_while(transport, id, change, Duration::ZERO).await
}

/// Waits while the clock moves by itself.
async fn wait_while(
    transport: FakeTransport,
    id: &str,
    change: impl FnOnce(Waiter<u32>) -> Waiter<u32>,
    moves: Duration,
) -> Outcome {
    let transport = Arc::new(transport);
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let client = Client::builder(Endpoint::parse("https://runs.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap()
        .with_version(&V1);
    let call = Call::<String>::new(&client, Request::new(&SHOW).path("id", id));
    let waiter = change(Waiter::new(call, judge));
    let (result, ()) = tokio::join!(waiter.into_future(), async { runtime.advance(moves) });
    let waits = runtime.waits().iter().map(Duration::as_secs).collect();
    Outcome { result, requests: transport.sent().len(), waits }
}

fn script(states: &[&str]) -> FakeTransport {
    states.iter().fold(FakeTransport::new(), |script, state| script.answer(200, &format!("{state:?}")))
}

#[tokio::test]
async fn waiter_polls_until_it_is_done() {
    let cases: &[(&[&str], u32, &[u64])] = &[
        (&["done 1"], 1, &[]),
        (&["running", "done 2"], 2, &[10]),
        (&["queued", "running", "running", "done 3"], 3, &[10, 10, 10]),
    ];
    for (states, result, waits) in cases {
        let outcome = wait(script(states), "7", |waiter| waiter).await;
        assert_eq!((outcome.result.unwrap(), &*outcome.waits), (*result, *waits), "{states:?}");
        assert_eq!(outcome.requests, states.len(), "{states:?}");
    }
}

#[tokio::test]
async fn failure_state_ends_the_wait_and_is_named() {
    let outcome = wait(script(&["running", "failed Broken\nline", "done 1"]), "7", |waiter| waiter).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.is_transient(), outcome.requests), (ErrorKind::FailureState, false, 2));
    assert_eq!(error.to_string(), "test runs 1 show failed: ended in state Broken line");
}

#[tokio::test]
async fn passed_deadline_names_the_last_state() {
    // Interval, deadline and how often is polled: the next poll would begin at or after the deadline.
    for (interval, deadline, polls) in [(10, 25, 3), (10, 20, 2), (10, 5, 1), (1, 60, 60), (7, 0, 0)] {
        let outcome = wait(script(&["queued", "running"]), "7", |waiter| {
            waiter.interval(Duration::from_secs(interval)).deadline(Duration::from_secs(deadline))
        })
        .await;
        assert_eq!(outcome.requests, polls, "{interval} {deadline}");
        let error = outcome.result.unwrap_err();
        let last = match polls {
            0 => "no state was seen",
            1 => "last state queued",
            _ => "last state running",
        };
        let text =
            format!("test runs 1 show failed: not finished within {deadline} s: {last}; wait longer with deadline()");
        assert_eq!(error.to_string(), text);
        assert_eq!((error.kind(), error.is_transient(), error.is_unsent()), (ErrorKind::Timeout, true, polls == 0));
    }
}

#[tokio::test]
async fn failed_poll_has_the_retries_of_a_call_and_then_ends_the_wait() {
    let healed = script(&["running"]).fail(Stage::Connect).answer(503, "").answer(200, "\"done 4\"");
    let outcome = wait(healed, "7", |waiter| waiter).await;
    assert_eq!((outcome.result.unwrap(), outcome.requests), (4, 4));
    assert_eq!(outcome.waits.len(), 3, "one interval and two backoffs");

    let outcome = wait(script(&["running"]).answer(404, ""), "7", |waiter| waiter).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.status(), outcome.requests), (ErrorKind::Service, Some(404), 2));
    assert!(error.to_string().contains("last state seen: running"), "{error}");
}

#[tokio::test]
async fn poll_without_a_response_does_not_outlive_the_deadline() {
    let short = |waiter: Waiter<u32>| waiter.deadline(Duration::from_secs(12));
    // The deadline is shorter than the limits of a call and of an attempt.
    let outcome = wait_while(script(&["queued"]).hang(), "7", short, Duration::from_secs(2)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), outcome.requests), (ErrorKind::Timeout, 2));
    assert!(error.to_string().contains("not finished within 12 s: last state queued"), "{error}");
    assert!(std::error::Error::source(&error).is_some(), "the poll's own error is kept");
}

#[tokio::test]
async fn wrong_arguments_are_rejected_before_sending() {
    let zero = |waiter: Waiter<u32>| waiter.interval(Duration::ZERO);
    let empty = wait(script(&["done 1"]), "", |waiter| waiter).await;
    let zero = wait(script(&["done 1"]), "7", zero).await;
    let given = wait(script(&["done 1"]), "7", |_| Waiter::rejected(Error::request("it never began"))).await;
    for outcome in [empty, zero, given] {
        assert_eq!((outcome.result.unwrap_err().kind(), outcome.requests), (ErrorKind::Request, 0));
    }
}

#[tokio::test]
async fn dropping_the_waiter_sends_nothing_more() {
    let transport = Arc::new(script(&["running"]).hang());
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let client = Client::builder(Endpoint::parse("https://runs.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap()
        .with_version(&V1);
    let mut waiter =
        Waiter::new(Call::<String>::new(&client, Request::new(&SHOW).path("id", "7")), judge).into_future();
    let polled = std::future::poll_fn(|context| std::task::Poll::Ready(waiter.as_mut().poll(context).is_pending()));
    assert!(polled.await);
    drop(waiter);
    runtime.advance(Duration::from_secs(3600));
    assert_eq!(transport.sent().len(), 2);
    assert_eq!(runtime.elapsed(), Duration::from_secs(3610));
}

#[tokio::test]
async fn poll_that_was_sent_is_not_unsent() {
    let short = |waiter: Waiter<u32>| waiter.deadline(Duration::from_secs(12));
    let outcome = wait_while(FakeTransport::new().hang(), "7", short, Duration::from_secs(12)).await;
    assert_eq!(outcome.requests, 1);
    assert!(!outcome.result.unwrap_err().is_unsent());
}
