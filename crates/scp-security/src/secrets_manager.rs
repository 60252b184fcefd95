//! Secrets Manager: secrets in versions, with labels and lists of allowed addresses.

pub use crate::generated::secrets_manager::*;
