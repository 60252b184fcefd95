//! TLS: the provider, the trusted authorities and the client certificate.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::{Error, Result};

#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    pub(super) roots_pem: Vec<Vec<u8>>,
    pub(super) only_given_roots: bool,
    pub(super) identity: Option<Arc<Identity>>,
}

/// A client certificate with its private key.
pub(super) struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn from_pem(pem: &[u8]) -> Result<Arc<Self>> {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Error::config("the client certificate is not valid PEM"))?;
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| Error::config("the client certificate's PEM holds no usable private key"))?;
        Self::new(certificates, key)
    }

    pub(super) fn from_der(chain: Vec<Vec<u8>>, pkcs8_key: Vec<u8>) -> Result<Arc<Self>> {
        let certificates = chain.into_iter().map(CertificateDer::from).collect();
        Self::new(certificates, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8_key)))
    }

    fn new(certificates: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<Self>> {
        if certificates.is_empty() {
            return Err(Error::config("the client certificate's PEM holds no certificate"));
        }
        Ok(Arc::new(Self { certificates, key }))
    }
}

impl TlsSettings {
    pub(super) fn config(&self) -> Result<rustls::ClientConfig> {
        let problem = |error: rustls::Error| Error::config("TLS cannot be set up").with_source(error);
        let provider = provider()?;
        let mut roots = Vec::new();
        for pem in &self.roots_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.push(certificate.map_err(|_| Error::config("a root certificate is not valid PEM"))?);
            }
            if roots.len() == before {
                return Err(Error::config("the root certificates' PEM holds no certificate"));
            }
        }
        let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(problem)?;
        if self.only_given_roots && roots.is_empty() {
            return Err(Error::config("only_given_roots() is set and no root is given: add root_certificates_pem()"));
        }
        let config = if self.only_given_roots {
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

#[allow(unreachable_code, clippy::unnecessary_wraps, reason = "depends on the features")]
fn provider() -> Result<Arc<rustls::crypto::CryptoProvider>> {
    #[cfg(feature = "aws-lc-rs")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(feature = "ring")]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    rustls::crypto::CryptoProvider::get_default().cloned().ok_or_else(|| {
        Error::config(
            "no TLS crypto provider: enable the feature `ring` or `aws-lc-rs`, install a provider for the process, or \
             pass another transport to .transport()",
        )
    })
}
