//! The running server: starting, addressing and stopping it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answers::Answers;
use crate::clock::Clock;
use crate::settings::{Settings, environment};
use crate::wire::{Peer, Received, Reply};
use crate::world::World;
use crate::{nhn, risken, scp};

/// The largest body that is read, for all vendors.
const MAX_BODY: usize = 1 << 20;

/// How long a stop waits for requests that are being answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server on loopback that plays all three vendors until it is dropped.
///
/// It runs on the Tokio runtime on which it was started.
pub struct Sandbox {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<io::Result<()>>>,
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

    /// Stops the server and waits until requests that are being answered are done.
    ///
    /// # Errors
    /// When the server had failed.
    pub async fn shutdown(mut self) -> io::Result<()> {
        drop(self.stop.take());
        let Some(mut task) = self.task.take() else {
            return Ok(());
        };
        match tokio::time::timeout(PATIENCE, &mut task).await {
            Ok(ended) => ended.map_err(io::Error::other)?,
            Err(_) => {
                task.abort();
                Ok(())
            }
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

    /// Plays the sovereign environment `g` of Samsung Cloud Platform, which has ARIA keys; `e` unless set.
    #[must_use]
    pub fn sovereign(mut self, sovereign: bool) -> Self {
        self.settings.sovereign = sovereign;
        self
    }

    /// Binds the port on loopback and starts to serve.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(mut self) -> io::Result<Sandbox> {
        // Builders are cloned: each sandbox moves a clock of its own.
        self.settings.clock = self.settings.clock.detached();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let world = World::new(self.settings, endpoint);
        let world = Arc::new(world.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?);
        let router = Router::new().fallback(handle).with_state(Arc::clone(&world));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, service).with_graceful_shutdown(async move {
            // A dropped sender is the signal too.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move { served.await });
        Ok(Sandbox { world, stop: Some(stop), task: Some(task) })
    }
}

async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // A length that is announced is refused before any of it is read.
    let announced = body.size_hint().lower();
    let read = match usize::try_from(announced) {
        Ok(length) if length <= MAX_BODY => to_bytes(body, MAX_BODY).await.ok(),
        _ => None,
    };
    let complete = read.is_some();
    let received = Received::new(parts, read.unwrap_or_default(), Peer { address, certificate: None });
    answer(&world, &received, complete).into_response()
}

/// Hands the request to the vendor to whom the path belongs.
fn answer(world: &World, received: &Received, complete: bool) -> Reply {
    let path = received.path();
    let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
    if below(&["/v1/"]) {
        if complete { scp::answer(world, received) } else { scp::too_large(world, received) }
    } else if below(&["/advisor/", "/ssc/", "/keymanager/", "/oauth2/"]) {
        if complete { nhn::answer(world, received) } else { nhn::too_large() }
    } else if below(&["/api/"]) || path == "/healthz" {
        if complete { risken::answer(world, received) } else { risken::too_large(world, received) }
    } else {
        Reply::text(404, "no vendor serves this path: try /v1/, /advisor/, /ssc/, /keymanager/, /oauth2/ or /api/v1/\n")
    }
}
