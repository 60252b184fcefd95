//! Settings of a client, and the builder that vendor crates use.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::budget::Budget;
use super::skew::Skew;
use super::{Client, Inner};
use crate::auth::{Anonymous, Signer};
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
#[cfg(not(feature = "reqwest"))]
use crate::error::Error;
use crate::error::Result;
use crate::retry::RetryPolicy;
use crate::runtime::{Runtime, TokioRuntime};
use crate::transport::Transport;

/// Limits and rules that hold for every call of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// When to try again.
    pub retry: RetryPolicy,
    /// The longest that one attempt may take; 15 s unless set.
    pub attempt_timeout: Duration,
    /// The longest that a call may take: credentials, attempts and waits; 30 s unless set.
    pub call_timeout: Duration,
    /// Whether a version past its sunset date is refused instead of warned about.
    pub deny_sunset_versions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            attempt_timeout: Duration::from_secs(15),
            call_timeout: Duration::from_secs(30),
            deny_sunset_versions: false,
        }
    }
}

/// Settings of a [`Client`]. Vendor crates build their clients through this.
#[derive(Debug)]
pub struct ClientBuilder {
    endpoint: Endpoint,
    dialect: Arc<dyn Dialect>,
    signer: Arc<dyn Signer>,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: Endpoint, dialect: Arc<dyn Dialect>) -> Self {
        Self {
            endpoint,
            dialect,
            signer: Arc::new(Anonymous),
            transport: None,
            runtime: None,
            settings: Settings::default(),
        }
    }

    /// Who signs; nobody unless set.
    #[must_use]
    pub fn signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = signer;
        self
    }

    /// What sends; the reqwest transport with its defaults unless set.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock; the system's unless set.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Limits and rules.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if no transport was given and the default one cannot be set up.
    pub fn build(self) -> Result<Client> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        Ok(Client(Arc::new(Inner {
            endpoint: self.endpoint,
            transport,
            signer: self.signer,
            dialect: self.dialect,
            runtime: self.runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default())),
            settings: self.settings,
            warned: Mutex::default(),
            budget: Budget::default(),
            skew: Skew::default(),
        })))
    }
}

/// The transport that clients use unless they are given another.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up, or without the `reqwest` feature.
pub fn default_transport() -> Result<Arc<dyn Transport>> {
    #[cfg(feature = "reqwest")]
    return Ok(Arc::new(crate::transport::reqwest::ReqwestTransport::new()?));
    #[cfg(not(feature = "reqwest"))]
    Err(Error::config("no transport: give one, or enable the feature `ring` or `aws-lc-rs`"))
}
