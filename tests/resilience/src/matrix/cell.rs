//! One cell of the matrix: a separate client makes one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::transport::{BuiltInTransport, Stage, TransportBuilder, TransportError};
use cloud_core::{BoxFuture, Transport};
use cloud_sandbox::Sandbox;

use super::calls::{Class, Credentials, Outcome, Parts, Target, is_for_credentials, key_version, summary};
use super::clock::{ClientClock, Clock};
use super::faults::{BODY_LIMIT, Fault, Meaning, Source};
use super::faulty_server::{FaultyServer, RequestCounter};
use super::{Frequency, Manner, Observation};

/// The faults of the sandbox with which it executes the call.
const CARRIED_OUT: [&str; 11] = [
    "delay",
    "late",
    "reset_after",
    "truncated_body",
    "slow_body",
    "not_json",
    "wrong_content_type",
    "skewed_date",
    "page_missing",
    "page_repeated",
    "page_changed",
];

/// A transport, which also counts requests and selects those that get the fault.
#[derive(Debug)]
struct Watched<T> {
    inner: T,
    clock: Clock,
    socket: Option<FaultyServer>,
    counter: Arc<RequestCounter>,
    sent: AtomicU32,
    /// The range of the requests with the fault: first, and first after the last.
    fault_range: (AtomicU32, AtomicU32),
}

impl<T> Watched<T> {
    /// Resets the counters and selects the requests that get the fault.
    fn begin(&self, target: &Target, frequency: Frequency) {
        let first = u32::from(target.class == Class::List) + 1;
        self.fault_range.0.store(first, Ordering::SeqCst);
        self.fault_range.1.store(if frequency == Frequency::Once { first + 1 } else { u32::MAX }, Ordering::SeqCst);
        self.sent.store(0, Ordering::SeqCst);
        self.counter.arrived.store(0, Ordering::SeqCst);
    }
}

impl<T: Transport> Transport for Watched<T> {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let counts = !is_for_credentials(request.uri().path());
        Box::pin(async move {
            let _under_way = self.clock.request();
            let has_fault = counts && {
                let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
                (self.fault_range.0.load(Ordering::SeqCst)..self.fault_range.1.load(Ordering::SeqCst)).contains(&number)
            };
            self.counter.selected.store(has_fault, Ordering::SeqCst);
            if let Some(socket) = &self.socket {
                let prepared = socket.prepare().await;
                prepared.map_err(|error| TransportError::new(Stage::Invalid, "no socket").with_source(error))?;
            }
            self.inner.send(request).await
        })
    }
}

/// Builds a transport without system certificates and with a low size limit.
fn transport<T: BuiltInTransport>() -> Result<T, String> {
    // No handshake completes, so any root will do; the low limit keeps responses small.
    let root = include_str!("root.pem");
    let transport = TransportBuilder::default().only_given_roots().root_certificates_pem(root).body_limit(BODY_LIMIT);
    transport.build().map_err(|error| error.to_string())
}

/// Whether a good call is made beforehand.
pub(super) fn warmed_up(target: &Target, fault: &Fault) -> bool {
    matches!(fault.source, Source::Reused(_))
        || target.credentials == Credentials::Temporary
        || target.class == Class::Cached
}

/// The environment of all cells.
pub(super) struct Environment {
    pub(super) sandbox: Sandbox,
    pub(super) clock: Clock,
}

/// The result of one cell.
#[derive(Debug)]
pub(super) struct CellResult {
    pub(super) observed: Observation,
    /// How many requests the transport received, and how many reached the server.
    pub(super) sent: u32,
    pub(super) arrived: u32,
    /// The error text.
    pub(super) error: Option<String>,
}

impl Environment {
    pub(super) async fn start() -> Result<Self, String> {
        let clock = Clock::default();
        let time = clock.clone();
        let sandbox = Sandbox::builder().seed(7).clock(move || time.time().into()).start().await;
        Ok(Self { sandbox: sandbox.map_err(|error| format!("the sandbox does not start: {error}"))?, clock })
    }

