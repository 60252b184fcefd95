//! Tests of the request loop under a scripted transport and a clock that stands still.
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use http::HeaderMap;
use time::macros::datetime;

use super::*;
use crate::auth::{Generation, SignContext};
use crate::call::Call;
use crate::dialect::{Failure, FailureClass, RawResponse, ResponseOutcome, foreign};
use crate::error::ErrorCategory;
use crate::operation::{Idempotency, Lifecycle, Method, Operation, Segment};
use crate::testing::{FakeRuntime, FakeTransport};
use crate::transport::{BodyLimit, Stage};

mod repeated;
mod restricted;
mod signers;

static V1: ApiVersion = ApiVersion::new("test", "keys", "1").status(Lifecycle::Deprecated).sunset("2026-02-01");
static SHOW: Operation = operation("show", Method::Get, Idempotency::Safe);
static CREATE: Operation = operation("create", Method::Post, Idempotency::Unsafe);

const fn operation(name: &'static str, method: Method, idempotency: Idempotency) -> Operation {
    Operation::new(name, method, &[Segment::Literal("/keys")]).idempotency(idempotency)
}

/// Payload as it is; `{"error": …}` is a failure; 401 wants other credentials.
#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn prepare(&self, _: CallContext, headers: &mut HeaderMap) -> Result<()> {
        headers.insert("x-version", HeaderValue::from_static("1"));
        Ok(())
    }

    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if let Some(why) = foreign(answer) {
            return ResponseOutcome::Unreadable(why);
        }
        if answer.status.is_success() {
            return ResponseOutcome::Payload(answer.body.clone());
        }
        let class = if answer.status == 401 { FailureClass::Unauthorized } else { FailureClass::ByStatus };
        let mut members = serde_json::from_slice::<HashMap<String, String>>(&answer.body).unwrap_or_default();
        let (message, request_id) = (members.remove("error"), members.remove("id"));
        let category = (message.as_deref() == Some("absent")).then_some(ErrorCategory::NotFound);
        ResponseOutcome::Failed(Failure { class, category, message, request_id, ..Failure::default() })
    }
}

/// Stamps the number of the signature, and can renew itself once.
#[derive(Debug, Default)]
struct Stamp(AtomicU32);

impl Signer for Stamp {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(context.url, request.uri().to_string());
        request.headers_mut().insert("x-stamp", HeaderValue::from(number));
        request.headers_mut().insert("x-time", HeaderValue::from(context.now.unix_timestamp()));
        let mut token = HeaderValue::from_static("Bearer hunter3");
        token.set_sensitive(true);
        request.headers_mut().insert("authorization", token);
        Box::pin(std::future::ready(Ok(Generation::new(u64::from(number)))))
    }

    fn invalidate(&self, _: &'static Operation, credentials: Generation) -> bool {
        credentials.number() < 5
    }

    fn signs_time(&self, _: &'static Operation) -> bool {
        true
    }
}

struct Outcome {
    result: Result<serde_json::Value>,
    sent: Vec<http::Request<Bytes>>,
    waits: Vec<Duration>,
}

async fn call(transport: FakeTransport, operation: &'static Operation) -> Outcome {
    call_with(transport, Request::new(operation).query("secret", "hunter2 is secret"), |call| call).await
}

async fn call_with(
    transport: FakeTransport,
    request: Request,
    change: impl FnOnce(Call<serde_json::Value>) -> Call<serde_json::Value>,
) -> Outcome {
    let transport = Arc::new(transport);
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    runtime.set_random(u64::MAX);
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .signer(Stamp::default())
        .transport(Arc::clone(&transport))
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap()
        .with_version(&V1);
    let result = change(Call::new(&client, request)).await;
    Outcome { result, sent: transport.sent(), waits: runtime.waits() }
}

fn millis(waits: &[Duration]) -> Vec<u128> {
    waits.iter().map(Duration::as_millis).collect()
}

