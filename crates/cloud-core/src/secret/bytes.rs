//! Secret bytes.

use std::fmt;

use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use super::SecretString;

/// Bytes that are hidden from `Debug`, have no `Serialize`, and are wiped from memory when dropped.
///
/// They are made from whatever holds bytes or text; text becomes its UTF-8.
///
/// ```
/// use cloud_core::SecretBytes;
///
/// let key = SecretBytes::from([7; 32]);
/// assert_eq!(format!("{key:?}"), "SecretBytes([redacted])");
/// assert_eq!(key.expose_secret(), [7; 32]);
/// assert_eq!(SecretBytes::from("a password").expose_secret(), b"a password");
/// ```
#[derive(Clone, Default)]
pub struct SecretBytes(secrecy::SecretSlice<u8>);

impl SecretBytes {
    /// Returns the bytes. Each use of a secret is visible in the code by this name.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes([redacted])")
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        // Shrinking a buffer with spare capacity would leave a copy in freed memory.
        if bytes.len() == bytes.capacity() {
            return Self(bytes.into());
        }
        Self::from(Zeroizing::new(bytes).as_slice())
    }
}

impl From<&[u8]> for SecretBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec().into())
    }
}

impl From<&Vec<u8>> for SecretBytes {
    fn from(bytes: &Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl<const N: usize> From<[u8; N]> for SecretBytes {
    fn from(bytes: [u8; N]) -> Self {
        Self::from(Zeroizing::new(bytes).as_slice())
    }
}

impl<const N: usize> From<&[u8; N]> for SecretBytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<String> for SecretBytes {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&String> for SecretBytes {
    fn from(text: &String) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&str> for SecretBytes {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<SecretString> for SecretBytes {
    fn from(text: SecretString) -> Self {
        Self::from(text.expose_secret())
    }
}

impl From<&SecretString> for SecretBytes {
    fn from(text: &SecretString) -> Self {
        Self::from(text.expose_secret())
    }
}

impl From<bytes::Bytes> for SecretBytes {
    fn from(bytes: bytes::Bytes) -> Self {
        Self::from(&*bytes)
    }
}
