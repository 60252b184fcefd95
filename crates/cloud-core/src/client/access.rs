//! What the handle of a client allows to call.

use crate::error::{Error, ErrorKind, Result};
use crate::operation::{CallContext, Effect};

/// The restrictions of a handle. They can be added, and not taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    read_only: bool,
    hiding_secrets: bool,
}

impl Access {
    pub(super) const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    pub(super) const fn hiding_secrets(self) -> Self {
        Self { hiding_secrets: true, ..self }
    }

    /// Returns an error if the handle refuses this operation.
    pub(super) fn check(self, context: CallContext) -> Result<()> {
        let operation = context.operation;
        let (what, handle) = match operation.effect {
            Effect::Mutate if self.read_only => ("it creates or changes something", "read_only()"),
            Effect::Destroy if self.read_only => ("it deletes or removes something", "read_only()"),
            _ if self.hiding_secrets && operation.reveals_secrets() => {
                ("its response holds a secret", "hiding_secrets()")
            }
            _ => return Ok(()),
        };
        let text = format!("{what}, which a handle from `{handle}` refuses");
        Err(Error::new(ErrorKind::Restricted, text).with_context(context))
    }
}
