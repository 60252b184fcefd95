//! Tests of the token: how it is asked for, kept, renewed, refused and never shown.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::client::ClientConfig;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use cloud_core::transport::{Stage, TransportError};
use cloud_core::{Settings, Transport};
use http::StatusCode;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;

const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
const SECRET: &str = "canary-5e1c-secret";

static WITH_TOKEN: Operation = Operation::new("show", Method::Get, &[]);
static WITHOUT_TOKEN: Operation = Operation::new("show", Method::Get, &[]).authentication(Authentication::None);

fn signer(transport: impl Transport + 'static) -> TokenSigner {
    signer_with(transport, Settings::default(), Arc::new(FakeRuntime::new(START)))
}

fn signer_with(transport: impl Transport + 'static, settings: Settings, runtime: Arc<FakeRuntime>) -> TokenSigner {
    let mut config = ClientConfig::default();
    config.transport = Some(Arc::new(transport));
    config.runtime = Some(runtime);
    config.settings = settings;
    let key = AccessKey { id: "the-id".into(), secret: SECRET.into() };
    let endpoint = Endpoint::parse("https://oauth.example").unwrap();
    TokenSigner::new(&key, endpoint, &config.shared("nhn-security/test").unwrap()).unwrap()
}

fn grant(token: &str, lifetime: &str) -> String {
    format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#)
}

/// The token that a request gets this many seconds after the start.
async fn token(signer: &TokenSigner, after: i64) -> Result<(String, Generation)> {
    let now = START + time::Duration::seconds(after);
    let context = SignContext::new(&WITH_TOKEN, "https://service.example/", now);
    let mut request = http::Request::new(Bytes::new());
    let generation = signer.sign(context, &mut request).await?;
    let value = &request.headers()["X-NHN-Authorization"];
    assert!(value.is_sensitive());
    Ok((value.to_str().unwrap().to_owned(), generation))
}

#[tokio::test]
async fn token_request_is_as_documented_and_its_token_is_kept() {
    let transport = Arc::new(FakeTransport::new().answer(200, &grant("first", "86400")));
    let signer = signer(Arc::clone(&transport));
    for after in [0, 1, 86_099] {
        assert_eq!(token(&signer, after).await.unwrap(), ("Bearer first".to_owned(), Generation::new(1)));
    }
    let sent = transport.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].method(), "POST");
    assert_eq!(sent[0].uri(), "https://oauth.example/oauth2/token/create");
    assert_eq!(sent[0].headers()["content-type"], "application/x-www-form-urlencoded");
    let pair = STANDARD.encode(format!("the-id:{SECRET}"));
    assert_eq!(sent[0].headers()["authorization"], format!("Basic {pair}"));
    assert!(sent[0].headers()["authorization"].is_sensitive());
    assert_eq!(sent[0].headers()["accept"], "application/json");
    assert_eq!(sent[0].headers()["user-agent"], "nhn-security/test");
    assert_eq!(sent[0].body(), "grant_type=client_credentials");
}

#[tokio::test]
async fn token_is_refreshed_before_it_expires_for_every_lifetime() {
    for (lifetime, last_old, first_new) in
        [("60", 47, 48), ("\"60\"", 47, 48), ("3600", 3299, 3300), ("\"86400\"", 86_099, 86_100), ("null", 47, 48)]
    {
        let transport =
            FakeTransport::new().answer(200, &grant("first", lifetime)).answer(200, &grant("second", lifetime));
        let signer = signer(transport);
        assert_eq!(token(&signer, 0).await.unwrap().0, "Bearer first", "{lifetime}");
        assert_eq!(token(&signer, last_old).await.unwrap().0, "Bearer first", "{lifetime}");
        assert_eq!(token(&signer, first_new).await.unwrap().0, "Bearer second", "{lifetime}");
    }
}

#[tokio::test]
async fn good_token_is_used_after_a_failed_refresh() {
    let transport = Arc::new(FakeTransport::new().answer(200, &grant("first", "60")).answer(503, ""));
    let signer = signer(Arc::clone(&transport));
    assert_eq!(token(&signer, 0).await.unwrap().0, "Bearer first");
    assert_eq!(token(&signer, 50).await.unwrap().0, "Bearer first");
    assert_eq!(token(&signer, 59).await.unwrap().0, "Bearer first");
    assert_eq!(transport.sent().len(), 2, "the failed renewal is not repeated at once");
    assert_eq!(token(&signer, 60).await.unwrap_err().status(), Some(503));
}

#[tokio::test]
async fn refusal_drops_only_the_refused_token() {
    let transport = FakeTransport::new().answer(200, &grant("first", "600")).answer(200, &grant("second", "600"));
    let signer = signer(transport);
    assert!(!signer.invalidate(&WITH_TOKEN, Generation::new(0)), "nothing was issued");
    let (_, first) = token(&signer, 0).await.unwrap();
    assert!(!signer.invalidate(&WITHOUT_TOKEN, first), "that call had no token");
    assert_eq!(token(&signer, 0).await.unwrap().1, first);
    assert!(signer.invalidate(&WITH_TOKEN, first));
    let (text, second) = token(&signer, 0).await.unwrap();
    assert_eq!(text, "Bearer second");
    assert!(signer.invalidate(&WITH_TOKEN, first), "a late refusal of the old token");
    assert_eq!(token(&signer, 0).await.unwrap().1, second);
}

#[tokio::test]
async fn call_without_token_requests_none() {
    let transport = Arc::new(FakeTransport::new());
    let signer = signer(Arc::clone(&transport));
    let mut request = http::Request::new(Bytes::new());
    let context = SignContext::new(&WITHOUT_TOKEN, "https://service.example/", START);
    signer.sign(context, &mut request).await.unwrap();
    assert!(request.headers().is_empty() && transport.sent().is_empty());
}

