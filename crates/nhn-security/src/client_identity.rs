//! The client certificate of Secure Key Manager, and the transport that presents it.

use std::fmt;

use cloud_core::SecretBytes;

#[cfg(any(feature = "ring", feature = "aws-lc-rs", feature = "hyper", feature = "hyper-aws-lc-rs"))]
mod transport;

/// A certificate with its private key, as it was given.
#[derive(Clone)]
#[cfg_attr(
    not(any(feature = "ring", feature = "aws-lc-rs", feature = "hyper", feature = "hyper-aws-lc-rs")),
    allow(
        dead_code,
        reason = "only the built-in transport presents it, and cloud-core alone knows whether there is one"
    )
)]
pub(crate) enum Certificate {
    Pem(SecretBytes),
    #[cfg(feature = "pkcs12")]
    Pkcs12 {
        der: SecretBytes,
        password: cloud_core::SecretString,
    },
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs", feature = "hyper", feature = "hyper-aws-lc-rs")))]
impl Certificate {
    pub(crate) fn transport(&self) -> cloud_core::Result<std::sync::Arc<dyn cloud_core::Transport>> {
        Err(cloud_core::Error::config(
            "a client certificate needs the feature `ring`, `aws-lc-rs`, `hyper` or `hyper-aws-lc-rs` of nhn-security; \
             without them, set it in your own transport and pass that to .transport()",
        ))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate([redacted])")
    }
}

#[cfg(any(feature = "ring", feature = "aws-lc-rs", feature = "hyper", feature = "hyper-aws-lc-rs"))]
#[cfg(test)]
mod tests;