#[tokio::test]
async fn only_documented_statuses_are_success_without_a_payload() {
    static DELETE: Operation =
        operation("delete", Method::Delete, Idempotency::Idempotent).returns(false).success(&[200, 204]);
    for (status, operation, good) in [
        (200, &DELETE, true),
        (204, &DELETE, true),
        (201, &DELETE, false),
        (202, &DELETE, false),
        (206, &DELETE, false),
        (226, &DELETE, false),
        (202, &SHOW, true),
        (206, &SHOW, false),
        (226, &SHOW, false),
    ] {
        let outcome = call(FakeTransport::new().answer(status, "null"), operation).await;
        assert_eq!(outcome.result.is_ok(), good, "{status} {}", operation.name);
        if let Err(error) = outcome.result {
            assert_eq!((error.kind(), error.status(), outcome.sent.len()), (ErrorKind::Decode, Some(status), 1));
        }
    }
}

#[tokio::test]
async fn response_above_the_body_limit_is_an_error_with_any_transport() {
    for (limit, fits) in [(3, true), (2, false), (0, false)] {
        let transport = FakeTransport::new().answer(200, "777");
        let outcome = call_with(transport, Request::new(&SHOW), |call| call.body_limit(limit)).await;
        let said = outcome.sent[0].extensions().get().copied();
        assert_eq!(said, Some(BodyLimit::new(limit)), "the transport is told");
        assert_eq!(outcome.sent.len(), 1, "it would be as large the next time");
        match outcome.result {
            Ok(value) => assert!(fits && value == 777),
            Err(error) => {
                assert!(!fits && error.kind() == ErrorKind::Transport, "{error}");
                assert!(error.to_string().contains(&format!("exceeds the limit of {limit} bytes")), "{error}");
            }
        }
    }
    let outcome = call(FakeTransport::new().answer(200, "777"), &SHOW).await;
    assert_eq!(outcome.sent[0].extensions().get::<BodyLimit>(), None);
}

