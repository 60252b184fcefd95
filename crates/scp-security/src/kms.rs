//! Key Management Service: encryption, signing and verification with keys that never leave the service.
//!
//! Plaintexts, messages and keys are bytes. On the wire they are Base64, which the SDK writes and reads.
//!
//! ```no_run
//! use scp_security::kms::types::{DecryptRequest, EncryptRequest};
//!
//! # async fn run(key_id: &str) -> scp_security::Result<()> {
//! let kms = scp_security::Scp::from_env()?.kms();
//! let encrypted = kms.encrypt(key_id, &EncryptRequest::new("a plaintext")).await?;
//! let decrypted = kms.decrypt(key_id, &DecryptRequest::new(encrypted.ciphertext)).await?;
//! assert_eq!(decrypted.plaintext()?.expose_secret(), b"a plaintext");
//! # Ok(())
//! # }
//! ```
//!
//! An HMAC changes with each new version of the key, so a stored one is checked with
//! [`verify_hmac`](v1_2::Client::verify_hmac), not compared. The vendor lists that operation up to version 1.2.
//!
//! A signature that does not match is not an error of the call. The verdict is `#[must_use]`, and `require_valid`
//! turns a no into an error:
//!
//! ```no_run
//! use scp_security::kms::types::VerifyRequest;
//!
//! # async fn run(kms: scp_security::KmsClient, key_id: &str, signature: String) -> scp_security::Result<()> {
//! kms.verify(key_id, &VerifyRequest::new("the message", signature)).await?.require_valid()?;
//! # Ok(())
//! # }
//! ```

use cloud_core::{Error, ErrorKind, Result, SecretBytes};

use crate::{by_name, usable};

mod wrapping_key;

pub use crate::generated::kms::*;
pub use wrapping_key::WrappingKey;

macro_rules! by_name {
    ($client:ty, $method:ident, $list:ident, $model:ty, $what:literal) => {
        impl $client {
            /// Returns the key with exactly this name.
            ///
            /// Lists the keys and compares whole names, because the vendor does not document whether its filter
            /// compares a part of the name.
            ///
            /// # Errors
            /// [`ErrorKind::Lookup`] if no key has the name (`is_not_found()` is then true) or more than one has it.
            pub async fn $method(&self, name: &str) -> Result<$model> {
                by_name::only($what, self.$list().name(name).items(), |key| key.name == name).await
            }
        }
    };
}

#[cfg(feature = "ended-versions")]
by_name!(v1_0::Client, key_by_name, list_keys, v1_0::types::Key, "key");
#[cfg(feature = "ended-versions")]
by_name!(v1_1::Client, key_by_name, list_keys, v1_1::types::Key, "key");
by_name!(v1_2::Client, key_by_name, list_keys, types::Key, "key");
by_name!(v1_3::Client, key_by_name, list_keys, types::Key, "key");
by_name!(Client, key_by_name, list_keys, types::Key, "key");
by_name!(v1_2::Client, managed_key_by_name, list_managed_keys, types::ManagedKey, "managed key");
by_name!(v1_3::Client, managed_key_by_name, list_managed_keys, types::ManagedKey, "managed key");
by_name!(Client, managed_key_by_name, list_managed_keys, types::ManagedKey, "managed key");

impl types::Key {
    /// Returns whether the key is scheduled for deletion. The service writes that state in several ways, such as
    /// `To be terminated`, of which [`KeyState`](types::KeyState) knows the documented one alone.
    #[must_use]
    pub fn is_scheduled_for_deletion(&self) -> bool {
        usable::reason_against(self.state.as_ref().map_or("", types::KeyState::as_str)) == Some(usable::SCHEDULED)
    }
}

impl types::SetRotationRequest {
    /// Creates a request that leaves the days between rotations to the service: it sends null for them.
    #[must_use]
    pub fn with_default_cycle(auto_rotate: bool) -> Self {
        Self { auto_rotate, rotate_cycle: None }
    }
}

impl types::CreateDataKeyResponse {
    /// Returns the data key.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if only the wrapped form was requested, or the service did not send Base64.
    pub fn require_plaintext(&self) -> Result<&SecretBytes> {
        self.plaintext()?.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "the response has no plaintext: only the wrapped form of the data key was requested",
            )
        })
    }
}

impl types::VerifyResponse {
    /// Returns an error if the signature does not match the message.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service found the signature invalid.
    pub fn require_valid(&self) -> Result<()> {
        crate::verdict::require(self.valid, "the signature does not match the message")
    }
}

impl v1_2::types::VerifyHmacResponse {
    /// Returns an error if the code does not match the message.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service found the code invalid.
    pub fn require_valid(&self) -> Result<()> {
        crate::verdict::require(self.valid, "the HMAC does not match the message")
    }
}

impl types::CheckDuplicateNameResponse {
    /// Returns whether another key has the name, so that it cannot be used.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the response does not say.
    pub fn is_taken(&self) -> Result<bool> {
        self.is_duplicate_name
            .ok_or_else(|| Error::new(ErrorKind::Decode, "the response does not say whether the name is taken"))
    }
}
