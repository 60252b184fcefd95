//! Requests made by hand over a raw socket, and the responses to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod certificate_manager;
mod command;
mod config_inspection;
mod every_operation;
mod faults_and_admin;
mod fixed_clock;
mod kms;
mod nhn;
mod nhn_security_checks;
mod no_secrets;
mod raw;
mod risken;
mod risken_order;
mod risken_state;
mod scp;
mod scp_bounds;
mod secret_vault;
mod secrets_manager;
mod secure_key_manager;
mod secure_key_manager_callers;
mod server;
mod shapes;
