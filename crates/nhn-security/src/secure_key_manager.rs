//! Secure Key Manager: secrets, and keys that encrypt and sign without leaving the service.
//!
//! Each key store decides how it authenticates clients: by source address, MAC address
//! ([`mac_address`](crate::NhnBuilder::mac_address)), a client certificate
//! ([`client_certificate_pem`](crate::NhnBuilder::client_certificate_pem)), or several of them. The versions differ in
//! what they need besides:
//!
//! | version | credentials | operations |
//! |---|---|---|
//! | 1.3 | token of a [User Access Key](crate::NhnBuilder::user_access_key) | all |
//! | 1.2 | User Access Key | all but standard signatures and changes of key stores |
//! | 1.1 | app key | reading a version of a symmetric key |
//! | 1.0 | app key | using keys, reading key stores |
//!
//! Plaintexts are text of up to 32 KiB. `EncryptRequest::from_bytes` and `DecryptResponse::to_bytes` carry bytes as
//! Base64.
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

use cloud_core::secret::{from_base64, to_base64};
use cloud_core::{Error, ErrorKind, Result, SecretBytes, SecretString};

use serde::de::DeserializeOwned;

use crate::KeyMaterial;

mod source;
mod wrapping_key;

pub use crate::generated::secure_key_manager::*;
pub use source::KeyStoreSecrets;
pub use wrapping_key::WrappingKey;

impl types::ShowSecretResponse {
    /// Reads the value as JSON of your own type, as [`SecretString::parse_json`] does. A value that is not JSON is in
    /// `secret`.
    ///
    /// ```
    /// use nhn_security::SecretString;
    /// use nhn_security::secure_key_manager::types::ShowSecretResponse;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     user: String,
    ///     password: SecretString,
    /// }
    ///
    /// fn login(shown: &ShowSecretResponse) -> nhn_security::Result<Login> {
    ///     shown.parse()
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not JSON or does not fit. It names the place, and shows no value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        self.secret.parse_json()
    }
}

impl types::EncryptRequest {
    /// Creates a request that encrypts this text, as [`new`](Self::new) does.
    #[must_use]
    pub fn from_text(text: impl Into<SecretString>) -> Self {
        Self::new(text)
    }

    /// Creates a request that encrypts the Base64 of these bytes, since the service encrypts text alone. Read them with
    /// [`DecryptResponse::to_bytes`](types::DecryptResponse::to_bytes).
    ///
    /// ```
    /// use nhn_security::secure_key_manager::types::EncryptRequest;
    ///
    /// let request = EncryptRequest::from_bytes([0, 159, 146, 150]);
    /// assert_eq!(request.plaintext.expose_secret(), "AJ+Slg==");
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: impl Into<SecretBytes>) -> Self {
        Self::new(to_base64(bytes.into().expose_secret()))
    }
}

impl types::DecryptResponse {
    /// Returns the bytes that [`EncryptRequest::from_bytes`](types::EncryptRequest::from_bytes) encrypted.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the plaintext is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        from_base64(&self.plaintext)
    }
}

impl types::ShowSymmetricKeyResponse {
    /// Returns the key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not a list of hexadecimal bytes.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.symmetric_key.to_bytes()
    }
}

impl v1_0::types::ShowSymmetricKeyResponse {
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
    /// Returns the key as PKCS#8 in DER: the standard encoding where the government realm sends one beside its own.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.standard_encoded_key.as_ref().unwrap_or(&self.encoded_key).to_bytes()
    }
}

impl v1_0::types::ShowPrivateKeyResponse {
    /// Returns the encoded key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        self.encoded_key.to_bytes()
    }
}

impl types::ShowPublicKeyResponse {
    /// Returns the key as SubjectPublicKeyInfo in DER: the standard encoding where the government realm sends one beside
    /// its own.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        public_bytes(self.standard_encoded_key.as_ref().unwrap_or(&self.encoded_key))
    }
}

impl v1_0::types::ShowPublicKeyResponse {
    /// Returns the encoded key as bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        public_bytes(&self.encoded_key)
    }
}

impl types::SignStandardResponse {
    /// Returns the signature as bytes, as other programs take it.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the value is not Base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        public_bytes(&self.signature)
    }
}

fn public_bytes(base64: &str) -> Result<Vec<u8>> {
    Ok(KeyMaterial::from(base64).to_bytes()?.expose_secret().to_vec())
}

impl types::VerifyResponse {
    /// Returns an error if the signature does not match. The call itself succeeds in that case, so a mismatch is easily
    /// overlooked.
    ///
    /// ```no_run
    /// # use nhn_security::secure_key_manager::{types::VerifyRequest, Client};
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

#[cfg(test)]
mod tests {
    use super::types::{ShowPrivateKeyResponse, ShowPublicKeyResponse};

    #[test]
    fn standard_encoding_comes_before_that_of_the_realm() {
        let both = r#"{"keyType":"t","key":"00","encodedKey":"AAEC","standardEncodedKey":"AwQF","keyVersion":1}"#;
        let one = r#"{"keyType":"t","key":"00","encodedKey":"AAEC","keyVersion":1}"#;
        for (json, wanted) in [(both, [3, 4, 5]), (one, [0, 1, 2])] {
            let public: ShowPublicKeyResponse = serde_json::from_str(json).unwrap();
            assert_eq!(public.to_bytes().unwrap(), wanted);
            let private: ShowPrivateKeyResponse = serde_json::from_str(json).unwrap();
            assert_eq!(private.to_bytes().unwrap().expose_secret(), wanted);
        }
    }
}