    /// Makes the call with the fault.
    pub(super) async fn run<T: BuiltInTransport + 'static>(
        &self,
        target: &Target,
        fault: &Fault,
        frequency: Frequency,
        manner: Manner,
    ) -> Result<CellResult, String> {
        self.sandbox.clear_faults();
        self.clock.next_second();
        let counter = Arc::new(RequestCounter::default());
        let socket = self.socket(fault, &counter).await?;
        let endpoint = match (&socket, &fault.source) {
            (None, _) => self.sandbox.endpoint().to_owned(),
            (Some(socket), Source::Https(_)) => format!("https://{}", socket.address()),
            (Some(socket), _) => format!("http://{}", socket.address()),
        };
        let transport = Arc::new(Watched {
            inner: transport::<T>()?,
            clock: self.clock.clone(),
            socket,
            counter: Arc::clone(&counter),
            sent: AtomicU32::new(0),
            fault_range: (AtomicU32::new(u32::MAX), AtomicU32::new(u32::MAX)),
        });
        let wrong_by = match fault.source {
            Source::Clock(seconds) => time::Duration::seconds(seconds),
            _ => time::Duration::ZERO,
        };
        let parts = Parts {
            sandbox: &self.sandbox,
            endpoint: &endpoint,
            transport: Arc::clone(&transport) as _,
            runtime: Arc::new(ClientClock { clock: self.clock.clone(), wrong_by }),
        };
        let call = (target.call)(&parts).map_err(|error| error.to_string())?;
        if warmed_up(target, fault) {
            self.drive(call(manner), manner).await?;
            // Refused temporary keys are replaced, but not in their first minute. A cached value passes its TTL.
            self.clock.pass(Duration::from_secs(120));
        }
        self.stage(target, fault, frequency)?;
        transport.begin(target, frequency);
        self.clock.take_waits();
        let (start, logged) = (self.clock.since_start(), self.logged());
        let outcome = self.drive(call(manner), manner).await?;
        let total = self.clock.since_start().saturating_sub(start);
        let waits = self.clock.take_waits();
        let (reached, executed) = self.executed(target, logged);
        let sent = transport.sent.load(Ordering::SeqCst);
        let arrived = if transport.socket.is_some() { counter.arrived.load(Ordering::SeqCst) } else { reached };
        let (attempts, outcome, error) = match outcome {
            Outcome::Good(attempts) => (attempts.unwrap_or(sent), "ok".to_owned(), None),
            Outcome::Failed(error) => (error.attempts(), summary(&error), Some(error.to_string())),
            Outcome::Partial(why) => (sent, why.clone(), Some(why)),
            Outcome::Stale => (sent, "the value held".to_owned(), None),
            Outcome::Evicted(error) => {
                (error.attempts(), format!("{}, evicted", summary(&error)), Some(error.to_string()))
            }
        };
        let waits = waits.iter().map(|wait| millis(*wait)).collect();
        let observed = Observation { attempts, waits, total: millis(total), outcome, executed };
        Ok(CellResult { observed, sent, arrived, error })
    }

    /// Runs a call to its end. The real time limit ends a call that neither waits nor gets a response.
    async fn drive(&self, call: BoxFuture<'static, Outcome>, manner: Manner) -> Result<Outcome, String> {
        const LIMIT: Duration = Duration::from_secs(60);
        let ended = tokio::time::timeout(LIMIT, self.clock.drive(call, manner)).await;
        ended.map_err(|_| "a call hangs: it neither waits nor gets a response".to_owned())
    }

    /// Starts the faulty server, if the fault needs it.
    async fn socket(&self, fault: &Fault, counter: &Arc<RequestCounter>) -> Result<Option<FaultyServer>, String> {
        let misbehavior = match fault.source {
            Source::Wire(misbehavior)
            | Source::Reused(misbehavior)
            | Source::Https(misbehavior)
            | Source::Both(_, misbehavior) => misbehavior,
            Source::Sandbox(_) | Source::Tokens(_) | Source::Clock(_) => return Ok(None),
        };
        let started =
            FaultyServer::start(self.sandbox.endpoint(), misbehavior, Arc::clone(counter), self.clock.clone()).await;
        started.map(Some).map_err(|error| format!("the socket cannot be opened: {error}"))
    }

    /// Returns how often the key of the matrix was rotated, by its version.
    pub(super) async fn rotations<T: BuiltInTransport + 'static>(&self) -> Result<u32, String> {
        let parts = Parts {
            sandbox: &self.sandbox,
            endpoint: self.sandbox.endpoint(),
            transport: Arc::new(transport::<T>()?),
            runtime: Arc::new(ClientClock { clock: self.clock.clone(), wrong_by: time::Duration::ZERO }),
        };
        self.sandbox.clear_faults();
        // Not driven by the clock, because it does not wait.
        let version = key_version(&parts).await.map_err(|error| error.to_string())?;
        Ok(u32::try_from(version).unwrap_or(0).saturating_sub(1))
    }

    fn stage(&self, target: &Target, fault: &Fault, frequency: Frequency) -> Result<(), String> {
        let (sandbox_fault, on) = match &fault.source {
            Source::Sandbox(sandbox_fault) | Source::Both(sandbox_fault, _) => (sandbox_fault(), target.operation),
            Source::Tokens(sandbox_fault) => (sandbox_fault(), "nhn/oauth/create_token"),
            Source::Wire(_) | Source::Reused(_) | Source::Https(_) | Source::Clock(_) => return Ok(()),
        };
        let sandbox_fault = sandbox_fault.on(on).map_err(|error| error.to_string())?;
        let sandbox_fault = if frequency == Frequency::Once { sandbox_fault.times(1) } else { sandbox_fault.always() };
        let second = target.class == Class::List && !matches!(fault.meaning, Meaning::List(_));
        let tokens = matches!(fault.source, Source::Tokens(_));
        let sandbox_fault = if second && !tokens { sandbox_fault.after(1) } else { sandbox_fault };
        self.sandbox.fault(sandbox_fault).map_err(|error| error.to_string())
    }

    fn logged(&self) -> u64 {
        self.sandbox.calls().last().map_or(0, |call| call.number)
    }

    /// Returns how many calls of the operation came since, and how many were executed.
    fn executed(&self, target: &Target, since: u64) -> (u32, u32) {
        let calls = self.sandbox.calls();
        let ours = calls.iter().filter(|call| call.number > since && call.operation.starts_with(target.operation));
        ours.fold((0, 0), |(reached, executed), call| {
            let selected = call.fault.as_deref();
            let done = match selected {
                None | Some("token_revoked") => (200..300).contains(&call.status),
                Some(fault) => CARRIED_OUT.contains(&fault),
            };
            (reached + 1, executed + u32::from(done))
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
