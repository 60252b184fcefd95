//! One attempt of a call: prepare the request, sign it, send it, read the response.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Uri};
use time::OffsetDateTime;

use super::deadline::{Deadline, Phase};
use super::failure::AttemptError;
use super::recovery::Recovery;
use super::{CallOptions, Inner, Progress};
use crate::auth::{Generation, SignContext};
use crate::delivery::Delivery;
use crate::dialect::RawResponse;
use crate::error::Error;
use crate::operation::CallContext;
use crate::request::Request;
use crate::runtime::{BoxFuture, within};
use crate::secret::ZeroizingBuf;
use crate::transport::{BodyLimit, TransportError};

pub(super) type Result<T> = std::result::Result<T, Box<AttemptError>>;

/// What all attempts of a call have in common.
pub(super) struct Attempt<'a> {
    pub(super) client: &'a Inner,
    pub(super) context: CallContext,
    pub(super) request: &'a Request,
    pub(super) url: &'a Bytes,
    /// The limit of each attempt.
    pub(super) timeout: Duration,
    pub(super) options: Option<&'a CallOptions>,
}

/// What is kept of a signed request.
pub(super) struct Signed {
    pub(super) generation: Generation,
    pub(super) sent: OffsetDateTime,
    /// The header values that must not be quoted in an error, each with a line break after it.
    pub(super) secrets: ZeroizingBuf,
}

impl Attempt<'_> {
    /// Tells the observer the service's ID of the attempt's request.
    pub(super) fn observe(&self, request_id: Option<&str>) {
        let observer = self.options.and_then(|options| options.observer.as_ref());
        if let (Some(observer), Some(id)) = (observer, request_id) {
            (observer.0)(id);
        }
    }

    fn body_limit(&self) -> Option<usize> {
        self.options.and_then(|options| options.body_limit)
    }

    /// Makes the attempt and returns the payload, out of its envelope, with the response that it came in.
    pub(super) async fn send(&self, recovery: &Recovery, progress: &mut Progress) -> Result<(Bytes, RawResponse)> {
        progress.deadline.enter(Phase::Credentials, progress.start);
        // Boxed, so that the call's future has no room for it besides the transport's.
        let mut http = Box::new(self.prepare()?);
        let now = self.client.runtime.now();
        let generation = self.sign(&mut http, recovery.signing_time(now), progress).await?;
        let elapsed = self.client.runtime.elapsed();
        progress.deadline.enter(Phase::Sending, elapsed);
        let sent = now + elapsed.saturating_sub(progress.start);
        let signed = Signed { generation, sent, secrets: secrets(http.headers()) };
        let response = {
            let left = progress.deadline.left(elapsed);
            if left.is_zero() {
                return Err(self.call_timeout(&mut progress.deadline, Delivery::NotSent));
            }
            // Sent from here, so that the request is moved once, into the transport's future; its box is freed before.
            let http = http;
            let sending = self.client.transport.send(*http);
            // One timer: whichever limit is earlier decides which error it is.
            self.receive(sending, &mut progress.deadline, self.timeout.min(left))
        }
        .await?;
        self.read(response, signed, progress.executed)
    }

    pub(super) fn prepare(&self) -> Result<http::Request<Bytes>> {
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
        if let Some(limit) = self.body_limit() {
            http.extensions_mut().insert(BodyLimit::new(limit));
        }
        Ok(http)
    }

    pub(super) fn signed_at(&self, now: OffsetDateTime) -> SignContext<'_> {
        // The URL is built from ASCII only.
        let url = std::str::from_utf8(self.url).unwrap_or_default();
        SignContext { operation: self.context.operation, url, now }
    }

    async fn sign(
        &self,
        http: &mut http::Request<Bytes>,
        now: OffsetDateTime,
        progress: &mut Progress,
    ) -> Result<Generation> {
        let runtime = &self.client.runtime;
        let context = self.signed_at(now);
        let left = progress.deadline.left(progress.start);
        match within(self.client.signer.sign(context, http), move || runtime.deadline(left)).await {
            Some(outcome) => outcome.map_err(AttemptError::signing_failed),
            None => {
                // The signer's own request may be under way.
                let mut timeout = self.call_timeout(&mut progress.deadline, Delivery::NotSent);
                timeout.error.set_credentials_requested();
                Err(timeout)
            }
        }
    }

    async fn receive(
        &self,
        response: BoxFuture<'_, std::result::Result<http::Response<Bytes>, TransportError>>,
        deadline: &mut Deadline,
        limit: Duration,
    ) -> Result<RawResponse> {
        let response = match within(response, move || self.client.runtime.deadline(limit)).await {
            Some(outcome) => outcome.map_err(AttemptError::transport)?,
            None if limit < self.timeout => {
                return Err(self.call_timeout(deadline, Delivery::PossiblySent));
            }
            None => return Err(AttemptError::attempt_timeout(limit)),
        };
        let (parts, body) = response.into_parts();
        // The caller's own transport may not know the limit.
        if let Some(limit) = self.body_limit().filter(|limit| body.len() > *limit) {
            return Err(AttemptError::transport(TransportError::too_large(limit)));
        }
        Ok(RawResponse { status: parts.status, headers: parts.headers, body })
    }

    fn call_timeout(&self, deadline: &mut Deadline, delivery: Delivery) -> Box<AttemptError> {
        AttemptError::call_timeout(deadline.exceeded(self.client.runtime.elapsed(), delivery))
    }
}

/// The header values that must not be quoted in an error.
fn secrets(headers: &HeaderMap) -> ZeroizingBuf {
    let sensitive = || headers.values().filter(|value| value.is_sensitive());
    let mut secrets = ZeroizingBuf::with_capacity(sensitive().map(|value| value.len() + 1).sum());
    for value in sensitive() {
        secrets.extend(value.as_bytes());
        secrets.extend(b"\n");
    }
    secrets
}
