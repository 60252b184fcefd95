//! A sandbox without a socket, for fuzzing: what it is handed reaches the same code as what arrives over a connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};

use super::builder::SandboxBuilder;
use crate::admin::LoggedCall;
use crate::engine::Engine;
use crate::http::Peer;
use crate::server::connection::ResetSwitch;
use crate::server::pipeline;
use crate::settings::environment;
use crate::state::Held;

/// The most bytes that are read of a response body.
const MAX_RESPONSE: usize = 4 << 20;

/// A sandbox that is called by function. No part of the published interface.
#[doc(hidden)]
#[derive(Clone)]
pub struct InProcess(Arc<Engine>);

impl InProcess {
    /// Makes a sandbox that stands behind this address without listening there.
    ///
    /// # Errors
    /// When seed data or the state file do not fit.
    pub fn new(builder: SandboxBuilder, endpoint: &str) -> io::Result<Self> {
        let (_, settings) = builder.into_parts();
        let engine = Engine::new(settings, endpoint.to_owned());
        let engine = engine.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        Ok(Self(Arc::new(engine)))
    }

    /// Responds to a request as if it had come from loopback; no body where it is truncated.
    ///
    /// Faults need a Tokio runtime.
    pub async fn respond(&self, request: Request<Bytes>) -> Response<Option<Bytes>> {
        let address = (IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000).into();
        let peer = Peer { address, certificate: None, secure: false };
        let response = pipeline::respond(&self.0, &ResetSwitch::default(), peer, request.map(Body::from)).await;
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, to_bytes(body, MAX_RESPONSE).await.ok())
    }

    /// Moves the sandbox's time on.
    pub fn advance(&self, by: Duration) {
        self.0.settings.clock.advance(by);
    }

    /// The variables that hold what callers need.
    #[must_use]
    pub fn env_vars(&self) -> Vec<(&'static str, String)> {
        environment(&self.0.endpoint, self.0.settings.sovereign, Default::default())
    }

    /// The calls in the log with a number above this one.
    #[must_use]
    pub fn calls_after(&self, number: u64) -> Vec<LoggedCall> {
        self.0.log.after(number)
    }

    /// The state as it is written to a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn saved(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&*self.0.lock())
    }

    /// Goes back to a state that was [`saved`](Self::saved), to the time of the start, and takes all faults back.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn restore(&self, saved: &str) -> Result<(), serde_json::Error> {
        let held: Held = serde_json::from_str(saved)?;
        *self.0.lock() = held;
        self.0.settings.clock.rewind();
        self.0.faults.clear();
        Ok(())
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess").field("endpoint", &self.0.endpoint).finish_non_exhaustive()
    }
}
