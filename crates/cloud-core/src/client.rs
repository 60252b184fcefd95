//! The client and its request loop: build the URL, validate, sign, send, decode, retry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tracing::Instrument as _;

use crate::auth::Signer;
use crate::delivery::Delivery;
use crate::dialect::{Dialect, RawResponse};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{ApiVersion, CallContext};
use crate::request::Request;
use crate::response::{Response, ResponseParts};
use crate::retry::RetryPolicy;
use crate::runtime::{BoxFuture, Runtime};
use crate::transport::Transport;

mod access;
mod attempt;
mod budget;
mod builder;
mod config;
mod deadline;
mod failure;
mod plan;
mod read;
mod recovery;
mod retries;
mod skew;
mod sunset;
mod trace;

use access::Access;
use attempt::Attempt;
use budget::Budget;
pub use builder::{ClientBuilder, Settings, default_transport};
pub use config::{ClientConfig, Shared};
use deadline::{Deadline, Phase};
use failure::AttemptError;
use recovery::Recovery;
use retries::Retries;
use skew::Skew;
use sunset::SunsetWarnings;

/// Sends requests to one base URL, in one version of a service. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    version: &'static ApiVersion,
    access: Access,
    observer: Option<Observer>,
}

/// What is called with the service's ID of each request.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

struct Inner {
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    signer: Arc<dyn Signer>,
    dialect: Arc<dyn Dialect>,
    runtime: Arc<dyn Runtime>,
    settings: Settings,
    user_agent: HeaderValue,
    sunset: SunsetWarnings,
    budget: Budget,
    skew: Skew,
}

/// Per-call overrides of the client's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) body_limit: Option<usize>,
    /// Of the client; with the options of the call, so that a call without either stays small.
    pub(crate) observer: Option<Observer>,
    pub(crate) skip_validation: bool,
}

impl Client {
    /// Creates a builder for this base URL and dialect.
    #[must_use]
    pub fn builder(endpoint: Endpoint, dialect: impl Dialect + 'static) -> ClientBuilder {
        ClientBuilder::new(endpoint, dialect)
    }

    /// Returns the base URL.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// Returns the same client for another version of its service, with the same connections, credentials and budget.
    #[must_use]
    pub fn with_version(self, version: &'static ApiVersion) -> Self {
        Self { version, ..self }
    }

    /// Returns the version that the client calls.
    #[must_use]
    pub fn api_version(&self) -> &'static ApiVersion {
        self.version
    }

    /// Returns the same client, which refuses operations that mutate. Clients made from it refuse them too.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { access: self.access.read_only(), ..self }
    }

    /// Returns the same client, which refuses operations that reveal secrets. Clients made from it refuse them too.
    #[must_use]
    pub fn hiding_secrets(self) -> Self {
        Self { access: self.access.hiding_secrets(), ..self }
    }

    /// Returns the same client, which calls this with the service's ID of each response, also of those that fail or are
    /// followed by a retry. Functions that were set before are still called. Clients made from it do so too.
    #[must_use]
    pub fn on_request_id(self, observer: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        let observer = match self.observer {
            None => observer,
            Some(Observer(before)) => Arc::new(move |id: &str| {
                before(id);
                observer(id);
            }),
        };
        Self { observer: Some(Observer(observer)), ..self }
    }

    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.inner.runtime)
    }

    pub(crate) fn call_timeout(&self) -> Duration {
        self.inner.settings.call_timeout
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.inner.runtime.elapsed()
    }

    /// Sends a request and returns the payload of its response. Not generic, so compiled once.
    pub(crate) fn execute(
        self,
        request: Request,
        mut options: Option<Box<CallOptions>>,
    ) -> BoxFuture<'static, Result<Response<Bytes>>> {
        let Self { inner, version, access, observer } = self;
        if observer.is_some() {
            options.get_or_insert_default().observer = observer;
        }
        let context = CallContext::new(request.operation(), version);
        let span = trace::call(context, &inner.endpoint);
        let recorded = span.clone();
        let call = async move {
            let start = inner.runtime.elapsed();
            let outcome = match access.check(context) {
                // By reference: what a future is given by value, it stores twice.
                Ok(()) => inner.run(&context, &request, options.as_deref(), start).await,
                Err(refused) => Err(refused),
            };
            trace::ended(&recorded, &outcome, || inner.runtime.elapsed().saturating_sub(start));
            outcome
        };
        Box::pin(call.instrument(span))
    }
}

/// What is known of a call while it runs.
struct Progress {
    deadline: Deadline,
    attempts: u32,
    /// When the current attempt started.
    start: Duration,
    /// How far the attempts got.
    delivery: Delivery,
    /// Whether an attempt before the current one may have been executed.
    executed: bool,
    /// What the attempts before the current one met.
    earlier: Vec<String>,
}

