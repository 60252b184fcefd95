//! Reading secrets, their versions and their values.

use serde_json::{Value, json};

use super::common::{key_name, shown};
use super::store::Secret;
use super::versions::Version;
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;
use crate::scp::timestamps::plain;
use crate::scp::{account, networks, paging};

const SORTABLE: &[&str] =
    &["created_at", "modified_at", "deleted_at", "recent_searched_at", "name", "state", "kms_name", "id"];

/// One page of the secrets whose name holds the text and whose state is one of those asked for.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secrets = &mut state.secrets;
    secrets.forget_deleted(call.now);
    let states: Vec<_> = call.query_all("state").collect();
    let name = call.query("name").unwrap_or_default();
    let wanted =
        |secret: &&Secret| secret.name.contains(name) && (states.is_empty() || states.contains(&secret.state()));
    let mut found: Vec<_> = secrets.secrets.values().filter(wanted).collect();
    found.sort_by_key(|secret| secret.created_at);
    let rows = found.into_iter().map(|secret| secret.shown(account::region(call.settings)));
    paging::page(call, "secret", SORTABLE, 20, rows.collect())
}

/// The secret without its value.
pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    shown(state, call)
}

/// The versions without their values; version 1.0 has no pages and shows all.
pub(super) fn versions(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secret = state.secrets.find(call)?;
    let row = |version: &Version| {
        json!({
            "version_id": version.id,
            "label": version.labels,
            "created_at": plain(version.created_at),
            "created_by": version.created_by,
        })
    };
    let rows = secret.versions.all().iter().map(row).collect();
    paging::page(call, "version_list", &["created_at", "version_id"], 100, rows)
}

/// The value of the version under a label or id, for callers in the secret's networks.
pub(super) fn value(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secret = state.secrets.find_active(call)?;
    networks::check_caller(secret.acl_cidr.as_deref(), "secret", call.caller())?;
    let kms_id = secret.kms_id.clone();
    key_name(state, call, &kms_id)?;
    let secret = state.secrets.find_active(call)?;
    let version = secret.versions.find(call.text("label"), call.text("version_id"))?;
    let secret_value = version.secret_value.clone();
    secret.recent_searched_at = Some(call.now);
    Ok(json!({ "secret_value": secret_value }))
}
