//! The listeners, and what each of them serves.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::{Extension, Router};
use tokio::net::TcpListener;

use crate::engine::Engine;
use crate::http::Peer;
use crate::settings::Settings;

pub(crate) mod connection;
mod identify;
mod listener;
pub(crate) mod pipeline;
mod tls;

use connection::{ClientInfo, PlainListener};
use listener::{SHUTDOWN_TIMEOUT, Serving};
use tls::TlsListener;

/// A running server: the engine and its listeners.
pub(crate) struct Server {
    pub(crate) engine: Arc<Engine>,
    plain: Serving,
    pub(crate) mutual_tls: Option<MutualTls>,
}

/// The listener for clients with certificates.
pub(crate) struct MutualTls {
    pub(crate) endpoint: String,
    /// The certificate of the authority that clients have to trust, PEM.
    pub(crate) authority: String,
    serving: Serving,
}

impl Server {
    /// Binds the ports and starts to serve.
    pub(crate) async fn start(port: u16, settings: Settings) -> io::Result<Self> {
        let listener = listen(settings.bind, port).await?;
        let endpoint = format!("http://{}", reachable(listener.local_addr()?));
        let engine = Engine::new(settings, endpoint).map_err(invalid_data)?;
        let engine = Arc::new(engine);
        let router = Router::new().fallback(handle).with_state(Arc::clone(&engine));
        let mutual_tls = match engine.settings.nhn.mutual_tls_port {
            Some(port) => Some(mutual_tls(&engine, port, router.clone()).await?),
            None => None,
        };
        let plain = Serving::start(PlainListener::new(listener), router, engine.settings.header_timeout);
        Ok(Self { engine, plain, mutual_tls })
    }

    /// Stops the listeners and waits until requests in progress are done.
    pub(crate) async fn stop(self) -> io::Result<Arc<Engine>> {
        let of_certificates = async {
            match self.mutual_tls {
                Some(mutual_tls) => mutual_tls.serving.finish().await,
                None => Ok(()),
            }
        };
        let (plain, of_certificates) = tokio::join!(self.plain.finish(), of_certificates);
        plain.and(of_certificates).map(|()| self.engine)
    }

    /// Waits a while, also after this was dropped, for requests in progress.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let plain = self.plain.ended();
        let mutual_tls = self.mutual_tls.as_ref().map(|mutual_tls| mutual_tls.serving.ended());
        async move {
            let both = async {
                plain.await;
                if let Some(mutual_tls) = mutual_tls {
                    mutual_tls.await;
                }
            };
            // What lasts longer is aborted with the runtime.
            let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, both).await;
        }
    }
}

fn invalid_data(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

async fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let named = |error: io::Error| {
        let place = SocketAddr::new(address, port);
        io::Error::new(error.kind(), format!("cannot listen on {place}: {error}"))
    };
    TcpListener::bind((address, port)).await.map_err(named)
}

/// Opens the port for clients with certificates, and issues those that key stores list.
async fn mutual_tls(engine: &Engine, port: u16, router: Router) -> io::Result<MutualTls> {
    let bind = engine.settings.bind;
    let listener = listen(bind, port).await?;
    let hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let own = if bind.is_unspecified() || bind.is_loopback() { None } else { Some(bind.to_string()) };
    let hosts: Vec<_> = hosts.into_iter().chain(own).collect();
    let issued = engine.lock().state.nhn.skm.issue(&hosts);
    let issued = issued.map_err(invalid_data)?;
    let endpoint = format!("https://{}", reachable(listener.local_addr()?));
    let listener = TlsListener::new(PlainListener::new(listener), issued.certificate, issued.key)?;
    let serving = Serving::start(listener, router, engine.settings.header_timeout);
    Ok(MutualTls { endpoint, authority: issued.root, serving })
}

/// An address that a client can connect to: the unspecified address is not one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn handle(
    State(engine): State<Arc<Engine>>,
    Extension(client): Extension<ClientInfo>,
    request: Request,
) -> Response {
    let ClientInfo { address, switch, certificate, secure } = client;
    pipeline::respond(&engine, &switch, Peer { address, certificate, secure }, request).await
}
