//! TLS: the provider, the trusted authorities and the client certificate.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::config::{ConfigSource, ProcessEnv};
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
    /// Returns the configuration, and why no server can be trusted with it, if so. That is no error here: a program
    /// that only talks to the loopback needs no authority.
    pub(super) fn config(&self) -> Result<(rustls::ClientConfig, Option<String>)> {
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
        let mut no_roots = None;
        let config = if self.only_given_roots {
            let mut store = rustls::RootCertStore::empty();
            for root in roots {
                store.add(root).map_err(problem)?;
            }
            config.with_root_certificates(store)
        } else {
            let none_given = roots.is_empty();
            match rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider) {
                Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
                Err(rustls::Error::General(_)) if none_given => {
                    no_roots = Some(no_authorities(&ProcessEnv));
                    config.with_root_certificates(rustls::RootCertStore::empty())
                }
                Err(error) => return Err(problem(error)),
            }
        };
        let config = match self.identity.as_deref() {
            Some(identity) => config
                .with_client_auth_cert(identity.certificates.clone(), identity.key.clone_key())
                .map_err(|_| Error::config("the client certificate and its private key cannot be used together"))?,
            None => config.with_no_client_auth(),
        };
        Ok((config, no_roots))
    }
}

/// Says where the system's certificate authorities were looked for, and what helps.
fn no_authorities(source: &dyn ConfigSource) -> String {
    let named: Vec<String> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter_map(|name| source.variable(name).map(|path| format!("{name} is set to `{path}`")))
        .collect();
    let (place, remedy) = if named.is_empty() {
        (
            "the system has none installed".to_owned(),
            "install the package ca-certificates, set SSL_CERT_FILE to a file of certificates",
        )
    } else {
        // Only what the variables name is read then.
        let place = format!("{}, where no certificate can be read", named.join(" and "));
        (place, "correct it, or unset it to use the system's certificates")
    };
    format!(
        "no trusted certificate authority was found: {place}; {remedy}, or give certificates to root_certificates_pem()"
    )
}

#[allow(unreachable_code, clippy::unnecessary_wraps, reason = "depends on the features")]
fn provider() -> Result<Arc<rustls::crypto::CryptoProvider>> {
    #[cfg(any(feature = "aws-lc-rs", feature = "hyper-aws-lc-rs"))]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(any(feature = "ring", feature = "hyper"))]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    rustls::crypto::CryptoProvider::get_default().cloned().ok_or_else(|| {
        Error::config(
            "no TLS crypto provider: enable the feature `ring`, `aws-lc-rs`, `hyper` or `hyper-aws-lc-rs`, install a \
             provider for the process, or pass another transport to .transport()",
        )
    })
}
