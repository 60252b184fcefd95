//! Checks who calls: the signature of an access key or of a vault token.

use serde_json::Value;

use super::access::Key;
use super::error::{UNKNOWN_TOKEN, gateway, service};
use super::signature::Signed;
use crate::engine::Engine;
use crate::http::{HttpRequest, HttpResponse};
use crate::settings::Settings;

/// The header prefix of ordinary calls, and of the call that exchanges a vault token.
const ORDINARY: &str = "scp-";
pub(super) const VAULT: &str = "sv";

/// The documented pair works as credentials once it was handed out; for sandboxes without state.
pub(super) fn remember_example(engine: &Engine, body: Option<&Value>) {
    let text = |name: &str| body?.get(name)?.as_str();
    if let (Some(access_key), Some(secret)) = (text("access_key"), text("secret_key")) {
        let (text, secret) = (access_key.to_owned(), secret.to_owned());
        engine.lock().state.scp.access.insert(Key { text, secret, expires: None, vault: None });
    }
}

/// Returns the id of the key or token that signed, or the response that refuses the caller.
pub(super) fn authenticate(engine: &Engine, request: &HttpRequest, vault_call: bool) -> Result<String, HttpResponse> {
    let ordinary = Credentials::read(request, ORDINARY);
    let vault = Credentials::read(request, VAULT).filter(|_| vault_call);
    let account = engine.account(request);
    let refused = |why: &str| service(&engine.ids, 401, "HmacValidFail", &format!("HmacValidFail: {why}"));
    let unknown_token = || service(&engine.ids, 400, "InvalidInputValue", UNKNOWN_TOKEN);
    let by_key = |ordinary: &Credentials<'_>| {
        let now = engine.settings.clock.utc();
        let secret = engine.with_account(account, |state, _| state.scp.access.secret(ordinary.access_key, now));
        ordinary.verify(&engine.settings, request, secret.as_deref()).map_err(refused)
    };
    if let Some(vault) = vault {
        // The page shows an ordinary signature beside that of the token: one that is there must be good.
        ordinary.as_ref().map_or(Ok(()), by_key)?;
        let known =
            engine.with_account(account, |state, _| state.scp.access.vault_tokens.get(vault.access_key).cloned());
        let secret = known.ok_or_else(unknown_token)?;
        vault.verify(&engine.settings, request, Some(&secret)).map_err(refused)?;
        return Ok(vault.access_key.to_owned());
    }
    let Some(ordinary) = ordinary else {
        // Without credentials the gateway refuses every path.
        return Err(gateway(&engine.ids, &engine.settings.clock, request.path(), 404, "Not Found"));
    };
    by_key(&ordinary)?;
    if vault_call { Err(unknown_token()) } else { Ok(ordinary.access_key.to_owned()) }
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
    /// Nothing when none of the headers is there; a missing one of them is an empty string.
    fn read(request: &'a HttpRequest, prefix: &str) -> Option<Self> {
        let header = |name: &str| {
            let name = format!("{prefix}{name}");
            // Of two values neither counts.
            let once = request.headers.get_all(&name).iter().nth(1).is_none();
            request.header(&name).map(|value| if once { value } else { "" })
        };
        let four = [header("accesskey"), header("signature"), header("timestamp"), header("clienttype")];
        if four.iter().all(Option::is_none) {
            return None;
        }
        let [access_key, signature, timestamp, client_type] = four.map(Option::unwrap_or_default);
        let account = header("accountid").unwrap_or_default();
        Some(Self { access_key, signature, timestamp, client_type, account })
    }

    fn verify(&self, settings: &Settings, request: &HttpRequest, secret: Option<&str>) -> Result<(), &'static str> {
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
            method: &request.method,
            url: &request.url(),
            timestamp: self.timestamp,
            access_key: self.access_key,
            account: self.account,
            client_type: self.client_type,
        };
        let same = signed.with(secret) == self.signature;
        same.then_some(()).ok_or("the signature does not match the request as it arrived")
    }
}
