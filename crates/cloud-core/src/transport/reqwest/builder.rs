//! Settings of the transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::pools::{Pool, Pools};
use super::proxy::Proxy;
use super::tls::{Identity, TlsSettings};
use super::{DEFAULT_BODY_LIMIT, ReqwestTransport};
use crate::config::ProcessEnv;
use crate::error::{Error, Result};

/// Settings of a [`ReqwestTransport`].
#[derive(Clone)]
pub struct ReqwestBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    body_limit: usize,
    tls: TlsSettings,
    proxy: Option<String>,
    user_agent: String,
}

/// Shorter than the usual gateways wait (Tomcat 20 s, load balancers 60 s, nginx 75 s), so that a request does not meet
/// a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

impl Default for ReqwestBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: IDLE_TIMEOUT,
            body_limit: DEFAULT_BODY_LIMIT,
            tls: TlsSettings::default(),
            proxy: None,
            user_agent: concat!("cloud-core/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ReqwestBuilder {
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
    pub fn build(self) -> Result<ReqwestTransport> {
        let (tls, untrusting) = self.tls.config()?;
        let proxy = match &self.proxy {
            Some(url) => Proxy::given(url).map_err(|what| Error::config(format!("the proxy {what}")))?,
            None => Proxy::of_environment(&ProcessEnv),
        };
        let body_limit = self.body_limit;
        let pools = Pools::making(move || self.pool(&tls))?;
        Ok(ReqwestTransport { pools, origins: Arc::default(), proxy, untrusting, body_limit })
    }

    fn pool(&self, tls: &rustls::ClientConfig) -> Result<Pool> {
        let direct = finish(self.client(tls.clone()).no_proxy())?;
        let mut builder = self.client(tls.clone());
        if let Some(url) = &self.proxy {
            let all = reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy is not a valid URL"))?;
            builder = builder.proxy(all);
        }
        Ok(Pool { client: finish(builder)?, direct: Some(direct) })
    }

    fn client(&self, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .user_agent(self.user_agent.clone())
    }
}

impl fmt::Debug for ReqwestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("body_limit", &self.body_limit)
            .field("identity", &self.tls.identity.is_some())
            .field("proxy", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

/// Builds a client that sends a request once, as it is.
pub(super) fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Another crate of the program may have enabled these features.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    builder.build().map_err(|error| Error::config("the HTTP client cannot be set up").with_source(error.without_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_settings_fail_at_build() {
        let proxy = ReqwestBuilder::default().proxy("socks5h://user:canary@proxy:1080").build().unwrap_err();
        assert!(proxy.to_string().starts_with("the proxy must begin with http://"), "{proxy}");
        let roots = ReqwestBuilder::default().only_given_roots().build().unwrap_err();
        assert!(roots.to_string().contains("root_certificates_pem"), "{roots}");
    }
}
