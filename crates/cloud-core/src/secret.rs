//! Values that must not be shown: passwords, tokens, plaintexts and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
use secrecy::SecretSlice;
use secrecy::zeroize::Zeroizing;
pub use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};

mod zeroizing_buf;

pub(crate) use zeroizing_buf::ZeroizingBuf;

/// Bytes that are hidden from `Debug` and wiped from memory when dropped.
pub type SecretBytes = SecretSlice<u8>;

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
    fn header_values_are_whole_and_do_not_show() {
        let bearer = join(&["Bearer ", "canary"]);
        let value = header(bearer.expose_secret()).unwrap();
        assert_eq!(value, "Bearer canary");
        assert!(value.is_sensitive() && value.clone().is_sensitive());
        assert!(!format!("{bearer:?} {value:?}").contains("canary"));
        assert!(header("two\nlines").is_err());
    }
}