impl Inner {
    /// Runs a call that started at `start`. The clock is read as seldom as possible: it costs as much as the loop's own work.
    async fn run(
        &self,
        context: &CallContext,
        request: &Request,
        options: Option<&CallOptions>,
        start: Duration,
    ) -> Result<Response<Bytes>> {
        let named = |error: Error| error.with_context(*context);
        self.runtime.ready().map_err(named)?;
        let url = self.url(*context, request, options).map_err(named)?;
        let limit = options.and_then(|options| options.call_timeout).unwrap_or(self.settings.call_timeout);
        if limit.is_zero() {
            let error = Error::new(ErrorKind::Timeout, "the call's limit is 0 ms");
            return Err(named(error.with_delivery(Delivery::NotSent)));
        }
        let timeout = options.and_then(|options| options.attempt_timeout).unwrap_or(self.settings.attempt_timeout);
        let attempt = Attempt { client: self, context: *context, request, url: &url, timeout, options };
        let policy = options.and_then(|options| options.retry.as_ref()).unwrap_or(&self.settings.retry);
        let deadline = Deadline::new(start, limit);
        let (delivery, earlier) = (Delivery::NotSent, Vec::new());
        let mut progress = Progress { deadline, attempts: 0, start, delivery, executed: false, earlier };
        let outcome = self.attempts(&attempt, policy, &mut progress).await;
        outcome.map_err(|error| {
            // A call that may have been executed in an earlier attempt is not unsent.
            let delivery = error.delivery().max(progress.delivery);
            let error = named(error).with_attempts(progress.attempts).with_delivery(delivery);
            error.with_earlier(progress.earlier, progress.executed).with_loss()
        })
    }

    /// Checks a request and builds its URL.
    fn url(&self, context: CallContext, request: &Request, options: Option<&CallOptions>) -> Result<Bytes> {
        self.sunset.check(context.version, || self.runtime.now(), self.settings.deny_sunset_versions)?;
        request.check(!options.is_some_and(|options| options.skip_validation))?;
        let config = |name: &str| self.dialect.config(context, name);
        Ok(Bytes::from(request.url(self.endpoint.as_str(), context.version, config)?))
    }

    /// Makes attempts until one succeeds or another one cannot help.
    async fn attempts(
        &self,
        attempt: &Attempt<'_>,
        policy: &RetryPolicy,
        progress: &mut Progress,
    ) -> Result<Response<Bytes>> {
        let mut recovery = Recovery::new(&self.skew);
        let mut retries = Retries::new(policy, attempt.context.operation.idempotency, &self.budget);
        loop {
            progress.attempts += 1;
            let failed = match attempt.send(&recovery, progress).await {
                Ok((payload, response)) => {
                    retries.succeeded();
                    recovery.accepted(&self.skew, &response.headers, || self.runtime.now());
                    let response = self.response(payload, response, progress);
                    attempt.observe(response.parts().request_id.as_deref());
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            attempt.observe(failed.error.request_id());
            if let Some(delay) = self.next(attempt, *failed, progress, &mut recovery, &mut retries)? {
                progress.deadline.enter(Phase::Backoff, self.runtime.elapsed());
                self.runtime.sleep(delay).await;
            }
            progress.start = self.runtime.elapsed();
        }
    }

    fn response(&self, payload: Bytes, response: RawResponse, progress: &Progress) -> Response<Bytes> {
        let (RawResponse { status, headers, .. }, attempts) = (response, progress.attempts);
        let request_id = self.dialect.request_id(&headers);
        let elapsed = || self.runtime.elapsed().saturating_sub(progress.start);
        trace::succeeded(attempts, status, request_id.as_deref(), elapsed);
        Response::new(payload, ResponseParts { status, headers, request_id, attempts })
    }

    /// Returns the delay before the next attempt after a failed one; `None` if it follows at once, with a corrected clock
    /// or new credentials.
    ///
    /// # Errors
    /// The attempt's error if another one cannot help.
    fn next(
        &self,
        attempt: &Attempt<'_>,
        mut failed: AttemptError,
        progress: &mut Progress,
        recovery: &mut Recovery,
        retries: &mut Retries<'_>,
    ) -> Result<Option<Duration>> {
        let (operation, number) = (attempt.context.operation, progress.attempts);
        failed.explain_clock(self.signer.signs_time(operation), self.runtime.now());
        trace::failed(number, &failed.error, || self.runtime.elapsed().saturating_sub(progress.start));
        progress.delivery = progress.delivery.max(failed.outcome.delivery);
        if let Some(refusal) = &failed.refusal
            && let Some(recovered) = recovery.recover(&*self.signer, operation, refusal, self.runtime.now())
        {
            trace::recovered(number, recovered);
            progress.earlier.push(failed.error.summary());
            return Ok(None);
        }
        let exhausted = failed.outcome.is_exhausted();
        let (summary, executed) = (failed.error.summary(), failed.outcome.may_have_been_executed());
        let left = progress.deadline.left(self.runtime.elapsed());
        let delay = retries.next(failed, left, self.runtime.random())?;
        trace::retrying(number, delay);
        progress.executed |= executed;
        if exhausted {
            // No attempt was made.
            progress.attempts -= 1;
        } else {
            progress.earlier.push(summary);
        }
        Ok(Some(delay))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.endpoint)
            .field("signer", &self.inner.signer)
            .field("dialect", &self.inner.dialect)
            .field("settings", &self.inner.settings)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
