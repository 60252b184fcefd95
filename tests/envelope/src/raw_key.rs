//! The "raw AES" wrapping keys of the AWS Encryption SDK, to read what the Python package has sealed.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use cloud_core::{BoxFuture, Error, ErrorKind, Result};
use cloud_envelope::{DataKeySource, SecretBytes, WrappedKey};

const IV_LENGTH: usize = 12;

/// A wrapping key that its name determines, as in `make_messages.py`. It only unwraps.
#[derive(Clone, Debug)]
pub struct RawKey {
    name: &'static str,
    bytes: Vec<u8>,
    /// What the key information begins with; the IV follows.
    prefix: Vec<u8>,
}

impl RawKey {
    /// Returns the key that the script calls `name`; none for other names.
    #[must_use]
    pub fn named(name: &'static str) -> Option<Self> {
        let length = match name {
            "one" => 32,
            "other" => 24,
            "third" => 16,
            _ => return None,
        };
        let first = *name.as_bytes().first()?;
        let bytes = (0..length).map(|i| first.wrapping_add(i)).collect();
        // Then the lengths of tag and IV: in bits, and in bytes.
        let prefix = [name.as_bytes(), &[0, 0, 0, 128], &[0, 0, 0, 12]].concat();
        Some(Self { name, bytes, prefix })
    }

    fn decrypt(&self, key: &WrappedKey, context: &[u8]) -> Option<Vec<u8>> {
        let iv: [u8; IV_LENGTH] = key.info.strip_prefix(self.prefix.as_slice())?.try_into().ok()?;
        let payload = Payload { msg: &key.ciphertext, aad: context };
        match self.bytes.len() {
            16 => Aes128Gcm::new_from_slice(&self.bytes).ok()?.decrypt(&iv.into(), payload),
            24 => AesGcm::<Aes192, U12>::new_from_slice(&self.bytes).ok()?.decrypt(&iv.into(), payload),
            _ => Aes256Gcm::new_from_slice(&self.bytes).ok()?.decrypt(&iv.into(), payload),
        }
        .ok()
    }
}

impl DataKeySource for RawKey {
    fn provider(&self) -> &str {
        "raw-keys"
    }

    fn key_id(&self) -> &str {
        self.name
    }

    fn can_unwrap(&self, key: &WrappedKey) -> bool {
        key.provider == self.provider() && key.info.starts_with(&self.prefix)
    }

    fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async { Err(Error::new(ErrorKind::Request, "a raw key of the tests only unwraps")) })
    }

    fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, context: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
        let failed = || Error::new(ErrorKind::Decode, "the wrapped key was changed");
        Box::pin(async move { self.decrypt(key, context).map(SecretBytes::from).ok_or_else(failed) })
    }
}
