//! Opens connections: directly or through a proxy, with or without TLS.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::USER_AGENT;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::stream::Stream;
use crate::runtime::{BoxFuture, limited};
use crate::transport::builtin::{Proxy, TransportSettings};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// After so long without a sign of life, the system asks the peer for one, and gives up after so many questions.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_RETRIES: u32 = 3;

/// How long sent data may remain unacknowledged.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Connects to the server of a URL, by way of its proxy.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    direct: Direct,
    proxy: Proxy,
    user_agent: HeaderValue,
    limit: Duration,
}

/// Connects to the host of a URL itself, with TLS if the URL asks for it.
#[derive(Clone)]
struct Direct {
    tcp: HttpConnector,
    tls: TlsConnector,
}

impl Connector {
    pub(super) fn new(settings: &TransportSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Divided among the addresses of a name, so that one that does not answer leaves time for the others.
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE));
        tcp.set_keepalive_retries(Some(KEEP_ALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        Self(Arc::new(Inner {
            direct: Direct { tcp, tls: Arc::new(settings.tls.clone()).into() },
            proxy: settings.proxy.clone(),
            user_agent: settings.user_agent.clone(),
            limit: settings.connect_timeout,
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let connected = limited(inner.limit, inner.connect(target)).await;
            connected.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::TimedOut, "operation timed out").into()))
        })
    }
}

impl Inner {
    async fn connect(&self, target: Uri) -> Result<TokioIo<Stream>, BoxError> {
        // The transport has already refused a proxy that cannot be used.
        let stream = match self.proxy.of(&target).ok().flatten() {
            None => self.direct.clone().connect(target).await?,
            Some(via) if target.scheme() == Some(&Scheme::HTTPS) => {
                let tunnel = self.tunnel(&via.intercept, target.clone()).await?;
                self.direct.secure(&target, tunnel).await?
            }
            Some(via) => Stream::Proxied(Box::new(self.direct.clone().connect(via.intercept.uri().clone()).await?)),
        };
        Ok(TokioIo::new(stream))
    }

    /// Asks a proxy for a connection to the target.
    async fn tunnel(&self, proxy: &Intercept, target: Uri) -> Result<Stream, BoxError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, self.user_agent.clone());
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone()).with_headers(headers);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        Ok(tunnel.call(target).await?.into_inner())
    }
}

impl Direct {
    async fn connect(mut self, target: Uri) -> Result<Stream, BoxError> {
        let stream = Stream::Tcp(self.tcp.call(target.clone()).await?.into_inner());
        if target.scheme() == Some(&Scheme::HTTPS) { self.secure(&target, stream).await } else { Ok(stream) }
    }

    /// Speaks TLS with the host of the URL.
    async fn secure(&self, target: &Uri, stream: Stream) -> Result<Stream, BoxError> {
        let host = target.host().unwrap_or_default();
        // An IPv6 address is in brackets.
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let stream = self.tls.connect(ServerName::try_from(host.to_owned())?, stream).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

impl Service<Uri> for Direct {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.connect(target).await.map(TokioIo::new) })
    }
}
