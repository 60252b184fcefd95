//! The command: its options, its tokens and its signals.
#![allow(clippy::print_stderr, reason = "the command reports on its standard streams")]

pub(crate) mod arguments;
#[cfg(unix)]
pub(crate) mod kubernetes;
mod log;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod signals;
pub(crate) mod token;
