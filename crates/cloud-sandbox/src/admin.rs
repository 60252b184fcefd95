//! How people and tests watch and control a running sandbox: the page, the call log, the masking of secrets.

pub(crate) mod api;
pub(crate) mod log;
pub(crate) mod redact;

pub use log::LoggedCall;
