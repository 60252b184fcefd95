//! Certificate Manager: certificates with their keys and chains.

use super::state::Handlers;

mod body;
mod days;
mod issue;
mod manage;
mod material;
mod read;
mod seed;
pub(crate) mod store;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("check_duplicate_name", read::duplicate),
    ("list_certificates", read::list),
    ("show_certificate", read::show),
    ("validate_certificate", read::validate),
    ("create_certificate", manage::create),
    ("create_self_signed_certificate", manage::self_sign),
    ("delete_certificate", manage::delete),
];