#[test]
fn call_outside_of_a_runtime_returns_error() {
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::new(FakeTransport::new().answer(200, "7")))
        .build()
        .unwrap()
        .with_version(&V1);
    let call = std::pin::pin!(Call::<i64>::new(&client, Request::new(&SHOW)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = call.poll(&mut context) else { panic!("it was sent") };
    assert_eq!((error.kind(), error.is_unsent()), (ErrorKind::Config, true), "{error}");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[tokio::test]
async fn call_with_zero_timeout_is_not_sent() {
    let transport = FakeTransport::new().answer(200, "7");
    let outcome = call_with(transport, Request::new(&CREATE), |call| call.call_timeout(Duration::ZERO)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.is_unsent(), outcome.sent.len()), (ErrorKind::Timeout, true, 0), "{error}");
}

#[tokio::test]
async fn retry_after_date_is_read_by_the_clock_of_the_service() {
    // The service is an hour ahead, and asks for three seconds.
    let headers = [("date", "Thu, 01 Jan 2026 01:00:00 GMT"), ("retry-after", "Thu, 01 Jan 2026 01:00:03 GMT")];
    let transport = FakeTransport::new().answer_with(503, &headers, "{}").answer(200, "7");
    let outcome = call(transport, &SHOW).await;
    assert_eq!((outcome.result.unwrap(), millis(&outcome.waits)), (7.into(), vec![3000]));
}

#[tokio::test]
async fn response_parts_do_not_print_header_values() {
    let transport = FakeTransport::new().answer_with(200, &[("set-cookie", "hunter4")], "7");
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::new(transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let answer = Call::<i64>::new(&client, Request::new(&SHOW)).send().await.unwrap();
    let shown = format!("{:?}", answer.parts());
    assert!(shown.contains("set-cookie") && !shown.contains("hunter4"), "{shown}");
    assert_eq!(answer.parts().headers["set-cookie"], "hunter4");
}

#[tokio::test]
async fn call_is_a_future_for_spawn_and_join() {
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(FakeTransport::new().answer(200, "7"))
        .build()
        .unwrap()
        .with_version(&V1);
    let call = || Call::<i64>::new(&client, Request::new(&SHOW));
    assert_eq!(tokio::spawn(call()).await.unwrap().unwrap(), 7);
    assert_eq!(tokio::spawn(call().send()).await.unwrap().unwrap().into_inner(), 7);
    assert_eq!(tokio::try_join!(call(), call()).unwrap(), (7, 7));
    let joined: tokio::task::JoinSet<_> = [call(), call()].into_iter().collect();
    assert!(joined.join_all().await.into_iter().all(|outcome| outcome.is_ok_and(|value| value == 7)));
}

#[tokio::test]
async fn call_polled_after_completion_returns_error() {
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(FakeTransport::new().answer(200, "7"))
        .build()
        .unwrap()
        .with_version(&V1);
    let mut call = Call::<i64>::new(&client, Request::new(&SHOW));
    assert_eq!((&mut call).await.unwrap(), 7);
    let error = (&mut call).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "test keys 1 show rejected locally: the call has already completed; create a new call to send it again"
    );
    assert!(!error.is_unsent());
}

#[tokio::test]
async fn attempts_are_each_signed_with_a_fresh_time() {
    let transport = FakeTransport::new().fail(Stage::PossiblySent).answer(503, "{}").answer(200, "7");
    let outcome = call(transport, &SHOW).await;
    assert_eq!(outcome.result.unwrap(), 7);
    let stamps: Vec<_> = outcome.sent.iter().map(|r| r.headers()["x-stamp"].to_str().unwrap().to_owned()).collect();
    assert_eq!(stamps, ["0", "1", "2"]);
    assert_eq!(millis(&outcome.waits), [50, 2000]);
    assert_eq!(outcome.sent[0].uri(), "https://keys.example/keys?secret=hunter2%20is%20secret");
}

#[tokio::test]
async fn unsafe_operations_are_retried_only_if_not_sent() {
    for (transport, sent, unsent) in [
        (FakeTransport::new().fail(Stage::Connect), 3, true),
        (FakeTransport::new().fail(Stage::PossiblySent), 1, false),
        (FakeTransport::new().fail(Stage::Connect).fail(Stage::PossiblySent), 2, false),
        (FakeTransport::new().answer(503, "{}"), 1, false),
        (FakeTransport::new().answer(500, "{}"), 1, false),
        (FakeTransport::new().fail(Stage::Invalid), 1, true),
        (FakeTransport::new().fail(Stage::Response), 1, false),
    ] {
        let shown = format!("{transport:?}");
        let outcome = call(transport, &CREATE).await;
        let error = outcome.result.unwrap_err();
        assert_eq!(outcome.sent.len(), sent, "{error} {shown}");
        assert_eq!(error.attempts() as usize, sent, "{error}");
        assert_eq!(error.is_unsent(), unsent, "{error}");
    }
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let outcome = call(FakeTransport::new().answer(401, "{}").answer(200, "1"), &CREATE).await;
    assert_eq!(outcome.result.unwrap(), 1);
    let outcome = call(FakeTransport::new().answer(401, "{}"), &CREATE).await;
    assert_eq!(outcome.sent.len(), 2);
    assert_eq!(outcome.result.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn clock_far_off_is_corrected_once() {
    let late = |status, body| {
        FakeTransport::new().answer_with(status, &[("date", "Thu, 01 Jan 2026 01:00:00 GMT")], body).answer(200, "1")
    };
    for (operation, status, sent) in [(&CREATE, 401, 2), (&CREATE, 400, 1)] {
        let outcome = call(late(status, "{}"), operation).await;
        assert_eq!(outcome.sent.len(), sent, "{status}");
        let times: Vec<_> = outcome.sent.iter().map(|r| r.headers()["x-time"].to_str().unwrap().to_owned()).collect();
        assert_eq!(times[0], "1767225600");
        if let Some(corrected) = times.get(1) {
            assert_eq!(corrected, "1767229200", "an hour later, by the service's clock");
        }
    }
    let script = || {
        let date = [("date", "Thu, 01 Jan 2026 01:00:00 GMT")];
        FakeTransport::new().answer_with(401, &date, "{}")
    };
    // Once for the clock, once for the credentials, and then the refusal stands.
    assert_eq!(call(script(), &CREATE).await.sent.len(), 3);
}

#[tokio::test]
async fn retries_end_when_the_budget_is_used_up() {
    let transport = Arc::new(FakeTransport::new().fail(Stage::Connect));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .runtime(Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC))))
        .build()
        .unwrap()
        .with_version(&V1);
    let mut last = None;
    for _ in 0..20 {
        last = Some(Call::<serde_json::Value>::new(&client.clone(), Request::new(&SHOW)).await.unwrap_err());
    }
    // 35 retries of 14 tokens each, and one attempt a call.
    assert_eq!(transport.sent().len(), 20 + 35);
    assert!(last.unwrap().to_string().contains("the retry budget is used up"));
}

