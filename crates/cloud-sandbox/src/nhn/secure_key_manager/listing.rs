//! What key stores hold: their keys, and the addresses and certificates that may call.

use serde_json::{Value, json};

use super::error::{Name, refuse};
use super::key_store::{Address, Certificate, History, Key, KeyStore, is_gone};
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::state::State;

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
    let now = call.now;
    let store = state.skm.authorized_store(call)?;
    let mut ids: Vec<&str> = Vec::new();
    for key in store.living(now) {
        // Seed data can give one ID to keys of several kinds; a list names it once.
        if !ids.contains(&&*key.key_id) {
            ids.push(&key.key_id);
        }
    }
    Ok(json!({ "keyIdList": ids }))
}

pub(super) fn key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let store = state.skm.authorized_store(call)?;
    let id = call.argument("keyId");
    let key = store.keys.iter_mut().find(|key| key.key_id == id && !is_gone(key.deletion_datetime.as_deref(), now));
    let key = key.ok_or_else(|| refuse(Name::KeyId))?;
    if key.deletion_datetime.is_none() {
        key.rotate_when_due(call).map_err(refuse)?;
    }
    Ok(shown_key(key))
}

/// One page of the keys that pass the filters. A key that waits for its deletion is inactive.
pub(super) fn key_details(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let number = |name, default| call.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (page, size): (usize, usize) = (number("pageNumber", 1), number("pageSize", 10));
    let text = |name| call.query(name).map(str::to_owned);
    let (kind, name, status) = (text("type"), text("name"), text("status"));
    let store = state.skm.authorized_store(call)?;
    let mut details = Vec::new();
    for key in store.keys.iter_mut().filter(|key| !is_gone(key.deletion_datetime.as_deref(), now)) {
        let state = if key.deletion_datetime.is_none() { "active" } else { "inactive" };
        let fits = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|wanted| wanted == own);
        if fits(&kind, key.material.kind().label()) && fits(&name, &key.name) && fits(&status, state) {
            if state == "active" {
                key.rotate_when_due(call).map_err(refuse)?;
            }
            details.push(shown_key(key));
        }
    }
    let start = page.saturating_sub(1).saturating_mul(size);
    Ok(json!({ "keyList": details.into_iter().skip(start).take(size).collect::<Vec<_>>() }))
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
    let names: Vec<_> = store.certificate_list.iter().filter(kept).map(|entry| &entry.name).collect();
    Ok(json!({ "certificateList": names }))
}

pub(super) fn certificate(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = state.skm.authorized_store(call)?;
    let name = call.query("value");
    let kept =
        |entry: &&Certificate| Some(&*entry.name) == name && !is_gone(entry.deletion_datetime.as_deref(), call.now);
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
    let found: Vec<_> = store.certificate_list.iter().filter(kept).map(show).collect();
    Ok(json!({ "certificateList": found }))
}

fn values<'a>(entries: &'a [Address], call: &Call<'_>) -> Vec<&'a str> {
    let kept = |entry: &&Address| !is_gone(entry.deletion_datetime.as_deref(), call.now);
    entries.iter().filter(kept).map(|entry| &*entry.value).collect()
}

/// The entry that the query names as a list of one; an empty list when there is none.
fn particulars(entries: &[Address], call: &Call<'_>) -> Vec<Value> {
    let value = call.query("value");
    let kept =
        |entry: &&Address| Some(&*entry.value) == value && !is_gone(entry.deletion_datetime.as_deref(), call.now);
    let show = |entry: &Address| {
        let shown = json!({
            "value": entry.value,
            "description": entry.description,
            "lastAccessDatetime": entry.last_access_datetime,
            "deletionDatetime": entry.deletion_datetime,
        });
        with_history(shown, &entry.history)
    };
    entries.iter().filter(kept).map(show).collect()
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
