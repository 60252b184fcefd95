//! Temporary keys: what a vault's token is exchanged for.

use serde_json::{Value, json};
use time::Duration;

use crate::call::Call;
use crate::scp::access::Key;
use crate::scp::error::{ErrorResponse, UNKNOWN_TOKEN};
use crate::scp::networks;
use crate::scp::state::State;
use crate::scp::timestamps::spaced;

/// How many temporary keys of one vault may be alive.
const MOST_ALIVE: usize = 5;

/// Issues a key pair that signs ordinary calls until it ends.
pub(super) fn issue(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let State { access, vault: store, .. } = state;
    store.forget_deleted(access, call.now);
    // A wrong vault, a foreign token and one that has ended look alike from outside.
    let vault = store.find(call.argument("secret_vault_id")).ok();
    let vault = vault.filter(|vault| vault.vault_token_id == call.credential && !vault.has_expired(call.now));
    let vault = vault.ok_or_else(unknown_token)?;
    if vault.delete_at.is_some() {
        return Err(ErrorResponse::invalid_input(format!("secret vault {} is {}", vault.id, vault.state(call.now))));
    }
    if !networks::admit(&vault.acl_cidr, call.caller()) {
        let reason = format!("the address {} is not in the vault's acl_cidr", call.caller());
        return Err(ErrorResponse::new(400, "source-cidr-error", reason));
    }
    access.remove_ended(call.now);
    let alive = access.of_vault(&vault.id).count();
    if alive >= MOST_ALIVE {
        let reason = format!("secret vault {} has {MOST_ALIVE} temporary keys: wait until one ends", vault.id);
        return Err(ErrorResponse::invalid_input(reason));
    }
    let end = call.now.saturating_add(Duration::hours(vault.temporary_key_ttl_nhours));
    let (access_key, secret) = (call.rng.id(), call.rng.uuid());
    let vault = Some(vault.id.clone());
    access.insert(Key { text: access_key.clone(), secret: secret.clone(), expires: Some(end), vault });
    Ok(json!({"access_key": access_key, "expired_at": spaced(Some(end)), "secret_key": secret}))
}

fn unknown_token() -> ErrorResponse {
    ErrorResponse::invalid_input(UNKNOWN_TOKEN)
}
