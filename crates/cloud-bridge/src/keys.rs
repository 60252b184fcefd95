//! What the transit routes need of a cloud's key management.

use std::fmt;

use cloud_core::{BoxFuture, SecretBytes, SecretString};
use time::OffsetDateTime;

use crate::failure::Result;

mod named;
pub(crate) mod nhn;
pub(crate) mod scp;

pub(crate) use named::{NamedKeys, unusable};

/// The keys of a key management service.
///
/// Versions are numbered as Vault does it, from 1. Ciphertexts and signatures have three parts:
/// `vault:v{version}:{rest}`.
pub trait Keys: fmt::Debug + Send + Sync {
    /// Returns the ID of the only key with exactly this name.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>>;

    /// Returns whether an ID can be that of a key that is not one of these, such as one of another key store. If so, a path
    /// that has an ID in place of a name is compared with the list.
    fn reaches_others(&self) -> bool;

    /// Returns the names and IDs of all keys.
    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyName>>>;

    /// Returns what is known of the key with this ID.
    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>>;

    /// Returns what is known of the one of these keys with this name, or with this ID if the name is 32 hexadecimal digits.
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Key>>;

    /// Encrypts with the newest version of a key.
    fn encrypt<'a>(&'a self, id: &'a str, plaintext: SecretBytes) -> BoxFuture<'a, Result<Versioned>>;

    /// Decrypts what a key has encrypted.
    fn decrypt<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<SecretBytes>>;

    /// Encrypts the plaintext of a ciphertext with the newest version.
    fn rewrap<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<Versioned>>;

    /// Creates a random key of this many bits, and encrypts it. Its plaintext is returned if it is wanted.
    fn data_key<'a>(&'a self, id: &'a str, bits: u16, plaintext: bool) -> BoxFuture<'a, Result<DataKey>>;

    /// Signs with the newest version of a key.
    fn sign<'a>(&'a self, id: &'a str, input: SecretBytes, how: Signing) -> BoxFuture<'a, Result<Versioned>>;

    /// Returns whether a signature is that of the input.
    fn verify<'a>(
        &'a self,
        id: &'a str,
        input: SecretBytes,
        signature: &'a str,
        how: Signing,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Authenticates with the newest version of a key: HMAC with SHA-256.
    fn hmac<'a>(&'a self, id: &'a str, input: SecretBytes) -> BoxFuture<'a, Result<SecretString>>;

    /// Returns whether a code is that of the input.
    fn verify_hmac<'a>(&'a self, id: &'a str, input: SecretBytes, hmac: &'a str) -> BoxFuture<'a, Result<bool>>;
}

/// A key of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyName {
    /// The name.
    pub name: String,
    /// The ID.
    pub id: String,
}

impl KeyName {
    /// Creates an entry of a list.
    #[must_use]
    pub fn new(name: impl Into<String>, id: impl Into<String>) -> Self {
        Self { name: name.into(), id: id.into() }
    }
}

/// Whether a name is the ID of a key: 32 hexadecimal digits.
pub(crate) fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The name.
    pub name: String,
    /// The algorithm in Vault's spelling, such as `aes256-gcm96`.
    pub algorithm: String,
    /// The newest version, from 1.
    pub version: u64,
    /// When the key was created.
    pub created: OffsetDateTime,
    /// What the key can be used for.
    pub usage: KeyUsage,
    /// The public half of the newest version in PEM, of an asymmetric key.
    pub public_key: Option<String>,
    /// The days between rotations; 0 if the key is not rotated by the service.
    pub rotation_days: u32,
}

impl Key {
    /// Creates a key without a public half that is not rotated by the service.
    #[must_use]
    pub fn new(name: impl Into<String>, algorithm: impl Into<String>, version: u64, created: OffsetDateTime) -> Self {
        let (name, algorithm) = (name.into(), algorithm.into());
        let usage = match &*algorithm {
            "ecdsa-p256" => KeyUsage::Sign,
            "rsa-2048" => KeyUsage::EncryptAndSign,
            "hmac" => KeyUsage::Authenticate,
            _ => KeyUsage::Encrypt,
        };
        Self { name, algorithm, version, created, usage, public_key: None, rotation_days: 0 }
    }
}

/// What a key can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyUsage {
    /// To encrypt and decrypt.
    Encrypt,
    /// To sign and verify.
    Sign,
    /// For both.
    EncryptAndSign,
    /// To authenticate with codes.
    Authenticate,
}

/// A ciphertext or a signature, and the version of the key that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned {
    /// The text with its three parts.
    pub text: String,
    /// The version, from 1.
    pub version: u64,
}

impl Versioned {
    /// Creates a ciphertext or a signature from its text and version.
    #[must_use]
    pub fn new(text: impl Into<String>, version: u64) -> Self {
        Self { text: text.into(), version }
    }

    /// Puts the version in front of what a service returned without it.
    pub(crate) fn wrap(rest: &str, version: u64) -> Self {
        Self::new(format!("vault:v{version}:{rest}"), version)
    }
}

/// A data key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataKey {
    /// The key, if it was wanted.
    pub plaintext: Option<SecretBytes>,
    /// The encrypted key.
    pub ciphertext: Versioned,
}

impl DataKey {
    /// Creates a data key from its plaintext, if it is wanted, and its ciphertext.
    #[must_use]
    pub fn new(plaintext: Option<SecretBytes>, ciphertext: Versioned) -> Self {
        Self { plaintext, ciphertext }
    }
}

/// The algorithm of an RSA signature; keys of other types have one algorithm alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signing {
    /// `pss`.
    Pss,
    /// `pkcs1v15`.
    Pkcs1V15,
}

/// The version and the rest of a text with three parts.
pub(crate) fn unwrap(text: &str) -> Option<(u64, &str)> {
    let (version, rest) = text.strip_prefix("vault:v")?.split_once(':')?;
    let plain = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    (plain && !rest.is_empty() && !rest.contains(':')).then_some(())?;
    Some((version.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_text_has_three_parts() {
        let wrapped = Versioned::wrap("AAAA+/=", 7);
        assert_eq!(wrapped.text.split(':').count(), 3);
        assert_eq!(unwrap(&wrapped.text), Some((7, "AAAA+/=")));
        for text in [
            "",
            "vault:v1",
            "vault:v1:",
            "vault:v0:a",
            "vault:v01:a",
            "vault:v+1:a",
            "vault:v1:a:b",
            "v1:a",
            "vault:1:a",
        ] {
            assert_eq!(unwrap(text), None, "{text}");
        }
    }
}
