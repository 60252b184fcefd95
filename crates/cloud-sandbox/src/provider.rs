//! The crypto provider of the listener for client certificates.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;
#[cfg(feature = "aws-lc-rs")]
use tokio_rustls::rustls::crypto::aws_lc_rs as chosen;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use tokio_rustls::rustls::crypto::ring as chosen;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("cloud-sandbox needs a crypto provider: enable its feature `ring`, a default, or `aws-lc-rs`");

/// The provider that the features choose, passed as a value: none is installed for the process.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(chosen::default_provider())
}
