//! Reading secrets, their versions and their values.

use serde_json::{Value, json};

use super::common::{key_name, shown};
use super::store::{Secret, order};
use super::versions::Version;
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Field, Listing, Sort};
use crate::scp::state::State;
use crate::scp::timestamps::plain;
use crate::scp::{account, networks};

const SORTS: &[Sort<'_, Secret>] = &[
    Sort::Kept("created_at", order::CREATED),
    Sort::Kept("modified_at", order::MODIFIED),
    Sort::Kept("deleted_at", order::DELETED),
    Sort::Kept("recent_searched_at", order::SEARCHED),
    Sort::Kept("name", order::NAME),
    Sort::Kept("state", order::STATE),
    Sort::Kept("kms_name", order::KMS_NAME),
    Sort::Kept("id", order::ID),
];

fn version_fields<'a>() -> [Field<&'a Version>; 2] {
    [
        // Responses show whole seconds.
        ("created_at", |one, other| one.created_at.unix_timestamp().cmp(&other.created_at.unix_timestamp())),
        ("version_id", |one, other| one.id.cmp(&other.id)),
    ]
}

/// One page of the secrets whose name holds the text and whose state is one of those asked for.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secrets = &mut state.secrets;
    secrets.forget_deleted(call.now);
    let states: Vec<_> = call.query_all("state").collect();
    let name = call.query("name").unwrap_or_default();
    let wanted =
        |secret: &Secret| secret.name.contains(name) && (states.is_empty() || states.contains(&secret.state()));
    let listing = Listing {
        table: &secrets.secrets,
        sorts: SORTS,
        range: &|_| 0..secrets.secrets.len(),
        candidates: None,
        filter: if name.is_empty() && states.is_empty() { None } else { Some(&wanted) },
    };
    paging::listed(call, "secret", Some(20), &listing, |secret| secret.shown(account::region(call.settings)))
}

/// The secret without its value.
pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    shown(state, call)
}

/// The versions without their values; version 1.0 has no pages and shows all.
pub(super) fn versions(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secret = state.secrets.find(call)?;
    let row = |version: &&Version| {
        json!({
            "version_id": version.id,
            "label": version.labels,
            "created_at": plain(version.created_at),
            "created_by": version.created_by,
        })
    };
    let rows = secret.versions.all().iter().collect();
    paging::page(call, "version_list", &version_fields(), 100, rows, row)
}

/// The value of the version under a label or id, for callers in the secret's networks.
pub(super) fn value(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let secret = state.secrets.find_active(call)?;
    networks::check_caller(secret.acl_cidr.as_deref(), "secret", call.caller())?;
    let kms_id = secret.kms_id.clone();
    drop(secret);
    key_name(state, call, &kms_id)?;
    let mut secret = state.secrets.find_active(call)?;
    let version = secret.versions.find(call.text("label"), call.text("version_id"))?;
    let secret_value = version.secret_value.clone();
    secret.recent_searched_at = Some(call.now);
    Ok(json!({ "secret_value": secret_value }))
}
