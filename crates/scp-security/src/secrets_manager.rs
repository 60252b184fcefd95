//! Secrets Manager: secrets in versions, with labels and lists of allowed addresses.
//!
//! The value of a secret is a JSON object of names and strings, up to 10 pairs:
//!
//! ```no_run
//! use scp_security::SecretJson;
//! use scp_security::secrets_manager::types::ShowSecretValueRequest;
//!
//! # async fn run(secret_id: &str) -> scp_security::Result<()> {
//! let secrets = scp_security::Scp::from_env()?.secrets_manager();
//! let current = ShowSecretValueRequest::default().with_label("CURRENT");
//! let shown = secrets.show_secret_value(secret_id, &current).await?;
//! let password = shown.secret_value()?.get("password");
//! # Ok(())
//! # }
//! ```

use cloud_core::Result;

use crate::by_name;

mod source;

pub use crate::generated::secrets_manager::*;
pub use source::Source;

impl<V: client::Version> client::Client<V> {
    /// Returns the secret with exactly this name.
    ///
    /// Lists the secrets and compares whole names, because the vendor does not document whether its filter compares a
    /// part of the name. Names need not be unique, and a secret that is scheduled for deletion counts.
    ///
    /// # Errors
    /// [`ErrorKind::Lookup`](crate::ErrorKind::Lookup) if no secret has the name (`is_not_found()` is then true) or
    /// more than one has it.
    pub async fn secret_by_name(&self, name: &str) -> Result<types::Secret> {
        let secrets = self.list_secrets().name(name).items();
        by_name::only("secret", secrets, |secret| secret.name.as_deref() == Some(name)).await
    }
}

impl types::SetAclCidrRequest {
    /// Creates the body that removes the limit of networks.
    ///
    /// The vendor does not document the effect: afterwards either every network can read the value, or none can. Assume
    /// that the value is open to every network. [`new`](Self::new) sets the networks.
    #[must_use]
    pub fn without_limit() -> Self {
        Self { acl_cidr: None }
    }
}

impl types::SetDescriptionRequest {
    /// Creates the body that removes the description.
    #[must_use]
    pub fn without_description() -> Self {
        Self { description: None }
    }
}
