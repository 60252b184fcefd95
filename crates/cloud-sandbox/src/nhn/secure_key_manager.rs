//! Secure Key Manager: key stores, who may use them, and their keys.

use super::state::Handlers;

mod access;
mod authority;
mod credential;
mod credentials;
mod crypto;
mod data;
mod error;
pub(crate) mod identity;
mod key_store;
mod key_stores;
mod keys;
mod listing;
mod seed;
mod standard;
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
    ("sign_standard", data::sign_standard),
    ("verify_standard", data::verify_standard),
    ("show_private_key", data::show_private_key),
    ("show_public_key", data::show_public_key),
    ("update_secret", keys::update_secret),
    ("create_secret", keys::create_secret),
    ("create_symmetric_key", keys::create_symmetric_key),
    ("create_asymmetric_key", keys::create_asymmetric_key),
    ("schedule_key_deletion", keys::schedule_deletion),
    ("delete_key", keys::delete),
    ("add_ipv4_address", credentials::add_ipv4_address),
    ("add_mac_address", credentials::add_mac_address),
    ("add_certificate", credentials::add_certificate),
    ("schedule_ipv4_address_deletion", credentials::schedule_ipv4_address),
    ("schedule_mac_address_deletion", credentials::schedule_mac_address),
    ("schedule_certificate_deletion", credentials::schedule_certificate),
    ("delete_ipv4_address", credentials::delete_ipv4_address),
    ("delete_mac_address", credentials::delete_mac_address),
    ("delete_certificate", credentials::delete_certificate),
    ("create_key_store", key_stores::create),
    ("replace_key_store", key_stores::replace),
    ("delete_key_store", key_stores::delete),
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
