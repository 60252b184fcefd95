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
        let text = match operation.effect {
            Effect::Mutate if self.read_only => {
                "the handle is read-only, and the operation creates or changes something: use a handle without read_only()"
            }
            Effect::Destroy if self.read_only => {
                "the handle is read-only, and the operation deletes or removes something: use a handle without read_only()"
            }
            _ if self.hiding_secrets && operation.reveals_secrets() => {
                "the handle hides secrets, and the response holds one: use a handle without hiding_secrets()"
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::Restricted, text).with_context(context))
    }
}
