//! The operations on keys themselves: creating, changing and deleting them.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::crypto::{self, KEY_LENGTH};
use super::error::{Name, invalid, refuse};
use super::key_store::{History, Key, Kind, Material, Version, deletion_day};
use super::store::caller;
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::korean_time;
use crate::nhn::state::State;

/// The shortest automatic rotation, in days; 0 turns it off.
const SHORTEST_PERIOD: u32 = 30;

type HandlerResult = Result<Value, ErrorResponse>;
type Make = fn(&mut Call<'_>) -> Result<Material, ErrorResponse>;

pub(super) fn create_secret(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    create(state, call, |call| Ok(Material::Secret { secret: call.text("secretValue").unwrap_or_default().to_owned() }))
}

pub(super) fn create_symmetric_key(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    create(state, call, |call| {
        let first = Version::new(&call.rng.bytes::<KEY_LENGTH>());
        Ok(Material::SymmetricKey { versions: vec![first] })
    })
}

pub(super) fn create_asymmetric_key(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    create(state, call, |call| {
        let first = Version::new(&crypto::ready(call.keys).map_err(refuse)?);
        Ok(Material::AsymmetricKey { versions: vec![first] })
    })
}

fn create(state: &mut State, call: &mut Call<'_>, make: Make) -> HandlerResult {
    let name = call.text("name").unwrap_or_default().to_owned();
    if name.trim().is_empty() {
        return Err(invalid("name must not be empty"));
    }
    let period = rotation_period(call)?;
    let (number, store) = state.skm.authorized_store_by_name(call)?;
    if store.has_name(&name) {
        return Err(refuse(Name::Duplicate));
    }
    let material = make(call)?;
    let key = Key {
        key_id: call.rng.id(),
        name,
        description: call.text("description").unwrap_or_default().to_owned(),
        auto_rotation_period: period,
        next_auto_rotation_date: next_rotation(period, call.now),
        last_access_datetime: korean_time::local(call.now),
        deletion_datetime: None,
        history: History::starting(call.now),
        material,
    };
    let shown = json!({ "keyId": key.key_id, "keyStatus": "ACTIVE" });
    state.skm.insert_key(number, key);
    Ok(shown)
}

fn rotation_period(call: &Call<'_>) -> Result<u32, ErrorResponse> {
    let days = call.body.get("autoRotationPeriod").and_then(Value::as_i64).unwrap_or(0);
    let days = u32::try_from(days).ok().filter(|days| *days == 0 || *days >= SHORTEST_PERIOD);
    days.ok_or_else(|| invalid("autoRotationPeriod must be 0 or at least 30"))
}

/// The day of the first automatic rotation.
pub(super) fn next_rotation(period: u32, now: OffsetDateTime) -> Option<String> {
    (period > 0).then(|| korean_time::local(now.saturating_add(Duration::days(i64::from(period)))))
}

pub(super) fn update_secret(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let value = call.text("secretValue").unwrap_or_default().to_owned();
    let now = call.now;
    let mut key = state.skm.take(call, Kind::Secret)?;
    let Material::Secret { secret } = &mut key.material else { return Err(refuse(Name::KeyId)) };
    secret.clone_from(&value);
    key.history.change(now);
    Ok(json!({
        "keyId": key.key_id,
        "name": key.name,
        "description": key.description,
        "secretValue": value,
        "creationUser": key.history.creation_user,
        "creationDatetime": key.history.creation_datetime,
        "lastChangeUser": key.history.last_change_user,
        "lastChangeDatetime": key.history.last_change_datetime,
    }))
}

/// Schedules the deletion; refused if it is already scheduled.
pub(super) fn schedule_deletion(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let (number, place) = state.skm.locate(call, None)?;
    let store = state.skm.admitted(number, &caller(call), call.now)?;
    let mut key = store.keys.get_mut(place).ok_or_else(|| refuse(Name::KeyId))?;
    if key.deletion_datetime.is_some() {
        return Err(refuse(Name::KeyStatus));
    }
    let day = deletion_day(call.now);
    key.deletion_datetime = Some(day.clone());
    key.history.change(call.now);
    Ok(json!({ "keyId": key.key_id, "deletionDateTime": day }))
}

/// Deletes a key at once, which has to wait for its deletion already.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let (number, place) = state.skm.locate(call, None)?;
    let store = state.skm.admitted(number, &caller(call), call.now)?;
    if store.keys.get(place).is_some_and(Key::is_active) {
        return Err(refuse(Name::KeyStatus));
    }
    let key = state.skm.remove_key(number, place).ok_or_else(|| refuse(Name::KeyId))?;
    Ok(json!({ "keyId": key.key_id, "deletionDateTime": korean_time::local(call.now) }))
}
