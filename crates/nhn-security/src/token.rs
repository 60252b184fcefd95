//! The User Access Key token: issued over the client's own transport, cached, renewed and sent.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext};
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::retry::retry_after;
use cloud_core::transport::{Stage, TransportError};
use cloud_core::wire::{As, LenientInt, from_json};
use cloud_core::{
    BoxFuture, Endpoint, Error, ErrorKind, ExposeSecret, Operation, Result, Runtime, SecretString, Signer, Transport,
    secret,
};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use time::OffsetDateTime;

/// The header that carries the token; `Authorization` carries the access key, to the token service only.
const HEADER: HeaderName = HeaderName::from_static("x-nhn-authorization");
const PATH: &str = "/oauth2/token/create";
const FORM: &[u8] = b"grant_type=client_credentials";
/// Assumed where an answer names no lifetime: the shortest that the console lets one choose.
const SHORTEST_LIFETIME: i64 = 60;

/// A User Access Key: an id and its secret.
#[derive(Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
}

/// Signs with a token that it gets, and renews, for a User Access Key.
pub(crate) struct TokenSigner {
    issuer: Arc<Issuer>,
    cache: CredentialCache<HeaderValue>,
}

/// Asks the token service.
struct Issuer {
    basic: HeaderValue,
    url: Uri,
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
    limit: Duration,
}

impl TokenSigner {
    /// A signer for this key. `limit` is the longest that one request for a token may take.
    pub(crate) fn new(
        key: &AccessKey,
        endpoint: &Endpoint,
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
        limit: Duration,
    ) -> Result<Self> {
        let pair = secret::join(&[&key.id, ":", key.secret.expose_secret()]);
        let encoded = secret::to_base64(pair.expose_secret().as_bytes());
        let basic = secret::join(&["Basic ", encoded.expose_secret()]);
        let basic = secret::header(basic.expose_secret())
            .map_err(|_| Error::config("the user access key cannot stand in a header"))?;
        let url = format!("{endpoint}{PATH}");
        let url = url.parse().map_err(|_| Error::config("the endpoint of the token service is not a valid url"))?;
        Ok(Self {
            issuer: Arc::new(Issuer { basic, url, transport, runtime, limit }),
            cache: CredentialCache::default(),
        })
    }
}

impl Issuer {
    async fn issue(self: Arc<Self>) -> Result<Expiring<HeaderValue>> {
        let mut request = http::Request::new(Bytes::from_static(FORM));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.basic.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        match within(self.transport.send(request), self.runtime.sleep(self.limit)).await {
            Some(Ok(answer)) => read(&answer, self.runtime.now()),
            Some(Err(error)) => Err(unreachable(error)),
            None => {
                let text = format!("no token was issued within {} ms", self.limit.as_millis());
                Err(Error::new(ErrorKind::Credentials, text).with_retryable(true))
            }
        }
    }
}

impl Signer for TokenSigner {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            if !wants_token(context.operation) {
                return Ok(Generation::default());
            }
            let issuer = Arc::clone(&self.issuer);
            let (token, generation) = self.cache.get(context.now, || issuer.issue()).await?;
            request.headers_mut().insert(HEADER, HeaderValue::clone(&token));
            Ok(generation)
        })
    }

    fn refused(&self, operation: &'static Operation, credentials: Generation) -> bool {
        wants_token(operation) && self.cache.refuse(credentials)
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner").field("url", &self.issuer.url).field("cache", &self.cache).finish_non_exhaustive()
    }
}

fn wants_token(operation: &Operation) -> bool {
    operation.auth != "none"
}

/// A good answer of the token service.
#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    #[serde(default, with = "As::<Option<LenientInt>>")]
    expires_in: Option<i64>,
}

/// A refusal as RFC 6749 words it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn read(answer: &http::Response<Bytes>, now: OffsetDateTime) -> Result<Expiring<HeaderValue>> {
    let status = answer.status();
    if !status.is_success() {
        return Err(refused(answer, now));
    }
    let fail = |text: &str| Error::new(ErrorKind::Credentials, text).with_status(status.as_u16());
    let grant: Grant = from_json(answer.body())
        .map_err(|error| fail("the token service's answer cannot be read; check the endpoint").with_source(error))?;
    let lifetime = grant.expires_in.unwrap_or(SHORTEST_LIFETIME);
    let bearer = secret::join(&["Bearer ", grant.access_token.expose_secret()]);
    let value = secret::header(bearer.expose_secret())
        .map_err(|_| fail("the token service issued a token that cannot stand in a header"))?;
    Ok(Expiring { value, lifetime: Duration::from_secs(u64::try_from(lifetime).unwrap_or_default()) })
}

fn refused(answer: &http::Response<Bytes>, now: OffsetDateTime) -> Error {
    let status = answer.status();
    // Only the code is shown: a description is free text and might quote the key.
    let code = from_json::<Refusal>(answer.body()).ok().map(|refusal| refusal.error).filter(|code| is_code(code));
    let wrong_key = status == StatusCode::UNAUTHORIZED || code.as_deref() == Some("invalid_client");
    let text = if wrong_key {
        "the token service does not accept the user access key: check its id, its secret and the realm"
    } else {
        "the token service refused or failed"
    };
    let passing = matches!(status.as_u16(), 408 | 429 | 502..=504);
    let wait = answer.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, now));
    Error::new(ErrorKind::Credentials, text)
        .with_status(status.as_u16())
        .with_code(code)
        .with_retryable(passing)
        .with_retry_after(wait.filter(|_| passing))
}

/// The characters of the codes that RFC 6749 defines; anything else may be an echo.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn unreachable(error: TransportError) -> Error {
    let passing = matches!(error.stage, Stage::Connect | Stage::MaybeSent);
    Error::new(ErrorKind::Credentials, format!("no token could be had: {error}"))
        .with_retryable(passing)
        .with_source(error)
}

/// The result of `future`, or `None` if `limit` completes first.
async fn within<T>(mut future: BoxFuture<'_, T>, mut limit: BoxFuture<'static, ()>) -> Option<T> {
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        limit.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests;
