//! The built-in transport with a client certificate.

use std::sync::Arc;

use cloud_core::transport::{DefaultTransport, TransportBuilder};
use cloud_core::{Result, Transport};

use super::Certificate;

impl Certificate {
    /// Creates a transport that presents this certificate. No other service may share its connections: a kept-alive
    /// one stays authenticated.
    pub(crate) fn transport(&self) -> Result<Arc<dyn Transport>> {
        let builder = TransportBuilder::<DefaultTransport>::default();
        let builder = match self {
            Self::Pem(pem) => builder.identity_pem(pem.expose_secret())?,
            #[cfg(feature = "pkcs12")]
            Self::Pkcs12 { der, password } => from_pkcs12(builder, der, password)?,
        };
        Ok(Arc::new(builder.build()?))
    }
}

#[cfg(feature = "pkcs12")]
fn from_pkcs12(
    builder: TransportBuilder<DefaultTransport>,
    der: &cloud_core::SecretBytes,
    password: &cloud_core::SecretString,
) -> Result<TransportBuilder<DefaultTransport>> {
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
