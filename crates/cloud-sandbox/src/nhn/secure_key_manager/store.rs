//! The key stores that the service holds: who may use them, and which key a call means.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::access::Caller;
use super::authority::Authority;
use super::crypto;
use super::error::{Name, refuse};
use super::key_store::{Key, KeyStore, Kind, Material, Version, order};
use super::keys::next_rotation;
use super::seed;
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::korean_time;
use crate::rng::Rng;
use crate::rsa_keys::{self, ReadyKeys};
use crate::state::table::{Change, Place};

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Store {
    /// The key stores by number.
    pub(super) key_stores: BTreeMap<i64, KeyStore>,
    /// The highest number that a key store was given, so that no number is given twice.
    pub(super) last_key_store: i64,
    /// Where names and IDs are; made when it is first needed.
    #[serde(skip)]
    lookup: OnceCell<Lookup>,
    /// The issuer of the client certificates; kept so that they are still valid after a restart.
    pub(super) authority: Option<Authority>,
}

/// The numbers of key stores by their names, and by the IDs of keys in them.
#[derive(Default)]
struct Lookup {
    names: BTreeSet<(String, i64)>,
    keys: BTreeSet<(String, i64)>,
}

impl Lookup {
    fn of(stores: &BTreeMap<i64, KeyStore>) -> Self {
        let keys = stores.iter().flat_map(|(number, store)| store.keys.all(order::AGE).map(move |key| (key, number)));
        Self {
            names: stores.iter().map(|(number, store)| (store.name.clone(), *number)).collect(),
            keys: keys.map(|(key, number)| (key.key_id.clone(), *number)).collect(),
        }
    }
}

/// The numbers under a text, lowest first.
fn numbers<'a>(entries: &'a BTreeSet<(String, i64)>, text: &str) -> impl Iterator<Item = i64> + use<'a> {
    let range = (text.to_owned(), i64::MIN)..=(text.to_owned(), i64::MAX);
    entries.range(range).map(|(_, number)| *number)
}

impl Default for Store {
    fn default() -> Self {
        Self { key_stores: seed::key_stores(), last_key_store: 0, lookup: OnceCell::new(), authority: None }
    }
}

impl Store {
    /// Makes what a seed file left out, the bytes of keys and the dates of their rotation, and refuses what it got wrong.
    pub(crate) fn complete(&mut self, rng: &mut Rng, now: OffsetDateTime) -> Result<(), String> {
        for (number, store) in &self.key_stores {
            store.check().map_err(|reason| format!("key store {number} of the key manager: {reason}"))?;
        }
        for key in self.key_stores.values_mut().flat_map(|store| store.keys.fresh_mut()) {
            let empty = key.material.versions().is_empty();
            if empty && key.material.kind() != Kind::Secret {
                let mut keys = ReadyKeys::default();
                if key.material.kind() == Kind::Asymmetric {
                    keys.add(rsa_keys::rsa(rng)?);
                }
                let made = key.renew(rng, &mut keys);
                made.map_err(|_| format!("key {} of the key manager cannot be made", key.key_id))?;
            }
            if key.next_auto_rotation_date.is_none() {
                key.next_auto_rotation_date = next_rotation(key.auto_rotation_period, now);
            }
        }
        Ok(())
    }

    /// The store whose contents are asked for, once it has let the caller in.
    pub(super) fn authorized_store(&mut self, call: &Call<'_>) -> Result<&mut KeyStore, ErrorResponse> {
        let id = call.argument("keyStoreId").parse::<i64>().map_err(|_| refuse(Name::KeyStoreId))?;
        self.admitted(id, &caller(call), call.now)
    }

    /// The store that the body names, once it has let the caller in.
    pub(super) fn authorized_store_by_name(&mut self, call: &Call<'_>) -> Result<(i64, &mut KeyStore), ErrorResponse> {
        let number = self.number_by_name(call)?;
        Ok((number, self.admitted(number, &caller(call), call.now)?))
    }

