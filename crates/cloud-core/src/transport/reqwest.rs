//! The transport on reqwest with rustls, and all that names this HTTP client.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::builtin::{
    Collector, Common, Failure, Target, TransportSettings, failure, is_local, is_sent_as_written, sealed,
};
use super::{Transport, TransportBuilder, TransportError};
use crate::error::{Error, Result};
use crate::runtime::BoxFuture;

mod url;
use url::Origins;

/// The HTTP client, in the version of which [`ReqwestTransport::from_client_builder`] takes a builder: 0.13.
#[cfg(feature = "reqwest-0_13")]
pub use ::reqwest;

/// Settings of a [`ReqwestTransport`].
pub type ReqwestBuilder = TransportBuilder<ReqwestTransport>;

/// The transport that clients use unless they are given another.
///
/// TLS 1.2 or newer through rustls, no redirects, proxies from the environment. Cloning shares the connections.
///
/// Connections belong to the tokio runtime that opened them. A program with several runtimes may share a transport:
/// each runtime has its own pool, which is dropped with the runtime.
#[derive(Clone)]
pub struct ReqwestTransport {
    shared: Common<Pool>,
    origins: Arc<Origins>,
}

/// The HTTP clients of one runtime.
#[derive(Clone)]
struct Pool {
    client: reqwest::Client,
    /// Without a proxy: unencrypted requests to the loopback must not leave the machine through one.
    direct: Option<reqwest::Client>,
}

impl ReqwestTransport {
    /// Creates a transport with the defaults of [`ReqwestBuilder`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> ReqwestBuilder {
        ReqwestBuilder::default()
    }

    /// Builds a client with the TLS, proxies and limits of the given builder, which comes from reqwest 0.13. The module
    /// [re-exports](self::reqwest) it; a crate that names reqwest itself must name the same version.
    ///
    /// Redirects, repeated sending and decompression are turned off: a redirect would carry credentials to another host
    /// or execute a request twice, and signatures cover what is sent.
    ///
    /// The client cannot be made a second time, so all runtimes share its pool. In a program with several tokio runtimes
    /// that run at the same time, give each of them its own transport: a connection stalls while the runtime that opened
    /// it is idle.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the client cannot be built.
    #[cfg(feature = "reqwest-0_13")]
    pub fn from_client_builder(builder: reqwest::ClientBuilder) -> Result<Self> {
        let shared = Common::of_one(Pool { client: finish(builder)?, direct: None });
        Ok(Self { shared, origins: Arc::default() })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.shared.body_limit()).finish_non_exhaustive()
    }
}

impl sealed::FromSettings for ReqwestTransport {
    fn from_settings(settings: TransportSettings) -> Result<Self> {
        Ok(Self { shared: Common::new(settings, pool)?, origins: Arc::default() })
    }
}

fn pool(settings: &TransportSettings) -> Result<Pool> {
    let direct = finish(client(settings).no_proxy())?;
    let mut builder = client(settings);
    if let Some(url) = &settings.proxy_url {
        builder = builder.proxy(reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy is not a valid URL"))?);
    }
    Ok(Pool { client: finish(builder)?, direct: Some(direct) })
}

fn client(settings: &TransportSettings) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(settings.tls.clone())
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(settings.idle_timeout)
        .user_agent(settings.user_agent.clone())
}

/// Builds a client that sends a request once, as it is.
fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Another crate of the program may have enabled these features.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    builder.build().map_err(|error| Error::config("the HTTP client cannot be set up").with_source(error.without_url()))
}

impl Transport for ReqwestTransport {
    fn name(&self) -> &'static str {
        "reqwest"
    }

    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let limit = self.shared.limit_of(&request);
            let (sending, target) = self.start(request)?;
            let failed = |error: reqwest::Error| failure(failed_at(&error), error.without_url(), &target);
            let mut response = sending.await.map_err(failed)?;
            let mut body = Collector::new(response.content_length(), limit)?;
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if let Some(whole) = body.push(chunk)? {
                    return Ok(received(&mut response, whole));
                }
            }
            Ok(received(&mut response, body.finish()))
        })
    }
}

impl ReqwestTransport {
    /// Starts to send. A separate function, so that the transport's future keeps only what it needs later.
    fn start<'a>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Result<(impl Future<Output = reqwest::Result<reqwest::Response>> + use<>, Target<'a>), TransportError> {
        let uri = request.uri();
        if !is_sent_as_written(uri) {
            return Err(TransportError::rewritten());
        }
        let url = self.origins.url(uri)?;
        let (pool, via) = self.shared.route(uri)?;
        let client = pool.direct.as_ref().filter(|_| is_local(uri)).unwrap_or(&pool.client);
        let target = Target::new(uri, via.as_ref());
        Ok((client.execute(converted(request, url)), target))
    }
}

fn converted(request: http::Request<Bytes>, url: reqwest::Url) -> reqwest::Request {
    let (parts, body) = request.into_parts();
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = Some(body.into());
    request
}

fn failed_at(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::Connect
    } else if error.is_builder() {
        Failure::Request
    } else if error.is_body() || error.is_decode() {
        Failure::Body
    } else {
        Failure::Send
    }
}

fn received(response: &mut reqwest::Response, body: Bytes) -> http::Response<Bytes> {
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    answer
}
