//! Key Management Service: keys that never leave, and what is done with them.

use super::state::Handlers;

mod data;
mod key;
mod keys;
mod list;
mod material;
mod seed;
pub(crate) mod store;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("list_keys", keys::list),
    ("create_key", keys::create),
    ("show_key", keys::show),
    ("delete_key", keys::delete),
    ("set_description", keys::set_description),
    ("set_key_state", keys::set_state),
    ("set_rotation", keys::set_rotation),
    ("rotate_key", keys::rotate),
    ("list_key_users", keys::list_users),
    ("check_duplicate_name", keys::check_duplicate),
    ("list_managed_keys", keys::list_managed),
    ("show_managed_key", keys::show_managed),
    ("set_managed_key_description", keys::set_managed_description),
    ("encrypt", data::encrypt),
    ("decrypt", data::decrypt),
    ("rewrap", data::rewrap),
    ("create_data_key", data::create_data_key),
    ("sign", data::sign),
    ("verify", data::verify),
    ("create_hmac", data::create_hmac),
    ("verify_hmac", data::verify_hmac),
    ("export_public_key", data::export_public_key),
    ("set_acl_cidr", keys::set_acl_cidr),
    ("set_private_acl", keys::set_private_acl),
];
