//! What goes out: headers, signatures over the exact URL, and credentials that come from a vault.

#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloud_core::testing::{FakeRuntime, FakeTransport, capture};
use cloud_core::transport::{Stage, TransportError};
use cloud_core::{BoxFuture, ConfigSource, RetryPolicy, Runtime, Transport};
use hmac::{Hmac, KeyInit, Mac};
use scp_security::credentials::{Credentials, ProvideCredentials, Provided};
use scp_security::kms::types::EncryptRequest;
use scp_security::{ErrorKind, Scp, ScpBuilder};
use sha2::Sha256;
use time::OffsetDateTime;
use time::macros::datetime;

fn clock() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(datetime!(2020-11-13 18:00:25.682 UTC)))
}

fn builder_of(transport: Arc<dyn Transport>) -> ScpBuilder {
    Scp::builder().endpoint("http://127.0.0.1:8080/").transport(transport).runtime(clock())
}

fn builder(transport: &Arc<FakeTransport>) -> ScpBuilder {
    builder_of(Arc::clone(transport) as _)
}

fn from_vault(transport: &Arc<FakeTransport>, runtime: &Arc<FakeRuntime>) -> Scp {
    let builder = builder(transport).runtime(Arc::clone(runtime));
    builder.vault_token("token", "s").secret_vault_id("vault").build().unwrap()
}

/// Gives out temporary keys, and the same refusal for everything else.
#[derive(Debug)]
struct Refusing {
    answer: &'static str,
    keys: AtomicUsize,
}

