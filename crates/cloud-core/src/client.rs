//! The client and its one request loop: target, validate, prepare, sign, send, read, decide.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::de::DeserializeOwned;
use time::{Date, OffsetDateTime};
use tracing::Instrument as _;

use crate::auth::{Generation, SignContext, Signer};
use crate::dialect::{Dialect, Failure, FailureClass, RawResponse, ResponseOutcome};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::json::from_json;
use crate::operation::{ApiVersion, CallContext};
use crate::redaction;
use crate::request::Request;
use crate::retry::{AttemptOutcome, Decision, RetryPolicy, decide, may_pass, retry_after};
use crate::runtime::{BoxFuture, Runtime, within};
use crate::transport::{BodyLimit, Stage, Transport, TransportError};
use crate::types::Timestamp;

mod budget;
mod builder;
mod config;
mod progress;
mod skew;
mod trace;

use budget::Budget;
pub use builder::{ClientBuilder, Settings, default_transport};
pub use config::{ClientConfig, Shared};
use progress::{Phase, Progress};
use skew::{Correction, Skew};

/// Sends requests to one base URL, in one version of a service. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    version: &'static ApiVersion,
}

struct Inner {
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    signer: Arc<dyn Signer>,
    dialect: Arc<dyn Dialect>,
    runtime: Arc<dyn Runtime>,
    settings: Settings,
    user_agent: HeaderValue,
    warned: Mutex<Vec<&'static ApiVersion>>,
    budget: Budget,
    skew: Skew,
}

/// What a call may change of its client's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) skip_validation: bool,
}

/// A good answer, its payload not yet decoded.
pub(crate) struct Reply {
    pub(crate) payload: Bytes,
    pub(crate) meta: ResponseParts,
}

impl Reply {
    /// The payload as a type; an error says which answer could not be read.
    pub(crate) fn decode<T: DeserializeOwned>(&self, context: CallContext) -> Result<T> {
        from_json(&self.payload).map_err(|error| {
            error
                .with_context(context)
                .with_status(self.meta.status.as_u16())
                .with_request_id(self.meta.request_id.clone())
                .with_attempts(self.meta.attempts)
        })
    }
}

/// What is known about an answer besides its payload. `Debug` shows the names of headers, and no value.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseParts {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The vendor's id of the request, where it sends one.
    pub request_id: Option<String>,
    /// How many times the request was sent, this time included.
    pub attempts: u32,
}

impl Client {
    /// Starts a client for this base URL, speaking this dialect.
    #[must_use]
    pub fn builder(endpoint: Endpoint, dialect: Arc<dyn Dialect>) -> ClientBuilder {
        ClientBuilder::new(endpoint, dialect)
    }

    /// The base URL.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// The same client for another version of its service, with the same connections, credentials and budget.
    #[must_use]
    pub fn with_version(self, version: &'static ApiVersion) -> Self {
        Self { version, ..self }
    }

    /// The version that the client speaks.
    #[must_use]
    pub fn api_version(&self) -> &'static ApiVersion {
        self.version
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.inner.runtime.elapsed()
    }

    /// Sends a request and returns the payload of its answer. The one loop; not generic, so compiled once.
    pub(crate) fn execute(&self, request: Request, options: CallOptions) -> BoxFuture<'static, Result<Reply>> {
        let inner = Arc::clone(&self.inner);
        let context = CallContext::new(request.operation(), self.version);
        let span = trace::call(context, inner.endpoint.host());
        let ending = span.clone();
        let call = async move {
            let start = inner.runtime.elapsed();
            let outcome = inner.run(context, request, options).await;
            trace::ended(&ending, &outcome, inner.runtime.elapsed().saturating_sub(start));
            outcome
        };
        Box::pin(call.instrument(span))
    }
}

