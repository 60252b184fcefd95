//! Secret text.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer};

/// A string that is hidden from `Debug`, has no `Display` and no `Serialize`, and is wiped from memory when dropped.
///
/// ```
/// use cloud_core::SecretString;
///
/// let password = SecretString::from("correct horse");
/// assert_eq!(format!("{password:?}"), "SecretString([redacted])");
/// assert_eq!(password.expose_secret(), "correct horse");
/// ```
#[derive(Clone, Default)]
pub struct SecretString(secrecy::SecretString);

impl SecretString {
    /// Returns the text. Each use of a secret is visible in the code by this name.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString([redacted])")
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        // Shrinking a buffer with spare capacity would leave a copy in freed memory.
        if text.len() == text.capacity() {
            return Self(text.into());
        }
        Self::from(Zeroizing::new(text).as_str())
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for SecretString {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for SecretString {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
