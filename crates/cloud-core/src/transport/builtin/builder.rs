//! Settings of the built-in transports.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::HeaderValue;

use super::DEFAULT_BODY_LIMIT;
use super::proxy::Proxy;
use super::tls::{Identity, TlsSettings};
use crate::config::ProcessEnv;
use crate::error::{Error, Result};
use crate::transport::Transport;

/// A transport of this crate, which [`TransportBuilder`] builds.
pub trait BuiltInTransport: Transport + Clone + sealed::FromSettings {}

impl<T: Transport + Clone + sealed::FromSettings> BuiltInTransport for T {}

pub(in crate::transport) mod sealed {
    //! Keeps the trait to the transports of this crate.

    /// Is built from settings.
    pub trait FromSettings: Sized {
        /// Builds the transport.
        #[doc(hidden)]
        fn from_settings(settings: super::TransportSettings) -> super::Result<Self>;
    }
}

/// Settings that were checked, from which a transport makes its pools.
pub struct TransportSettings {
    pub(in crate::transport) connect_timeout: Duration,
    pub(in crate::transport) idle_timeout: Duration,
    pub(in crate::transport) user_agent: HeaderValue,
    pub(in crate::transport) tls: rustls::ClientConfig,
    /// The URL of the proxy for everything, if one was given.
    #[cfg(feature = "reqwest-no-provider")]
    pub(in crate::transport) proxy_url: Option<String>,
    pub(in crate::transport) proxy: Proxy,
    pub(super) no_roots: Option<String>,
    pub(super) body_limit: usize,
}

impl fmt::Debug for TransportSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportSettings").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}

/// Settings of a built-in transport `T`.
pub struct TransportBuilder<T> {
    connect_timeout: Duration,
    idle_timeout: Duration,
    body_limit: usize,
    tls: TlsSettings,
    proxy: Option<String>,
    user_agent: String,
    transport: PhantomData<fn() -> T>,
}

/// Shorter than the usual gateways wait (Tomcat 20 s, load balancers 60 s, nginx 75 s), so that a request does not meet
/// a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

impl<T> Default for TransportBuilder<T> {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: IDLE_TIMEOUT,
            body_limit: DEFAULT_BODY_LIMIT,
            tls: TlsSettings::default(),
            proxy: None,
            user_agent: concat!("cloud-core/", env!("CARGO_PKG_VERSION")).to_owned(),
            transport: PhantomData,
        }
    }
}

impl<T> Clone for TransportBuilder<T> {
    fn clone(&self) -> Self {
        Self {
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            body_limit: self.body_limit,
            tls: self.tls.clone(),
            proxy: self.proxy.clone(),
            user_agent: self.user_agent.clone(),
            transport: PhantomData,
        }
    }
}

impl<T: BuiltInTransport> TransportBuilder<T> {
    /// Sets the time limit for connecting. The default is 5 seconds.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long an unused connection is kept. The default is 15 seconds. A request on a connection that the server
    /// closes at that moment fails, and an operation that is not idempotent is then not sent again.
    #[must_use]
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = limit;
        self
    }

    /// Sets the maximum size of a response in bytes. The default is 16 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Trusts these certificate authorities too, given as PEM.
    #[must_use]
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.roots_pem.push(pem.into());
        self
    }

    /// Trusts the given certificate authorities only, and none of the system's.
    #[must_use]
    pub fn only_given_roots(mut self) -> Self {
        self.tls.only_given_roots = true;
        self
    }

    /// Presents this client certificate. `pem` holds the certificate chain and the private key (PKCS#8,
    /// PKCS#1 or SEC1), in any order.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a part is missing or malformed.
    pub fn identity_pem(mut self, pem: &[u8]) -> Result<Self> {
        self.tls.identity = Some(Identity::from_pem(pem)?);
        Ok(self)
    }

    /// Presents this client certificate, given as DER: the chain, leaf first, and a PKCS#8 private key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a part is missing or malformed.
    pub fn identity_der(mut self, chain: Vec<Vec<u8>>, pkcs8_key: Vec<u8>) -> Result<Self> {
        self.tls.identity = Some(Identity::from_der(chain, pkcs8_key)?);
        Ok(self)
    }

    /// Sends everything through this proxy instead of what the environment names, but for `http` to the loopback. The
    /// URL begins with `http://` or `https://` and may hold a user name and a password.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the `User-Agent` header.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = text.into();
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a certificate, the proxy or TLS cannot be used. That the system
    /// has no certificate authorities is an error of the first request that needs one.
    pub fn build(self) -> Result<T> {
        let (tls, no_roots) = self.tls.config()?;
        let proxy = match &self.proxy {
            Some(url) => Proxy::given(url).map_err(|what| Error::config(format!("the proxy {what}")))?,
            None => Proxy::of_environment(&ProcessEnv),
        };
        let user_agent = HeaderValue::try_from(self.user_agent)
            .map_err(|_| Error::config("the user agent is not a valid header value"))?;
        T::from_settings(TransportSettings {
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            user_agent,
            tls,
            #[cfg(feature = "reqwest-no-provider")]
            proxy_url: self.proxy,
            proxy,
            no_roots,
            body_limit: self.body_limit,
        })
    }
}

impl<T> fmt::Debug for TransportBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("body_limit", &self.body_limit)
            .field("identity", &self.tls.identity.is_some())
            .field("proxy", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::DefaultTransport;

    #[test]
    fn unusable_settings_fail_at_build() {
        let builder = TransportBuilder::<DefaultTransport>::default;
        let proxy = builder().proxy("socks5h://user:canary@proxy:1080").build().unwrap_err();
        assert!(proxy.to_string().starts_with("the proxy must begin with http://"), "{proxy}");
        let roots = builder().only_given_roots().build().unwrap_err();
        assert!(roots.to_string().contains("root_certificates_pem"), "{roots}");
        let agent = builder().user_agent("canary\n").build().unwrap_err();
        assert!(agent.to_string().starts_with("the user agent is not"), "{agent}");
    }
}