impl Inner {
    async fn run(&self, context: CallContext, mut request: Request, options: CallOptions) -> Result<Reply> {
        let named = |error: Error| error.with_context(context);
        self.runtime.ready().map_err(named)?;
        self.check_sunset(context.version).map_err(named)?;
        if let Some(error) = request.take_error(!options.skip_validation) {
            return Err(named(error));
        }
        let url = request
            .url(self.endpoint.as_str(), context.version, |name| self.dialect.config(context, name))
            .map_err(named)?;
        let url = Bytes::from(url);
        let limit = options.timeout.unwrap_or(self.settings.call_timeout);
        if limit.is_zero() {
            return Err(named(Error::new(ErrorKind::Timeout, "the call's limit is 0 ms").with_unsent(true)));
        }
        let progress = Progress::default();
        let attempts = self.attempts(context, &request, &url, &options, limit, &progress);
        let outcome = within(attempts, Some(self.runtime.sleep(limit))).await;
        let attempts = progress.attempts.load(Ordering::Relaxed);
        let maybe_sent = progress.maybe_sent.load(Ordering::Relaxed);
        let error = match outcome {
            Some(Ok(reply)) => return Ok(reply),
            Some(Err(error)) => error,
            None => {
                let spent = progress.spent(limit, self.runtime.elapsed());
                Error::new(ErrorKind::Timeout, spent).with_retryable(true).with_unsent(true)
            }
        };
        let unsent = error.is_unsent() && !maybe_sent;
        Err(named(error).with_attempts(attempts).with_unsent(unsent))
    }

    async fn attempts(
        &self,
        context: CallContext,
        request: &Request,
        url: &Bytes,
        options: &CallOptions,
        limit: Duration,
        progress: &Progress,
    ) -> Result<Reply> {
        let operation = context.operation;
        let policy = options.retry.as_ref().unwrap_or(&self.settings.retry);
        let start = self.runtime.elapsed();
        let mut correction = self.skew.known();
        let (mut renewed, mut corrected) = (false, false);
        let mut tries = 0;
        let mut taken = 0;
        loop {
            tries += 1;
            let attempt = progress.attempts.fetch_add(1, Ordering::Relaxed) + 1;
            let sent = self.runtime.elapsed();
            let outcome = self.attempt(context, request, url, correction, options.body_limit, progress).await;
            let elapsed = self.runtime.elapsed().saturating_sub(sent);
            let failed = match outcome {
                Ok((payload, answer)) => {
                    self.budget.refund(taken);
                    if corrected {
                        self.skew.remember(correction);
                    }
                    let request_id = self.dialect.request_id(&answer.headers);
                    trace::answered(attempt, answer.status, request_id.as_deref(), elapsed);
                    let meta =
                        ResponseParts { status: answer.status, headers: answer.headers, request_id, attempts: attempt };
                    return Ok(Reply { payload, meta });
                }
                Err(failed) => failed,
            };
            trace::failed(attempt, &failed.error, elapsed);
            // A service that does not accept a signature has done nothing else, so signing anew is safe for every
            // operation; it is no retry and costs nothing. Each cause is mended once a call.
            if let Some(refusal) = &failed.refusal {
                let better = if corrected || !self.signer.signs_time(operation) {
                    None
                } else {
                    correction.better(&refusal.headers, refusal.sent, self.runtime.now())
                };
                let by_clock = better.is_some();
                let by_token = !by_clock && !renewed && self.signer.refused(operation, refusal.generation);
                correction = better.unwrap_or(correction);
                corrected |= by_clock;
                renewed |= by_token;
                if by_clock || by_token {
                    trace::renewed(attempt, by_clock);
                    tries -= 1;
                    continue;
                }
            }
            let left = limit.saturating_sub(self.runtime.elapsed().saturating_sub(start));
            let random = self.runtime.random();
            let Failed { error, ending, hint, .. } = *failed;
            let passing = error.is_retryable() || may_pass(ending);
            let error = error.with_retryable(passing).with_retry_after(hint);
            match decide(policy, operation.idempotency, tries, ending, hint, Some(left), random) {
                Decision::Stop => return Err(error),
                Decision::After(wait) => {
                    let Some(price) = self.budget.take(ending.is_throttled()) else {
                        return Err(error.with_note("not tried again: too many retries have failed"));
                    };
                    taken += price;
                    trace::waiting(attempt, wait);
                    progress.enter(Phase::Waiting, self.runtime.elapsed());
                    self.runtime.sleep(wait).await;
                }
            }
        }
    }

