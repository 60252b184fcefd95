//! The operations on key stores themselves: creating, replacing and deleting them.
//!
//! Only the token is checked; a key store without credentials would admit nobody.

use serde_json::{Value, json};

use super::error::{Name, invalid, refuse};
use super::key_store::{AuthMode, History, KeyStore, YesNo};
use super::store::Store;
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::state::State;

type HandlerResult = Result<Value, ErrorResponse>;

pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let settings = Settings::read(call)?;
    settings.check_name(&state.skm, None)?;
    let number = state.skm.next_key_store();
    let mut store = KeyStore::empty(History::starting(call.now));
    settings.apply(&mut store);
    let shown = json!({
        "keyStoreId": number,
        "name": store.name,
        "description": store.description,
        "ip4AuthUse": store.ip4_auth_use,
        "macAuthUse": store.mac_auth_use,
        "certificateAuthUse": store.certificate_auth_use,
        "authMode": store.auth_mode,
    });
    state.skm.insert_key_store(number, store);
    Ok(shown)
}

/// Replaces all settings. Keys and credentials stay.
pub(super) fn replace(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let settings = Settings::read(call)?;
    let known = number(call).filter(|number| state.skm.key_stores.contains_key(number));
    let number = known.ok_or_else(|| refuse(Name::KeyStoreId))?;
    settings.check_name(&state.skm, Some(number))?;
    let now = call.now;
    state.skm.change_key_store(number, |store| {
        settings.apply(store);
        store.history.change(now);
    });
    Ok(Value::Null)
}

/// Deletes a key store that has no keys any more, not even keys scheduled for deletion.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let number = number(call).ok_or_else(|| refuse(Name::KeyStoreId))?;
    state.skm.purge_keys(number, call.now);
    let store = state.skm.key_stores.get(&number).ok_or_else(|| refuse(Name::KeyStoreId))?;
    if store.keys.len() > 0 {
        return Err(refuse(Name::KeyStoreStatus));
    }
    state.skm.remove_key_store(number);
    Ok(Value::Null)
}

fn number(call: &Call<'_>) -> Option<i64> {
    call.argument("keyStoreId").parse().ok()
}

/// What a request sets.
struct Settings {
    name: String,
    description: String,
    /// By IPv4 address, MAC address and certificate.
    uses: [YesNo; 3],
    mode: AuthMode,
}

impl Settings {
    fn read(call: &Call<'_>) -> Result<Self, ErrorResponse> {
        let flag = |name: &str| match call.text(name) {
            Some("Y") => Ok(YesNo::Y),
            Some("N") => Ok(YesNo::N),
            _ => Err(invalid("ip4AuthUse, macAuthUse and certificateAuthUse must be Y or N")),
        };
        let uses = [flag("ip4AuthUse")?, flag("macAuthUse")?, flag("certificateAuthUse")?];
        if !uses.contains(&YesNo::Y) {
            return Err(invalid("one of ip4AuthUse, macAuthUse and certificateAuthUse must be Y"));
        }
        let text = |name| call.text(name).unwrap_or_default().to_owned();
        let mode = match call.text("authMode") {
            Some("AND") => AuthMode::And,
            Some("OR") => AuthMode::Or,
            _ => return Err(invalid("authMode must be AND or OR")),
        };
        let (name, description) = (text("name"), text("description"));
        if name.trim().is_empty() {
            return Err(invalid("name must not be empty"));
        }
        Ok(Self { name, description, uses, mode })
    }

    /// Requests name a key store by its name, so no two have the same.
    fn check_name(&self, stores: &Store, own: Option<i64>) -> Result<(), ErrorResponse> {
        let taken = stores.numbers_of(&self.name).any(|number| Some(number) != own);
        if taken { Err(refuse(Name::Duplicate)) } else { Ok(()) }
    }

    fn apply(self, store: &mut KeyStore) {
        store.name = self.name;
        store.description = self.description;
        [store.ip4_auth_use, store.mac_auth_use, store.certificate_auth_use] = self.uses;
        store.auth_mode = self.mode;
    }
}
