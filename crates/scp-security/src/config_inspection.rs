//! Config Inspection: diagnoses of an account's configuration and their results.

pub use crate::generated::config_inspection::*;
