//! The state of Samsung Cloud Platform: the keys that sign, and one store for each service.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::certificate_manager::store as certificate_manager;
use super::config_inspection::store as config_inspection;
use super::error::ErrorResponse;
use super::kms::store as kms;
use super::secret_vault::store as secret_vault;
use super::secrets_manager::store as secrets_manager;

/// The state of the platform; the default of each store is the seed of its service.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) access: Access,
    pub(crate) kms: kms::Store,
    pub(crate) secrets: secrets_manager::Store,
    pub(crate) vault: secret_vault::Store,
    pub(crate) certificates: certificate_manager::Store,
    pub(crate) inspection: config_inspection::Store,
}

/// The handlers of one service by operation name.
pub(crate) type Handlers = crate::call::Handlers<State, ErrorResponse>;
