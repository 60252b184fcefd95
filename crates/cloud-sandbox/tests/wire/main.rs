//! Requests made by hand over a raw socket, and the answers to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod certificates;
mod command;
mod control;
mod every_operation;
mod inspection;
mod kms;
mod nhn;
mod nhn_inspections;
mod no_secrets;
mod raw;
mod risken;
mod risken_order;
mod risken_state;
mod scp;
mod scp_bounds;
mod secrets;
mod server;
mod shapes;
mod skm;
mod skm_callers;
mod still;
mod vault;
