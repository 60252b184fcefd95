//! What a response must hold although the service omits empty fields.

use cloud_core::{Error, ErrorKind, Result};

/// Returns the value, or an error that names the field.
pub(crate) fn present<'a, T>(value: Option<&'a T>, name: &str) -> Result<&'a T> {
    value.ok_or_else(|| Error::new(ErrorKind::Decode, format!("the response has no `{name}`")))
}
