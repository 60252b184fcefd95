//! Values that must not be shown: passwords, tokens, plaintexts and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
use secrecy::zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

mod bytes;
mod data_key;
mod source;
mod string;
mod zeroizing_buf;

pub use self::bytes::SecretBytes;
pub use self::data_key::{DataKey, DataKeySource, WrappedKey};
pub use self::source::{SecretRef, SecretSource};
pub use self::string::SecretString;
pub(crate) use self::zeroizing_buf::ZeroizingBuf;

/// Concatenates the parts into a secret. `format!` may reallocate and leave copies in freed memory.
#[must_use]
pub fn join(parts: &[&str]) -> SecretString {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    text.extend(parts.iter().copied());
    std::mem::take(&mut *text).into()
}

/// Creates a header value for a token or password: marked sensitive, and zeroized when its last copy is dropped.
///
/// # Errors
/// If the string contains characters that are not valid in a header.
pub fn header(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(ZeroizingBuf::from(text.as_bytes()).freeze())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Encodes bytes as a secret Base64 string, the format of plaintexts in requests.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> SecretString {
    STANDARD.encode(bytes).into()
}

/// Decodes a Base64 string.
///
/// # Errors
/// [`ErrorKind::Decode`] if the string is not Base64.
pub fn from_base64(text: &SecretString) -> Result<SecretBytes> {
    let bytes = STANDARD.decode(text.expose_secret());
    bytes.map(SecretBytes::from).map_err(|_| Error::new(ErrorKind::Decode, "the value is not base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_value_is_complete_and_redacted() {
        let bearer = join(&["Bearer ", "canary"]);
        let value = header(bearer.expose_secret()).unwrap();
        assert_eq!(value, "Bearer canary");
        assert!(value.is_sensitive() && value.clone().is_sensitive());
        assert!(!format!("{bearer:?} {value:?}").contains("canary"));
        assert!(header("two\nlines").is_err());
    }
}