/// Answers once the gate is open, and counts.
#[derive(Debug)]
struct Gate {
    open: tokio::sync::Semaphore,
    sent: AtomicUsize,
    status: u16,
}

impl Gate {
    fn closed(status: u16) -> Arc<Self> {
        Arc::new(Self { open: tokio::sync::Semaphore::new(0), sent: AtomicUsize::new(0), status })
    }
}

impl Transport for Gate {
    fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            let permit = self.open.acquire().await.unwrap();
            permit.forget();
            let mut answer = http::Response::new(Bytes::from(grant(&format!("number-{number}"), "600")));
            *answer.status_mut() = StatusCode::from_u16(self.status).unwrap();
            Ok(answer)
        })
    }
}

#[tokio::test]
async fn hundred_callers_share_one_request() {
    for status in [200, 503] {
        let gate = Gate::closed(status);
        let signer = Arc::new(signer(Arc::clone(&gate)));
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let signer = Arc::clone(&signer);
                tokio::spawn(async move { token(&signer, 0).await })
            })
            .collect();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.sent.load(Ordering::SeqCst), 1);
        gate.open.add_permits(100);
        for caller in callers {
            match caller.await.unwrap() {
                Ok((text, _)) => assert_eq!((status, text.as_str()), (200, "Bearer number-1")),
                Err(error) => assert_eq!((status, error.status()), (503, Some(503))),
            }
        }
        assert_eq!(gate.sent.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn dropped_caller_does_not_block_others() {
    let gate = Gate::closed(200);
    let signer = signer(Arc::clone(&gate));
    let mut first = Box::pin(token(&signer, 0));
    let mut second = Box::pin(token(&signer, 0));
    std::future::poll_fn(|context: &mut Context<'_>| {
        assert!(first.as_mut().poll(context).is_pending());
        assert!(second.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(gate.sent.load(Ordering::SeqCst), 1);
    drop(first);
    gate.open.add_permits(2);
    // Who is left waits for the same request.
    assert_eq!(second.await.unwrap().0, "Bearer number-1");
    assert_eq!(gate.sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn silent_token_service_is_limited_as_an_attempt() {
    let settings = Settings::default().with_attempt_timeout(Duration::from_secs(3));
    let runtime = Arc::new(FakeRuntime::new(START));
    let signer = signer_with(Gate::closed(200), settings, Arc::clone(&runtime));
    let (outcome, ()) = tokio::join!(token(&signer, 0), async { runtime.advance(Duration::from_secs(3)) });
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Credentials, true));
    assert!(error.to_string().contains("limit of 3000 ms"), "{error}");
}

#[tokio::test]
async fn failures_of_the_token_service_are_classified() {
    type Case = (u16, &'static str, Option<&'static str>, bool, &'static str);
    let cases: &[Case] = &[
        (
            401,
            r#"{"error":"invalid_client","error_description":"canary-5e1c-secret"}"#,
            Some("invalid_client"),
            false,
            "its secret and the realm",
        ),
        (400, r#"{"error":"invalid_client"}"#, Some("invalid_client"), false, "its secret and the realm"),
        (
            400,
            r#"{"error":"unsupported_grant_type"}"#,
            Some("unsupported_grant_type"),
            false,
            "no token from the token service: the response",
        ),
        (400, r#"{"error":"canary-5e1c-secret"}"#, None, false, "no token from the token service: the response"),
        (401, "<html>", None, false, "its secret and the realm"),
        (404, "", None, false, "no token from the token service: the response"),
        (302, "", None, false, "no token from the token service: the response"),
        (429, "", None, true, "no token from the token service: the response"),
        (
            500,
            r#"{"error":"server_error"}"#,
            Some("server_error"),
            false,
            "no token from the token service: the response",
        ),
        (502, "<html>", None, true, "no token from the token service: the response"),
        (503, "", None, true, "no token from the token service: the response"),
        (200, "", None, false, "the response body is empty; expected JSON; check the endpoint"),
        (200, "<html>", None, false, "an HTML page instead of JSON"),
        (200, r#"{"header":{"isSuccessful":false}}"#, None, false, "access_token"),
        (200, r#"{"access_token":"two\nlines"}"#, None, false, "empty or contains blanks"),
        (200, r#"{"access_token":""}"#, None, false, "empty or contains blanks"),
        (200, r#"{"access_token":" token"}"#, None, false, "empty or contains blanks"),
        (200, r#"{"access_token":"t\u0000"}"#, None, false, "not a valid header value"),
    ];
    for (status, body, code, passing, text) in cases {
        let signer = signer(FakeTransport::new().answer(*status, body));
        let error = token(&signer, 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{body}");
        assert_eq!(error.status(), Some(*status), "{body}");
        assert_eq!(error.code(), *code, "{body}");
        assert_eq!(error.is_transient(), *passing, "{status} {body}");
        assert!(error.to_string().contains(text), "{error}");
        let shown = format!("{error} {error:?} {signer:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    for (stage, passing) in
        [(Stage::Connect, true), (Stage::PossiblySent, true), (Stage::Invalid, false), (Stage::Response, false)]
    {
        let signer = signer(FakeTransport::new().fail(stage));
        let error = token(&signer, 0).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Credentials, passing), "{stage:?}");
    }
    for hint in ["7", "Thu, 01 Jan 2026 00:00:07 GMT"] {
        let busy = FakeTransport::new().answer_with(503, &[("retry-after", hint)], "");
        let error = token(&signer(busy), 0).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{hint}");
    }
}
