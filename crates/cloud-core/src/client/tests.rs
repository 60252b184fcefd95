//! Tests of the request loop under a scripted transport and a clock that stands still.
use std::collections::HashMap;
use std::sync::atomic::AtomicU32;

use time::macros::datetime;

use super::*;
use crate::call::Call;
use crate::dialect::foreign;
use crate::operation::{Idempotency, Lifecycle, Method, Operation, Segment};
use crate::testing::{FakeRuntime, FakeTransport};

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
        ResponseOutcome::Failed(Failure { class, message, request_id, ..Failure::default() })
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
        Box::pin(std::future::ready(Ok(Generation(u64::from(number)))))
    }

    fn refused(&self, _: &'static Operation, credentials: Generation) -> bool {
        credentials.0 < 5
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
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
        .signer(Arc::new(Stamp::default()))
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
async fn an_answer_beyond_the_calls_limit_is_given_up_whatever_the_transport() {
    for (limit, fits) in [(3, true), (2, false), (0, false)] {
        let transport = FakeTransport::new().answer(200, "777");
        let outcome = call_with(transport, Request::new(&SHOW), |call| call.body_limit(limit)).await;
        let said = outcome.sent[0].extensions().get().copied();
        assert_eq!(said, Some(BodyLimit(limit)), "the transport is told");
        assert_eq!(outcome.sent.len(), 1, "it would be as large the next time");
        match outcome.result {
            Ok(value) => assert!(fits && value == 777),
            Err(error) => {
                assert!(!fits && error.kind() == ErrorKind::Transport, "{error}");
                assert!(error.to_string().contains(&format!("larger than the limit of {limit} bytes")), "{error}");
            }
        }
    }
    let outcome = call(FakeTransport::new().answer(200, "777"), &SHOW).await;
    assert_eq!(outcome.sent[0].extensions().get::<BodyLimit>(), None);
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error_and_no_panic() {
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
        .transport(Arc::new(FakeTransport::new().answer(200, "7")))
        .build()
        .unwrap()
        .with_version(&V1);
    let call = std::pin::pin!(Call::<i64>::new(&client, Request::new(&SHOW)).into_future());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = call.poll(&mut context) else { panic!("it was sent") };
    assert_eq!((error.kind(), error.is_unsent()), (ErrorKind::Config, true), "{error}");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_call_without_any_time_is_not_sent() {
    let transport = FakeTransport::new().answer(200, "7");
    let outcome = call_with(transport, Request::new(&CREATE), |call| call.timeout(Duration::ZERO)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.is_unsent(), outcome.sent.len()), (ErrorKind::Timeout, true, 0), "{error}");
}

#[tokio::test]
async fn a_date_to_try_again_at_is_read_by_the_services_clock() {
    // The service is an hour ahead, and asks for three seconds.
    let headers = [("date", "Thu, 01 Jan 2026 01:00:00 GMT"), ("retry-after", "Thu, 01 Jan 2026 01:00:03 GMT")];
    let transport = FakeTransport::new().answer_with(503, &headers, "{}").answer(200, "7");
    let outcome = call(transport, &SHOW).await;
    assert_eq!((outcome.result.unwrap(), millis(&outcome.waits)), (7.into(), vec![3000]));
}

#[tokio::test]
async fn what_is_known_of_an_answer_does_not_show_its_headers() {
    let transport = FakeTransport::new().answer_with(200, &[("set-cookie", "hunter4")], "7");
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
        .transport(Arc::new(transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let answer = Call::<i64>::new(&client, Request::new(&SHOW)).send().await.unwrap();
    let shown = format!("{:?}", answer.meta());
    assert!(shown.contains("set-cookie") && !shown.contains("hunter4"), "{shown}");
    assert_eq!(answer.meta().headers["set-cookie"], "hunter4");
}

#[tokio::test]
async fn each_attempt_is_signed_anew() {
    let transport = FakeTransport::new().fail(Stage::MaybeSent).answer(503, "{}").answer(200, "7");
    let outcome = call(transport, &SHOW).await;
    assert_eq!(outcome.result.unwrap(), 7);
    let stamps: Vec<_> = outcome.sent.iter().map(|r| r.headers()["x-stamp"].to_str().unwrap().to_owned()).collect();
    assert_eq!(stamps, ["0", "1", "2"]);
    assert_eq!(millis(&outcome.waits), [50, 2000]);
    assert_eq!(outcome.sent[0].uri(), "https://keys.example/keys?secret=hunter2%20is%20secret");
}

#[tokio::test]
async fn unsafe_operations_are_sent_once_unless_never_sent() {
    for (transport, sent, unsent) in [
        (FakeTransport::new().fail(Stage::Connect), 3, true),
        (FakeTransport::new().fail(Stage::MaybeSent), 1, false),
        (FakeTransport::new().fail(Stage::Connect).fail(Stage::MaybeSent), 2, false),
        (FakeTransport::new().answer(503, "{}"), 1, false),
        (FakeTransport::new().answer(500, "{}"), 1, false),
        (FakeTransport::new().fail(Stage::Refused), 1, true),
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
async fn a_refusal_of_credentials_is_followed_by_one_new_signature() {
    let outcome = call(FakeTransport::new().answer(401, "{}").answer(200, "1"), &CREATE).await;
    assert_eq!(outcome.result.unwrap(), 1);
    let outcome = call(FakeTransport::new().answer(401, "{}"), &CREATE).await;
    assert_eq!(outcome.sent.len(), 2);
    assert_eq!(outcome.result.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn a_clock_that_is_far_off_is_corrected_once() {
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
async fn retries_end_when_their_budget_is_used_up() {
    let transport = Arc::new(FakeTransport::new().fail(Stage::Connect));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
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
    assert!(last.unwrap().to_string().contains("too many retries have failed"));
}

#[tokio::test]
async fn retry_after_is_followed_within_reason() {
    let script = |wait| FakeTransport::new().answer_with(429, &[("retry-after", wait)], "{}").answer(200, "1");
    assert_eq!(millis(&call(script("3"), &SHOW).await.waits), [3000]);
    let error = call(script("600"), &SHOW).await.result.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
    assert!(error.to_string().ends_with("(status 429, retry after 600 s)"), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_call_that_breaks_a_rule_is_not_sent() {
    let rules: &'static [crate::Constraint] = &[crate::Constraint::MaxChars(2)];
    let request = || Request::new(&CREATE).validate(|validator| validator.text("name", "abc", rules));
    let outcome = call_with(FakeTransport::new().answer(200, "1"), request(), |call| call).await;
    let error = outcome.result.unwrap_err();
    assert_eq!(error.to_string(), "keys 1 create: `name` must have at most 2 characters");
    assert!(error.is_unsent() && outcome.sent.is_empty() && error.attempts() == 0);
    let outcome = call_with(FakeTransport::new().answer(200, "1"), request(), Call::skip_validation).await;
    assert!(outcome.result.is_ok());
}

#[tokio::test]
async fn answers_of_others_are_named_and_not_shown() {
    for (status, body, wanted) in [
        (200, "<html>hunter2</html>", "the answer is an html page instead of json"),
        (502, "<html>hunter2</html>", "the answer is an html page instead of json"),
        (200, "", "the answer is an empty body"),
        (503, "upstream connect error", "the answer is text that is not json"),
        (302, "{}", "the service answered with a redirect"),
        (200, "[1,", "the json ends early"),
    ] {
        let error = call(FakeTransport::new().answer(status, body), &CREATE).await.result.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(wanted) && text.contains(&status.to_string()), "{text}");
        assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn an_echo_of_the_request_is_cut_out_of_the_error() {
    let answer = r#"{"error":"hunter2 is secret: not a good hunter2%20is%20secret of hunter3"}"#;
    let error = call(FakeTransport::new().answer(400, answer), &SHOW).await.result.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
    assert!(error.to_string().contains("not a good"), "{error}");
}

/// A body that holds one text.
struct Note(&'static str);

impl crate::Body for Note {
    fn encode(&self) -> Result<Bytes> {
        Ok(serde_json::json!({ "note": self.0 }).to_string().into())
    }
}

#[tokio::test]
async fn an_echo_of_the_body_is_cut_out_however_it_is_escaped() {
    for (secret, echo) in [
        ("pass\"hunter2\"", r#"no: {"note":"pass\"hunter2\""}"#),
        ("pass\thunter2", r#"no: {"note":"pass\thunter2"}"#),
        ("pass\thunter2", "no: pass\thunter2"),
        ("비밀hunter2", r"no: \ube44\ubc00hunter2"),
        ("비밀hunter2", "no: 비밀hunter2"),
    ] {
        let transport = FakeTransport::new().answer(400, &serde_json::json!({ "error": echo }).to_string());
        let error = call_with(transport, Request::new(&CREATE).body(&Note(secret)), |call| call).await.result;
        let shown = format!("{:?}", error.unwrap_err());
        assert!(shown.contains("no: ") && !shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn an_id_of_the_service_stays_on_its_line() {
    let answer = r#"{"error":"no","id":"7\nINFO all is well"}"#;
    let error = call(FakeTransport::new().answer(400, answer), &SHOW).await.result.unwrap_err();
    assert_eq!(error.request_id(), Some("7 INFO all is well"));
}

#[tokio::test]
async fn a_limit_on_the_call_ends_it_and_says_where_the_time_went() {
    // The clock of the test lets short limits pass as soon as nothing else moves.
    let limit = |call: Call<serde_json::Value>| call.timeout(Duration::from_millis(10));
    let outcome = call_with(FakeTransport::new().hang(), Request::new(&SHOW), limit).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.is_unsent(), error.is_retryable()), (ErrorKind::Timeout, false, true));
    let text = error.to_string();
    assert!(
        text.contains("within the call's limit of 10 ms: credentials took 0 ms, attempts 0 ms, waits 0 ms"),
        "{text}"
    );
    // A wait that would go past the limit is not begun: the error that caused it is worth more.
    let outcome = call_with(FakeTransport::new().fail(Stage::Connect), Request::new(&SHOW), limit).await;
    assert_eq!((outcome.result.unwrap_err().kind(), outcome.sent.len()), (ErrorKind::Connect, 1));
}

#[test]
fn versions_past_their_sunset_are_refused_where_denied() {
    let client = |day, deny| {
        Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
            .transport(Arc::new(FakeTransport::new()))
            .runtime(Arc::new(FakeRuntime::new(day)))
            .settings(Settings { deny_sunset_versions: deny, ..Settings::default() })
            .build()
            .unwrap()
            .with_version(&V1)
    };
    assert!(client(datetime!(2026-01-31 23:59 UTC), true).inner.check_sunset(&V1).is_ok());
    assert!(client(datetime!(2026-02-01 0:00 UTC), false).inner.check_sunset(&V1).is_ok());
    let error = client(datetime!(2026-02-01 0:00 UTC), true).inner.check_sunset(&V1).unwrap_err();
    assert_eq!(error.to_string(), "keys 1 is past its sunset date 2026-02-01, and such versions are denied");
}

#[tokio::test]
async fn a_call_logs_its_attempts_and_nothing_of_what_it_carries() {
    let id = |id| [("x-request-id", id)];
    let transport = FakeTransport::new()
        .fail(Stage::MaybeSent)
        .answer_with(503, &id("r1"), r#"{"error":"hunter4"}"#)
        .answer_with(200, &id("r2"), "\"hunter5\"");
    let (outcome, lines) = crate::testing::capture_async(|| call(transport, &SHOW)).await;
    assert_eq!(outcome.result.unwrap(), "hunter5");
    let sent = "http.request.resend_count";
    let status = "http.response.status_code";
    let wanted = [
        "span DEBUG call rpc.system=test rpc.service=keys rpc.method=show api.version=1 http.request.method=GET server.address=keys.example".to_owned(),
        format!("message=failed {sent}=0 error.type=Transport elapsed_ms=0"),
        format!("message=trying again {sent}=1 wait_ms=50"),
        format!("message=failed {status}=503 {sent}=1 error.type=Service request_id=r1 elapsed_ms=0"),
        format!("message=trying again {sent}=2 wait_ms=2000"),
        format!("message=answered {status}=200 {sent}=2 request_id=r2 elapsed_ms=0"),
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
async fn an_encoded_answer_is_refused_unless_it_says_that_it_is_not() {
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
