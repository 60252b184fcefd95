//! The access keys and vault tokens that are accepted now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::settings::scp;

/// Every key that signs requests.
#[derive(Serialize, Deserialize)]
pub(crate) struct Access {
    /// Access keys by their text.
    pub(crate) keys: BTreeMap<String, Key>,
    /// The secrets of Secret Vault tokens by token id.
    pub(crate) vault_tokens: BTreeMap<String, String>,
}

/// The secret of an access key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) secret: String,
    /// When the key ends; temporary keys only.
    pub(crate) expires: Option<OffsetDateTime>,
    /// The Secret Vault that handed it out; temporary keys only.
    pub(crate) vault: Option<String>,
}

impl Default for Access {
    fn default() -> Self {
        let first = Key { secret: scp::SECRET_KEY.to_owned(), expires: None, vault: None };
        let token = (scp::VAULT_TOKEN_ID.to_owned(), scp::VAULT_TOKEN_SECRET.to_owned());
        Self { keys: BTreeMap::from([(scp::ACCESS_KEY.to_owned(), first)]), vault_tokens: BTreeMap::from([token]) }
    }
}

impl Access {
    /// The secret of a key that has not ended.
    pub(super) fn secret(&self, access_key: &str, now: OffsetDateTime) -> Option<String> {
        let key = self.keys.get(access_key)?;
        key.expires.is_none_or(|end| now < end).then(|| key.secret.clone())
    }
}
