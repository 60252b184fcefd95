//! One cell of the matrix: a client of its own makes one call, and what happened is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::transport::{Stage, TransportError};
use cloud_core::{BoxFuture, Transport};
use cloud_sandbox::Sandbox;

use super::calls::{Class, Credentials, Outcome, Parts, Target, is_for_credentials, key_version, summary};
use super::clock::{Clock, View};
use super::crooked::{Crooked, Tally};
use super::faults::{BODY_LIMIT, Fault, Meaning, Source};
use super::{Often, Seen};

/// The faults of the sandbox after which it has carried out the call.
const CARRIED_OUT: [&str; 10] = [
    "delay",
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

/// The default transport, watched: it counts, and says which request is struck.
#[derive(Debug)]
struct Watched {
    inner: ReqwestTransport,
    clock: Clock,
    socket: Option<Crooked>,
    tally: Arc<Tally>,
    sent: AtomicU32,
    /// The number of the first request that is struck, and of the first after it that is not.
    strikes: (AtomicU32, AtomicU32),
}

impl Watched {
    /// Counts from here, and strikes from this request on.
    fn begin(&self, target: &Target, often: Often) {
        let first = u32::from(target.class == Class::List) + 1;
        self.strikes.0.store(first, Ordering::SeqCst);
        self.strikes.1.store(if often == Often::Once { first + 1 } else { u32::MAX }, Ordering::SeqCst);
        self.sent.store(0, Ordering::SeqCst);
        self.tally.arrived.store(0, Ordering::SeqCst);
    }
}

impl Transport for Watched {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let counts = !is_for_credentials(request.uri().path());
        Box::pin(async move {
            let _under_way = self.clock.request();
            let strikes = counts && {
                let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
                (self.strikes.0.load(Ordering::SeqCst)..self.strikes.1.load(Ordering::SeqCst)).contains(&number)
            };
            self.tally.struck.store(strikes, Ordering::SeqCst);
            if let Some(socket) = &self.socket {
                let prepared = socket.prepare().await;
                prepared.map_err(|error| TransportError::new(Stage::Refused, "no socket").with_source(error))?;
            }
            self.inner.send(request).await
        })
    }
}

/// The default transport, but for certificates and a limit.
fn transport() -> Result<ReqwestTransport, String> {
    // No handshake comes to its end, so no root certificate is read; and what is too large need not be 16 MiB.
    let transport = ReqwestTransport::builder().only_given_roots().body_limit(BODY_LIMIT);
    transport.build().map_err(|error| error.to_string())
}

/// Whether a good call is made beforehand.
pub(super) fn warmed(target: &Target, fault: &Fault) -> bool {
    matches!(fault.source, Source::Reused(_)) || target.credentials == Credentials::Temporary
}

/// What is the same for all cells.
pub(super) struct Stand {
    pub(super) sandbox: Sandbox,
    pub(super) clock: Clock,
}

/// A cell as it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) seen: Seen,
    /// How many requests were handed to the transport, and how many reached the service or the socket before it.
    pub(super) sent: u32,
    pub(super) arrived: u32,
    /// The error as a person reads it.
    pub(super) error: Option<String>,
}

impl Stand {
    pub(super) async fn start() -> Result<Self, String> {
        let clock = Clock::default();
        let time = clock.clone();
        let sandbox = Sandbox::builder().seed(7).clock(move || time.time().into()).start().await;
        Ok(Self { sandbox: sandbox.map_err(|error| format!("the sandbox does not start: {error}"))?, clock })
    }

