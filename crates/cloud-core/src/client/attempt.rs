//! One attempt of a call: prepare the request, sign it, send it, read the response.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use time::OffsetDateTime;

use super::Inner;
use super::deadline::{Deadline, Phase};
use super::failure::AttemptError;
use super::recovery::{Recovery, Refusal};
use super::skew;
use crate::auth::{Generation, SignContext};
use crate::delivery::Delivery;
use crate::dialect::{Failure, FailureClass, RawResponse, ResponseOutcome};
use crate::error::{Error, ErrorCategory, ErrorKind};
use crate::operation::CallContext;
use crate::redaction::redact;
use crate::request::Request;
use crate::retry::{AttemptOutcome, retry_after};
use crate::runtime::within;
use crate::transport::{BodyLimit, TransportError};

type Result<T> = std::result::Result<T, Box<AttemptError>>;

/// What all attempts of a call have in common.
pub(super) struct Attempt<'a> {
    pub(super) client: &'a Inner,
    pub(super) context: CallContext,
    pub(super) request: &'a Request,
    pub(super) url: &'a Bytes,
    /// The limit of each attempt.
    pub(super) timeout: Duration,
    pub(super) body_limit: Option<usize>,
}

/// Takes the place of a text that must not be shown.
const HIDDEN: &str = "the service's text is not shown because it repeats part of a secret";

/// What is kept of a signed request.
struct Signed {
    generation: Generation,
    sent: OffsetDateTime,
    /// The header values that must not be quoted in an error.
    secrets: [Option<HeaderValue>; 8],
}

