//! Making, showing and terminating vaults.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::Duration;

use super::store::{Vault, named, order};
use crate::call::Call;
use crate::rng::Rng;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Listing, Sort};
use crate::scp::state::State;
use crate::scp::{account, networks};

/// Makes a vault and shows its token, this once.
pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let State { access, vault: store, .. } = state;
    store.forget_deleted(access, call.now);
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (name, access_key_id, acl_cidr) = (text("name"), text("access_key_id"), text("acl_cidr"));
    networks::check(&acl_cidr, 0).map_err(ErrorResponse::invalid_input)?;
    if !store.access_key_ids.contains(&access_key_id) {
        let reason = format!("access key {access_key_id} is not found: give the key's id, not the key");
        return Err(ErrorResponse::new(400, "SecretVaultAccesskeyNotFoundError", reason));
    }
    if store.uses(&access_key_id) {
        return Err(ErrorResponse::invalid_input("Access key is already in use."));
    }
    let number = |name: &str| call.body[name].as_i64().unwrap_or_default();
    let (hours, days) = (number("temporary_key_ttl_nhours"), number("vault_token_ttl_ndays"));
    let (token_id, token_secret) = (call.rng.uuid(), call.rng.uuid());
    let vault = Vault {
        id: call.rng.id(),
        name,
        description: call.text("description").map(str::to_owned),
        access_key_id,
        acl_cidr,
        temporary_key_ttl_nhours: hours,
        vault_token_ttl_ndays: days,
        vault_token_id: token_id.clone(),
        vault_token_expired_at: call.now.saturating_add(Duration::days(days)),
        masks: [mask(call.rng), mask(call.rng)],
        created_at: call.now,
        created_by: account::USER_ID.to_owned(),
        modified_at: call.now,
        modified_by: account::USER_ID.to_owned(),
        delete_at: None,
    };
    let mut shown = vault.shown(access, call.now);
    shown["vault_token_id"] = token_id.clone().into();
    shown["vault_token_secret_value"] = token_secret.clone().into();
    access.vault_tokens.insert(token_id, token_secret);
    store.vaults.insert(vault);
    Ok(json!({ "secret_vault": shown }))
}

/// Starts the waiting period; the vault's temporary keys end at once.
pub(super) fn terminate(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let State { access, vault: store, .. } = state;
    let mut vault = named(store, access, call)?;
    if vault.delete_at.is_some() {
        return Err(ErrorResponse::invalid_input(format!(
            "secret vault {} is {} already",
            vault.id,
            vault.state(call.now)
        )));
    }
    let days = call.body["waiting_time_ndays"].as_i64().unwrap_or_default();
    vault.delete_at = Some(call.now.saturating_add(Duration::days(days)));
    vault.modified_at = call.now;
    account::USER_ID.clone_into(&mut vault.modified_by);
    access.remove_of_vault(&vault.id);
    Ok(json!({ "secret_vault": vault.shown(access, call.now) }))
}

/// Every vault: the operation documents no page to ask for.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let State { access, vault: store, .. } = state;
    store.forget_deleted(access, call.now);
    let table = &store.vaults;
    let sorts = [Sort::Kept("created_at", order::CREATED)];
    let listing = Listing { table, sorts: &sorts, range: &|_| 0..table.len(), candidates: None, filter: None };
    paging::listed(call, "secret_vaults", None, &listing, |vault| vault.shown(access, call.now))
}

/// One vault, its token masked.
pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let State { access, vault: store, .. } = state;
    let vault = named(store, access, call)?;
    Ok(json!({ "secret_vault": vault.shown(access, call.now) }))
}

/// A text of the form and length of an encrypted one; it means nothing.
fn mask(rng: &mut Rng) -> String {
    format!("[AES] {}", STANDARD.encode(rng.bytes::<64>()))
}
