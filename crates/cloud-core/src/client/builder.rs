//! Settings of a client, and the builder that vendor crates use.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::access::Access;
use super::budget::Budget;
use super::skew::Skew;
use super::sunset::SunsetWarnings;
use super::{Client, Inner};
use crate::auth::{Anonymous, Signer};
use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
#[cfg(not(any(feature = "reqwest-no-provider", feature = "hyper-no-provider")))]
use crate::error::Error;
use crate::error::Result;
use crate::operation::ApiVersion;
use crate::retry::RetryPolicy;
use crate::runtime::{Runtime, TokioRuntime};
use crate::transport::Transport;

/// Limits and rules that hold for every call of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// When to retry.
    pub(crate) retry: RetryPolicy,
    /// The maximum duration of one attempt. The default is 15 s.
    pub(crate) attempt_timeout: Duration,
    /// The maximum duration of a call: credentials, attempts and delays. The default is 30 s.
    pub(crate) call_timeout: Duration,
    /// Whether a version past its sunset date is an error instead of a warning.
    pub(crate) deny_sunset_versions: bool,
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

impl Settings {
    /// Sets when to retry.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the maximum duration of one attempt.
    #[must_use]
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Sets the maximum duration of a call: credentials, attempts and delays.
    #[must_use]
    pub fn with_call_timeout(mut self, limit: Duration) -> Self {
        self.call_timeout = limit;
        self
    }

    /// Sets whether a version past its sunset date is an error instead of a warning.
    #[must_use]
    pub fn with_deny_sunset_versions(mut self, deny: bool) -> Self {
        self.deny_sunset_versions = deny;
        self
    }
}

/// Builds a [`Client`]. Vendor crates use [`ClientConfig`](super::ClientConfig), which builds several at once.
#[derive(Debug)]
pub struct ClientBuilder {
    endpoint: Endpoint,
    dialect: Arc<dyn Dialect>,
    signer: Arc<dyn Signer>,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
    user_agent: HeaderValue,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: Endpoint, dialect: impl Dialect + 'static) -> Self {
        Self {
            endpoint,
            dialect: Arc::new(dialect),
            signer: Arc::new(Anonymous),
            transport: None,
            runtime: None,
            settings: Settings::default(),
            user_agent: HeaderValue::from_static(concat!("cloud-core/", env!("CARGO_PKG_VERSION"))),
        }
    }

    /// Sets the signer; requests are not signed unless it is set.
    #[must_use]
    pub fn signer(mut self, signer: impl Signer + 'static) -> Self {
        self.signer = Arc::new(signer);
        self
    }

    /// Sets the transport; the [default one](crate::transport) with its defaults unless set.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the source of time and timers; the system's clock and tokio's timer unless set.
    #[must_use]
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Sets the `User-Agent` of every request; the name and version of this crate unless set.
    #[must_use]
    pub fn user_agent(mut self, value: HeaderValue) -> Self {
        self.user_agent = value;
        self
    }

    /// Sets the limits and rules.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if no transport was given and the default one cannot be set up.
    pub fn build(self) -> Result<Client> {
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => default_transport()?,
        };
        let runtime = self.runtime.clone().unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        Ok(self.finish(transport, runtime))
    }

    pub(super) fn finish(self, transport: Arc<dyn Transport>, runtime: Arc<dyn Runtime>) -> Client {
        let inner = Inner {
            endpoint: self.endpoint,
            transport,
            signer: self.signer,
            dialect: self.dialect,
            runtime,
            settings: self.settings,
            user_agent: self.user_agent,
            sunset: SunsetWarnings::default(),
            budget: Budget::default(),
            skew: Skew::default(),
        };
        Client { inner: Arc::new(inner), version: ApiVersion::UNNAMED, access: Access::default(), observer: None }
    }
}

/// Creates the transport that clients use unless they are given another.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up, or without a feature that has a transport.
pub fn default_transport() -> Result<Arc<dyn Transport>> {
    #[cfg(any(feature = "reqwest-no-provider", feature = "hyper-no-provider"))]
    return Ok(Arc::new(crate::transport::DefaultTransport::new()?));
    #[cfg(not(any(feature = "reqwest-no-provider", feature = "hyper-no-provider")))]
    Err(Error::config(
        "no transport: enable the feature `ring`, `aws-lc-rs` or `hyper`, or pass a transport to .transport()",
    ))
}