impl Attempt<'_> {
    /// Makes the attempt and returns the payload, out of its envelope, with the response that it came in.
    /// It starts at `start`.
    pub(super) async fn send(
        &self,
        recovery: &Recovery,
        deadline: &mut Deadline,
        start: Duration,
    ) -> Result<(Bytes, RawResponse)> {
        let runtime = &self.client.runtime;
        deadline.enter(Phase::Credentials, start);
        let mut http = self.prepare()?;
        let now = runtime.now();
        let generation = self.sign(&mut http, recovery.signing_time(now), deadline, start).await?;
        let signed = runtime.elapsed();
        deadline.enter(Phase::Sending, signed);
        let sent = now + signed.saturating_sub(start);
        let left = deadline.left(signed);
        let signed = Signed { generation, sent, secrets: secrets(http.headers()) };
        let response = self.transmit(http, deadline, left).await?;
        self.read(response, signed)
    }

    fn prepare(&self) -> Result<http::Request<Bytes>> {
        let uri = Uri::from_maybe_shared(self.url.clone())
            .map_err(|_| AttemptError::unsendable(Error::request("the URL is too long")))?;
        let body = self.request.body_bytes();
        let mut http = http::Request::new(body.cloned().unwrap_or_default());
        *http.method_mut() = self.context.operation.method.into();
        *http.uri_mut() = uri;
        let headers = http.headers_mut();
        headers.reserve(10);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, self.client.user_agent.clone());
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.request.content_type()));
        }
        self.client.dialect.prepare(self.context, headers).map_err(AttemptError::unsendable)?;
        if let Some(limit) = self.body_limit {
            http.extensions_mut().insert(BodyLimit(limit));
        }
        Ok(http)
    }

    async fn sign(
        &self,
        http: &mut http::Request<Bytes>,
        now: OffsetDateTime,
        deadline: &mut Deadline,
        start: Duration,
    ) -> Result<Generation> {
        let runtime = &self.client.runtime;
        // The URL is built from ASCII only.
        let url = std::str::from_utf8(self.url).unwrap_or_default();
        let context = SignContext { operation: self.context.operation, url, now };
        let left = deadline.left(start);
        match within(self.client.signer.sign(context, http), || runtime.deadline(left)).await {
            Some(outcome) => outcome.map_err(AttemptError::signing_failed),
            None => {
                // The signer's own request may be under way.
                let mut timeout = self.call_timeout(deadline, Delivery::NotSent);
                timeout.error.set_credentials_requested();
                Err(timeout)
            }
        }
    }

    async fn transmit(
        &self,
        http: http::Request<Bytes>,
        deadline: &mut Deadline,
        left: Duration,
    ) -> Result<RawResponse> {
        let Inner { runtime, transport, .. } = self.client;
        if left.is_zero() {
            return Err(self.call_timeout(deadline, Delivery::NotSent));
        }
        // One timer: whichever limit is earlier decides which error it is.
        let limit = self.timeout.min(left);
        let response = match within(transport.send(http), || runtime.deadline(limit)).await {
            Some(outcome) => outcome.map_err(AttemptError::transport)?,
            None if limit < self.timeout => {
                return Err(self.call_timeout(deadline, Delivery::PossiblySent));
            }
            None => return Err(AttemptError::attempt_timeout(limit)),
        };
        let (parts, body) = response.into_parts();
        // The caller's own transport may not know the limit.
        if let Some(limit) = self.body_limit.filter(|limit| body.len() > *limit) {
            return Err(AttemptError::transport(TransportError::too_large(limit)));
        }
        Ok(RawResponse { status: parts.status, headers: parts.headers, body })
    }

    fn call_timeout(&self, deadline: &mut Deadline, delivery: Delivery) -> Box<AttemptError> {
        AttemptError::call_timeout(deadline.exceeded(self.client.runtime.elapsed(), delivery))
    }

    fn read(&self, response: RawResponse, signed: Signed) -> Result<(Bytes, RawResponse)> {
        let (operation, status) = (self.context.operation, response.status.as_u16());
        let outcome = match unexpected(&response) {
            Some(why) => ResponseOutcome::Unreadable(why.to_owned()),
            None => self.client.dialect.read(self.context, &response),
        };
        match outcome {
            // Without a payload that could be checked, only the documented statuses are success.
            ResponseOutcome::Payload(_) if !operation.returns && !operation.success.contains(&status) => {
                let why =
                    format!("status {status} is not documented for this operation, which may not have been executed");
                Err(self.unreadable(&response, why, &signed))
            }
            ResponseOutcome::Payload(payload) => Ok((payload, response)),
            ResponseOutcome::Failed(failure) => Err(self.failed(response, failure, signed)),
            ResponseOutcome::Unreadable(why) => Err(self.unreadable(&response, why, &signed)),
        }
    }

    /// The error of a failure that the service reported.
    fn failed(&self, response: RawResponse, failure: Failure, signed: Signed) -> Box<AttemptError> {
        let status = response.status.as_u16();
        let secrets = self.secrets(&signed);
        let clean = |text: &str| redact(text, self.request, &secrets);
        let message = failure.message.as_deref().map(|text| clean(text).unwrap_or_else(|| HIDDEN.to_owned()));
        let parts: Vec<_> =
            message.as_deref().into_iter().chain(failure.hint).filter(|part| !part.is_empty()).collect();
        let text = if parts.is_empty() { "the response has no error text".to_owned() } else { parts.join(": ") };
        let request_id = failure.request_id.or_else(|| self.client.dialect.request_id(&response.headers));
        let error = Error::new(ErrorKind::Service, text)
            .with_status(status)
            .with_category(category(status).or(failure.category))
            .with_code(failure.code.as_deref().and_then(clean))
            .with_request_id(request_id.as_deref().and_then(clean));
        let outcome = match failure.class {
            FailureClass::Permanent | FailureClass::Unauthorized => {
                AttemptOutcome::permanent(Delivery::ResponseReceived)
            }
            FailureClass::ByStatus => AttemptOutcome::response(status, false),
            FailureClass::Transient => AttemptOutcome::response(status, true),
        };
        let mut failed = AttemptError::new(error, outcome);
        failed.retry_after = self.retry_after(&response.headers);
        if failure.class == FailureClass::Unauthorized {
            let Signed { generation, sent, .. } = signed;
            failed.refusal = Some(Refusal { generation, headers: response.headers, sent });
        }
        failed
    }

    /// The credentials of the request and the configured values of its path, which a service may quote.
    fn secrets(&self, signed: &Signed) -> Vec<String> {
        let mut secrets = self.request.config_values(|name| self.client.dialect.config(self.context, name));
        let own = self.client.signer.secrets(self.context.operation);
        secrets.extend(own.iter().map(|secret| secret.expose_secret().to_owned()));
        let sent = signed.secrets.iter().flatten().map(|value| String::from_utf8_lossy(value.as_bytes()));
        secrets.extend(sent.map(|value| credential(&value).to_owned()));
        secrets
    }

    /// The error of a response that is not one of the service's.
    fn unreadable(&self, response: &RawResponse, why: String, signed: &Signed) -> Box<AttemptError> {
        let status = response.status;
        let (kind, outcome) = if status.is_success() || status.is_redirection() {
            (ErrorKind::Decode, AttemptOutcome::permanent(Delivery::ResponseReceived))
        } else {
            (ErrorKind::Service, AttemptOutcome::response(status.as_u16(), false))
        };
        let request_id = self.client.dialect.request_id(&response.headers);
        let request_id = request_id.and_then(|id| redact(&id, self.request, &self.secrets(signed)));
        let error = Error::new(kind, why)
            .with_status(status.as_u16())
            .with_category(category(status.as_u16()))
            .with_request_id(request_id);
        let mut failed = AttemptError::new(error, outcome);
        failed.retry_after = self.retry_after(&response.headers);
        failed
    }

    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
        // A date is one of the service's clock, which the response's own date shows best.
        let local = || self.client.skew.known().apply(self.client.runtime.now());
        retry_after(value, skew::date(headers).unwrap_or_else(local))
    }
}

/// Why no dialect can read this response, if so.
fn unexpected(response: &RawResponse) -> Option<&'static str> {
    if response.status.is_redirection() {
        return Some("the response is a redirect, which is not followed; check the endpoint");
    }
    // No range and no delta was requested.
    if matches!(response.status, StatusCode::PARTIAL_CONTENT | StatusCode::IM_USED) {
        return Some("the response is only a part of the resource, which was not requested; a proxy may have sent it");
    }
    let encoding = response.headers.get(CONTENT_ENCODING).filter(|coding| !coding.is_empty())?;
    (!encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        .then_some("the response is compressed or otherwise encoded, which was not requested; a proxy may have done it")
}

/// The credential of a header value, without the scheme before it.
fn credential(value: &str) -> &str {
    ["Bearer ", "Basic "].into_iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value)
}

/// What a status means, from a service or a gateway.
fn category(status: u16) -> Option<ErrorCategory> {
    (status == 429).then_some(ErrorCategory::Throttled)
}

/// The header values that must not be quoted in an error.
fn secrets(headers: &HeaderMap) -> [Option<HeaderValue>; 8] {
    let mut sensitive = headers.values().filter(|value| value.is_sensitive());
    std::array::from_fn(|_| sensitive.next().cloned())
}
