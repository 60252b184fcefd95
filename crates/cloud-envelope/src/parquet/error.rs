//! Why a key of a Parquet file was not wrapped or unwrapped.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, ErrorKind};

/// How much of a master key identifier is shown. A file can name any.
const SHOWN: usize = 80;

/// An error of [`ParquetKms`](super::ParquetKms), as `parquet-key-management` passes it on in `Error::External`.
///
/// `Display` is one line with the cause, since engines print no more than that. It contains no key.
pub struct ParquetKeyError {
    error: Error,
    key_id: String,
}

impl ParquetKeyError {
    pub(super) fn new(error: Error, key_id: &str) -> Self {
        Self { error, key_id: key_id.chars().take(SHOWN).collect() }
    }

    pub(super) fn service(error: cloud_core::Error, key_id: &str) -> Self {
        Self::new(Error::service(error), key_id)
    }

    /// Returns what went wrong: [`ErrorKind::NoKey`] or [`ErrorKind::KeyService`].
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Returns the error of the service that holds the key, for the kind [`ErrorKind::KeyService`].
    #[must_use]
    pub fn service_error(&self) -> Option<&cloud_core::Error> {
        self.error.service_error()
    }
}

impl fmt::Display for ParquetKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped: a file must not write lines of its own into a log.
        write!(f, "master key {:?}: {}", self.key_id, self.error)?;
        match self.service_error() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ParquetKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetKeyError").field("key_id", &self.key_id).field("error", &self.error).finish()
    }
}

impl StdError for ParquetKeyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}
