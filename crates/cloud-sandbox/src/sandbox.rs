//! The running server: starting, addressing and stopping it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::answers::Answers;
use crate::clock::Clock;
use crate::control::{self, Fault, LoggedCall};
use crate::line::{Caller, Lines};
use crate::nhn::{ClientIdentity, NhnStatuses};
use crate::serving::Serving;
use crate::settings::{Settings, environment};
use crate::tls::SecureLines;
use crate::wire::Peer;
use crate::world::World;

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
        let _ = self.world.control.faults.set(fault);
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

/// Settings for a [`Sandbox`]; made by [`Sandbox::builder`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    port: u16,
    starts_at: Option<SystemTime>,
    settings: Settings,
}

impl Builder {
    /// The port to listen on; 0, the default, takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Answers documented examples and keeps no state; calls act on state unless set.
    #[must_use]
    pub fn answers(mut self, answers: Answers) -> Self {
        self.settings.answers = Some(answers);
        self
    }

    /// Where the server reads the time; the machine's clock unless set.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Clock::new(now);
        self
    }

    /// How far a signed timestamp may be from the clock; five minutes unless set.
    #[must_use]
    pub fn timestamp_tolerance(mut self, tolerance: Duration) -> Self {
        self.settings.tolerance = tolerance;
        self
    }

    /// How long an NHN Cloud token lives; one day unless set.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// Makes keys, ids and passwords the same in every run; they differ unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.random_seed = Some(seed);
        self
    }

    /// Which HTTP status a refused call of NHN Cloud carries; what each service does unless set.
    #[must_use]
    pub fn nhn_statuses(mut self, statuses: NhnStatuses) -> Self {
        self.settings.nhn.statuses = statuses;
        self
    }

    /// Listens on a second port, for callers with client certificates; off unless set.
    #[must_use]
    pub fn mutual_tls(mut self, mutual_tls: bool) -> Self {
        self.settings.nhn.mutual_tls_port = mutual_tls.then_some(0);
        self
    }

    /// The second port, for callers with client certificates; 0 takes a free one.
    #[must_use]
    pub fn mutual_tls_port(mut self, port: u16) -> Self {
        self.settings.nhn.mutual_tls_port = Some(port);
        self
    }

    /// Plays the government's realm of NHN Cloud, whose key manager encrypts with ARIA; the public one unless set.
    #[must_use]
    pub fn nhn_government(mut self, government: bool) -> Self {
        self.settings.nhn.government = government;
        self
    }

    /// Plays the sovereign environment `g` of Samsung Cloud Platform, which has ARIA keys; `e` unless set.
    #[must_use]
    pub fn sovereign(mut self, sovereign: bool) -> Self {
        self.settings.sovereign = sovereign;
        self
    }

    /// The address to listen on; 127.0.0.1 unless set.
    ///
    /// Beyond loopback everyone who reaches the port can use the sandbox, and control it where [`admin`](Self::admin) is on.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.settings.bind = address;
        self
    }

    /// Lets the sandbox be controlled and watched over HTTP, below `/_sandbox/`; off unless set.
    #[must_use]
    pub fn admin(mut self, admin: bool) -> Self {
        self.settings.admin = admin;
        self
    }

    /// The time that the sandbox shows when it starts; it goes on from there. The clock's time unless set.
    ///
    /// As with [`Sandbox::advance`], timestamps of signatures are still compared with the clock that callers have.
    #[must_use]
    pub fn starts_at(mut self, time: SystemTime) -> Self {
        self.starts_at = Some(time);
        self
    }

    /// JSON that is laid over the default seed as a merge patch (RFC 7386).
    #[must_use]
    pub fn seed_data(mut self, data: serde_json::Value) -> Self {
        self.settings.seed_data = Some(data);
        self
    }

    /// Where [`Sandbox::shutdown`] writes the state, and where it is read from when the file is there at the start.
    ///
    /// What the file holds then stands in place of the default seed and the seed data. It holds secrets.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.state_file = Some(path.into());
        self
    }

    /// Binds the port and starts to serve.
    ///
    /// # Errors
    /// When the port cannot be bound, or seed data or the state file do not fit.
    pub async fn start(mut self) -> io::Result<Sandbox> {
        // Builders are cloned: each sandbox moves a clock of its own.
        self.settings.clock = self.settings.clock.detached();
        if let Some(time) = self.starts_at {
            self.settings.clock.start_at(time);
        }
        let listener = TcpListener::bind((self.settings.bind, self.port)).await?;
        let endpoint = format!("http://{}", reachable(listener.local_addr()?));
        let world = World::new(self.settings, endpoint);
        let world = Arc::new(world.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?);
        let router = Router::new().fallback(handle).with_state(Arc::clone(&world));
        let secure = match world.settings.nhn.mutual_tls_port {
            Some(port) => Some(secure(&world, port, router.clone()).await?),
            None => None,
        };
        let plain = Serving::start(Lines::new(listener), router);
        Ok(Sandbox { world, plain, secure })
    }
}

/// Opens the port for callers with client certificates, and issues those that key stores list.
async fn secure(world: &World, port: u16, router: Router) -> io::Result<Secure> {
    let bind = world.settings.bind;
    let listener = TcpListener::bind((bind, port)).await?;
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
