//! Secure Key Manager: key stores, who may use them, and their keys.

use super::state::Handlers;

mod access;
mod authority;
mod crypto;
mod data;
mod error;
pub(crate) mod identity;
mod key_store;
mod listing;
mod seed;
pub(crate) mod store;
mod validate;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("confirm_client", data::confirm),
    ("show_secret", data::show_secret),
    ("encrypt", data::encrypt),
    ("decrypt", data::decrypt),
    ("create_local_key", data::create_local_key),
    ("show_symmetric_key", data::show_symmetric_key),
    ("sign", data::sign),
    ("verify", data::verify),
    ("show_private_key", data::show_private_key),
    ("show_public_key", data::show_public_key),
    ("list_key_stores", listing::key_stores),
    ("list_key_store_details", listing::key_store_details),
    ("show_key_store", listing::key_store),
    ("list_keys", listing::keys),
    ("list_key_details", listing::key_details),
    ("show_key", listing::key),
    ("list_ipv4_addresses", listing::ipv4_addresses),
    ("show_ipv4_address", listing::ipv4_address),
    ("list_mac_addresses", listing::mac_addresses),
    ("show_mac_address", listing::mac_address),
    ("list_certificates", listing::certificates),
    ("show_certificate", listing::certificate),
];
