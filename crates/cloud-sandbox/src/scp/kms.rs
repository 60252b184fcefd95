//! Key Management Service: keys that never leave, and what is done with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::owner;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::registry::Handlers;
use crate::state::State;

mod data;
mod key;
mod keys;
mod list;
mod material;
mod seed;

use key::{Condition, Key};
use material::{Fault, Purpose};

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("list_keys", keys::list),
    ("create_key", keys::create),
    ("show_key", keys::show),
    ("delete_key", keys::delete),
    ("set_description", keys::set_description),
    ("set_key_state", keys::set_state),
    ("set_rotation", keys::set_rotation),
    ("rotate_key", keys::rotate),
    ("list_key_users", keys::list_users),
    ("check_duplicate_name", keys::check_duplicate),
    ("list_managed_keys", keys::list_managed),
    ("show_managed_key", keys::show_managed),
    ("set_managed_key_description", keys::set_managed_description),
    ("encrypt", data::encrypt),
    ("decrypt", data::decrypt),
    ("rewrap", data::rewrap),
    ("create_data_key", data::create_data_key),
    ("sign", data::sign),
    ("verify", data::verify),
    ("create_hmac", data::create_hmac),
    ("verify_hmac", data::verify_hmac),
];

/// The keys by id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Store {
    keys: BTreeMap<String, Key>,
    /// How many keys were ever made.
    made: u64,
}

impl Default for Store {
    fn default() -> Self {
        seed::store()
    }
}

impl Store {
    /// The name of a key that can protect another service's data now, or why it cannot.
    pub(crate) fn protector(&self, id: &str, now: OffsetDateTime) -> Result<&str, &'static str> {
        let own = |key: &&Key| !key.managed && !key.is_over(now);
        let key = self.keys.get(id).filter(own).ok_or("does not exist")?;
        match (key.condition, key.purpose) {
            (Condition::Active, Purpose::Aes | Purpose::Aria) => Ok(&key.name),
            (Condition::Active, _) => Err("is not a key for symmetric encryption"),
            _ => Err("is not active"),
        }
    }

    /// The public half of a version of a key, in PEM.
    pub(crate) fn public_key(&self, id: &str, version: usize) -> Option<String> {
        let key = self.keys.get(id)?;
        key.version(version)?.public_key(key.purpose)
    }

    fn insert(&mut self, mut key: Key) {
        key.sequence = self.made;
        self.made += 1;
        self.keys.insert(key.id.clone(), key);
    }

    fn has_name(&self, name: &str) -> bool {
        self.keys.values().any(|key| key.name == name)
    }

    /// Brings the keys up to the present: deletions that are due happen, automatic versions appear.
    ///
    /// However many intervals have passed, one version is added: nobody can have used those in between.
    fn settle(&mut self, call: &mut Call<'_>) -> Result<(), Refusal> {
        let now = call.now;
        self.keys.retain(|_, key| !key.is_over(now));
        for key in self.keys.values_mut().filter(|key| key.is_due(now)) {
            key.rotate(now, call.rng, call.keys)?;
        }
        Ok(())
    }
}

/// The store of the moment.
fn store<'a>(state: &'a mut State, call: &mut Call<'_>) -> Result<&'a mut Store, Refusal> {
    let store = &mut state.scp.kms;
    store.settle(call)?;
    Ok(store)
}

/// The region in which the sandbox is.
fn region(call: &Call<'_>) -> &'static str {
    owner::region(call.settings)
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => Self::scp_input("the data is longer than a key of this purpose takes"),
            Fault::NotOurs => Self::scp_input("the ciphertext was not made with this key, or was changed since"),
            Fault::Broken => Self::scp_broken("the stored key cannot be used"),
            Fault::NeedsKey => Self::NeedsKey,
        }
    }
}
