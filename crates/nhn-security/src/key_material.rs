//! Key material: a secret string that holds hexadecimal bytes or Base64.

use std::fmt;

use cloud_core::secret::{from_base64, join};
use cloud_core::{Error, ErrorKind, Result, SecretBytes, SecretString};
use serde::{Deserialize, Deserializer};

/// Key material as the service sends it: a list of hexadecimal bytes (`"0x30, 0x82, …"`) or Base64.
///
/// The string is kept as received, so decoding a response does not fail on it; [`to_bytes`](Self::to_bytes) converts
/// it to bytes. It does not implement `Serialize`, and `Debug` redacts it.
///
/// ```
/// use nhn_security::KeyMaterial;
///
/// let key = KeyMaterial::from("0x00, 0x20, 0xff");
/// assert_eq!(key.to_bytes()?.expose_secret(), &[0x00, 0x20, 0xff]);
/// assert_eq!(KeyMaterial::from("AAEC").to_bytes()?.expose_secret(), &[0, 1, 2]);
/// # Ok::<(), nhn_security::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyMaterial(SecretString);

impl KeyMaterial {
    /// Returns the string as received.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the bytes of the key.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the string is neither a list of hexadecimal bytes nor Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        let text = self.0.expose_secret().trim();
        // Base64 may begin with these characters as well, but does not continue as a list.
        let list = if text.starts_with("0x") || text.starts_with("0X") { hex_list(text) } else { None };
        list.or_else(|| base64_text(text)).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "key material is neither a list of hexadecimal bytes nor base64")
        })
    }
}

fn hex_list(text: &str) -> Option<SecretBytes> {
    let words = || text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    if !words().all(|word| hex_byte(word).is_some()) {
        return None;
    }
    // A vector of the exact size is neither moved nor copied when it becomes a secret.
    let mut bytes = Vec::with_capacity(words().count());
    bytes.extend(words().filter_map(hex_byte));
    Some(bytes.into())
}

fn hex_byte(word: &str) -> Option<u8> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    let plain = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn base64_text(text: &str) -> Option<SecretBytes> {
    let lines: Vec<&str> = text.split_whitespace().collect();
    if lines.is_empty() { None } else { from_base64(&join(&lines)).ok() }
}

impl From<&str> for KeyMaterial {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for KeyMaterial {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial([redacted])")
    }
}

impl<'de> Deserialize<'de> for KeyMaterial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SecretString::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_material_in_either_form_converts_to_bytes() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("0x00, 0x20, 0x7f", Some(&[0, 0x20, 0x7f])),
            ("0x00 0x20\n0X7F", Some(&[0, 0x20, 0x7f])),
            ("0x30, 0x82,\n", Some(&[0x30, 0x82])),
            ("0x0, 0xf", Some(&[0, 15])),
            ("AAEC", Some(&[0, 1, 2])),
            ("AA\nEC", Some(&[0, 1, 2])),
            ("", None),
            ("0x30, ...", None),
            ("0x300", None),
            ("0x+1", Some(&[0xd3, 0x1f, 0xb5])),
            ("0xJZAAEC", Some(&[0xd3, 0x12, 0x59, 0, 1, 2])),
            ("not base64!", None),
        ];
        for (text, wanted) in cases {
            let bytes = KeyMaterial::from(*text).to_bytes().ok();
            assert_eq!(bytes.as_ref().map(|b| b.expose_secret()), *wanted, "{text:?}");
        }
    }

    #[test]
    fn debug_redacts_key_material() {
        let key = KeyMaterial::from("0xca, 0xfe");
        assert!(!format!("{key:?}").contains("0xca"));
    }
}
