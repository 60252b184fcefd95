//! What reading and changing secrets share: the usual response, and the check of the KMS key.

use serde_json::{Value, json};

use super::store::Secret;
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;

/// The response of most operations: the secret as it is now.
pub(super) fn shown(state: &mut State, call: &Call<'_>) -> Result<Value, ErrorResponse> {
    let secret = state.secrets.find(call)?;
    Ok(present(&secret, call))
}

/// The same for a secret that is at hand.
pub(super) fn present(secret: &Secret, call: &Call<'_>) -> Value {
    json!({ "secret": secret.shown(account::region(call.settings)) })
}

/// The name of a key that can protect a secret now.
pub(super) fn key_name(state: &State, call: &Call<'_>, id: &str) -> Result<String, ErrorResponse> {
    let name = state.kms.protector(id, call.now).map(str::to_owned);
    name.map_err(|why| ErrorResponse::invalid_input(format!("the KMS key {id} {why}")))
}
