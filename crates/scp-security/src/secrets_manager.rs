//! Secrets Manager: secrets in versions, with labels and lists of allowed addresses.
//!
//! The value of a secret is a JSON object of names and strings, up to 10 pairs:
//!
//! ```no_run
//! use scp_security::SecretJson;
//! use scp_security::secrets_manager::types::SecretsManagerShowSecretValueRequest;
//!
//! # async fn run(secret_id: &str) -> scp_security::Result<()> {
//! let secrets = scp_security::Scp::from_env()?.secrets_manager();
//! let current = SecretsManagerShowSecretValueRequest::default().with_label("CURRENT");
//! let shown = secrets.show_secret_value(secret_id, &current).await?;
//! let password = shown.secret_value()?.get("password");
//! # Ok(())
//! # }
//! ```

pub use crate::generated::secrets_manager::*;

impl types::SecretsManagerSetCidrRequest {
    /// Creates the body that removes the limit of networks.
    ///
    /// The vendor does not document the effect: afterwards either every network can read the value, or none can. Assume
    /// that the value is open to every network. [`new`](Self::new) sets the networks.
    #[must_use]
    pub fn without_limit() -> Self {
        Self { acl_cidr: None }
    }
}

impl types::SecretsManagerSetDescriptionRequest {
    /// Creates the body that removes the description.
    #[must_use]
    pub fn without_description() -> Self {
        Self { description: None }
    }
}
