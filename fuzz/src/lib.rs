//! What the targets share: SDKs on a transport that answers with the fuzzer's bytes, and what must hold of every error.

pub mod sandbox;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};

use bytes::Bytes;
use cloud_core::testing::FakeRuntime;
use cloud_core::transport::TransportError;
use cloud_core::{BoxFuture, Transport};
use conformance::{Clients, Context, Entry, Plant};
use http::{HeaderValue, StatusCode};
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;
use time::OffsetDateTime;

/// What every SDK sends as its credentials; no error may show it.
pub const CANARY: &str = "canary-7Qz9";

/// Gives the same answer to every request but those for a token, which get a good one.
#[derive(Debug)]
pub struct Answers {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// Whether requests for tokens get this answer as well.
    pub tokens_too: bool,
}

impl Answers {
    /// An answer of JSON.
    #[must_use]
    pub fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::copy_from_slice(body), tokens_too: false }
    }
}

impl Transport for Answers {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        if request.uri().path() == "/oauth2/token/create" && !self.tokens_too {
            let token = br#"{"access_token":"canary-7Qz9-token","token_type":"Bearer","expires_in":86400}"#;
            return Box::pin(std::future::ready(Ok(http::Response::new(Bytes::from_static(token)))));
        }
        let mut answer = http::Response::new(self.body.clone());
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in &self.headers {
            answer.headers_mut().insert(*name, value.clone());
        }
        Box::pin(std::future::ready(Ok(answer)))
    }
}

/// A clock that stands still at a fixed time.
#[must_use]
pub fn clock() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000)))
}

/// The SDK of Samsung Cloud Platform with these answers.
#[must_use]
pub fn scp(answers: Answers) -> Scp {
    let builder = Scp::builder().endpoint("http://127.0.0.1:9").credentials(CANARY, CANARY).runtime(clock());
    builder
        .vault_token(CANARY, CANARY)
        .secret_vault_id(CANARY)
        .transport(Arc::new(answers))
        .build()
        .expect("good settings")
}

/// The SDK of NHN Cloud with these answers.
#[must_use]
pub fn nhn(answers: Answers) -> Nhn {
    let builder = Nhn::builder().endpoint("http://127.0.0.1:9").user_access_key(CANARY, CANARY).runtime(clock());
    let builder = builder.security_advisor_app_key(CANARY).server_security_check_app_key(CANARY);
    let builder = builder.secure_key_manager_app_key(CANARY).mac_address("aa:bb:cc:dd:ee:ff");
    builder.transport(Arc::new(answers)).build().expect("good settings")
}

/// The SDK of RISKEN with these answers.
#[must_use]
pub fn risken(answers: Answers) -> Risken {
    let builder = Risken::builder().endpoint("http://127.0.0.1:9").access_token(CANARY).runtime(clock());
    builder.transport(Arc::new(answers)).build().expect("good settings")
}

/// Makes a call of a vendor's, chosen by the first byte; the second chooses the status, the rest is the body.
///
/// # Panics
/// If the SDK does, or breaks what it promises of errors.
pub fn call_one_of(vendor: &str, data: &[u8]) {
    let [which, how, body @ ..] = data else { return };
    let all: Vec<&Entry> = conformance::entries().filter(|entry| entry.vendor == vendor).collect();
    let entry = all[usize::from(*which) % all.len()];
    let status = [200, 200, 200, 200, 201, 202, 204, 200][usize::from(how & 7)];
    let mut answers = Answers::new(status, body);
    answers.tokens_too = how & 8 != 0;
    let unused = || "another vendor is called".to_owned();
    let mut clients = Clients { scp: Err(unused()), nhn: Err(unused()), risken: Err(unused()) };
    match vendor {
        "scp" => clients.scp = Ok(scp(answers)),
        "nhn" => clients.nhn = Ok(nhn(answers)),
        _ => clients.risken = Ok(risken(answers)),
    }
    // With it, the `Debug` of all that comes back is made as well.
    let context = Context::new(clients).with_plant(Unchanged);
    if let Err(text) = finish((entry.call)(&context)) {
        is_one_line(&text);
    }
}

struct Unchanged;

impl Plant for Unchanged {}

/// What every error's text promises.
///
/// # Panics
/// If the text breaks a promise.
pub fn is_one_line(text: &str) {
    assert!(!text.is_empty(), "an error without a text");
    assert!(!text.chars().any(char::is_control), "more than a line: {text:?}");
    assert!(text.chars().count() < 2000, "more than anybody reads: {text:?}");
}

/// The end of a future that waits for nothing outside.
///
/// # Panics
/// If it does wait.
pub fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("the call waits for something that never comes");
}
