//! What key stores hold: their keys, and the addresses and certificates that may call.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::credential::{Address, Certificate, Credential, named, order as credential};
use super::error::{Name, refuse};
use super::key_store::{History, Key, KeyStore, Kind, is_gone, order};
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::state::State;
use crate::state::table::Table;

pub(super) fn key_stores(state: &mut State, _: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let numbers: Vec<_> = state.skm.key_stores.keys().copied().collect();
    Ok(json!({ "keyStoreIdList": numbers }))
}

pub(super) fn key_store(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let number = call.argument("keyStoreId").parse::<i64>().ok();
    Ok(store_details(number, state.skm.authorized_store(call)?))
}

pub(super) fn key_store_details(state: &mut State, _: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let details = |(number, store): (&i64, &KeyStore)| store_details(Some(*number), store);
    Ok(json!({ "keyStoreList": state.skm.key_stores.iter().map(details).collect::<Vec<_>>() }))
}

fn store_details(number: Option<i64>, store: &KeyStore) -> Value {
    let shown = json!({
        "keyStoreId": number,
        "name": store.name,
        "description": store.description,
        "ip4AuthUse": store.ip4_auth_use,
        "macAuthUse": store.mac_auth_use,
        "certificateAuthUse": store.certificate_auth_use,
    });
    with_history(shown, &store.history)
}

pub(super) fn keys(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    // Seed data can give one ID to keys of several kinds; a list names it once.
    let mut seen = HashSet::new();
    let ids = store.keys.all(order::AGE).map(|key| &*key.key_id).filter(|id| seen.insert(*id));
    Ok(json!({ "keyIdList": ids.collect::<Vec<_>>() }))
}

pub(super) fn key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let store = state.skm.authorized_store(call)?;
    let place = store.key(call.argument("keyId"), |_| true, now);
    let mut key = place.and_then(|place| store.keys.get_mut(place)).ok_or_else(|| refuse(Name::KeyId))?;
    if key.is_active() {
        key.rotate_when_due(call).map_err(refuse)?;
    }
    Ok(shown_key(&key))
}

/// One page of the keys that pass the filters.
pub(super) fn key_details(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let number = |name, default| call.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (page, size): (usize, usize) = (number("pageNumber", 1), number("pageSize", 10));
    let filter = Filter::read(call);
    let store = state.skm.authorized_store(call)?;
    for place in store.due(now) {
        if let Some(mut key) = store.keys.get_mut(place).filter(|key| key.is_active() && filter.passes(key)) {
            key.rotate_when_due(call).map_err(refuse)?;
        }
    }
    let start = page.saturating_sub(1).saturating_mul(size);
    let details: Vec<_> = filter.page(&store.keys, start, size).into_iter().map(shown_key).collect();
    Ok(json!({ "keyList": details }))
}

/// What a list of keys is filtered by. Unknown kinds and states fit no key.
struct Filter {
    kind: Option<Option<Kind>>,
    name: Option<String>,
    active: Option<Option<bool>>,
}

impl Filter {
    fn read(call: &Call<'_>) -> Self {
        let kinds = [Kind::Secret, Kind::Symmetric, Kind::Asymmetric];
        Self {
            kind: call.query("type").map(|text| kinds.into_iter().find(|kind| kind.label() == text)),
            name: call.query("name").map(str::to_owned),
            active: call.query("status").map(|text| match text {
                "active" => Some(true),
                "inactive" => Some(false),
                _ => None,
            }),
        }
    }

    fn passes(&self, key: &Key) -> bool {
        self.kind.is_none_or(|kind| kind == Some(key.material.kind()))
            && self.name.as_ref().is_none_or(|name| *name == key.name)
            && self.active.is_none_or(|active| active == Some(key.is_active()))
    }

