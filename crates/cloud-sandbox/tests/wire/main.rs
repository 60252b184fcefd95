//! Requests made by hand over a raw socket, and the responses to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod admin;
mod certificate_manager;
mod command;
mod config_inspection;
mod every_operation;
mod faults;
mod fixed_clock;
mod kms;
mod kms_keys;
mod lists;
mod nhn;
mod nhn_security_checks;
mod no_secrets;
mod raw;
mod response_schema;
mod risken;
mod risken_order;
mod risken_state;
mod scp;
mod scp_bounds;
mod scp_signer;
mod scp_versions;
mod secret_vault;
mod secrets_manager;
mod secrets_manager_lifecycle;
mod secure_key_manager;
mod secure_key_manager_callers;
mod server;
mod state_file;
mod thread;
