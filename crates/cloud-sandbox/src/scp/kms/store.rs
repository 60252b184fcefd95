//! The keys that the service holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::key::{Condition, Key};
use super::material::Purpose;
use crate::call::Call;
use crate::scp::error::ErrorResponse;

/// The keys by id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Store {
    pub(super) keys: BTreeMap<String, Key>,
    /// How many keys were ever made.
    pub(super) made: u64,
}

impl Store {
    /// The name of a key that can protect another service's data now, or why it cannot.
    pub(crate) fn protector(&self, id: &str, now: OffsetDateTime) -> Result<&str, &'static str> {
        let own = |key: &&Key| !key.managed && !key.is_over(now);
        let key = self.keys.get(id).filter(own).ok_or("does not exist")?;
        match (key.condition, key.purpose) {
            (Condition::Active, Purpose::Aes | Purpose::Aria | Purpose::Rsa) => Ok(&key.name),
            (Condition::Active, _) => Err("cannot encrypt"),
            _ => Err("is not active"),
        }
    }

    /// The public half of a version of a key, in PEM.
    pub(crate) fn public_key(&self, id: &str, version: usize) -> Option<String> {
        let key = self.keys.get(id)?;
        key.version(version)?.public_key(key.purpose)
    }

    pub(super) fn insert(&mut self, mut key: Key) {
        key.sequence = self.made;
        self.made += 1;
        self.keys.insert(key.id.clone(), key);
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.keys.values().any(|key| key.name == name)
    }

    /// Brings the keys up to the present: deletions that are due happen, automatic versions appear.
    ///
    /// However many intervals have passed, one version is added: no caller can have used those in between.
    pub(super) fn settled(&mut self, call: &mut Call<'_>) -> Result<&mut Self, ErrorResponse> {
        let now = call.now;
        self.keys.retain(|_, key| !key.is_over(now));
        for key in self.keys.values_mut().filter(|key| key.is_due(now)) {
            key.rotate(now, call.rng, call.keys)?;
        }
        Ok(self)
    }
}