    async fn attempt(
        &self,
        context: CallContext,
        request: &Request,
        url: &Bytes,
        correction: Correction,
        body_limit: Option<usize>,
        progress: &Progress,
    ) -> Result<(Bytes, RawResponse), Box<Failed>> {
        progress.enter(Phase::Credentials, self.runtime.elapsed());
        let mut http = self.prepare(context, request, url).map_err(Failed::permanent)?;
        // The URL is built from ASCII only.
        let text = std::str::from_utf8(url).unwrap_or_default();
        let now = self.runtime.now();
        let signing = SignContext { operation: context.operation, url: text, now: correction.apply(now) };
        let generation = self.signer.sign(signing, &mut http).await.map_err(Failed::signing_failed)?;
        progress.enter(Phase::SendFuture, self.runtime.elapsed());
        let signed = Signed { generation, sent: self.runtime.now(), secrets: secrets(http.headers()) };
        if let Some(limit) = body_limit {
            http.extensions_mut().insert(BodyLimit(limit));
        }
        let earlier = progress.maybe_sent.swap(true, Ordering::Relaxed);
        let sending = within(self.transport.send(http), Some(self.runtime.sleep(self.settings.attempt_timeout)));
        let response = match sending.await {
            None => return Err(Failed::timeout(self.settings.attempt_timeout)),
            Some(Err(error)) => {
                if matches!(error.stage, Stage::Connect | Stage::Refused) {
                    progress.maybe_sent.store(earlier, Ordering::Relaxed);
                }
                return Err(Failed::transport(error));
            }
            Some(Ok(response)) => response,
        };
        let (parts, body) = response.into_parts();
        // A transport of the caller's own may know of no limit.
        if let Some(limit) = body_limit.filter(|limit| body.len() > *limit) {
            return Err(Failed::transport(TransportError::too_large(limit)));
        }
        let answer = RawResponse { status: parts.status, headers: parts.headers, body };
        match self.read(context, &answer) {
            ResponseOutcome::Payload(payload) => Ok((payload, answer)),
            ResponseOutcome::Failed(failure) => Err(self.failed(context, request, answer, failure, signed)),
            ResponseOutcome::Unreadable(why) => Err(self.unreadable(&answer, why)),
        }
    }

    fn prepare(&self, context: CallContext, request: &Request, url: &Bytes) -> Result<http::Request<Bytes>> {
        let uri = Uri::from_maybe_shared(url.clone()).map_err(|_| Error::request("the url is too long to be sent"))?;
        let mut http = http::Request::new(request.body_bytes().cloned().unwrap_or_default());
        *http.method_mut() = context.operation.method.into();
        *http.uri_mut() = uri;
        let headers = http.headers_mut();
        headers.reserve(10);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        if request.body_bytes().is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type()));
        }
        self.dialect.prepare(context, headers)?;
        Ok(http)
    }

    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if answer.status.is_redirection() {
            return ResponseOutcome::Unreadable(
                "the service answered with a redirect, which is not followed; check the endpoint".into(),
            );
        }
        let encoded = answer.headers.get(CONTENT_ENCODING).filter(|coding| !coding.is_empty());
        if encoded.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return ResponseOutcome::Unreadable(
                "the answer is compressed or otherwise encoded, which was not asked for; a proxy may stand in between"
                    .into(),
            );
        }
        self.dialect.read(context, answer)
    }

    fn failed(
        &self,
        context: CallContext,
        request: &Request,
        answer: RawResponse,
        failure: Failure,
        signed: Signed,
    ) -> Box<Failed> {
        let status = answer.status.as_u16();
        // An app key is part of the path, and a service may quote the path.
        let config = request.config_values(|name| self.dialect.config(context, name));
        let clean = |text: &str| redaction::redact(text, request, &config, &signed.secrets);
        let message = failure.message.as_deref().map(clean);
        let code = failure.code.as_deref().map(clean);
        let mut text = String::from("the service refused or failed");
        for part in message.as_deref().into_iter().chain(failure.hint) {
            text.push_str(": ");
            text.push_str(part);
        }
        let error = Error::new(ErrorKind::Service, text).with_status(status).with_code(code).with_request_id(
            failure.request_id.or_else(|| self.dialect.request_id(&answer.headers)).as_deref().map(clean),
        );
        let ending = match failure.class {
            FailureClass::Permanent | FailureClass::Unauthorized => AttemptOutcome::Final,
            FailureClass::ByStatus => AttemptOutcome::Answered { status, transient: false },
            FailureClass::Transient => AttemptOutcome::Answered { status, transient: true },
        };
        let hint = self.hint(&answer);
        let headers = answer.headers;
        let refused = failure.class == FailureClass::Unauthorized;
        let Signed { generation, sent, .. } = signed;
        let refusal = refused.then_some(Refusal { generation, headers, sent });
        Box::new(Failed { error, ending, hint, refusal })
    }

    fn unreadable(&self, answer: &RawResponse, why: String) -> Box<Failed> {
        let status = answer.status.as_u16();
        let (kind, ending) = if answer.status.is_success() || answer.status.is_redirection() {
            (ErrorKind::Decode, AttemptOutcome::Final)
        } else {
            (ErrorKind::Service, AttemptOutcome::Answered { status, transient: false })
        };
        let error = Error::new(kind, why).with_status(status).with_request_id(self.dialect.request_id(&answer.headers));
        Box::new(Failed { error, ending, hint: self.hint(answer), refusal: None })
    }

    fn hint(&self, answer: &RawResponse) -> Option<Duration> {
        let value = answer.headers.get(RETRY_AFTER)?.to_str().ok()?;
        // A date means the service's clock, which its own date shows best.
        retry_after(value, skew::date(&answer.headers).unwrap_or_else(|| self.skew.known().apply(self.runtime.now())))
    }

    fn check_sunset(&self, version: &'static ApiVersion) -> Result<()> {
        let Some(sunset) = version.sunset.and_then(|day| Some(Timestamp::from(day).to_date_time().ok()?.date())) else {
            return Ok(());
        };
        if is_before(self.runtime.now(), sunset) {
            return Ok(());
        }
        let ApiVersion { service, number, .. } = version;
        if self.settings.deny_sunset_versions {
            return Err(Error::config(format!(
                "{service} {number} is past its sunset date {sunset}, and such versions are denied"
            )));
        }
        // A poisoned lock only means that a warning may be given twice.
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !warned.contains(&version) {
            warned.push(version);
            tracing::warn!(service, version = number, sunset = %sunset, "this api version is past its sunset date");
        }
        Ok(())
    }
}

