//! The running server: starting, addressing and stopping it.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::admin::LoggedCall;
use crate::faults::{Fault, RefusedFault};
use crate::nhn::ClientIdentity;
use crate::server::Server;
use crate::settings::environment;
use crate::state::snapshot;

mod builder;
#[cfg(feature = "_fuzzing")]
mod in_process;

pub use builder::SandboxBuilder;
#[cfg(feature = "_fuzzing")]
pub use in_process::InProcess;

/// A server on loopback that emulates all three vendors until it is dropped.
///
/// It runs on the Tokio runtime on which it was started.
pub struct Sandbox(Server);

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
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The address of the server, such as `http://127.0.0.1:49152`, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.engine.endpoint
    }

    /// The variables that make the SDKs of all three vendors use this server.
    #[must_use]
    pub fn env_vars(&self) -> Vec<(&'static str, String)> {
        environment(&self.0.engine.endpoint, self.0.engine.settings.sovereign)
    }

    /// The address for callers with client certificates, such as `https://127.0.0.1:49153`, where
    /// [`SandboxBuilder::mutual_tls`] asked for it. It serves the same paths on the same state.
    #[must_use]
    pub fn mtls_endpoint(&self) -> Option<&str> {
        self.0.mutual_tls.as_ref().map(|mutual_tls| &*mutual_tls.endpoint)
    }

    /// The certificate (PEM) that callers of [`mtls_endpoint`](Self::mtls_endpoint) have to trust.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.0.mutual_tls.as_ref().map(|mutual_tls| &*mutual_tls.authority)
    }

    /// A client certificate that a key store of Secure Key Manager lists under this name, with its private key.
    ///
    /// The default seed lists `certificate1`, `certificate2` and `partner`; the store that asks for one of them is the
    /// second. Nothing where no store lists the name, or where [`SandboxBuilder::mutual_tls`] was not asked for.
    ///
    /// # Errors
    /// When a state file holds a certificate that cannot be read.
    pub fn client_identity(&self, name: &str) -> io::Result<Option<ClientIdentity>> {
        // A restored state may hold certificates although nothing here takes them.
        if self.0.mutual_tls.is_none() {
            return Ok(None);
        }
        let mut issued = self.0.engine.lock().state.nhn.skm.issued();
        let found = issued.remove(name).map(|issued| issued.identity(name)).transpose();
        found.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// The names of all certificates that key stores list, for [`client_identity`](Self::client_identity).
    #[must_use]
    pub fn client_names(&self) -> Vec<String> {
        self.0.engine.lock().state.nhn.skm.identity_names().into_iter().collect()
    }

    /// The access tokens of RISKEN in the default seed, each with a name for what it may do.
    ///
    /// The names are `project-admin` (also in [`env_vars`](Self::env_vars)), `project-viewer`,
    /// `finding-editor`, `no-role`, `expired`, `other-project`, `deserted-project` and `organization`.
    #[must_use]
    pub fn risken_tokens(&self) -> Vec<(&'static str, String)> {
        crate::risken::seed_tokens()
    }

    /// Moves the sandbox's time on: tokens and waiting times end, scans and diagnoses finish.
    ///
    /// Timestamps of signatures are still compared with the clock that callers have.
    pub fn advance(&self, by: Duration) {
        self.0.engine.settings.clock.advance(by);
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// Returns an error if the fault can never strike, as with a misspelled operation, or if 1000 faults are set already.
    pub fn fault(&self, fault: Fault) -> Result<(), RefusedFault> {
        self.0.engine.inject(vec![fault]).map(drop)
    }

    /// The names of all operations, such as `scp/kms/encrypt/1.2`, for [`Fault::on`] and as [`calls`](Self::calls) shows
    /// them.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        self.0.engine.operations().into_iter().map(|(name, _)| name).collect()
    }

    /// Takes all faults back; credentials that one of them revoked work again.
    pub fn clear_faults(&self) {
        self.0.engine.faults.clear();
    }

    /// The latest calls, with every secret masked.
    #[must_use]
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.0.engine.log.after(0)
    }

    /// The public half of a version of a KMS key in PEM, to check signatures elsewhere; version 1 is the first.
    #[must_use]
    pub fn kms_public_key(&self, key_id: &str, version: usize) -> Option<String> {
        self.0.engine.lock().state.scp.kms.public_key(key_id, version)
    }

    /// Stops the server, waits until requests in progress are done, and writes the state file if there is one.
    ///
    /// # Errors
    /// When the server had failed, or the state cannot be written.
    pub async fn shutdown(self) -> io::Result<()> {
        let engine = self.0.stop().await?;
        let Some(path) = &engine.settings.state_file else { return Ok(()) };
        // Written after the lock is released: the disk may be slow.
        let held = serde_json::to_value(&*engine.lock())?;
        snapshot::save(path, &held, &engine.settings.clock)
    }
}

impl SandboxBuilder {
    /// Binds the port and starts to serve.
    ///
    /// # Errors
    /// When the port cannot be bound, or seed data or the state file do not fit.
    pub async fn start(self) -> io::Result<Sandbox> {
        let (port, settings) = self.into_parts();
        Server::start(port, settings).await.map(Sandbox)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("endpoint", &self.0.engine.endpoint).finish_non_exhaustive()
    }
}