#[tokio::test]
async fn retry_after_is_followed_up_to_a_bound() {
    let script = |wait| FakeTransport::new().answer_with(429, &[("retry-after", wait)], "{}").answer(200, "1");
    assert_eq!(millis(&call(script("3"), &SHOW).await.waits), [3000]);
    let error = call(script("600"), &SHOW).await.result.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
    assert!(error.to_string().ends_with("(status 429, retry after 600 s)"), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn call_that_breaks_a_rule_is_rejected_locally() {
    let rules: &'static [crate::Constraint] = &[crate::Constraint::MaxChars(2)];
    let request = || Request::new(&CREATE).validate(|validator| validator.text("name", "abc", rules));
    let outcome = call_with(FakeTransport::new().answer(200, "1"), request(), |call| call).await;
    let error = outcome.result.unwrap_err();
    assert_eq!(error.to_string(), "test keys 1 create rejected locally: `name` must have at most 2 characters");
    assert!(error.is_unsent() && outcome.sent.is_empty() && error.attempts() == 0);
    let outcome = call_with(FakeTransport::new().answer(200, "1"), request(), Call::skip_validation).await;
    assert!(outcome.result.is_ok());
}

#[tokio::test]
async fn foreign_responses_are_named_and_not_quoted() {
    for (status, body, wanted) in [
        (200, "<html>hunter2</html>", "the response is an HTML page instead of JSON"),
        (502, "<html>hunter2</html>", "the response is an HTML page instead of JSON"),
        (200, "", "the response body is empty"),
        (503, "upstream connect error", "the response is plain text instead of JSON"),
        (302, "{}", "the response is a redirect"),
        (200, "[1,", "response truncated at line 1"),
    ] {
        let error = call(FakeTransport::new().answer(status, body), &CREATE).await.result.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(wanted) && text.contains(&status.to_string()), "{text}");
        assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn error_tells_what_earlier_attempts_met() {
    static SET: Operation = operation("set", Method::Put, Idempotency::Idempotent);
    let transport = FakeTransport::new().fail(Stage::PossiblySent).answer(503, "{}").fail(Stage::Connect);
    let error = call(transport, &SET).await.result.unwrap_err();
    assert_eq!((error.kind(), error.is_unsent(), error.attempts()), (ErrorKind::Connect, false, 3));
    assert_eq!(error.delivery(), Delivery::ResponseReceived, "of the attempt that got furthest");
    let met = error.earlier_attempts();
    assert_eq!((met.len(), met[1].as_str()), (2, "status 503"));
    assert!(error.to_string().contains("attempt 2: status 503"), "{error}");
    // What all attempts met alike is said once.
    let same = FakeTransport::new().answer(503, "{}").answer(503, "{}").answer(503, "{}");
    let error = call(same, &SHOW).await.result.unwrap_err();
    assert!(error.to_string().ends_with("(status 503, 3 attempts)"), "{error}");
}

#[tokio::test]
async fn call_waits_for_a_file_descriptor_beside_its_retries() {
    // More often than the retry budget allows.
    let exhausted = (0..100).fold(FakeTransport::new(), |transport, _| transport.fail(Stage::Exhausted));
    let transport = exhausted.fail(Stage::PossiblySent).answer(200, "7");
    let limit = Duration::from_secs(1000);
    let done = call_with(transport, Request::new(&SHOW), |call| call.call_timeout(limit)).await;
    assert_eq!((done.result.unwrap(), done.waits.len()), (7.into(), 101));
    let transport = FakeTransport::new().fail(Stage::Exhausted).answer(200, "7");
    let once = call_with(transport, Request::new(&CREATE), |call| call.retry(RetryPolicy::never())).await;
    assert_eq!(once.result.unwrap(), 7);
    let never = call(FakeTransport::new().fail(Stage::Exhausted), &CREATE).await;
    let error = never.result.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_unsent()), (ErrorKind::Connect, 1, true), "{error}");
    assert!(error.may_resend() && error.earlier_attempts().is_empty(), "{error}");
}

#[tokio::test]
async fn error_says_whether_the_request_may_be_sent_again() {
    for (transport, operation, transient, may_resend, text) in [
        (FakeTransport::new().fail(Stage::Handshake), &CREATE, false, false, "not sent"),
        (FakeTransport::new().answer(429, "{}"), &CREATE, true, true, "status 429"),
        (FakeTransport::new().answer(503, "{}"), &CREATE, true, false, "status 503"),
        (FakeTransport::new().fail(Stage::PossiblySent), &CREATE, true, false, "may have been executed"),
        (FakeTransport::new().answer(400, "{}"), &SHOW, false, false, "status 400"),
    ] {
        let error = call(transport, operation).await.result.unwrap_err();
        assert_eq!((error.is_transient(), error.may_resend()), (transient, may_resend), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let lost = FakeTransport::new().fail(Stage::PossiblySent).fail(Stage::PossiblySent).fail(Stage::PossiblySent);
    let error = call(lost, &SHOW).await.result.unwrap_err();
    assert!(error.may_resend() && !error.to_string().contains("executed"), "{error}");
    assert!(call(FakeTransport::new().answer(429, "{}"), &CREATE).await.result.unwrap_err().is_throttled());
}

/// A body that holds one secret.
struct Note(&'static str);

impl crate::Body for Note {
    fn encode(&self) -> Result<Bytes> {
        Ok(serde_json::json!({ "note": self.0 }).to_string().into())
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["note"]
    }
}

#[tokio::test]
async fn text_that_repeats_a_secret_is_not_shown() {
    for (note, echo) in [
        ("correct-horse", r#"no: {\"note\":\"correct-horse\"}"#),
        ("correct-horse", "no: CORRECT"),
        ("battery", "no: Bearer hunter3"),
        ("battery", "no: hunter3"),
    ] {
        let transport = FakeTransport::new().answer(400, &format!(r#"{{"error":"{echo}"}}"#));
        let request = Request::new(&CREATE).body(&Note(note));
        let error = call_with(transport, request, |call| call).await.result.unwrap_err();
        let text = "test keys 1 create refused: the service's text is not shown because it repeats part of a secret (status 400)";
        assert_eq!(error.to_string(), text);
        assert!(!format!("{error:?}").contains("no: "), "{error:?}");
    }
    let answer = r#"{"error":"`the note` is not a good name; choose another"}"#;
    let request = Request::new(&CREATE).body(&Note("correct-horse")).query("name", "the note");
    let error = call_with(FakeTransport::new().answer(400, answer), request, |call| call).await.result.unwrap_err();
    assert_eq!(error.message(), "`[…]` is not a good name; choose another");
}

#[tokio::test]
async fn request_id_stays_on_one_line() {
    let answer = r#"{"error":"no","id":"7\nINFO all is well"}"#;
    let error = call(FakeTransport::new().answer(400, answer), &SHOW).await.result.unwrap_err();
    assert_eq!(error.request_id(), Some("7 INFO all is well"));
}

#[tokio::test]
async fn observer_gets_the_id_of_each_request_that_was_answered() {
    let id = |id| [("x-request-id", id)];
    let transport = FakeTransport::new()
        .answer_with(503, &id("r1"), r#"{"error":"busy"}"#)
        .fail(Stage::Connect)
        .answer_with(200, &id("r2"), "7")
        .answer_with(200, &id("r3"), "not JSON")
        .answer_with(404, &id("r4"), "{}");
    let observed = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&observed);
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(transport)
        .runtime(Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC))))
        .build()
        .unwrap()
        .on_request_id(Arc::new(move |id: &str| seen.lock().unwrap().push(id.to_owned())))
        .with_version(&V1);
    let show = || Call::<i64>::new(&client, Request::new(&SHOW));
    assert_eq!(show().await.unwrap(), 7);
    assert!(show().await.is_err() && show().await.is_err());
    assert_eq!(*observed.lock().unwrap(), ["r1", "r2", "r3", "r4"]);
}

/// A call that gets no response, under these limits, while the clock moves on by `passed`.
async fn hanging_call(settings: Settings, passed: Duration) -> (Error, Arc<FakeRuntime>) {
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(FakeTransport::new().hang())
        .runtime(Arc::clone(&runtime))
        .settings(settings)
        .build()
        .unwrap()
        .with_version(&V1);
    let call = Call::<i64>::new(&client, Request::new(&CREATE));
    let (outcome, ()) = tokio::join!(call, async { runtime.advance(passed) });
    (outcome.unwrap_err(), runtime)
}

#[tokio::test]
async fn call_limit_error_says_how_the_time_was_spent() {
    let limit = Duration::from_millis(10);
    let (error, _) = hanging_call(Settings { call_timeout: limit, ..Settings::default() }, limit).await;
    assert_eq!((error.kind(), error.is_unsent(), error.is_transient()), (ErrorKind::Timeout, false, true));
    let text = error.to_string();
    assert!(
        text.contains("within the call's limit of 10 ms: credentials took 0 ms, attempts 10 ms, backoff 0 ms"),
        "{text}"
    );
    // A delay that would go past the limit is not begun: the error that caused it is worth more.
    let transport = FakeTransport::new().fail(Stage::Connect);
    let outcome = call_with(transport, Request::new(&SHOW), |call| call.call_timeout(limit)).await;
    assert_eq!((outcome.result.unwrap_err().kind(), outcome.sent.len()), (ErrorKind::Connect, 1));
}

#[tokio::test]
async fn attempt_limit_of_five_seconds_does_not_move_the_clock() {
    let limit = Duration::from_secs(5);
    let settings = || Settings { attempt_timeout: limit, ..Settings::default() };
    let (error, runtime) = hanging_call(settings(), limit).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(error.to_string().contains("the attempt's limit of 5000 ms"), "{error}");
    assert_eq!((runtime.elapsed(), runtime.waits()), (limit, Vec::new()));
}

#[tokio::test]
async fn version_past_its_sunset_is_rejected_only_if_denied() {
    let before = datetime!(2026-01-31 23:59 UTC);
    let after = datetime!(2026-02-01 0:00 UTC);
    for (day, deny, allowed) in [(before, true, true), (after, false, true), (after, true, false)] {
        let transport = Arc::new(FakeTransport::new().answer(200, "7"));
        let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
            .transport(Arc::clone(&transport))
            .runtime(Arc::new(FakeRuntime::new(day)))
            .settings(Settings { deny_sunset_versions: deny, ..Settings::default() })
            .build()
            .unwrap()
            .with_version(&V1);
        let outcome = Call::<i64>::new(&client, Request::new(&SHOW)).await;
        assert_eq!((outcome.is_ok(), transport.sent().len()), (allowed, usize::from(allowed)), "{day} {deny}");
        if let Err(error) = outcome {
            let text = "test keys 1 show rejected locally: test keys 1 is past its sunset date 2026-02-01";
            assert!(error.to_string().starts_with(text), "{error}");
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Config, Delivery::NotSent));
        }
    }
}

#[tokio::test]
async fn call_logs_its_attempts_without_their_content() {
    let id = |id| [("x-request-id", id)];
    let transport = FakeTransport::new()
        .fail(Stage::PossiblySent)
        .answer_with(503, &id("r1"), r#"{"error":"hunter4"}"#)
        .answer_with(200, &id("r2"), "\"hunter5\"");
    let (outcome, lines) = crate::testing::capture_async(|| call(transport, &SHOW)).await;
    assert_eq!(outcome.result.unwrap(), "hunter5");
    let sent = "http.request.resend_count";
    let status = "http.response.status_code";
    let wanted = [
        "span DEBUG call rpc.system=test rpc.service=keys rpc.method=show api.version=1 http.request.method=GET server.address=keys.example".to_owned(),
        format!("message=attempt failed {sent}=0 error.type=Transport elapsed_ms=0"),
        format!("message=retrying {sent}=1 delay_ms=50"),
        format!("message=attempt failed {status}=503 {sent}=1 error.type=Service request_id=r1 elapsed_ms=0"),
        format!("message=retrying {sent}=2 delay_ms=2000"),
        format!("message=attempt succeeded {status}=200 {sent}=2 request_id=r2 elapsed_ms=0"),
        format!("record {status}=200"),
        format!("record {sent}=2"),
        "record request_id=r2".to_owned(),
        "record elapsed_ms=2050".to_owned(),
    ];
    let seen: Vec<_> = lines
        .iter()
        .map(|line| line.split_once("message=").map_or(line.clone(), |(_, rest)| format!("message={rest}")))
        .collect();
    assert_eq!(seen, wanted, "{lines:#?}");
    for part in ["hunter", "secret", "/keys", "Bearer"] {
        assert!(!lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
    let (_, lines) = crate::testing::capture_async(|| call(FakeTransport::new().answer(404, "{}"), &SHOW)).await;
    assert_eq!(lines.last().map(String::as_str), Some("record error.type=Service"));
}

#[tokio::test]
async fn encoded_response_is_an_error_unless_it_is_identity() {
    let answer = |coding, status| FakeTransport::new().answer_with(status, &[("content-encoding", coding)], "7");
    for coding in ["identity", "Identity", ""] {
        assert_eq!(call(answer(coding, 200), &SHOW).await.result.unwrap(), 7);
    }
    for (coding, status, kind) in
        [("gzip", 200, ErrorKind::Decode), ("br, gzip", 200, ErrorKind::Decode), ("gzip", 500, ErrorKind::Service)]
    {
        let outcome = call(answer(coding, status), &CREATE).await;
        let error = outcome.result.unwrap_err();
        assert_eq!((error.kind(), outcome.sent.len()), (kind, 1), "{error}");
        assert!(error.to_string().contains("compressed or otherwise encoded"), "{error}");
    }
}

/// glibc serves up to 1,032 bytes from a thread's own cache; a larger future costs a lock and another core's cache.
#[cfg(target_pointer_width = "64")]
#[test]
fn future_of_a_call_stays_small() {
    let endpoint = Endpoint::parse("https://keys.example").unwrap();
    let client = Client::builder(endpoint, Plain).transport(FakeTransport::new()).build().unwrap().with_version(&V1);
    let future = client.execute(Request::new(&SHOW), None);
    assert!(size_of_val(&*future) <= 1_032, "{}", size_of_val(&*future));
}
