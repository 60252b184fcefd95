//! Message authentication codes.

use std::fmt;
use std::hint::black_box;

use serde::{Deserialize, Serialize};

/// A message authentication code, as the service writes it.
///
/// It has no `==`: a new version of the key changes the code of the same message, so two codes that differ say
/// nothing. [`verify_eq`](Self::verify_eq) compares in constant time where both codes are of one key version.
///
/// ```
/// use cloud_core::Hmac;
///
/// let code = Hmac::from("vault:v1:AAEC");
/// assert!(code.verify_eq(&Hmac::from("vault:v1:AAEC")));
/// assert!(!code.verify_eq(&Hmac::from("vault:v2:AAEC")));
/// ```
///
/// ```compile_fail,E0369
/// # use cloud_core::Hmac;
/// let _ = Hmac::from("vault:v1:AAEC") == Hmac::from("vault:v1:AAEC");
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hmac(String);

impl Hmac {
    /// Returns the code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares two codes in a time that does not depend on where they differ.
    #[must_use]
    pub fn verify_eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = one.iter().zip(other).fold(0, |seen, (a, b)| black_box(seen | (a ^ b)));
        one.len() == other.len() && black_box(differences) == 0
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hmac([redacted])")
    }
}

impl From<&str> for Hmac {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Hmac {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<String> for Hmac {
    fn from(text: String) -> Self {
        Self(text)
    }
}
