//! The running server: starting, addressing and stopping it.

use std::fmt;
use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::accounts::Account;
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
/// It runs on the Tokio runtime on which it was started, or in a thread of its own after
/// [`SandboxBuilder::start_in_thread`]. Dropping it closes the port and lets requests in progress finish, without
/// waiting for them; [`shutdown`](Self::shutdown) waits.
pub struct Sandbox {
    server: Server,
    /// Dropped after the server has been told to stop.
    thread: Option<Thread>,
}

/// A thread that ends when this is dropped, once requests in progress are done.
struct Thread {
    stop: oneshot::Sender<()>,
    handle: JoinHandle<()>,
}

impl Thread {
    /// Ends the thread and waits until it has ended.
    async fn end(self) -> io::Result<()> {
        let Self { stop, handle } = self;
        drop(stop);
        // Joining blocks, and the caller's runtime may have only one thread.
        let joined = tokio::task::spawn_blocking(|| handle.join()).await?;
        joined.map_err(|_| io::Error::other("the sandbox's thread panicked"))
    }
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
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The address of the server, such as `http://127.0.0.1:49152`, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.server.engine.endpoint
    }

    /// The variables that make the SDKs of all three vendors use this server.
    #[must_use]
    pub fn env_vars(&self) -> Vec<(&'static str, String)> {
        self.account_env_vars(0)
    }

    /// The variables of one of the further accounts that [`SandboxBuilder::accounts`] asked for, counted from 1; 0 is the
    /// account of [`env_vars`](Self::env_vars). The credentials of an account that is not there are refused.
    #[must_use]
    pub fn account_env_vars(&self, account: u32) -> Vec<(&'static str, String)> {
        let engine = &self.server.engine;
        environment(&engine.endpoint, engine.settings.sovereign, Account(account))
    }

    /// The address for callers with client certificates, such as `https://127.0.0.1:49153`, where
    /// [`SandboxBuilder::mutual_tls`] asked for it. It serves the same paths on the same state.
    #[must_use]
    pub fn mtls_endpoint(&self) -> Option<&str> {
        self.server.mutual_tls.as_ref().map(|mutual_tls| &*mutual_tls.endpoint)
    }

    /// The certificate (PEM) that callers of [`mtls_endpoint`](Self::mtls_endpoint) have to trust.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.server.mutual_tls.as_ref().map(|mutual_tls| &*mutual_tls.authority)
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
        if self.server.mutual_tls.is_none() {
            return Ok(None);
        }
        let mut issued = self.server.engine.lock().state.nhn.skm.issued();
        let found = issued.remove(name).map(|issued| issued.identity(name)).transpose();
        found.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// The names of all certificates that key stores list, for [`client_identity`](Self::client_identity).
    #[must_use]
    pub fn client_names(&self) -> Vec<String> {
        self.server.engine.lock().state.nhn.skm.identity_names().into_iter().collect()
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
        self.server.engine.settings.clock.advance(by);
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// Returns an error if the fault can never strike, as with a misspelled operation, or if 1000 faults are set already.
    pub fn fault(&self, fault: Fault) -> Result<(), RefusedFault> {
        self.server.engine.inject(vec![fault]).map(drop)
    }

    /// The names of all operations, such as `scp/kms/encrypt/1.2`, for [`Fault::on`] and as [`calls`](Self::calls) shows
    /// them.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        self.server.engine.operations().into_iter().map(|(name, _)| name).collect()
    }

    /// Takes all faults back; credentials that one of them revoked work again.
    pub fn clear_faults(&self) {
        self.server.engine.faults.clear();
    }

    /// The latest calls, with every secret masked.
    #[must_use]
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.server.engine.log.after(0)
    }

    /// The public half of a version of a KMS key in PEM, to check signatures elsewhere; version 1 is the first.
    #[must_use]
    pub fn kms_public_key(&self, key_id: &str, version: usize) -> Option<String> {
        self.server.engine.lock().state.scp.kms.public_key(key_id, version)
    }

    /// Sets the state of a secret of Secrets Manager to `Stop`, which no operation does. Returns whether there is one with
    /// this ID.
    pub fn stop_secret(&self, secret_id: &str) -> bool {
        self.server.engine.lock().state.scp.secrets.stop(secret_id)
    }

    /// Stops the server, waits up to 5 seconds until requests in progress are done, and writes the state file if there
    /// is one. The thread of [`SandboxBuilder::start_in_thread`] has then ended.
    ///
    /// # Errors
    /// When the server had failed, or the state cannot be written.
    pub async fn shutdown(self) -> io::Result<()> {
        let Self { server, thread } = self;
        let engine = server.stop().await?;
        if let Some(thread) = thread {
            thread.end().await?;
        }
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
        let server = Server::start(port, settings).await?;
        Ok(Sandbox { server, thread: None })
    }

    /// Starts the sandbox in a thread with a Tokio runtime of its own, and waits until it listens.
    ///
    /// Each `#[tokio::test]` has a runtime that ends with it, so a sandbox that several tests share cannot run on one of
    /// theirs. With this method, one `static` serves all tests of a binary. A `static` is never dropped: a state file is
    /// only written by [`Sandbox::shutdown`].
    ///
    /// The thread ends after [`Sandbox::shutdown`], which waits for it, or after a drop, which does not: requests in
    /// progress still have 5 seconds to finish.
    ///
    /// ```
    /// use std::sync::LazyLock;
    ///
    /// use cloud_sandbox::Sandbox;
    ///
    /// static SANDBOX: LazyLock<Sandbox> =
    ///     LazyLock::new(|| Sandbox::builder().start_in_thread().expect("the sandbox starts"));
    ///
    /// assert!(SANDBOX.endpoint().starts_with("http://127.0.0.1:"));
    /// ```
    ///
    /// # Errors
    /// As [`start`](Self::start), or when no thread or runtime can be made.
    pub fn start_in_thread(self) -> io::Result<Sandbox> {
        let (started, start) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            runtime.block_on(async {
                let sandbox = self.start().await;
                let ended = sandbox.as_ref().ok().map(|sandbox| sandbox.server.ended());
                drop(started.send(sandbox));
                // The sender is dropped, never used.
                let _ = stopped.await;
                if let Some(ended) = ended {
                    ended.await;
                }
            });
        };
        let handle = thread::Builder::new().name("cloud-sandbox".to_owned()).spawn(run)?;
        let mut sandbox = start.recv().map_err(io::Error::other)??;
        sandbox.thread = Some(Thread { stop, handle });
        Ok(sandbox)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("endpoint", &self.server.engine.endpoint).finish_non_exhaustive()
    }
}
