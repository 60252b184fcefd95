//! Secret Vault: temporary access keys against a vault token.

pub use crate::generated::secret_vault::*;
