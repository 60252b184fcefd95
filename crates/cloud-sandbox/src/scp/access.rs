//! The access keys and vault tokens that are accepted now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::settings::scp;
use crate::state::table::{self, Compare, Keyed, Row, Table};

/// The places of the orders in [`Key::ORDERS`].
const TEXT: usize = 0;
const VAULT: usize = 1;
const EXPIRES: usize = 2;

/// Every key that signs requests.
#[derive(Serialize, Deserialize)]
pub(crate) struct Access {
    /// Access keys by their text.
    #[serde(with = "table::map")]
    keys: Table<Key>,
    /// The secrets of Secret Vault tokens by token id.
    pub(crate) vault_tokens: BTreeMap<String, String>,
}

/// The secret of an access key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    /// The access key itself.
    #[serde(skip)]
    pub(crate) text: String,
    pub(crate) secret: String,
    /// When the key ends; temporary keys only.
    pub(crate) expires: Option<OffsetDateTime>,
    /// The Secret Vault that handed it out; temporary keys only.
    pub(crate) vault: Option<String>,
}

impl Row for Key {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.text.cmp(&other.text),
        |one, other| one.vault.cmp(&other.vault),
        |one, other| one.expires.cmp(&other.expires),
    ];
}

impl Keyed for Key {
    fn key(&self) -> &str {
        &self.text
    }

    fn set_key(&mut self, key: String) {
        self.text = key;
    }
}

impl Default for Access {
    fn default() -> Self {
        let first =
            Key { text: scp::ACCESS_KEY.to_owned(), secret: scp::SECRET_KEY.to_owned(), expires: None, vault: None };
        let token = (scp::VAULT_TOKEN_ID.to_owned(), scp::VAULT_TOKEN_SECRET.to_owned());
        Self { keys: Table::from_iter([first]), vault_tokens: BTreeMap::from([token]) }
    }
}

impl Access {
    pub(super) fn key(&self, text: &str) -> Option<&Key> {
        self.keys.get(self.keys.find(TEXT, |key| (*key.text).cmp(text))?)
    }

    /// Adds a key in place of the one with the same text.
    pub(super) fn insert(&mut self, key: Key) {
        if let Some(old) = self.keys.find(TEXT, |old| old.text.cmp(&key.text)) {
            self.keys.remove(old);
        }
        self.keys.insert(key);
    }

    /// The temporary keys of a vault.
    pub(super) fn of_vault(&self, id: &str) -> impl Iterator<Item = &Key> {
        let own = self.keys.span(VAULT, |key| key.vault.as_deref().cmp(&Some(id)));
        self.keys.rows(VAULT, own)
    }

    pub(super) fn remove_of_vault(&mut self, id: &str) {
        let own = self.keys.span(VAULT, |key| key.vault.as_deref().cmp(&Some(id)));
        self.keys.remove_range(VAULT, own);
    }

    /// Removes the keys that have ended.
    pub(super) fn remove_ended(&mut self, now: OffsetDateTime) {
        let ended = self.keys.span(EXPIRES, |key| table::due(key.expires, &now));
        self.keys.remove_range(EXPIRES, ended);
    }

    /// The secret of a key that has not ended.
    pub(super) fn secret(&self, access_key: &str, now: OffsetDateTime) -> Option<String> {
        let key = self.key(access_key)?;
        key.expires.is_none_or(|end| now < end).then(|| key.secret.clone())
    }
}
