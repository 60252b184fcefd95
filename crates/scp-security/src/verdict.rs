//! Verdicts of the services: a call that succeeds and whose answer is no.

use cloud_core::{Error, ErrorKind, Result};

/// Turns a no into an error.
pub(crate) fn require(verdict: bool, problem: &str) -> Result<()> {
    if verdict { Ok(()) } else { Err(Error::new(ErrorKind::Service, problem)) }
}
