//! Key Management Service: encryption, signing and verification with keys that never leave the service.
//!
//! Plaintexts travel as Base64; [`from_bytes`](types::EncryptRequest::from_bytes) and
//! [`to_bytes`](types::DecryptResponse::to_bytes) convert.
//!
//! ```no_run
//! use scp_security::kms::types::{DecryptRequest, EncryptRequest};
//!
//! # async fn run(key_id: &str) -> scp_security::Result<()> {
//! let kms = scp_security::Scp::from_env()?.kms();
//! let encrypted = kms.encrypt(key_id, &EncryptRequest::from_bytes(b"a plaintext")).await?;
//! let decrypted = kms.decrypt(key_id, &DecryptRequest::new(encrypted.ciphertext)).await?;
//! assert_eq!(decrypted.to_bytes()?.expose_secret(), b"a plaintext");
//! # Ok(())
//! # }
//! ```

use cloud_core::secret::{from_base64, to_base64};
use cloud_core::{Error, ErrorKind, Result, SecretBytes};

pub use crate::generated::kms::*;

impl types::EncryptRequest {
    /// Creates a request that encrypts these bytes.
    #[must_use]
    pub fn from_bytes(plaintext: &[u8]) -> Self {
        Self::new(to_base64(plaintext))
    }
}

impl types::DecryptResponse {
    /// Returns the plaintext as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        from_base64(&self.plaintext)
    }
}

impl types::DatakeyResponse {
    /// Returns the data key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if only the wrapped form was requested, or the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        let plaintext = self.plaintext.as_ref();
        from_base64(plaintext.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "the response has no plaintext: only the wrapped form of the data key was requested",
            )
        })?)
    }
}
