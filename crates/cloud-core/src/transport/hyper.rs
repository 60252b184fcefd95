//! The transport on hyper with rustls, and all that names this HTTP client.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Version};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::{Client, Error as ClientError, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::builtin::{Collector, Common, Failure, Target, TransportSettings, failure, is_sent_as_written, sealed};
use super::{Transport, TransportBuilder, TransportError};
use crate::error::Result;
use crate::runtime::BoxFuture;

mod body;
mod connect;
mod stream;

use body::RequestBody;
use connect::Connector;

/// Settings of a [`HyperTransport`].
pub type HyperBuilder = TransportBuilder<HyperTransport>;

/// A transport that does the same as the one on reqwest, with fewer dependencies and less work for each call.
///
/// HTTP/1.1, TLS 1.2 or newer through rustls, no redirects, proxies from the environment. Cloning shares the connections.
///
/// Connections belong to the tokio runtime that opened them. A program with several runtimes may share a transport:
/// each runtime has its own pool, which is dropped with the runtime.
#[derive(Clone)]
pub struct HyperTransport {
    shared: Common<Arc<Client<Connector, RequestBody>>>,
    user_agent: HeaderValue,
}

impl HyperTransport {
    /// Creates a transport with the defaults of [`HyperBuilder`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> HyperBuilder {
        HyperBuilder::default()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("body_limit", &self.shared.body_limit()).finish_non_exhaustive()
    }
}

impl sealed::FromSettings for HyperTransport {
    fn from_settings(settings: TransportSettings) -> Result<Self> {
        let user_agent = settings.user_agent.clone();
        let connector = Connector::new(&settings);
        let idle_timeout = settings.idle_timeout;
        let shared = Common::new(settings, move |_| Ok(Arc::new(client(connector.clone(), idle_timeout))))?;
        Ok(Self { shared, user_agent })
    }
}

fn client(connector: Connector, idle_timeout: std::time::Duration) -> Client<Connector, RequestBody> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(idle_timeout)
        // Hyper returns a request only if it has not written any of it, because the server had closed the idle connection.
        // So it is still sent only once, and a call that can succeed does not fail.
        .retry_canceled_requests(true)
        .build(connector)
}

impl Transport for HyperTransport {
    fn name(&self) -> &'static str {
        "hyper"
    }

    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let limit = self.shared.limit_of(&request);
            let (sending, target) = self.start(request)?;
            let response = sending.await.map_err(|error| failure(failed_at(&error), error, &target))?;
            let (parts, mut incoming) = response.into_parts();
            let mut body = Collector::new(incoming.size_hint().exact(), limit)?;
            while let Some(chunk) = chunk(&mut incoming).await {
                let chunk = chunk.map_err(|error| failure(Failure::Body, error, &target))?;
                if let Some(whole) = body.push(chunk)? {
                    return Ok(http::Response::from_parts(parts, whole));
                }
            }
            Ok(http::Response::from_parts(parts, body.finish()))
        })
    }
}

impl HyperTransport {
    /// Starts to send. A separate function, so that the transport's future keeps only what it needs later.
    fn start<'a>(&'a self, request: http::Request<Bytes>) -> Result<(ResponseFuture, Target<'a>), TransportError> {
        let uri = request.uri();
        if !is_sent_as_written(uri) {
            return Err(TransportError::rewritten());
        }
        let (client, via) = self.shared.route(uri)?;
        let target = Target::new(uri, via.as_ref());
        // A tunnel's proxy gets its credentials when the tunnel is made.
        let untunneled = via.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTP));
        let credentials = untunneled.and_then(|via| via.intercept.basic_auth()).cloned();
        let mut request = request.map(RequestBody::new);
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        if let Some(credentials) = credentials {
            headers.insert(PROXY_AUTHORIZATION, credentials);
        }
        Ok((client.request(request), target))
    }
}

fn failed_at(error: &ClientError) -> Failure {
    if error.is_connect() { Failure::Connect } else { Failure::Send }
}

/// Returns the next chunk, which is empty in place of trailers.
async fn chunk(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}
