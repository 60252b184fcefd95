//! The transport on reqwest with rustls: the one place that names the HTTP client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{BodyLimit, Stage, Transport, TransportError};
use crate::endpoint::is_loopback;
use crate::error::{Error, Result};
use crate::runtime::BoxFuture;
use crate::secret::ZeroizingBuf;

/// The transport that clients use unless they are given another.
///
/// TLS 1.2 or newer through rustls, no redirects, proxies from the environment. Cloning shares the connections.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// Without a proxy: unencrypted requests to the loopback must not leave the machine through one.
    direct: Option<reqwest::Client>,
    body_limit: usize,
}

impl ReqwestTransport {
    /// Creates a transport with the defaults of [`ReqwestBuilder`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> ReqwestBuilder {
        ReqwestBuilder::default()
    }

    /// Uses the given client with its TLS, proxies and limits. Turn redirects off in it: a
    /// redirect would carry credentials to another host, and a response after one is rejected.
    #[must_use]
    pub fn from_client(client: reqwest::Client) -> Self {
        Self { client, direct: None, body_limit: DEFAULT_BODY_LIMIT }
    }
}

/// 16 MiB.
const DEFAULT_BODY_LIMIT: usize = 16 << 20;

/// Settings of a [`ReqwestTransport`].
#[derive(Clone)]
pub struct ReqwestBuilder {
    connect_timeout: Duration,
    body_limit: usize,
    roots_pem: Vec<Vec<u8>>,
    only_these_roots: bool,
    identity: Option<Arc<Identity>>,
    proxy: Option<String>,
    user_agent: String,
}

struct Identity {
    certificates: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: rustls::pki_types::PrivateKeyDer<'static>,
}

impl Default for ReqwestBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            body_limit: DEFAULT_BODY_LIMIT,
            roots_pem: Vec::new(),
            only_these_roots: false,
            identity: None,
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

    /// Sets the maximum size of a response in bytes. The default is 16 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Trusts these certificate authorities too, given as PEM.
    #[must_use]
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem.push(pem.into());
        self
    }

    /// Trusts the given certificate authorities only, and none of the system's.
    #[must_use]
    pub fn only_given_roots(mut self) -> Self {
        self.only_these_roots = true;
        self
    }

    /// Presents this client certificate. `pem` holds the certificate chain and the private key (PKCS#8,
    /// PKCS#1 or SEC1), in any order.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a part is missing or malformed.
    pub fn identity_pem(self, pem: &[u8]) -> Result<Self> {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Error::config("the client certificate is not valid pem"))?;
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| Error::config("the client certificate's pem holds no usable private key"))?;
        self.identity(certificates, key)
    }

    /// Presents this client certificate, given as DER: the chain, leaf first, and a PKCS#8 private key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a part is missing or malformed.
    pub fn identity_der(self, chain: Vec<Vec<u8>>, pkcs8_key: Vec<u8>) -> Result<Self> {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
        let certificates = chain.into_iter().map(CertificateDer::from).collect();
        self.identity(certificates, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8_key)))
    }

    fn identity(
        mut self,
        certificates: Vec<rustls::pki_types::CertificateDer<'static>>,
        key: rustls::pki_types::PrivateKeyDer<'static>,
    ) -> Result<Self> {
        if certificates.is_empty() {
            return Err(Error::config("the client certificate's pem holds no certificate"));
        }
        self.identity = Some(Arc::new(Identity { certificates, key }));
        Ok(self)
    }

    /// Sends everything through this proxy instead of what the environment names, but for `http` to the loopback.
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
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a certificate, the proxy or TLS cannot be used.
    pub fn build(self) -> Result<ReqwestTransport> {
        let tls = self.tls()?;
        let direct = finish(self.client(tls.clone()).no_proxy())?;
        let mut builder = self.client(tls);
        if let Some(url) = self.proxy {
            let proxy = reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy is not a valid url"))?;
            builder = builder.proxy(proxy);
        }
        Ok(ReqwestTransport { client: finish(builder)?, direct: Some(direct), body_limit: self.body_limit })
    }

    fn client(&self, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // Another crate of the program may have enabled these features.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(self.connect_timeout)
            .user_agent(self.user_agent.clone())
    }

    fn tls(&self) -> Result<rustls::ClientConfig> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;
        let problem = |error: rustls::Error| Error::config("tls cannot be set up").with_source(error);
        let provider = provider()?;
        let mut roots = Vec::new();
        for pem in &self.roots_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.push(certificate.map_err(|_| Error::config("a root certificate is not valid pem"))?);
            }
            if roots.len() == before {
                return Err(Error::config("the root certificates' pem holds no certificate"));
            }
        }
        let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(problem)?;
        let config = if self.only_these_roots {
            let mut store = rustls::RootCertStore::empty();
            for root in roots {
                store.add(root).map_err(problem)?;
            }
            config.with_root_certificates(store)
        } else {
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider).map_err(problem)?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        };
        match self.identity.as_deref() {
            Some(identity) => config
                .with_client_auth_cert(identity.certificates.clone(), identity.key.clone_key())
                .map_err(|_| Error::config("the client certificate and its private key cannot be used together")),
            None => Ok(config.with_no_client_auth()),
        }
    }
}

