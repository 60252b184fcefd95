//! The User Access Key token: requested through the core's loop, cached, refreshed and sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext, SignaturePlan};
use cloud_core::client::Shared;
use cloud_core::codegen::{As, LenientInt, from_json};
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::dialect::{Failure, RawResponse, ResponseOutcome, foreign};
use cloud_core::{
    ApiVersion, Authentication, BoxFuture, Call, CallContext, Client, Dialect, Endpoint, Error, ErrorCategory,
    ErrorKind, Idempotency, Method, Operation, Request, Result, RetryPolicy, SecretString, Segment, Signer, secret,
};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// The header that carries the token; `Authorization` carries the access key, to the token service only.
const HEADER: HeaderName = HeaderName::from_static("x-nhn-authorization");
const FORM: &str = "grant_type=client_credentials";
/// What a shell needs to authenticate with a User Access Key.
pub(crate) const KEY_VARIABLES: [&str; 2] = ["NHN_CLOUD_USER_ACCESS_KEY_ID", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"];
/// Assumed where a response names no lifetime: the shortest that the console offers.
const SHORTEST_LIFETIME: i64 = 60;

static OAUTH: ApiVersion = ApiVersion::new("nhn", "oauth", "2.0");
static CREATE_TOKEN: Operation =
    Operation::new("create_token", Method::Post, &[Segment::Literal("/oauth2/token/create")])
        .title("Create a token")
        .idempotency(Idempotency::Idempotent);

/// A User Access Key: an ID and its secret.
#[derive(Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey([redacted])")
    }
}

/// Signs with a token that it requests, and refreshes, for a User Access Key.
pub(crate) struct TokenSigner {
    client: Client,
    cache: CredentialCache<HeaderValue>,
}

impl TokenSigner {
    /// Creates a signer for this key. Each request for a token is limited as an attempt of a call is.
    pub(crate) fn new(key: &AccessKey, endpoint: Endpoint, shared: &Shared) -> Result<Self> {
        let pair = secret::join(&[&key.id, ":", key.secret.expose_secret()]);
        let encoded = secret::to_base64(pair.expose_secret().as_bytes());
        let basic = secret::join(&["Basic ", encoded.expose_secret()]);
        let basic = secret::header(basic.expose_secret())
            .map_err(|_| Error::config("the user access key is not a valid header value"))?;
        let client = shared.client(endpoint, TokenDialect, BasicSigner(basic)).with_version(&OAUTH);
        Ok(Self { client, cache: CredentialCache::new(Arc::clone(shared.runtime())) })
    }
}

/// Requests a token. The call that needs it decides whether to retry; two policies would multiply.
async fn issue(client: Client) -> Result<Expiring<HeaderValue>> {
    let call = Call::<Grant>::new(&client, Request::new(&CREATE_TOKEN).form(FORM)).retry(RetryPolicy::never());
    let response = call.send().await.map_err(explain)?;
    let status = response.parts().status.as_u16();
    let grant = response.into_inner();
    // A lifetime of nothing would mean a request for a token before each call.
    let lifetime = grant.expires_in.unwrap_or(SHORTEST_LIFETIME).max(SHORTEST_LIFETIME);
    let token = grant.access_token.expose_secret();
    if token.is_empty() || token.contains(|c: char| c.is_whitespace()) {
        let text = "the token service issued a token that is empty or contains blanks";
        return Err(Error::builder(ErrorKind::Credentials, text).status(status).build());
    }
    let bearer = secret::join(&["Bearer ", token]);
    let value = secret::header(bearer.expose_secret()).map_err(|_| {
        let text = "the token service issued a token that is not a valid header value";
        Error::builder(ErrorKind::Credentials, text).status(status).build()
    })?;
    Ok(Expiring::new(value, Duration::from_secs(u64::try_from(lifetime).unwrap_or_default())))
}

/// The error of the call that needs the token. A repeated request for a token does no harm, so the error does not
/// say that one was sent.
fn explain(error: Error) -> Error {
    let wrong_key = error.status() == Some(401) || error.code() == Some("invalid_client");
    let text = if wrong_key {
        "the token service refused the user access key: check its id, its secret and the realm".to_owned()
    } else {
        format!("no token from the token service: {}", error.message())
    };
    let category = if wrong_key { Some(ErrorCategory::InvalidCredentials) } else { error.category() };
    Error::builder(ErrorKind::Credentials, text)
        .category(category)
        .code(error.code().map(str::to_owned))
        .transient(error.is_transient())
        .retry_after(error.retry_after().filter(|_| error.is_transient()))
        .status(error.status())
        .source(error)
        .build()
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
            let client = self.client.clone();
            let (token, generation) = self.cache.get(context.now, || issue(client)).await?;
            request.headers_mut().insert(HEADER, HeaderValue::clone(&token));
            Ok(generation)
        })
    }

    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        if !wants_token(context.operation) {
            return Ok(SignaturePlan::default());
        }
        let current = self.cache.valid(context.now);
        let mut token = current.as_deref().cloned().unwrap_or(HeaderValue::from_static("requested-by-the-call"));
        token.set_sensitive(true);
        request.headers_mut().insert(HEADER, token);
        let ([id, secret], service, path) = (KEY_VARIABLES, self.client.endpoint(), CREATE_TOKEN.template());
        let token = format!(
            "token=$(curl -sS -u \"${id}:${secret}\" -d {FORM} '{service}{path}' | \
             sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')"
        );
        let plan = SignaturePlan::new(&KEY_VARIABLES).pending(current.is_none());
        let checked = ": \"${token:?no token: check the user access key}\"";
        Ok(plan.step(token).step(checked.to_owned()).header(HEADER, "Bearer $token"))
    }

    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        wants_token(operation) && self.cache.invalidate(credentials)
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner")
            .field("endpoint", self.client.endpoint())
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

fn wants_token(operation: &Operation) -> bool {
    operation.authentication != Authentication::None
}

/// Sends the access key to the token service.
struct BasicSigner(HeaderValue);

impl Signer for BasicSigner {
    fn sign<'a>(
        &'a self,
        _: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        request.headers_mut().insert(AUTHORIZATION, self.0.clone());
        Box::pin(std::future::ready(Ok(Generation::default())))
    }
}

impl fmt::Debug for BasicSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicSigner([redacted])")
    }
}

/// A successful response of the token service.
#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    #[serde(default, with = "As::<Option<LenientInt>>")]
    expires_in: Option<i64>,
}

/// A failure as RFC 6749 defines it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// How the token service speaks.
#[derive(Clone, Copy, Debug)]
struct TokenDialect;

impl Dialect for TokenDialect {
    fn prepare(&self, _: CallContext, _: &mut HeaderMap) -> Result<()> {
        Ok(())
    }

    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if answer.status.is_success() {
            return match foreign(answer) {
                Some(why) => ResponseOutcome::Unreadable(format!("{why}; check the endpoint")),
                None => ResponseOutcome::Payload(answer.body.clone()),
            };
        }
        // Only the code is kept: a description is free text and might quote the key.
        let code = from_json::<Refusal>(&answer.body).ok().map(|refusal| refusal.error).filter(|code| is_code(code));
        ResponseOutcome::Failed(Failure::default().code(code))
    }
}

/// The characters of the codes that RFC 6749 defines; anything else may be an echo.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests;
