//! The client certificate of Secure Key Manager, and the transport that presents it.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "pkcs12")]
use cloud_core::transport::reqwest::ReqwestBuilder;
use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::{ExposeSecret, Result, SecretBytes, Transport};

/// A certificate with its private key, as it was given.
#[derive(Clone)]
pub(crate) enum Certificate {
    Pem(SecretBytes),
    #[cfg(feature = "pkcs12")]
    Pkcs12 {
        der: SecretBytes,
        password: cloud_core::SecretString,
    },
}

impl Certificate {
    /// Creates a transport that presents this certificate. No other service may share its connections: a kept-alive
    /// one stays authenticated.
    pub(crate) fn transport(&self) -> Result<Arc<dyn Transport>> {
        let builder = match self {
            Self::Pem(pem) => ReqwestTransport::builder().identity_pem(pem.expose_secret())?,
            #[cfg(feature = "pkcs12")]
            Self::Pkcs12 { der, password } => from_pkcs12(ReqwestTransport::builder(), der, password)?,
        };
        Ok(Arc::new(builder.build()?))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate([redacted])")
    }
}

#[cfg(feature = "pkcs12")]
fn from_pkcs12(
    builder: ReqwestBuilder,
    der: &SecretBytes,
    password: &cloud_core::SecretString,
) -> Result<ReqwestBuilder> {
    use cloud_core::Error;
    use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
    let store = KeyStore::from_pkcs12(der.expose_secret(), password.expose_secret(), Pkcs12ImportPolicy::Strict)
        .map_err(|_| Error::config("the client certificate's pkcs#12 file cannot be opened; check its password"))?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| {
        Error::config(
            "the client certificate's pkcs#12 file holds no private key with a certificate that belongs to it",
        )
    })?;
    let certificates = chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect();
    builder.identity_der(certificates, chain.key().as_der().to_vec())
}

#[cfg(test)]
mod tests;
