//! Secrets Manager: secrets in versions, with labels and lists of allowed addresses.

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
