//! What errors say of the credentials that a signer adds, and of the requests that it makes for them.

use super::*;
use crate::auth::{Generation, SignContext};

/// Waits for credentials, or fails to get them.
#[derive(Debug)]
struct Issuing {
    hangs: bool,
}

impl Signer for Issuing {
    fn sign<'a>(&'a self, _: SignContext<'a>, _: &'a mut http::Request<Bytes>) -> BoxFuture<'a, Result<Generation>> {
        if self.hangs {
            return Box::pin(std::future::pending());
        }
        let error = Error::new(ErrorKind::Credentials, "no answer from the vault");
        Box::pin(std::future::ready(Err(error.with_transient(true).with_delivery(Delivery::PossiblySent))))
    }
}

/// Adds a sensitive header.
#[derive(Debug)]
struct Fixed(&'static str);

impl Signer for Fixed {
    fn sign<'a>(
        &'a self,
        _: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        let mut token = HeaderValue::from_bytes(self.0.as_bytes()).unwrap();
        token.set_sensitive(true);
        request.headers_mut().insert("x-key", token);
        Box::pin(std::future::ready(Ok(Generation::FIXED)))
    }
}

async fn signed(signer: impl Signer + 'static, transport: FakeTransport) -> Error {
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .signer(Arc::new(signer))
        .transport(transport)
        .runtime(Arc::clone(&runtime))
        .build()
        .unwrap()
        .with_version(&V1);
    let call = Call::<serde_json::Value>::new(&client, Request::new(&CREATE));
    let (outcome, ()) = tokio::join!(call, async { runtime.advance(Duration::from_secs(3600)) });
    outcome.unwrap_err()
}

#[tokio::test]
async fn call_is_not_resent_if_a_request_for_credentials_may_have_been_executed() {
    for hangs in [false, true] {
        let error = signed(Issuing { hangs }, FakeTransport::new()).await;
        assert!(error.is_unsent() && error.is_transient() && !error.may_resend(), "{error:?}");
    }
}

#[tokio::test]
async fn text_that_repeats_a_credential_of_a_header_is_not_shown() {
    for key in ["correct-horse battery", "비밀번호는여기에", "Bearer correct-horse", "Basic Y29ycmVjdC1ob3JzZQ=="]
    {
        let head: String = key.rsplit("er ").next().unwrap_or(key).chars().take(7).collect();
        let answer = FakeTransport::new().answer(400, &format!(r#"{{"error":"bad key {key} given"}}"#));
        let error = signed(Fixed(key), answer).await;
        assert!(!error.to_string().contains(&head), "{error}");
    }
    let answer = FakeTransport::new().answer_with(502, &[("x-request-id", "correct-horse-battery")], "<html>");
    assert_eq!(signed(Fixed("correct-horse-battery"), answer).await.request_id(), None);
}
