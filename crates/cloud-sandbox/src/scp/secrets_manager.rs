//! Secrets Manager: secrets with versions and labels.

use super::state::Handlers;

mod common;
mod manage;
mod password;
mod read;
mod seed;
pub(crate) mod store;
mod value;
mod versions;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("create_secret", manage::create),
    ("delete_secret", manage::delete),
    ("restore_secret", manage::restore),
    ("set_acl_cidr", manage::set_acl_cidr),
    ("set_description", manage::set_description),
    ("set_kms_key", manage::set_kms_key),
    ("set_private_acl", manage::set_private_acl),
    ("update_secret_value", manage::update_value),
    ("set_version_label", manage::set_label),
    ("list_secrets", read::list),
    ("show_secret", read::show),
    ("list_secret_versions", read::versions),
    ("show_secret_value", read::value),
    ("generate_random_password", password::generate),
];