fn is_before(now: OffsetDateTime, sunset: Date) -> bool {
    now.to_offset(time::UtcOffset::UTC).date() < sunset
}

/// An attempt that did not succeed.
struct Failed {
    error: Error,
    ending: AttemptOutcome,
    hint: Option<Duration>,
    refusal: Option<Refusal>,
}

/// What is remembered of a request that has been handed to the transport.
struct Signed {
    generation: Generation,
    sent: OffsetDateTime,
    secrets: [Option<HeaderValue>; 4],
}

/// The header values that must not come back in an error text.
fn secrets(headers: &HeaderMap) -> [Option<HeaderValue>; 4] {
    let mut sensitive = headers.values().filter(|value| value.is_sensitive());
    std::array::from_fn(|_| sensitive.next().cloned())
}

/// An answer that did not accept the credentials.
struct Refusal {
    generation: Generation,
    headers: HeaderMap,
    sent: OffsetDateTime,
}

impl Failed {
    fn new(error: Error, ending: AttemptOutcome) -> Box<Self> {
        Box::new(Self { error, ending, hint: None, refusal: None })
    }

    fn permanent(error: Error) -> Box<Self> {
        Self::new(error, AttemptOutcome::Final)
    }

    fn signing_failed(error: Error) -> Box<Self> {
        // A request for credentials that may have been acted on is not made again: some mint a key each time.
        let ending = match error.status() {
            _ if !(error.is_retryable() && error.is_unsent()) => AttemptOutcome::Final,
            Some(429 | 503) => AttemptOutcome::NoCredentials,
            _ => AttemptOutcome::NeverSent,
        };
        let hint = error.retry_after();
        // Whatever became of the request for credentials, the call itself has not left.
        Box::new(Self { error: error.with_unsent(true), ending, hint, refusal: None })
    }

    fn timeout(limit: Duration) -> Box<Self> {
        let text = format!("no answer within the attempt's limit of {} ms", limit.as_millis());
        Self::new(Error::new(ErrorKind::Timeout, text), AttemptOutcome::MaybeSent)
    }

    fn transport(error: TransportError) -> Box<Self> {
        let (kind, ending) = match error.stage {
            Stage::Refused => (ErrorKind::Request, AttemptOutcome::Final),
            Stage::Connect => (ErrorKind::Connect, AttemptOutcome::NeverSent),
            Stage::MaybeSent => (ErrorKind::Transport, AttemptOutcome::MaybeSent),
            Stage::Response => (ErrorKind::Transport, AttemptOutcome::Final),
        };
        let text = match std::error::Error::source(&error).map(innermost) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self::new(Error::new(kind, text).with_source(error), ending)
    }
}

/// The last error of a chain says what happened (`connection refused`); those above it only say where.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

impl fmt::Debug for ResponseParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("ResponseParts")
            .field("status", &self.status)
            .field("headers", &names)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.endpoint)
            .field("signer", &self.inner.signer)
            .field("dialect", &self.inner.dialect)
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
