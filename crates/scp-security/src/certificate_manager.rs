//! Certificate Manager: X.509 certificates, own and self-signed, with their states and expiry.

pub use crate::generated::certificate_manager::*;
