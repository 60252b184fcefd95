//! The state of RISKEN.

use serde::{Deserialize, Serialize};

use super::aws::store::Store;
use super::error::ErrorResponse;

/// The state of the service; its default is the seed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) store: Store,
}

/// The handlers of one service by operation name.
pub(crate) type Handlers = crate::call::Handlers<State, ErrorResponse>;
