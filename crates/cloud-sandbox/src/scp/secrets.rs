//! Secrets Manager: secrets with versions and labels.

use serde::{Deserialize, Serialize};

use crate::registry::Handlers;

/// What the service remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {}

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[];
