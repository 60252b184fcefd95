//! What tests and people do to a sandbox from outside: faults, the request log, files, the admin path.

use std::collections::HashSet;

use crate::catalogue::Catalogue;

mod admin;
mod fault;
mod faults;
mod file;
mod identity;
mod log;
mod page;
mod pattern;
mod redact;
mod restore;
mod script;
mod serve;
mod trouble;

pub use fault::{Fault, InvalidPattern};
pub(crate) use faults::Faults;
pub(crate) use log::Log;
pub use log::LoggedCall;
pub(crate) use restore::{held, save};
pub(crate) use serve::respond;

/// The controls of one sandbox.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Names under which the state shows its texts.
    public_names: HashSet<String>,
}

impl Control {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let models = catalogue.operations().map(|operation| &operation.document.schemas);
        Self { faults: Faults::default(), log: Log::default(), public_names: redact::public_names(models) }
    }
}