    /// Makes the call while the fault strikes.
    pub(super) async fn run(&self, target: &Target, fault: &Fault, often: Often) -> Result<Found, String> {
        self.sandbox.clear_faults();
        self.clock.next_second();
        let tally = Arc::new(Tally::default());
        let socket = self.socket(fault, &tally).await?;
        let endpoint = match (&socket, &fault.source) {
            (None, _) => self.sandbox.endpoint().to_owned(),
            (Some(socket), Source::Https(_)) => format!("https://{}", socket.address()),
            (Some(socket), _) => format!("http://{}", socket.address()),
        };
        let transport = Arc::new(Watched {
            inner: transport()?,
            clock: self.clock.clone(),
            socket,
            tally: Arc::clone(&tally),
            sent: AtomicU32::new(0),
            strikes: (AtomicU32::new(u32::MAX), AtomicU32::new(u32::MAX)),
        });
        let wrong_by = match fault.source {
            Source::Clock(seconds) => time::Duration::seconds(seconds),
            _ => time::Duration::ZERO,
        };
        let parts = Parts {
            sandbox: &self.sandbox,
            endpoint: &endpoint,
            transport: Arc::clone(&transport) as _,
            runtime: Arc::new(View { clock: self.clock.clone(), wrong_by }),
        };
        let call = (target.call)(&parts).map_err(|error| error.to_string())?;
        if warmed(target, fault) {
            self.drive(call()).await?;
            // Temporary keys are given up when they are refused, but not in their first minute.
            self.clock.pass(Duration::from_secs(120));
        }
        self.stage(target, fault, often)?;
        transport.begin(target, often);
        self.clock.take_waits();
        let (start, logged) = (self.clock.since_start(), self.logged());
        let outcome = self.drive(call()).await?;
        let total = self.clock.since_start().saturating_sub(start);
        let waits = self.clock.take_waits();
        let (reached, executed) = self.executed(target, logged);
        let sent = transport.sent.load(Ordering::SeqCst);
        let arrived = if transport.socket.is_some() { tally.arrived.load(Ordering::SeqCst) } else { reached };
        let (attempts, outcome, error) = match outcome {
            Outcome::Good(attempts) => (attempts.unwrap_or(sent), "ok".to_owned(), None),
            Outcome::Failed(error) => (error.attempts(), summary(&error), Some(error.to_string())),
            Outcome::Partial(why) => (sent, why.clone(), Some(why)),
        };
        let waits = waits.iter().map(|wait| millis(*wait)).collect();
        let seen = Seen { attempts, waits, total: millis(total), outcome, executed };
        Ok(Found { seen, sent, arrived, error })
    }

    /// Runs a call to its end. What neither waits nor gets an answer would hang for ever, which a real limit ends.
    async fn drive(&self, call: BoxFuture<'_, Outcome>) -> Result<Outcome, String> {
        let driven = tokio::time::timeout(Duration::from_secs(60), self.clock.drive(call)).await;
        driven.map_err(|_| "a call hangs: it waits for nothing and gets no answer".to_owned())
    }

    /// The socket that brings the fault about, where it is the socket that does.
    async fn socket(&self, fault: &Fault, tally: &Arc<Tally>) -> Result<Option<Crooked>, String> {
        let misdeed = match fault.source {
            Source::Wire(misdeed) | Source::Reused(misdeed) | Source::Https(misdeed) | Source::Both(_, misdeed) => {
                misdeed
            }
            Source::Sandbox(_) | Source::Tokens(_) | Source::Clock(_) => return Ok(None),
        };
        let started = Crooked::start(self.sandbox.endpoint(), misdeed, Arc::clone(tally), self.clock.clone()).await;
        started.map(Some).map_err(|error| format!("the socket cannot be opened: {error}"))
    }

    /// How often the key of the matrix has been rotated, as its own answers show.
    pub(super) async fn rotations(&self) -> Result<u32, String> {
        let parts = Parts {
            sandbox: &self.sandbox,
            endpoint: self.sandbox.endpoint(),
            transport: Arc::new(transport()?),
            runtime: Arc::new(View { clock: self.clock.clone(), wrong_by: time::Duration::ZERO }),
        };
        self.sandbox.clear_faults();
        // Not driven by the clock: it takes no time.
        let version = key_version(&parts).await.map_err(|error| error.to_string())?;
        Ok(u32::try_from(version).unwrap_or(0).saturating_sub(1))
    }

    fn stage(&self, target: &Target, fault: &Fault, often: Often) -> Result<(), String> {
        let (staged, on) = match &fault.source {
            Source::Sandbox(staged) | Source::Both(staged, _) => (staged(), target.operation),
            Source::Tokens(staged) => (staged(), "nhn/oauth/create_token"),
            Source::Wire(_) | Source::Reused(_) | Source::Https(_) | Source::Clock(_) => return Ok(()),
        };
        let staged = staged.on(on).map_err(|error| error.to_string())?;
        let staged = if often == Often::Once { staged.times(1) } else { staged.always() };
        let second = target.class == Class::List && !matches!(fault.meaning, Meaning::List(_));
        let tokens = matches!(fault.source, Source::Tokens(_));
        let staged = if second && !tokens { staged.after(1) } else { staged };
        self.sandbox.fault(staged).map_err(|error| error.to_string())
    }

    fn logged(&self) -> u64 {
        self.sandbox.calls().last().map_or(0, |call| call.number)
    }

    /// How many calls of the operation came since, and how many of them were carried out.
    fn executed(&self, target: &Target, since: u64) -> (u32, u32) {
        let calls = self.sandbox.calls();
        let ours = calls.iter().filter(|call| call.number > since && call.operation.starts_with(target.operation));
        ours.fold((0, 0), |(reached, executed), call| {
            let struck = call.fault.as_deref();
            let done = match struck {
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
