//! Sequences of calls against a stateful sandbox, one file for each service.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod certificates;
mod common;
mod findings;
mod findings_guide;
mod inspection;
mod kms;
mod nhn;
mod refusals;
mod risken;
mod secrets;
mod skm;
mod skm_management;
mod vault;
