//! Secret Vault: tokens that are exchanged for temporary keys.

use super::state::Handlers;

mod keys;
mod manage;
pub(crate) mod store;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("create_secret_vault", manage::create),
    ("delete_secret_vault", manage::terminate),
    ("list_secret_vaults", manage::list),
    ("show_secret_vault", manage::show),
    ("show_temporary_key", keys::issue),
];