impl fmt::Debug for ReqwestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("body_limit", &self.body_limit)
            .field("identity", &self.identity.is_some())
            .field("proxy", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder.build().map_err(|error| Error::config("the http client cannot be set up").with_source(error.without_url()))
}

#[allow(unreachable_code, clippy::unnecessary_wraps, reason = "depends on the features")]
fn provider() -> Result<Arc<rustls::crypto::CryptoProvider>> {
    #[cfg(feature = "aws-lc-rs")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(feature = "ring")]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    rustls::crypto::CryptoProvider::get_default().cloned().ok_or_else(|| {
        Error::config("no tls crypto provider: enable the feature `ring` or `aws-lc-rs`, or install one")
    })
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let limit = request.extensions().get().map_or(self.body_limit, |BodyLimit(bytes)| *bytes);
            let given = request.uri().to_string();
            let request = reqwest::Request::try_from(request).map_err(|error| {
                TransportError::new(Stage::Invalid, "the URL cannot be sent").with_source(error.without_url())
            })?;
            if request.url().as_str() != given {
                // A parser that rewrites the URL would invalidate the signature; better no request than a wrong one.
                return Err(TransportError::new(Stage::Invalid, "the HTTP client would change the URL"));
            }
            let local = request.url().scheme() == "http" && request.url().host_str().is_some_and(is_loopback);
            let client = self.direct.as_ref().filter(|_| local).unwrap_or(&self.client);
            let mut response = client.execute(request).await.map_err(classify)?;
            if response.url().as_str() != given {
                let text =
                    "the HTTP client followed a redirect; turn redirects off in the client given to from_client()";
                return Err(TransportError::new(Stage::Response, text));
            }
            let announced = response.content_length().unwrap_or(0);
            if announced > limit as u64 {
                return Err(TransportError::too_large(limit));
            }
            let mut body = ZeroizingBuf::default();
            while let Some(chunk) = response.chunk().await.map_err(classify)? {
                if body.len() + chunk.len() > limit {
                    return Err(TransportError::too_large(limit));
                }
                if body.len() == 0 {
                    if chunk.len() as u64 == announced {
                        return Ok(answer(&mut response, chunk));
                    }
                    #[allow(clippy::cast_possible_truncation, reason = "compared with a usize above")]
                    let length = announced as usize;
                    body = ZeroizingBuf::with_capacity(length);
                }
                body.extend(&chunk);
            }
            Ok(answer(&mut response, body.freeze()))
        })
    }
}

fn answer(response: &mut reqwest::Response, body: Bytes) -> http::Response<Bytes> {
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    answer
}

fn classify(error: reqwest::Error) -> TransportError {
    let (stage, text) = if error.is_connect() {
        (Stage::Connect, "could not connect")
    } else if error.is_builder() {
        (Stage::Invalid, "the request cannot be sent")
    } else if error.is_body() || error.is_decode() {
        (Stage::PossiblySent, "the response was truncated")
    } else {
        (Stage::PossiblySent, "connection closed before a response; the request may have been executed")
    };
    TransportError::new(stage, text).with_source(error.without_url())
}
