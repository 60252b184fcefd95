//! Builds a bridge.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{Error, Result, Runtime};

use super::{Bridge, Inner};
use crate::audit::Audit;
use crate::keys::{Keys, NamedKeys};
use crate::kv::{Kv, Lifetimes};
use crate::metrics::Metrics;
use crate::mount::{Engine, Mounts};
use crate::policy::Policies;
use crate::secrets::Secrets;
use crate::tokens::Tokens;

/// How long a request may take unless set: as long as a call of the clouds' clients.
const LIMIT: Duration = Duration::from_secs(30);

/// Names of the configuration: each for the name or the ID of a key or secret.
pub type Names = BTreeMap<String, String>;

/// Builds a [`Bridge`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct BridgeBuilder {
    mounts: Vec<(String, Mounted)>,
    policies: Option<Source>,
    /// Behind a lock only so that builders can be shared.
    audit: Option<Mutex<Box<dyn Write + Send>>>,
    namespace: String,
    limit: Duration,
    lifetimes: Lifetimes,
    runtime: Option<Arc<dyn Runtime>>,
}

enum Mounted {
    Transit(Arc<dyn Keys>, Names),
    Kv { secrets: Arc<dyn Secrets>, paths: Names, writable: bool },
}

enum Source {
    File(PathBuf),
    Text(String),
}

impl Default for BridgeBuilder {
    fn default() -> Self {
        Self {
            mounts: Vec::new(),
            policies: None,
            audit: None,
            namespace: String::new(),
            limit: LIMIT,
            lifetimes: Lifetimes { ttl: Duration::from_secs(300), stale: Duration::from_secs(24 * 60 * 60) },
            runtime: None,
        }
    }
}

impl BridgeBuilder {
    /// Serves keys under a path such as `transit`. Names of the map are served beside those of the service.
    pub fn transit(mut self, path: impl Into<String>, keys: Arc<dyn Keys>, names: Names) -> Self {
        self.mounts.push((path.into(), Mounted::Transit(keys, names)));
        self
    }

    /// Serves secrets under a path such as `secret`. Paths of the map, such as `team/db`, are served beside the names of
    /// the service. Unless it is writable, secrets are only read.
    pub fn kv(mut self, path: impl Into<String>, secrets: Arc<dyn Secrets>, paths: Names, writable: bool) -> Self {
        self.mounts.push((path.into(), Mounted::Kv { secrets, paths, writable }));
        self
    }

    /// Sets the file that says who may do what. It is read again when it changes.
    pub fn policy_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.policies = Some(Source::File(path.into()));
        self
    }

    /// Sets who may do what, in the format of the policy file.
    pub fn policies(mut self, text: impl Into<String>) -> Self {
        self.policies = Some(Source::Text(text.into()));
        self
    }

    /// Writes the audit log here. Without it, there is none. If a line cannot be written, the request fails.
    pub fn audit(mut self, target: impl Write + Send + 'static) -> Self {
        self.audit = Some(Mutex::new(Box::new(target)));
        self
    }

    /// Sets the namespace that clients may name with `X-Vault-Namespace`. By default there is none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets how long a request may take. The default is 30 seconds.
    pub fn request_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets how long a secret is served without asking the cloud. The default is 5 minutes.
    pub fn cache_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.ttl = ttl;
        self
    }

    /// Sets how long after that it is served in an outage. The default is a day. After a refusal it is not served.
    pub fn stale_on_outage(mut self, limit: Duration) -> Self {
        self.lifetimes.stale = limit;
        self
    }

    /// Sets clock and timers, for tests.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Builds the bridge. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if there are no policies, the policy file cannot be used, or
    /// a mount's path is invalid or within another.
    pub fn build(self) -> Result<Bridge> {
        let runtime = self.runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        let tokens = match self.policies {
            Some(Source::File(path)) => Tokens::load(&path, Arc::clone(&runtime)),
            Some(Source::Text(text)) => Policies::read(&text).map(|read| Tokens::fixed(read, Arc::clone(&runtime))),
            None => Err("set policy_file() or policies()".to_owned()),
        };
        let tokens = tokens.map_err(|error| Error::config(format!("the policy file cannot be used: {error}")))?;
        let mut mounts = Mounts::default();
        for (path, mounted) in self.mounts {
            let engine = match mounted {
                Mounted::Transit(keys, names) => Engine::Transit(NamedKeys::new(keys, names, Arc::clone(&runtime))),
                Mounted::Kv { secrets, paths, writable } => {
                    Engine::Kv(Kv::new(secrets, paths, writable, self.lifetimes, &runtime))
                }
            };
            mounts.add(&path, engine).map_err(Error::config)?;
        }
        let audit = self.audit.map(|target| target.into_inner().unwrap_or_else(PoisonError::into_inner));
        let audit = audit.map_or(Ok(Audit::off()), Audit::start);
        let audit = audit.map_err(|error| Error::config(format!("no thread for the audit log: {error}")))?;
        Ok(Bridge(Arc::new(Inner {
            mounts,
            tokens,
            audit,
            metrics: Metrics::default(),
            namespace: self.namespace.trim_matches('/').to_owned(),
            limit: self.limit,
            runtime,
            draining: AtomicBool::new(false),
        })))
    }
}

impl fmt::Debug for BridgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mounts: Vec<_> = self.mounts.iter().map(|(path, _)| path).collect();
        f.debug_struct("BridgeBuilder").field("mounts", &mounts).field("limit", &self.limit).finish_non_exhaustive()
    }
}