    /// The keys of a page, oldest first.
    fn page<'a>(&self, keys: &'a Table<Key>, skip: usize, take: usize) -> Vec<&'a Key> {
        if let Some(name) = &self.name {
            let named = keys.span(order::NAME, |key| key.name.cmp(name));
            let fitting = keys.rows(order::NAME, named).filter(|key| self.passes(key));
            return fitting.skip(skip).take(take).collect();
        }
        let (order, part) = match (self.kind, self.active) {
            (Some(None), _) | (_, Some(None)) => return Vec::new(),
            (None, None) => (order::AGE, 0..keys.len()),
            (Some(Some(kind)), None) => (order::KIND, keys.span(order::KIND, |key| key.material.kind().cmp(&kind))),
            (None, Some(Some(active))) => (order::STATUS, keys.span(order::STATUS, |key| key.is_active().cmp(&active))),
            (Some(Some(kind)), Some(Some(active))) => {
                let both = |key: &Key| (key.material.kind(), key.is_active()).cmp(&(kind, active));
                (order::KIND_AND_STATUS, keys.span(order::KIND_AND_STATUS, both))
            }
        };
        let from = part.start.saturating_add(skip).min(part.end);
        keys.rows(order, from..from.saturating_add(take).min(part.end)).collect()
    }
}

fn shown_key(key: &Key) -> Value {
    let shown = json!({
        "keyId": key.key_id,
        "name": key.name,
        "description": key.description,
        "keyType": key.material.kind().label(),
        "currentKeyValueVersion": key.current(),
        "autoRotationPeriod": key.auto_rotation_period,
        "nextAutoRotationDate": key.next_auto_rotation_date,
        "lastAccessDatetime": key.last_access_datetime,
        "deletionDatetime": key.deletion_datetime,
    });
    with_history(shown, &key.history)
}

pub(super) fn ipv4_addresses(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    Ok(json!({ "ipv4List": values(&store.ipv4_list, call) }))
}

pub(super) fn ipv4_address(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    Ok(json!({ "ipv4List": particulars(&store.ipv4_list, call) }))
}

pub(super) fn mac_addresses(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    Ok(json!({ "macList": values(&store.mac_list, call) }))
}

pub(super) fn mac_address(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    Ok(json!({ "macList": particulars(&store.mac_list, call) }))
}

pub(super) fn certificates(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    let kept = |entry: &&Certificate| !is_gone(entry.deletion_datetime.as_deref(), call.now);
    let names: Vec<_> = store.certificate_list.all(credential::AGE).filter(kept).map(|entry| &entry.name).collect();
    Ok(json!({ "certificateList": names }))
}

pub(super) fn certificate(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    let show = |entry: &Certificate| {
        let shown = json!({
            "name": entry.name,
            "password": entry.password,
            "description": entry.description,
            "expirationDate": entry.expiration_date,
            "lastAccessDatetime": entry.last_access_datetime,
            "deletionDatetime": entry.deletion_datetime,
        });
        with_history(shown, &entry.history)
    };
    let found: Vec<_> = asked(&store.certificate_list, call).into_iter().map(show).collect();
    Ok(json!({ "certificateList": found }))
}

fn values<'a>(entries: &'a Table<Address>, call: &Call<'_>) -> Vec<&'a str> {
    let kept = |entry: &&Address| !is_gone(entry.deletion_datetime.as_deref(), call.now);
    entries.all(credential::AGE).filter(kept).map(|entry| &*entry.value).collect()
}

/// The entry that the query names as a list of one; an empty list when there is none.
fn particulars(entries: &Table<Address>, call: &Call<'_>) -> Vec<Value> {
    let show = |entry: &Address| {
        let shown = json!({
            "value": entry.value,
            "description": entry.description,
            "lastAccessDatetime": entry.last_access_datetime,
            "deletionDatetime": entry.deletion_datetime,
        });
        with_history(shown, &entry.history)
    };
    asked(entries, call).into_iter().map(show).collect()
}

/// The entries that the query names.
fn asked<'a, T: Credential>(entries: &'a Table<T>, call: &Call<'_>) -> Vec<&'a T> {
    let Some(name) = call.query("value") else { return Vec::new() };
    let kept = |entry: &&T| entry.name() == name && !is_gone(entry.deletion(), call.now);
    named(entries, name).map(|(_, entry)| entry).filter(kept).collect()
}

/// Adds who made and changed an entry, and when.
fn with_history(mut shown: Value, history: &History) -> Value {
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("creationUser".to_owned(), Value::from(&*history.creation_user));
        fields.insert("creationDatetime".to_owned(), Value::from(&*history.creation_datetime));
        fields.insert("lastChangeUser".to_owned(), Value::from(&*history.last_change_user));
        fields.insert("lastChangeDatetime".to_owned(), Value::from(&*history.last_change_datetime));
    }
    shown
}