    /// The store that the body names, without a check of the caller.
    pub(super) fn store_by_name(&mut self, call: &Call<'_>) -> Result<&mut KeyStore, ErrorResponse> {
        let number = self.number_by_name(call)?;
        self.key_stores.get_mut(&number).ok_or_else(|| refuse(Name::NamedKeyStore))
    }

    fn number_by_name(&self, call: &Call<'_>) -> Result<i64, ErrorResponse> {
        let name = call.text("keyStoreName").unwrap_or_default();
        self.numbers_of(name).next().ok_or_else(|| refuse(Name::NamedKeyStore))
    }

    /// The numbers of the key stores with this name.
    pub(super) fn numbers_of(&self, name: &str) -> impl Iterator<Item = i64> {
        numbers(&self.lookup().names, name)
    }

    fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| Lookup::of(&self.key_stores))
    }

    /// The lookup, for a change of what it shows.
    fn lookup_mut(&mut self) -> Option<&mut Lookup> {
        // One that is made later shows the change by itself.
        self.lookup.get_mut()
    }

    pub(super) fn insert_key_store(&mut self, number: i64, store: KeyStore) {
        if let Some(lookup) = self.lookup_mut() {
            lookup.names.insert((store.name.clone(), number));
        }
        self.key_stores.insert(number, store);
    }

    pub(super) fn change_key_store(&mut self, number: i64, change: impl FnOnce(&mut KeyStore)) {
        let Some(store) = self.key_stores.get_mut(&number) else { return };
        let old = store.name.clone();
        change(store);
        let new = store.name.clone();
        if let Some(lookup) = self.lookup_mut() {
            lookup.names.remove(&(old, number));
            lookup.names.insert((new, number));
        }
    }

    pub(super) fn insert_key(&mut self, number: i64, key: Key) {
        if let Some(lookup) = self.lookup_mut() {
            lookup.keys.insert((key.key_id.clone(), number));
        }
        if let Some(store) = self.key_stores.get_mut(&number) {
            store.keys.insert(key);
        }
    }

    pub(super) fn remove_key(&mut self, number: i64, place: Place) -> Option<Key> {
        let key = self.key_stores.get_mut(&number)?.keys.remove(place)?;
        self.forget_keys(number, std::slice::from_ref(&key.key_id));
        Some(key)
    }

    /// Drops the keys of a store whose day has come.
    pub(super) fn purge_keys(&mut self, number: i64, now: OffsetDateTime) {
        let Some(store) = self.key_stores.get_mut(&number) else { return };
        let gone = store.purge_keys(now);
        self.forget_keys(number, &gone);
    }

    fn forget_keys(&mut self, number: i64, ids: &[String]) {
        for id in ids {
            // Seed data can give one ID to several keys.
            let others = self.key_stores.get(&number).is_some_and(|store| store.has_id(id));
            if let Some(lookup) = self.lookup_mut().filter(|_| !others) {
                lookup.keys.remove(&(id.clone(), number));
            }
        }
    }

    /// The store with this number, once it has let the caller in.
    pub(super) fn admitted(
        &mut self,
        number: i64,
        caller: &Caller<'_>,
        now: OffsetDateTime,
    ) -> Result<&mut KeyStore, ErrorResponse> {
        let store = self.key_stores.get_mut(&number).ok_or_else(|| refuse(Name::KeyStoreId))?;
        store.admit(caller, self.authority.as_ref(), now).map_err(refuse)?;
        self.purge_keys(number, now);
        self.key_stores.get_mut(&number).ok_or_else(|| refuse(Name::KeyStoreId))
    }

    /// A number that no key store has or had.
    pub(super) fn next_key_store(&mut self) -> i64 {
        let highest = self.key_stores.keys().next_back().copied().unwrap_or(0).max(self.last_key_store);
        self.last_key_store = highest.saturating_add(1);
        self.last_key_store
    }

    /// Deletes a key store, whose number is not given again.
    pub(super) fn remove_key_store(&mut self, number: i64) {
        if let (Some(store), Some(lookup)) = (self.key_stores.remove(&number), self.lookup.get_mut()) {
            lookup.names.remove(&(store.name, number));
        }
        self.last_key_store = self.last_key_store.max(number);
    }

    /// The key of a data call, in use now: its store has let the caller in, and nothing forbids its use.
    pub(super) fn take(&mut self, call: &mut Call<'_>, kind: Kind) -> Result<Change<'_, Key>, ErrorResponse> {
        let (number, place) = self.locate(call, Some(kind))?;
        let store = self.admitted(number, &caller(call), call.now)?;
        let mut key = store.keys.get_mut(place).ok_or_else(|| refuse(Name::KeyId))?;
        key.make_ready(call)?;
        key.last_access_datetime = korean_time::local(call.now);
        Ok(key)
    }

    /// The key of a call that needs no authorization and does not count as a use of the key.
    pub(super) fn look(&mut self, call: &mut Call<'_>, kind: Kind) -> Result<Change<'_, Key>, ErrorResponse> {
        let (number, place) = self.locate(call, Some(kind))?;
        let store = self.key_stores.get_mut(&number);
        let mut key = store.and_then(|store| store.keys.get_mut(place)).ok_or_else(|| refuse(Name::KeyId))?;
        key.make_ready(call)?;
        Ok(key)
    }

    /// Where the key of a call is; the path of a data call says of which kind it has to be.
    pub(super) fn locate(&self, call: &Call<'_>, kind: Option<Kind>) -> Result<(i64, Place), ErrorResponse> {
        let id = call.argument("keyid");
        let fits = |key: &Key| kind.is_none_or(|kind| key.material.kind() == kind);
        let found = numbers(&self.lookup().keys, id)
            .find_map(|number| Some((number, self.key_stores.get(&number)?.key(id, fits, call.now)?)));
        found.ok_or_else(|| refuse(Name::KeyId))
    }
}

impl Key {
    /// Adds a version, which becomes the current one. One of an RSA key is taken from those that are ready.
    pub(super) fn renew(&mut self, rng: &mut Rng, keys: &mut ReadyKeys) -> Result<(), crypto::Fault> {
        match &mut self.material {
            Material::Secret { .. } => {}
            Material::SymmetricKey { versions } => versions.push(Version::new(&rng.bytes::<{ crypto::KEY_LENGTH }>())),
            Material::AsymmetricKey { versions } => versions.push(Version::new(&crypto::ready(keys)?)),
        }
        Ok(())
    }

    /// Refuses a key that waits for its deletion, and rotates one whose day has come.
    pub(super) fn make_ready(&mut self, call: &mut Call<'_>) -> Result<(), ErrorResponse> {
        if self.deletion_datetime.is_some() {
            return Err(refuse(Name::KeyStatus));
        }
        self.rotate_when_due(call).map_err(refuse)
    }

    /// Renews the key when its day has come; days that were missed together bring one version.
    pub(super) fn rotate_when_due(&mut self, call: &mut Call<'_>) -> Result<(), crypto::Fault> {
        self.rotate(call.rng, call.keys, call.now)
    }

    fn rotate(&mut self, rng: &mut Rng, keys: &mut ReadyKeys, now: OffsetDateTime) -> Result<(), crypto::Fault> {
        let period = Duration::days(i64::from(self.auto_rotation_period));
        let due = self.next_auto_rotation_date.as_deref().and_then(korean_time::read_local);
        let Some(due) = due.filter(|due| *due <= now && period.is_positive()) else { return Ok(()) };
        self.renew(rng, keys)?;
        let missed = (now - due).whole_days() / period.whole_days();
        let next = due.saturating_add(Duration::days(missed.saturating_add(1).saturating_mul(period.whole_days())));
        self.next_auto_rotation_date = Some(korean_time::local(next));
        Ok(())
    }

    /// The bytes of a version; the current one where none is named.
    pub(super) fn bytes(&self, version: Option<i64>) -> Result<(u32, Vec<u8>), ErrorResponse> {
        let wanted = version.map_or(Some(self.current()), |number| u32::try_from(number).ok());
        let found = wanted.and_then(|number| Some((number, usize::try_from(number).ok()?)));
        let found = found.and_then(|(number, index)| Some((number, self.material.versions().get(index)?)));
        let (number, found) = found.ok_or_else(|| refuse(Name::KeyVersion))?;
        if !found.active {
            return Err(refuse(Name::KeyVersionStatus));
        }
        let bytes = found.bytes().ok_or_else(|| refuse(crypto::Fault::Key))?;
        Ok((number, bytes))
    }
}

/// Who calls, as the service sees it.
pub(super) fn caller<'a>(call: &'a Call<'_>) -> Caller<'a> {
    Caller {
        address: call.caller().to_canonical(),
        mac: call.header("x-toast-client-mac-addr"),
        certificate: call.request.peer.certificate.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(number: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_760_000_000 + number * 86_400).unwrap()
    }

    fn store_of(store: &mut Store, key: Key) -> &mut Store {
        store.key_stores.get_mut(&7).unwrap().keys.insert(key);
        store
    }

    fn first(store: &mut Store, number: i64) -> &mut Key {
        store.key_stores.get_mut(&number).unwrap().keys.fresh_mut().next().unwrap()
    }

    #[test]
    fn number_of_a_deleted_key_store_is_not_given_again() {
        let mut store = Store::default();
        let highest = *store.key_stores.keys().next_back().unwrap();
        store.remove_key_store(highest);
        assert_eq!(store.next_key_store(), highest + 1);
    }

    #[test]
    fn seed_key_without_material_is_generated() {
        let mut rng = Rng::new(Some(1)).unwrap();
        let seed = json!({"keyStores": {"7": {
            "name": "certificates only", "certificateAuthUse": "Y",
            "certificateList": [{"name": "app", "password": "p", "expirationDate": "2029-07-21T10:26:47"}],
            "keys": [
                {"keyId": "k1", "name": "one", "keyType": "SYMMETRIC_KEY", "autoRotationPeriod": 30},
                {"keyId": "k2", "name": "two", "keyType": "SECRET", "secret": "text"}
            ]
        }}});
        let mut store: Store = serde_json::from_value(seed).unwrap();
        store.complete(&mut rng, day(0)).unwrap();
        let key = first(&mut store, 7);
        assert_eq!(key.bytes(None).unwrap().1.len(), 32);
        assert_eq!(key.bytes(Some(0)).unwrap().0, 0);
        assert_eq!(key.bytes(Some(1)), Err(refuse(Name::KeyVersion)));
        assert_eq!(key.bytes(Some(-1)), Err(refuse(Name::KeyVersion)));

        let mut patient = key.clone();
        patient.auto_rotation_period = u32::MAX;
        patient.next_auto_rotation_date = None;
        store_of(&mut store, patient).complete(&mut rng, day(0)).unwrap();

        let key = first(&mut store, 7);
        for (now, current) in [(day(29), 0), (day(30), 1), (day(30), 1), (day(125), 2), (day(149), 2), (day(150), 3)] {
            key.rotate(&mut rng, &mut ReadyKeys::default(), now).unwrap();
            assert_eq!(key.current(), current, "{now}");
        }
    }

    #[test]
    fn disabled_version_is_reported() {
        let mut store = Store::default();
        let key = first(&mut store, 1);
        if let Material::SymmetricKey { versions } = &mut key.material {
            versions[1].active = false;
        }
        assert_eq!(key.bytes(Some(1)), Err(refuse(Name::KeyVersionStatus)));
        assert_eq!(key.bytes(None).map(|(version, _)| version), Ok(2));
    }

    #[test]
    fn unknown_seed_fields_are_refused() {
        for seed in [json!({"keystores": {}}), json!({"keyStores": {"1": {"name": "a", "ipAuthUse": "Y"}}})] {
            assert!(serde_json::from_value::<Store>(seed).is_err());
        }
    }
}
