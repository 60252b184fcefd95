//! Temporary keys: what a vault's token is exchanged for.

use serde_json::{Value, json};
use time::Duration;

use super::super::access::Key;
use super::super::networks;
use super::super::stamp::spaced;
use crate::call::{Call, Principal};
use crate::refusal::Refusal;
use crate::state::State;

/// How many temporary keys of one vault may be alive.
const MOST_ALIVE: usize = 5;

/// Hands out a pair that signs ordinary calls until it ends.
pub(super) fn issue(state: &mut State, call: &mut Call<'_>) -> Result<Value, Refusal> {
    let super::super::State { access, vault: store, .. } = &mut state.scp;
    store.forget_deleted(access, call.now);
    let Principal::VaultToken(token) = &call.principal else {
        return Err(unknown_token());
    };
    // A wrong vault, a foreign token and one that has ended look alike from outside.
    let vault = store.vaults.get(call.argument("secret_vault_id"));
    let vault = vault.filter(|vault| vault.vault_token_id == *token && call.now < vault.vault_token_expired_at);
    let vault = vault.ok_or_else(unknown_token)?;
    if vault.delete_at.is_some() {
        return Err(Refusal::scp_input(format!("secret vault {} is {}", vault.id, vault.state())));
    }
    if !networks::admit(&vault.acl_cidr, call.caller()) {
        let reason = format!("the address {} is not in the vault's acl_cidr", call.caller());
        return Err(Refusal::scp(400, "source-cidr-error", reason));
    }
    access.keys.retain(|_, key| key.expires.is_none_or(|end| call.now < end));
    let alive = access.keys.values().filter(|key| key.vault.as_ref() == Some(&vault.id)).count();
    if alive >= MOST_ALIVE {
        let reason = format!("secret vault {} has {MOST_ALIVE} temporary keys: wait until one ends", vault.id);
        return Err(Refusal::scp_input(reason));
    }
    let end = call.now.saturating_add(Duration::hours(vault.temporary_key_ttl_nhours));
    let (access_key, secret) = (call.rng.id(), call.rng.uuid());
    let key = Key { secret: secret.clone(), expires: Some(end), vault: Some(vault.id.clone()) };
    access.keys.insert(access_key.clone(), key);
    Ok(json!({"access_key": access_key, "expired_at": spaced(Some(end)), "secret_key": secret}))
}

/// What the service says to every token that it does not take.
pub(in crate::scp) fn unknown_token() -> Refusal {
    Refusal::scp_input("Svaccesskey is not existed.")
}
