//! IDs of responses, which omit what is zero.

use cloud_core::{Error, ErrorKind, Result};

/// An ID of a response, which is at least 1.
pub(crate) fn present(id: Option<i64>, name: &str) -> Result<i64> {
    let missing = || Error::new(ErrorKind::Decode, format!("the response has no `{name}`"));
    id.filter(|id| *id > 0).ok_or_else(missing)
}
