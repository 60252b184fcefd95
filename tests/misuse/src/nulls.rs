//! 2: an unset variable does not lift a limit.
//!
//! ```compile_fail,E0277
//! use scp_security::secrets_manager::types::SecretsManagerSetCidrRequest;
//! let body = SecretsManagerSetCidrRequest::new(std::env::var("ALLOWED_CIDR").ok());
//! ```
//!
//! ```compile_fail,E0277
//! use scp_security::secrets_manager::types::SecretsManagerSetDescriptionRequest;
//! let body = SecretsManagerSetDescriptionRequest::new(None);
//! ```
//!
//! There is no builder, whose setter would take an `Option`:
//!
//! ```compile_fail,E0599
//! use scp_security::secrets_manager::types::SecretsManagerSetCidrRequest;
//! let body = SecretsManagerSetCidrRequest::builder().acl_cidr(None).build();
//! ```
//!
//! What to write:
//!
//! ```
//! use scp_security::Networks;
//! use scp_security::secrets_manager::types::{SecretsManagerSetCidrRequest, SecretsManagerSetDescriptionRequest};
//! let body = SecretsManagerSetCidrRequest::new("192.168.1.0/25".parse::<Networks>()?);
//! let body = SecretsManagerSetCidrRequest::without_limit();
//! let body = SecretsManagerSetDescriptionRequest::new("of the orders");
//! let body = SecretsManagerSetDescriptionRequest::without_description();
//! # Ok::<(), scp_security::Error>(())
//! ```
