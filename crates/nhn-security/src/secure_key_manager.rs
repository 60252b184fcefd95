//! Secure Key Manager: secrets, and keys that encrypt and sign without leaving the service.
//!
//! It uses no token. Each key store decides how it authenticates clients: by source address, MAC address
//! ([`mac_address`](crate::NhnBuilder::mac_address)), a client certificate
//! ([`client_certificate_pem`](crate::NhnBuilder::client_certificate_pem)), or several of them.
//!
//! Plaintexts are strings of up to 32 KB; encode binary data as Base64 first. Version 1.0 has every operation; version
//! 1.1 has one, which reads an earlier version of a symmetric key.
//!
//! ```no_run
//! use nhn_security::secure_key_manager::types::{DecryptRequest, EncryptRequest, VerifyRequest};
//!
//! # async fn run(symmetric_key: &str, asymmetric_key: &str, signature: &str) -> nhn_security::Result<()> {
//! let keys = nhn_security::Nhn::from_env()?.secure_key_manager()?;
//! let encrypted = keys.encrypt(symmetric_key, &EncryptRequest::new("a plaintext")).await?;
//! let decrypted = keys.decrypt(symmetric_key, &DecryptRequest::new(encrypted.ciphertext)).await?;
//! assert_eq!(decrypted.plaintext.expose_secret(), "a plaintext");
//!
//! let key = keys.show_symmetric_key(symmetric_key).await?.to_bytes()?;
//! assert_eq!(key.expose_secret().len(), 32);
//!
//! keys.verify(asymmetric_key, &VerifyRequest::new("a text", signature)).await?.require_valid()?;
//! # Ok(())
//! # }
//! ```

use cloud_core::{Error, ErrorKind, Result, SecretBytes};

use crate::KeyMaterial;

pub use crate::generated::secure_key_manager::*;

impl types::ShowSymmetricKeyResponse {
    /// Returns the key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not a list of hexadecimal bytes.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.symmetric_key.to_bytes()
    }
}

impl v1_1::types::ShowSymmetricKeyResponse {
    /// Returns the key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not a list of hexadecimal bytes.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.symmetric_key.to_bytes()
    }
}

impl types::CreateLocalKeyResponse {
    /// Returns the unencrypted key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.local_key_plaintext.to_bytes()
    }
}

impl types::ShowPrivateKeyResponse {
    /// Returns the encoded key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.encoded_key.to_bytes()
    }
}

impl types::ShowPublicKeyResponse {
    /// Returns the encoded key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let bytes = KeyMaterial::from(self.encoded_key.as_str()).to_bytes()?;
        Ok(bytes.expose_secret().to_vec())
    }
}

impl types::VerifyResponse {
    /// Returns an error if the signature does not match. The call itself succeeds in that case, so a mismatch is easily
    /// overlooked.
    ///
    /// ```no_run
    /// # use nhn_security::secure_key_manager::{types::VerifyRequest, v1_0::Client};
    /// # async fn run(keys: Client, request: VerifyRequest) -> nhn_security::Result<()> {
    /// keys.verify("key-id", &request).await?.require_valid()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the signature does not match.
    pub fn require_valid(&self) -> Result<()> {
        match self.result {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Service, "the signature does not match the text")),
        }
    }
}
