//! The state of NHN Cloud: the tokens, and one store for each service.

use serde::{Deserialize, Serialize};

use super::error::ErrorResponse;
use super::secure_key_manager::store as secure_key_manager;
use super::security_advisor::store as security_advisor;
use super::server_security_check::store as server_security_check;
use super::tokens;

/// The state of the token server and the services; the default of each store is its seed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) tokens: tokens::Store,
    pub(crate) advisor: security_advisor::Store,
    pub(crate) check: server_security_check::Store,
    pub(crate) skm: secure_key_manager::Store,
}

/// The handlers of one service by operation name.
pub(crate) type Handlers = crate::call::Handlers<State, ErrorResponse>;
