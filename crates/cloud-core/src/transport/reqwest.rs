//! The transport on reqwest with rustls: the one place that names the HTTP client.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Scheme;

use super::{BodyLimit, Stage, Transport, TransportError};
use crate::endpoint::is_loopback;
use crate::error::Result;
use crate::runtime::BoxFuture;
use crate::secret::ZeroizingBuf;

mod builder;
mod failure;
mod pools;
mod proxy;
mod tls;
mod url;
pub use builder::ReqwestBuilder;
use failure::failure;
use pools::Pools;
use proxy::Proxy;
use url::Origins;

/// The HTTP client, in the version of which [`ReqwestTransport::from_client_builder`] takes a builder: 0.13.
#[cfg(feature = "reqwest-0_13")]
pub use ::reqwest;

/// The transport that clients use unless they are given another.
///
/// TLS 1.2 or newer through rustls, no redirects, proxies from the environment. Cloning shares the connections.
///
/// Connections belong to the tokio runtime that opened them. A program with several runtimes may share a transport:
/// each runtime has its own pool, which is dropped with the runtime.
#[derive(Clone)]
pub struct ReqwestTransport {
    pools: Arc<Pools>,
    origins: Arc<Origins>,
    /// The proxy of requests that are not sent directly.
    proxy: Proxy,
    /// Why no server can be trusted, if so.
    untrusting: Option<String>,
    body_limit: usize,
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
        Ok(Self {
            pools: Pools::of_one(builder::finish(builder)?),
            origins: Arc::default(),
            proxy: Proxy::None,
            untrusting: None,
            body_limit: DEFAULT_BODY_LIMIT,
        })
    }
}

/// The most that is reserved for a body before any of it has arrived: 1 MiB.
const MOST_AT_ONCE: usize = 1 << 20;

/// 16 MiB.
const DEFAULT_BODY_LIMIT: usize = 16 << 20;

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let limit = request.extensions().get().map_or(self.body_limit, |limit: &BodyLimit| limit.bytes());
            let uri = request.uri().clone();
            let url = self.origins.url(&uri)?;
            let local = url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
            if let Some(problem) = self.untrusting.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTPS)) {
                return Err(TransportError::new(Stage::Config, problem));
            }
            let pool = self.pools.current().map_err(|error| {
                TransportError::new(Stage::Config, "the HTTP client of this runtime cannot be set up")
                    .with_source(error)
            })?;
            let client = pool.direct.as_ref().filter(|_| local).unwrap_or(&pool.client);
            // A program that only talks to the loopback needs no proxy, so what is wrong with it is said here.
            let proxy = if local { Ok(None) } else { self.proxy.of(&uri) };
            let proxy = proxy.map_err(|problem| TransportError::new(Stage::Config, problem))?;
            let mut response =
                client.execute(converted(request, url)).await.map_err(|error| failure(error, &uri, proxy))?;
            let announced = response.content_length().unwrap_or(0);
            if announced > limit as u64 {
                return Err(TransportError::too_large(limit));
            }
            let mut body = ZeroizingBuf::default();
            while let Some(chunk) = response.chunk().await.map_err(|error| failure(error, &uri, proxy))? {
                if chunk.len() > limit - body.len() {
                    return Err(TransportError::too_large(limit));
                }
                if body.len() == 0 {
                    if chunk.len() as u64 == announced {
                        return Ok(answer(&mut response, chunk));
                    }
                    // What a server announces is not believed beyond this; the buffer grows with what arrives.
                    body = ZeroizingBuf::with_capacity(usize::try_from(announced).unwrap_or(0).min(MOST_AT_ONCE));
                }
                body.extend(&chunk);
            }
            Ok(answer(&mut response, body.freeze()))
        })
    }
}

fn converted(request: http::Request<Bytes>, url: reqwest::Url) -> reqwest::Request {
    let (parts, body) = request.into_parts();
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = Some(body.into());
    request
}

fn answer(response: &mut reqwest::Response, body: Bytes) -> http::Response<Bytes> {
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    answer
}
