//! Who may call: the access keys and vault tokens that are accepted now, and the check of a signature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::error::{gateway, service};
use super::signature::Signed;
use crate::call::Principal;
use crate::settings::{Settings, scp};
use crate::wire::{Received, Reply};
use crate::world::World;

/// The header prefix of ordinary calls, and of the call that exchanges a vault token.
const ORDINARY: &str = "scp-";
pub(super) const VAULT: &str = "sv";

/// Every key that signs requests.
#[derive(Serialize, Deserialize)]
pub(crate) struct Access {
    /// Access keys by their text.
    pub(crate) keys: BTreeMap<String, Key>,
    /// The secrets of Secret Vault tokens by token id.
    pub(crate) vault_tokens: BTreeMap<String, String>,
}

/// The secret of an access key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) secret: String,
    /// When the key ends; temporary keys only.
    pub(crate) expires: Option<OffsetDateTime>,
    /// The Secret Vault that handed it out; temporary keys only.
    pub(crate) vault: Option<String>,
}

impl Default for Access {
    fn default() -> Self {
        let first = Key { secret: scp::SECRET_KEY.to_owned(), expires: None, vault: None };
        let token = (scp::VAULT_TOKEN_ID.to_owned(), scp::VAULT_TOKEN_SECRET.to_owned());
        Self { keys: BTreeMap::from([(scp::ACCESS_KEY.to_owned(), first)]), vault_tokens: BTreeMap::from([token]) }
    }
}

impl Access {
    /// The secret of a key that has not ended.
    fn secret(&self, access_key: &str, now: OffsetDateTime) -> Option<String> {
        let key = self.keys.get(access_key)?;
        key.expires.is_none_or(|end| now < end).then(|| key.secret.clone())
    }
}

/// The documented pair works as credentials once it was handed out; for sandboxes without state.
pub(super) fn remember_example(world: &World, body: Option<&Value>) {
    let text = |name: &str| body?.get(name)?.as_str();
    if let (Some(access_key), Some(secret)) = (text("access_key"), text("secret_key")) {
        let key = Key { secret: secret.to_owned(), expires: None, vault: None };
        world.lock().state.scp.access.keys.insert(access_key.to_owned(), key);
    }
}

/// Finds out who calls, or how the caller is refused.
pub(super) fn admit(world: &World, received: &Received, vault_call: bool) -> Result<Principal, Reply> {
    let ordinary = Credentials::read(received, ORDINARY);
    let vault = Credentials::read(received, VAULT).filter(|_| vault_call);
    let refused = |why: &str| service(world, 401, "HmacValidFail", &[format!("HmacValidFail: {why}")]);
    let unknown_token = || service(world, 400, "InvalidInputValue", &["Svaccesskey is not existed.".to_owned()]);
    let by_key = |ordinary: &Credentials<'_>| {
        let secret = world.lock().state.scp.access.secret(ordinary.access_key, world.settings.clock.utc());
        ordinary.verify(&world.settings, received, secret.as_deref()).map_err(refused)
    };
    if let Some(vault) = vault {
        // The page shows an ordinary signature beside that of the token: one that is there must be good.
        ordinary.as_ref().map_or(Ok(()), by_key)?;
        let known = world.lock().state.scp.access.vault_tokens.get(vault.access_key).cloned();
        let secret = known.ok_or_else(unknown_token)?;
        vault.verify(&world.settings, received, Some(&secret)).map_err(refused)?;
        return Ok(Principal::VaultToken(vault.access_key.to_owned()));
    }
    let Some(ordinary) = ordinary else {
        // Without credentials the gateway knows no path at all.
        return Err(gateway(world, received, 404, "Not Found"));
    };
    by_key(&ordinary)?;
    if vault_call { Err(unknown_token()) } else { Ok(Principal::Scp(ordinary.access_key.to_owned())) }
}

/// The four headers that carry a signature.
struct Credentials<'a> {
    access_key: &'a str,
    signature: &'a str,
    timestamp: &'a str,
    client_type: &'a str,
    account: &'a str,
}

impl<'a> Credentials<'a> {
    /// Nothing when none of the headers is there; a missing one of them is an empty text.
    fn read(received: &'a Received, prefix: &str) -> Option<Self> {
        let header = |name: &str| {
            let name = format!("{prefix}{name}");
            // Nobody knows which of two is meant.
            let once = received.headers.get_all(&name).iter().nth(1).is_none();
            received.header(&name).map(|value| if once { value } else { "" })
        };
        let four = [header("accesskey"), header("signature"), header("timestamp"), header("clienttype")];
        if four.iter().all(Option::is_none) {
            return None;
        }
        let [access_key, signature, timestamp, client_type] = four.map(Option::unwrap_or_default);
        let account = header("accountid").unwrap_or_default();
        Some(Self { access_key, signature, timestamp, client_type, account })
    }

    fn verify(&self, settings: &Settings, received: &Received, secret: Option<&str>) -> Result<(), &'static str> {
        if self.client_type != "Openapi" {
            return Err("the client type must be Openapi");
        }
        let digits = !self.timestamp.is_empty() && self.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let Some(sent) = self.timestamp.parse::<i128>().ok().filter(|_| digits) else {
            return Err("the timestamp must be decimal milliseconds");
        };
        let apart = (settings.clock.callers_unix_millis() - sent).unsigned_abs();
        if apart > settings.tolerance.as_millis() {
            return Err("the timestamp is too far from the server's clock");
        }
        let secret = secret.ok_or("the access key is unknown")?;
        let signed = Signed {
            method: &received.method,
            url: &received.url(),
            timestamp: self.timestamp,
            access_key: self.access_key,
            account: self.account,
            client_type: self.client_type,
        };
        let same = signed.with(secret) == self.signature;
        same.then_some(()).ok_or("the signature does not match the request as it arrived")
    }
}