impl Transport for Refusing {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let is_key = request.uri().path() == "/v1/temporarykey/vault";
        self.keys.fetch_add(usize::from(is_key), Ordering::SeqCst);
        let mut answer = http::Response::new(Bytes::from_static(if is_key { LASTING } else { self.answer }.as_bytes()));
        *answer.status_mut() = if is_key { http::StatusCode::OK } else { http::StatusCode::UNAUTHORIZED };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

fn header<'a>(request: &'a http::Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The documented recipe again, so that the test does not trust the code it tests.
fn expected(request: &http::Request<Bytes>, key: &str, secret: &str) -> String {
    let message = format!("{}{}1605290425682{key}Openapi", request.method(), request.uri());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

const LIST: &str = r#"{"certificates":[],"count":0,"page":0,"size":20}"#;
const SEALED: &str = r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#;
const TEMPORARY: &str =
    r#"{"access_key":"temporary","secret_key":"temporary secret","expired_at":"2020-11-14 04:00:25.682"}"#;

const LASTING: &str =
    r#"{"access_key":"temporary","secret_key":"temporary secret","expired_at":"2020-11-15 18:00:25.682"}"#;

#[tokio::test]
async fn signature_covers_the_url_that_is_sent() {
    let transport = Arc::new(FakeTransport::new().answer(200, LIST));
    let scp = builder(&transport).credentials("key", "secret").build().unwrap();
    scp.certificate_manager().list_certificates().name("한글 a+b&c=d/e?f:g").size(20).first_page().await.unwrap();
    let sent = &transport.sent()[0];
    let query = "name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd/e?f:g&size=20";
    assert_eq!(sent.uri().to_string(), format!("http://127.0.0.1:8080/v1/certificatemanager?{query}"));
    assert_eq!(header(sent, "scp-signature"), expected(sent, "key", "secret"));
    assert_eq!(header(sent, "scp-accesskey"), "key");
    assert_eq!(header(sent, "scp-timestamp"), "1605290425682");
    assert_eq!(header(sent, "scp-clienttype"), "Openapi");
    assert_eq!(header(sent, "accept-language"), "en-US");
    assert_eq!(header(sent, "scp-api-version"), "certificatemanager 1.2");
    assert!(sent.headers()["scp-signature"].is_sensitive() && sent.headers()["scp-accesskey"].is_sensitive());
    assert!(!sent.headers().contains_key("content-type"), "there is no body");
}

#[tokio::test]
async fn vault_token_gets_credentials_that_sign_the_calls() {
    let transport = Arc::new(FakeTransport::new().answer(200, TEMPORARY).answer(200, SEALED));
    let scp = builder(&transport).vault_token("token", "token secret").secret_vault_id("vault").build().unwrap();
    for _ in 0..2 {
        scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap();
    }
    let sent = transport.sent();
    assert_eq!(sent.len(), 3, "one temporary key for two calls");
    assert_eq!(sent[0].uri().path(), "/v1/temporarykey/vault");
    assert_eq!(header(&sent[0], "svaccesskey"), "token");
    assert_eq!(header(&sent[0], "svtimestamp"), "1605290425682");
    assert_eq!(header(&sent[0], "svclienttype"), "Openapi");
    assert_eq!(header(&sent[0], "svsignature"), expected(&sent[0], "token", "token secret"));
    assert!(!sent[0].headers().contains_key("scp-accesskey"));
    for call in &sent[1..] {
        assert_eq!(header(call, "scp-accesskey"), "temporary");
        assert_eq!(header(call, "scp-signature"), expected(call, "temporary", "temporary secret"));
        assert!(!call.headers().contains_key("svaccesskey"));
    }
}

#[tokio::test]
async fn refused_temporary_credentials_are_replaced_once() {
    let refusal = r#"{"errors":[{"code":"HmacValidFail"}]}"#;
    let script = FakeTransport::new().answer(200, TEMPORARY).answer(200, SEALED).answer(401, refusal);
    let transport = Arc::new(script.answer(200, TEMPORARY).answer(200, SEALED));
    let runtime = clock();
    let scp = from_vault(&transport, &runtime);
    for _ in 0..2 {
        scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap();
        runtime.advance(Duration::from_secs(60));
    }
    let paths: Vec<_> = transport.sent().iter().map(|request| request.uri().path().to_owned()).collect();
    let (temporary, encrypt) = ("/v1/temporarykey/vault", "/v1/kms/openapi/encrypt/k");
    assert_eq!(paths, [temporary, encrypt, encrypt, temporary, encrypt]);

    let transport = Arc::new(FakeTransport::new().answer(401, refusal));
    let scp = builder(&transport).credentials("key", "secret").build().unwrap();
    let error = scp.kms().rotate_key("k").await.unwrap_err();
    assert_eq!(transport.sent().len(), 1, "fixed keys are refused again");
    assert!(error.to_string().starts_with("scp kms 1.4 rotate_key refused: check the access key and its secret"));
}

#[tokio::test]
async fn refusal_of_swapped_keys_says_so_and_shows_neither() {
    // The service repeats the key ID that it does not know, which is the secret.
    let body = r#"{"errors":[{"code":"HmacValidFail","detail":"unknown key canary-secret","status":401}]}"#;
    let transport = Arc::new(FakeTransport::new().answer(401, body));
    let scp = builder(&transport).credentials("canary-secret", "canary-access").build().unwrap();
    let error = scp.kms().rotate_key("k").await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("that the two are not swapped") && !shown.contains("canary"), "{shown}");
}

/// How many temporary keys were asked for, and how many requests were sent in all.
fn minted(transport: &FakeTransport) -> (usize, usize) {
    let sent = transport.sent();
    (sent.iter().filter(|request| request.uri().path().starts_with("/v1/temporarykey/")).count(), sent.len())
}

#[tokio::test]
async fn refusals_for_other_reasons_use_up_few_keys() {
    let refusal = r#"{"errors":[{"code":"Unauthorized","detail":"catalog has not target"}]}"#;
    let runtime = clock();
    let transport = Arc::new(Refusing { answer: refusal, keys: AtomicUsize::new(0) });
    let scp = builder_of(Arc::clone(&transport) as _).runtime(Arc::clone(&runtime));
    let scp = scp.vault_token("token", "s").secret_vault_id("vault").build().unwrap();
    let mut last = 0;
    // Every ten seconds for three hours; the age from which a refused key is replaced doubles from a minute on.
    for seconds in (0..10_800).step_by(10) {
        let error = scp.kms().show_key("k").await.unwrap_err();
        assert_eq!(error.status(), Some(401), "{error}");
        let keys = transport.keys.load(Ordering::SeqCst);
        last = keys;
        let wanted = match seconds {
            0..60 => 1,
            60..120 => 2,
            120..240 => 3,
            240..480 => 4,
            480..960 => 5,
            960..1920 => 6,
            _ => keys,
        };
        assert_eq!(keys, wanted, "after {seconds} s");
        runtime.advance(Duration::from_secs(10));
    }
    assert!(last <= 9, "{last} keys in three hours");
}

#[tokio::test]
async fn unreachable_vault_is_retried_by_one_policy_only() {
    for (policy, attempts) in [(RetryPolicy::default(), 3), (RetryPolicy::never(), 1)] {
        let transport = Arc::new(FakeTransport::new().fail(Stage::Connect));
        let scp = from_vault(&transport, &clock());
        let error = scp.kms_v1_2().rotate_key("k").retry(policy).await.unwrap_err();
        assert_eq!((minted(&transport), error.attempts()), ((attempts, attempts), attempts as u32), "{error}");
        assert!(error.is_unsent() && error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn temporary_key_that_may_have_been_issued_is_not_requested_again() {
    for (transport, sent, retryable) in [
        (FakeTransport::new().fail(Stage::PossiblySent), 1, true),
        (FakeTransport::new().answer(503, "{}"), 1, true),
        (FakeTransport::new().answer(400, "{}"), 1, false),
        (FakeTransport::new().fail(Stage::Connect).fail(Stage::PossiblySent), 2, true),
    ] {
        let transport = Arc::new(transport);
        let scp = builder(&transport).vault_token("token", "s").secret_vault_id("vault").build().unwrap();
        let error = scp.kms().show_key("k").await.unwrap_err();
        assert_eq!(transport.sent().len(), sent, "{error}");
        assert_eq!(error.is_transient(), retryable, "{error}");
        assert!(error.is_unsent(), "the call itself never left: {error}");
    }
}

#[tokio::test]
async fn missing_credentials_are_named_before_anything_is_sent() {
    let transport = Arc::new(FakeTransport::new().answer(200, "{}"));
    let error = builder(&transport).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for place in ["SCP_SECRET_VAULT_ID", "use ScpBuilder::credentials, or", "SCP_ACCESS_KEY with SCP_SECRET_KEY"] {
        assert!(error.to_string().contains(place), "{error}");
    }
    let scp = builder(&transport).credentials("key", "secret").build().unwrap();
    let error = scp.secret_vault().show_temporary_key("vault").await.unwrap_err();
    assert!(error.to_string().contains("SCP_VAULT_TOKEN_ID"), "{error}");
    for id in ["", ".", "..", "a\nb"] {
        let error = scp.kms().show_key(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{id:?}");
    }
    let error = builder(&transport).credentials("line\nbreak", "secret").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!error.to_string().contains("break"), "{error}");
    assert!(transport.sent().is_empty());
}

#[tokio::test]
async fn documented_limits_hold_before_anything_is_sent() {
    let transport = Arc::new(FakeTransport::new().answer(204, ""));
    let scp = builder(&transport).credentials("key", "secret").build().unwrap();
    let body = scp_security::secrets_manager::types::DeleteSecretRequest::new(scp_security::Days(31));
    let error = scp.secrets_manager().delete_secret("s", &body).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "scp secretsmanager 1.2 delete_secret rejected locally: `waiting_time_ndays` must be at most 30"
    );
    assert!(transport.sent().is_empty());
    scp.secrets_manager().delete_secret("s", &body).skip_validation().await.unwrap();
    assert_eq!(transport.sent()[0].body().as_ref(), br#"{"waiting_time_ndays":31}"#);
    assert_eq!(header(&transport.sent()[0], "content-type"), "application/json");
}

/// Counts how often it is asked, and gives another pair each time.
#[derive(Debug)]
struct Store {
    asked: AtomicU32,
    expires: Option<OffsetDateTime>,
}

impl ProvideCredentials for Store {
    fn provide(&self) -> BoxFuture<'_, scp_security::Result<Provided>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let keys = Provided::new(Credentials::new(format!("key {number}"), "secret"));
        Box::pin(async move { Ok(self.expires.map_or(keys.clone(), |expires| keys.with_expiry(expires))) })
    }
}

fn store(expires: Option<OffsetDateTime>) -> Arc<Store> {
    Arc::new(Store { asked: AtomicU32::new(0), expires })
}

fn keys_of(transport: &FakeTransport) -> Vec<String> {
    transport.sent().iter().map(|request| header(request, "scp-accesskey").to_owned()).collect()
}

#[tokio::test]
async fn keys_of_a_provider_are_kept_until_they_are_refused() {
    let refusal = r#"{"errors":[{"code":"HmacValidFail"}]}"#;
    let script = FakeTransport::new().answer(200, SEALED).answer(200, SEALED).answer(401, refusal);
    let transport = Arc::new(script.answer(200, SEALED));
    let store = store(None);
    let scp = builder(&transport).credentials_provider(Arc::clone(&store)).build().unwrap();
    for _ in 0..3 {
        scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap();
    }
    // The third call was refused, and signed again with what the store holds by then.
    assert_eq!(keys_of(&transport), ["key 0", "key 0", "key 0", "key 1"]);
    assert_eq!(store.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn keys_of_a_provider_are_renewed_before_they_expire() {
    let transport = Arc::new(FakeTransport::new().answer(200, SEALED));
    let runtime = clock();
    let expires = runtime.now() + Duration::from_secs(3600);
    let store = store(Some(expires));
    let scp = builder(&transport).runtime(runtime.clone()).credentials_provider(Arc::clone(&store)).build().unwrap();
    for wait in [3000, 500, 3000] {
        // The last time, the store still holds keys that have ended.
        let outcome = scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        runtime.advance(Duration::from_secs(wait));
    }
    assert_eq!(keys_of(&transport), ["key 0", "key 0", "key 1"]);
    let error = scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.to_string().contains("the keys of the credentials provider have expired"), "{error}");
}

/// The environment of a test.
#[derive(Debug)]
struct Variables(&'static [(&'static str, &'static str)]);

impl ConfigSource for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}

#[tokio::test]
async fn vault_of_the_builder_comes_before_keys_of_the_environment() {
    let transport = Arc::new(FakeTransport::new().answer(200, TEMPORARY).answer(200, SEALED));
    let vault = builder(&transport)
        .config_source(Variables(&[("SCP_ACCESS_KEY", "environment"), ("SCP_SECRET_KEY", "s")]))
        .vault_token("token", "s");
    vault.secret_vault_id("vault").build().unwrap().kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap();
    assert_eq!(header(&transport.sent()[1], "scp-accesskey"), "temporary");
}

#[tokio::test]
async fn second_client_for_the_same_vault_is_logged() {
    let transport = Arc::new(FakeTransport::new());
    let client = |id: &str| builder(&transport).vault_token("token", "s").secret_vault_id(id).build().unwrap();
    let lines = |work: &dyn Fn()| {
        let ((), lines) = capture(work);
        lines.into_iter().filter(|line| line.contains("more than one client")).count()
    };
    let first = client("counted");
    assert_eq!(lines(&|| drop(client("another"))), 0);
    assert_eq!(lines(&|| drop(client("counted"))), 1);
    drop(first);
    assert_eq!(lines(&|| drop(client("counted"))), 0, "the other one is gone");
}
