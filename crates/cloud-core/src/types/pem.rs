//! PEM text that is not secret: certificates and public keys.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Certificates or public keys in PEM format, as text.
///
/// The text is kept as it is. A request is checked before it is sent: each block must be of the kind that the field
/// holds. `Debug` shows the labels of the blocks alone, since a private key may stand in the text by mistake.
///
/// ```
/// use cloud_core::Pem;
///
/// let pem = Pem::from("-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n");
/// assert_eq!(format!("{pem:?}"), r#"Pem(["PRIVATE KEY"])"#);
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pem(String);

impl Pem {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match labels(&self.0) {
            Ok(labels) => f.debug_tuple("Pem").field(&labels).finish(),
            Err(_) => f.write_str("Pem([redacted: not PEM])"),
        }
    }
}

impl From<&str> for Pem {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Pem {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<String> for Pem {
    fn from(text: String) -> Self {
        Self(text)
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Returns the labels of the blocks in their order; text between blocks is a comment.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(crate) fn labels(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut labels = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            if line.starts_with(END) {
                return Err("must not end a PEM block that did not begin");
            }
            continue;
        };
        let mut body = secrecy::zeroize::Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or("must end each PEM block that begins")?;
            if let Some(end) = line.strip_prefix(END).and_then(|rest| rest.strip_suffix(DASHES)) {
                if end != label {
                    return Err("must end each PEM block under the label that it begins with");
                }
                break;
            }
            // Headers of encrypted keys, such as `DEK-Info: …`.
            if !line.contains(':') {
                body.push_str(line);
            }
        }
        let bytes = STANDARD.decode(body.as_bytes()).map(secrecy::zeroize::Zeroizing::new);
        if bytes.map_or(true, |bytes| bytes.is_empty()) {
            return Err("must hold Base64 in each PEM block");
        }
        labels.push(label);
    }
    if labels.is_empty() { Err("must be PEM: `-----BEGIN …-----`, Base64, `-----END …-----`") } else { Ok(labels) }
}
