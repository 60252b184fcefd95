//! Server Security Check: inspections of servers and their details.

use serde::{Deserialize, Serialize};

use crate::registry::Handlers;

/// What the service remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {}

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[];
