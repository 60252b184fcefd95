//! Values that must not be shown: passwords, tokens, plaintexts and key material.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
use secrecy::SecretSlice;
use secrecy::zeroize::Zeroizing;
pub use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind, Result};

mod zeroizing_buf;

pub(crate) use zeroizing_buf::ZeroizingBuf;

/// Bytes that are hidden from `Debug` and wiped from memory when dropped.
pub type SecretBytes = SecretSlice<u8>;

/// Key material as the service sends it: a list of hexadecimal bytes (`"0x30, 0x82, …"`) or Base64.
///
/// The text is kept as it came, so decoding an answer never fails on it; [`to_bytes`](Self::to_bytes)
/// turns it into bytes. There is no `Serialize`, and `Debug` shows nothing of it.
///
/// ```
/// use cloud_core::{ExposeSecret, KeyMaterial};
///
/// let key = KeyMaterial::from("0x00, 0x20, 0xff");
/// assert_eq!(key.to_bytes()?.expose_secret(), &[0x00, 0x20, 0xff]);
/// assert_eq!(KeyMaterial::from("AAEC").to_bytes()?.expose_secret(), &[0, 1, 2]);
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyMaterial(SecretString);

impl KeyMaterial {
    /// The bytes of the key.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the text is neither a list of hexadecimal bytes nor Base64.
    pub fn to_bytes(&self) -> Result<SecretBytes> {
        let text = self.0.expose_secret().trim();
        // One key in some thousands begins like that in Base64 as well, and does not go on as a list does.
        let list = if text.starts_with("0x") || text.starts_with("0X") { hex_list(text) } else { None };
        list.or_else(|| base64_text(text)).map(keep).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "key material is neither a list of hexadecimal bytes nor base64")
        })
    }
}

fn hex_list(text: &str) -> Option<Vec<u8>> {
    // No byte takes less than three characters and a comma; growing would leave copies behind.
    let mut bytes = Vec::with_capacity(text.len() / 4 + 1);
    for word in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
        if digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    Some(bytes)
}

fn base64_text(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return None;
    }
    if text.contains(char::is_whitespace) {
        let mut joined = Zeroizing::new(String::with_capacity(text.len()));
        joined.extend(text.split_whitespace());
        return STANDARD.decode(joined.as_bytes()).ok();
    }
    STANDARD.decode(text).ok()
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

impl ExposeSecret<str> for KeyMaterial {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
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

/// The bytes as a secret. A buffer with room to spare would be moved to shrink it, and leave what it held behind.
fn keep(bytes: Vec<u8>) -> SecretBytes {
    if bytes.len() == bytes.capacity() {
        return bytes.into();
    }
    let bytes = Zeroizing::new(bytes);
    bytes.to_vec().into()
}

/// The parts one after the other as a secret. `format!` grows its text, and leaves behind what it held.
#[must_use]
pub fn join(parts: &[&str]) -> SecretString {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    text.extend(parts.iter().copied());
    std::mem::take(&mut *text).into()
}

/// A header value that holds a token or a password: marked sensitive, and wiped from memory when its last copy is dropped.
///
/// # Errors
/// When the text holds characters that cannot stand in a header.
pub fn header(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(ZeroizingBuf::from(text.as_bytes()).freeze())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Bytes as Base64 text in a secret, as the services want plaintexts.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> SecretString {
    STANDARD.encode(bytes).into()
}

/// The bytes of a Base64 text.
///
/// # Errors
/// [`ErrorKind::Decode`] if the text is not Base64.
pub fn from_base64(text: &SecretString) -> Result<SecretBytes> {
    let bytes = STANDARD.decode(text.expose_secret());
    bytes.map(keep).map_err(|_| Error::new(ErrorKind::Decode, "the value is not base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_material_is_read_leniently_and_refused_clearly() {
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
    fn header_values_are_whole_and_do_not_show() {
        let bearer = join(&["Bearer ", "canary"]);
        let value = header(bearer.expose_secret()).unwrap();
        assert_eq!(value, "Bearer canary");
        assert!(value.is_sensitive() && value.clone().is_sensitive());
        assert!(!format!("{bearer:?} {value:?}").contains("canary"));
        assert!(header("two\nlines").is_err());
    }

    #[test]
    fn key_material_is_not_shown() {
        let key = KeyMaterial::from("0xca, 0xfe");
        assert!(!format!("{key:?}").contains("0xca"));
    }
}
