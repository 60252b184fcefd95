//! The keys that the service holds.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::key::{Condition, Key};
use super::material::Purpose;
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::state::table::{self, Change, Compare, Keyed, Place, Row, Table};

/// The keys by id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Store {
    #[serde(with = "table::map")]
    pub(super) keys: Table<Key>,
    /// How many keys were ever made.
    pub(super) made: u64,
}

/// The places of the orders in [`Key::ORDERS`]. Lists have the platform's keys apart from the others.
pub(super) mod order {
    pub(crate) const ID: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const END: usize = 2;
    pub(crate) const ROTATION: usize = 3;
    pub(crate) const AUTO_ROTATE: usize = 4;
    pub(crate) const CREATED: usize = 5;
    pub(crate) const VERSION: usize = 6;
    pub(crate) const ID_OF_LIST: usize = 7;
    pub(crate) const KEY_TYPE: usize = 8;
    pub(crate) const MODIFIED: usize = 9;
    pub(crate) const NAME_OF_LIST: usize = 10;
    pub(crate) const PURPOSE: usize = 11;
    pub(crate) const CYCLE: usize = 12;
    pub(crate) const STATE: usize = 13;
    pub(crate) const USES: usize = 14;
}

impl Row for Key {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| one.name.cmp(&other.name),
        |one, other| one.delete_at.cmp(&other.delete_at),
        |one, other| one.rotates_on().cmp(&other.rotates_on()),
        |one, other| (one.managed, one.auto_rotate).cmp(&(other.managed, other.auto_rotate)),
        |one, other| (one.managed, second(one.created_at)).cmp(&(other.managed, second(other.created_at))),
        |one, other| (one.managed, one.current()).cmp(&(other.managed, other.current())),
        |one, other| (one.managed, &one.id).cmp(&(other.managed, &other.id)),
        |one, other| (one.managed, &one.key_type).cmp(&(other.managed, &other.key_type)),
        |one, other| (one.managed, second(one.modified_at)).cmp(&(other.managed, second(other.modified_at))),
        |one, other| (one.managed, &one.name).cmp(&(other.managed, &other.name)),
        |one, other| (one.managed, one.purpose.name()).cmp(&(other.managed, other.purpose.name())),
        |one, other| (one.managed, one.rotate_cycle).cmp(&(other.managed, other.rotate_cycle)),
        |one, other| (one.managed, one.condition.name()).cmp(&(other.managed, other.condition.name())),
        |one, other| (one.managed, one.use_count).cmp(&(other.managed, other.use_count)),
    ];

    fn age(&self, other: &Self) -> Ordering {
        self.sequence.cmp(&other.sequence)
    }
}

impl Keyed for Key {
    fn key(&self) -> &str {
        &self.id
    }

    fn set_key(&mut self, key: String) {
        self.id = key;
    }
}

/// Responses show whole seconds.
fn second(at: OffsetDateTime) -> i64 {
    at.unix_timestamp()
}

impl Store {
    /// The name of a key that can protect another service's data now, or why it cannot.
    pub(crate) fn protector(&self, id: &str, now: OffsetDateTime) -> Result<&str, &'static str> {
        let own = |key: &&Key| !key.managed && !key.is_over(now);
        let key = self.get(id).filter(own).ok_or("does not exist")?;
        match (key.condition, key.purpose) {
            (Condition::Active, Purpose::Aes | Purpose::Aria | Purpose::Rsa) => Ok(&key.name),
            (Condition::Active, _) => Err("cannot encrypt"),
            _ => Err("is not active"),
        }
    }

    /// The public half of a version of a key, in PEM.
    pub(crate) fn public_key(&self, id: &str, version: usize) -> Option<String> {
        let key = self.get(id)?;
        key.version(version)?.public_key(key.purpose)
    }

    pub(super) fn insert(&mut self, mut key: Key) {
        key.sequence = self.made;
        self.made += 1;
        self.keys.insert(key);
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.keys.find(order::NAME, |key| (*key.name).cmp(name)).is_some()
    }

    fn place(&self, id: &str) -> Option<Place> {
        self.keys.find(order::ID, |key| (*key.id).cmp(id))
    }

    fn get(&self, id: &str) -> Option<&Key> {
        self.keys.get(self.place(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<Change<'_, Key>> {
        self.keys.get_mut(self.place(id)?)
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(place) = self.place(id) {
            self.keys.remove(place);
        }
    }

    /// Brings the keys up to the present: deletions that are due happen, automatic versions appear.
    ///
    /// However many intervals have passed, one version is added: no caller can have used those in between.
    pub(super) fn settled(&mut self, call: &mut Call<'_>) -> Result<&mut Self, ErrorResponse> {
        let now = call.now;
        let ended = self.keys.span(order::END, |key| table::due(key.delete_at, &now));
        self.keys.remove_range(order::END, ended);
        let due = self.keys.span(order::ROTATION, |key| table::due(key.rotates_on(), &now.date()));
        let due = self.keys.places(order::ROTATION, due);
        let mut due: Vec<_> = due.filter_map(|place| Some((self.keys.get(place)?.id.clone(), place))).collect();
        due.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, place) in due {
            if let Some(mut key) = self.keys.get_mut(place) {
                key.rotate(now, call.rng, call.keys)?;
            }
        }
        Ok(self)
    }
}
