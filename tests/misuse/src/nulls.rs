//! 2: an unset variable does not lift a limit.
//!
//! ```compile_fail,E0277
//! use scp_security::secrets_manager::types::SetAclCidrRequest;
//! let body = SetAclCidrRequest::new(std::env::var("ALLOWED_CIDR").ok());
//! ```
//!
//! ```compile_fail,E0277
//! use scp_security::secrets_manager::types::SetDescriptionRequest;
//! let body = SetDescriptionRequest::new(None);
//! ```
//!
//! ```compile_fail,E0308
//! use scp_security::kms::types::SetRotationRequest;
//! let body = SetRotationRequest::new(true, None);
//! ```
//!
//! There is no builder, whose setter would take an `Option`:
//!
//! ```compile_fail,E0599
//! use scp_security::secrets_manager::types::SetAclCidrRequest;
//! let body = SetAclCidrRequest::builder().acl_cidr(None).build();
//! ```
//!
//! What to write:
//!
//! ```
//! use scp_security::Networks;
//! use scp_security::secrets_manager::types::{SetAclCidrRequest, SetDescriptionRequest};
//! let body = SetAclCidrRequest::new("192.168.1.0/25".parse::<Networks>()?);
//! let body = SetAclCidrRequest::without_limit();
//! let body = SetDescriptionRequest::new("of the orders");
//! let body = SetDescriptionRequest::without_description();
//! let body = scp_security::kms::types::SetRotationRequest::new(true, scp_security::Days(90));
//! let body = scp_security::kms::types::SetRotationRequest::with_default_cycle(true);
//! # Ok::<(), scp_security::Error>(())
//! ```
