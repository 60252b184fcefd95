//! Setting up, running and ending diagnoses.

use serde_json::{Value, json};

use super::checklist::{BEST_PRACTICE, SSI, Version};
use super::dates;
use super::schedule::Schedule;
use super::store::{AuthKey, Diagnosis, current};
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;

/// Keeps a new diagnosis under the id that the caller gives it.
pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let id = text("diagnosis_id");
    if id.is_empty() {
        return Err(ErrorResponse::invalid_input("diagnosis_id must not be empty"));
    }
    let store = &mut state.inspection;
    if store.place(&id).is_some() {
        return Err(ErrorResponse::invalid_input(format!("diagnosis_id {id} is taken by another diagnosis")));
    }
    for part in ["auth_key_request", "schedule_request"] {
        let named = call.body[part]["diagnosis_id"].as_str();
        if named.is_some_and(|named| named != id) {
            return Err(ErrorResponse::invalid_input(format!("{part}.diagnosis_id must be the same as diagnosis_id")));
        }
    }
    let check_type = checked_type(call)?.to_owned();
    let checklist_version = checklist_version(call, &check_type)?;
    let schedule = Schedule::read(&call.body["schedule_request"], &check_type).map_err(ErrorResponse::invalid_input)?;
    let diagnosis = Diagnosis {
        name: text("diagnosis_name"),
        account_id: text("account_id"),
        diagnosis_account_id: text("diagnosis_account_id"),
        csp_type: text("csp_type"),
        check_type,
        checklist_version,
        diagnosis_type: text("diagnosis_type"),
        plan_type: text("plan_type"),
        auth_key: auth_key(&call.body["auth_key_request"])?,
        schedule,
        created_at: call.now,
        created_by: account::USER_ID.to_owned(),
        followed_until: Some(call.now),
        runs: Vec::new(),
        next_look: None,
        id: id.clone(),
    };
    store.insert(diagnosis);
    Ok(json!({ "diagnosis_id": id, "result": true }))
}

/// Starts a run, which comes to its result later.
pub(super) fn request(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    // Since version 1.3 a run uses the checklist of its diagnosis.
    let asked = call.body.get("diagnosis_check_type").map(|_| checked_type(call).map(str::to_owned)).transpose()?;
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (id, access_key, secret_key) = (text("diagnosis_id"), text("access_key"), text("secret_key"));
    for (name, value) in [("access_key", &access_key), ("secret_key", &secret_key), ("tenant_id", &text("tenant_id"))] {
        if value.is_empty() {
            return Err(ErrorResponse::invalid_input(format!("{name} must not be empty")));
        }
    }
    // Keys of other accounts are believed; the sandbox's own must be right to let a run connect.
    let known = state.access.key(&access_key);
    let unreachable = known.is_some_and(|key| key.secret != secret_key);
    let mut diagnosis = current(&mut state.inspection, call).find(&id)?;
    let check_type = asked.unwrap_or_else(|| diagnosis.check_type.clone());
    diagnosis.start(&check_type, call.now, account::USER_ID.to_owned(), unreachable, call.rng);
    Ok(json!({ "result": true }))
}

/// Deletes a diagnosis and its results.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let id = call.argument("diagnosis_id");
    let store = &mut state.inspection;
    store.find(id)?;
    store.remove(id);
    Ok(json!({ "delete_flag": true, "msg": "Delete success" }))
}

fn checked_type<'a>(call: &'a Call<'_>) -> Result<&'a str, ErrorResponse> {
    let check_type = call.text("diagnosis_check_type").unwrap_or_default();
    let known = [BEST_PRACTICE, SSI].contains(&check_type);
    known.then_some(check_type).ok_or_else(|| ErrorResponse::invalid_input("diagnosis_check_type must be BP or SSI"))
}

/// The version that the body names, which must be of the checklist. Older versions of the service name none.
fn checklist_version(call: &Call<'_>, check_type: &str) -> Result<Option<String>, ErrorResponse> {
    let Some(id) = call.text("check_list_version_id") else { return Ok(None) };
    match Version::find(id) {
        Some(version) if version.check_type == check_type => Ok(Some(id.to_owned())),
        Some(_) => Err(ErrorResponse::invalid_input(format!(
            "check_list_version_id {id} is not of the checklist {check_type}"
        ))),
        None => Err(ErrorResponse::invalid_input(format!("check_list_version_id {id} does not exist"))),
    }
}

fn auth_key(body: &Value) -> Result<AuthKey, ErrorResponse> {
    let instant = |name: &str| match body.get(name).and_then(Value::as_str) {
        None => Ok(None),
        Some(text) => dates::instant(text).map(Some).ok_or_else(|| {
            ErrorResponse::invalid_input(format!("auth_key_request.{name} must be written as YYYY-MM-DD HH:MM:SS"))
        }),
    };
    let id = body.get("auth_key_id").and_then(Value::as_str).unwrap_or_default();
    let key = AuthKey {
        id: id.to_owned(),
        created_at: instant("auth_key_created_at")?,
        expired_at: instant("auth_key_expired_at")?,
    };
    if key.created_at.zip(key.expired_at).is_some_and(|(start, end)| end < start) {
        return Err(ErrorResponse::invalid_input(
            "auth_key_request.auth_key_expired_at must not be before auth_key_created_at",
        ));
    }
    Ok(key)
}
