//! What key stores hold: their keys, and the addresses and certificates that may call.

use serde_json::{Value, json};

use super::error::{Name, refuse};
use super::key_store::{Address, Certificate, History, is_gone};
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::state::State;

pub(super) fn key_stores(state: &mut State, _: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let numbers: Vec<_> = state.skm.key_stores.keys().copied().collect();
    Ok(json!({ "keyStoreIdList": numbers }))
}

pub(super) fn key_store(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let number = call.argument("keyStoreId").parse::<i64>().ok();
    let store = state.skm.authorized_store(call)?;
    let shown = json!({
        "keyStoreId": number,
        "name": store.name,
        "description": store.description,
        "ip4AuthUse": store.ip4_auth_use,
        "macAuthUse": store.mac_auth_use,
        "certificateAuthUse": store.certificate_auth_use,
    });
    Ok(with_history(shown, &store.history))
}

pub(super) fn keys(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let store = state.skm.authorized_store(call)?;
    let mut ids: Vec<&str> = Vec::new();
    for key in store.living(now) {
        // The seed gives one id to a key of each kind; a list names it once.
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
        key.rotate_when_due(call.rng, now).map_err(refuse)?;
    }
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
    Ok(with_history(shown, &key.history))
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
