//! The running server: starting, addressing and stopping it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::control::{self, Fault, LoggedCall};
use crate::line::{Caller, Lines};
use crate::nhn::ClientIdentity;
use crate::serving::Serving;
use crate::settings::{Settings, environment};
use crate::tls::SecureLines;
use crate::wire::Peer;
use crate::world::World;

mod builder;
#[cfg(feature = "fuzzing")]
mod in_process;

pub use builder::Builder;
#[cfg(feature = "fuzzing")]
pub use in_process::InProcess;

/// A server on loopback that plays all three vendors until it is dropped.
///
/// It runs on the Tokio runtime on which it was started.
pub struct Sandbox {
    world: Arc<World>,
    plain: Serving,
    secure: Option<Secure>,
}

/// The listener for callers with client certificates.
struct Secure {
    endpoint: String,
    /// The certificate of the authority that callers have to trust, PEM.
    authority: String,
    serving: Serving,
}

impl Sandbox {
    /// Starts a sandbox with default settings on a free port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings for a sandbox that is yet to start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn serve(port: u16, settings: Settings) -> io::Result<Self> {
        let listener = listen(settings.bind, port).await?;
        let endpoint = format!("http://{}", reachable(listener.local_addr()?));
        let world = world(settings, endpoint)?;
        let router = Router::new().fallback(handle).with_state(Arc::clone(&world));
        let secure = match world.settings.nhn.mutual_tls_port {
            Some(port) => Some(secure(&world, port, router.clone()).await?),
            None => None,
        };
        let plain = Serving::start(Lines::new(listener), router);
        Ok(Self { world, plain, secure })
    }

    /// The address of the server, such as `http://127.0.0.1:49152`, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.world.endpoint
    }

    /// The variables that make the SDKs of all three vendors use this server.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(&self.world.endpoint, self.world.settings.sovereign)
    }

    /// The address for callers with client certificates, such as `https://127.0.0.1:49153`, where
    /// [`Builder::mutual_tls`] asked for it. It serves the same paths on the same state.
    #[must_use]
    pub fn mtls_endpoint(&self) -> Option<&str> {
        self.secure.as_ref().map(|secure| &*secure.endpoint)
    }

    /// The certificate (PEM) that callers of [`mtls_endpoint`](Self::mtls_endpoint) have to trust.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.secure.as_ref().map(|secure| &*secure.authority)
    }

    /// A client certificate that a key store of Secure Key Manager lists under this name, with its private key.
    ///
    /// The default seed lists `certificate1`, `certificate2` and `partner`; the store that asks for one of them is the
    /// second. Nothing where no store lists the name, or where [`Builder::mutual_tls`] was not asked for.
    ///
    /// # Errors
    /// When a state file holds a certificate that cannot be read.
    pub fn client_identity(&self, name: &str) -> io::Result<Option<ClientIdentity>> {
        // A restored state may hold certificates although nothing here takes them.
        if self.secure.is_none() {
            return Ok(None);
        }
        let mut issued = self.world.lock().state.nhn.skm.issued();
        let found = issued.remove(name).map(|issued| issued.identity(name)).transpose();
        found.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// The names of all certificates that key stores list, for [`client_identity`](Self::client_identity).
    #[must_use]
    pub fn client_names(&self) -> Vec<String> {
        self.world.lock().state.nhn.skm.identity_names().into_iter().collect()
    }

    /// The access tokens of RISKEN in the default seed, each with a name for what it may do.
    ///
    /// The names are `project-admin` (also in [`environment`](Self::environment)), `project-viewer`,
    /// `finding-editor`, `no-role`, `expired`, `other-project`, `deserted-project` and `organization`.
    #[must_use]
    pub fn risken_tokens(&self) -> Vec<(&'static str, String)> {
        crate::risken::seed_tokens()
    }

    /// Moves the sandbox's time on: tokens and waiting times end, scans and diagnoses finish.
    ///
    /// Timestamps of signatures are still compared with the clock that callers have.
    pub fn advance(&self, by: Duration) {
        self.world.settings.clock.advance(by);
    }

    /// Makes something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        // Only a caller over HTTP is told that there are too many.
        let _ = self.world.control.faults.set(vec![fault]);
    }

    /// Takes all faults back; credentials that one of them revoked work again.
    pub fn clear_faults(&self) {
        self.world.control.faults.clear();
    }

    /// The latest calls, with every secret masked.
    #[must_use]
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.world.control.log.after(0)
    }

    /// The public half of a version of a KMS key in PEM, to check signatures elsewhere; version 1 is the first.
    #[must_use]
    pub fn kms_public_key(&self, key_id: &str, version: usize) -> Option<String> {
        self.world.lock().state.scp.kms.public_key(key_id, version)
    }

    /// Stops the server, waits until requests that are being answered are done, and writes the state file if there is one.
    ///
    /// # Errors
    /// When the server had failed, or the state cannot be written.
    pub async fn shutdown(self) -> io::Result<()> {
        let Self { world, plain, secure } = self;
        plain.finish().await?;
        if let Some(secure) = secure {
            secure.serving.finish().await?;
        }
        match &world.settings.state_file {
            Some(path) => control::save(&world, path),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("endpoint", &self.world.endpoint).finish_non_exhaustive()
    }
}

async fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let named = |error: io::Error| {
        let place = SocketAddr::new(address, port);
        io::Error::new(error.kind(), format!("cannot listen on {place}: {error}"))
    };
    TcpListener::bind((address, port)).await.map_err(named)
}

/// The state, the catalogue and the settings behind an address.
fn world(settings: Settings, endpoint: String) -> io::Result<Arc<World>> {
    World::new(settings, endpoint).map(Arc::new).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))
}

/// Opens the port for callers with client certificates, and issues those that key stores list.
async fn secure(world: &World, port: u16, router: Router) -> io::Result<Secure> {
    let bind = world.settings.bind;
    let listener = listen(bind, port).await?;
    let hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let own = if bind.is_unspecified() || bind.is_loopback() { None } else { Some(bind.to_string()) };
    let hosts: Vec<_> = hosts.into_iter().chain(own).collect();
    let issued = world.lock().state.nhn.skm.issue(&hosts);
    let issued = issued.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
    let endpoint = format!("https://{}", reachable(listener.local_addr()?));
    let lines = SecureLines::new(Lines::new(listener), issued.certificate, issued.key)?;
    Ok(Secure { endpoint, authority: issued.root, serving: Serving::start(lines, router) })
}

/// An address that a client can connect to: nobody can connect to "every address".
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    request: Request,
) -> Response {
    let Caller { address, cut, certificate, secure } = caller;
    control::respond(&world, &cut, Peer { address, certificate, secure }, request).await
}
