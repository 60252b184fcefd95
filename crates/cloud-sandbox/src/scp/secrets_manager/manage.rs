//! Making, changing and deleting secrets.

use serde_json::Value;
use time::Duration;

use super::common::{key_name, present, shown};
use super::store::Secret;
use super::value;
use super::versions::{Version, Versions};
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::private_acl::PrivateAcl;
use crate::scp::state::State;
use crate::scp::{account, networks};

/// The widest network that a caller may let in.
const SHORTEST_PREFIX: u32 = 25;

/// Makes a secret whose first version is current.
pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (name, kms_id, acl_cidr) = (text("name"), text("kms_id"), text("acl_cidr"));
    networks::check(&acl_cidr, SHORTEST_PREFIX).map_err(ErrorResponse::invalid_input)?;
    let private_acl = PrivateAcl::default().changed_by(call)?;
    let kms_name = key_name(state, call, &kms_id)?;
    let mut versions = Versions::default();
    versions.add(version(call)?);
    let secret = Secret {
        id: call.rng.id(),
        name,
        description: call.text("description").map(str::to_owned),
        kms_id,
        kms_name,
        acl_cidr: Some(acl_cidr),
        private_acl,
        created_at: call.now,
        created_by: account::USER_ID.to_owned(),
        modified_at: call.now,
        modified_by: account::USER_ID.to_owned(),
        recent_searched_at: None,
        deleted_at: None,
        stopped: false,
        versions,
    };
    call.arguments.push(("secret_id".to_owned(), secret.id.clone()));
    state.secrets.secrets.insert(secret);
    shown(state, call)
}

/// Starts the waiting period.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find_kept(call)?;
    let days = call.body["waiting_time_ndays"].as_i64().unwrap_or_default();
    secret.deleted_at = call.now.checked_add(Duration::days(days));
    secret.touch(call.now);
    Ok(Value::Null)
}

/// Ends the waiting time; one that is not waiting stays as it is.
pub(super) fn restore(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find(call)?;
    if secret.deleted_at.take().is_some() {
        secret.touch(call.now);
    }
    Ok(present(&secret, call))
}

/// Changes who may read the value; null admits no caller.
pub(super) fn set_acl_cidr(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find_active(call)?;
    let list = call.text("acl_cidr");
    list.map_or(Ok(()), |list| networks::check(list, SHORTEST_PREFIX)).map_err(ErrorResponse::invalid_input)?;
    secret.acl_cidr = list.map(str::to_owned);
    secret.touch(call.now);
    Ok(present(&secret, call))
}

/// Changes or removes the description.
pub(super) fn set_description(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find_active(call)?;
    secret.description = call.text("description").map(str::to_owned);
    secret.touch(call.now);
    Ok(present(&secret, call))
}

/// Changes the key that protects the value.
pub(super) fn set_kms_key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    state.secrets.find_active(call)?;
    let kms_id = call.text("kms_id").unwrap_or_default();
    let kms_name = key_name(state, call, kms_id)?;
    let mut secret = state.secrets.find_active(call)?;
    kms_id.clone_into(&mut secret.kms_id);
    secret.kms_name = kms_name;
    secret.touch(call.now);
    Ok(present(&secret, call))
}

/// Changes what the body names and leaves the rest.
pub(super) fn set_private_acl(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find_active(call)?;
    secret.private_acl = secret.private_acl.clone().changed_by(call)?;
    secret.touch(call.now);
    Ok(present(&secret, call))
}

/// Adds a version, which is the current one from then on.
pub(super) fn update_value(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let kms_id = state.secrets.find_active(call)?.kms_id.clone();
    key_name(state, call, &kms_id)?;
    let version = version(call)?;
    let mut secret = state.secrets.find_active(call)?;
    secret.versions.add(version);
    secret.touch(call.now);
    Ok(present(&secret, call))
}

/// Adds, moves or removes a label.
pub(super) fn set_label(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let mut secret = state.secrets.find_active(call)?;
    let label = call.text("label").unwrap_or_default();
    let (to, from) = (call.text("move_to_version_id"), call.text("remove_from_version_id"));
    secret.versions.label(label, to, from)?;
    secret.touch(call.now);
    Ok(Value::Null)
}

/// A version with the body's value.
fn version(call: &mut Call<'_>) -> Result<Version, ErrorResponse> {
    let secret_value = call.text("secret_value").unwrap_or_default().to_owned();
    value::check(&secret_value).map_err(ErrorResponse::invalid_input)?;
    Ok(Version {
        id: call.rng.id(),
        secret_value,
        labels: Vec::new(),
        created_at: call.now,
        created_by: account::USER_ID.to_owned(),
    })
}
