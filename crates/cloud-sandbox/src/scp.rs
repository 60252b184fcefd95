//! Samsung Cloud Platform: gateway, versions and the services behind it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::catalogue::{Hit, Match, Vendor};
use crate::check::{self, BadBody};
use crate::settings::{Settings, scp};
use crate::wire::{Received, Reply};
use crate::world::World;

mod error;
mod signature;

use error::{Problem, gateway, service};
use signature::Signed;

/// The header prefix of ordinary calls, and of the call that exchanges a vault token.
const ORDINARY: &str = "scp-";
const VAULT: &str = "sv";

/// The secret of every access key that is accepted now.
#[derive(Debug)]
pub(crate) struct Keys(Mutex<HashMap<String, String>>);

impl Default for Keys {
    fn default() -> Self {
        let first = (scp::ACCESS_KEY.to_owned(), scp::SECRET_KEY.to_owned());
        Self(Mutex::new(HashMap::from([first])))
    }
}

impl Keys {
    fn secret(&self, access_key: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }

    fn insert(&self, access_key: &str, secret: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(access_key.to_owned(), secret.to_owned());
    }
}

/// Answers one request in the order in which the platform decides.
pub(crate) fn answer(world: &World, received: &Received) -> Reply {
    let found = world.catalogue.find(Vendor::Scp, &received.method, received.path());
    if let Some(refusal) = refuse_caller(world, received, asks_for_vault_token(&found)) {
        return refusal;
    }
    let hits = match found {
        Match::Found(hits) => hits,
        Match::WrongMethod => {
            return service(world, 405, "MethodNotAllowed", &["this path does not take the method".to_owned()]);
        }
        Match::Nothing => return gateway(world, received, 404, "Not Found"),
    };
    let Some(hit) = choose_version(hits, received) else {
        let asked = received.header("scp-api-version").unwrap_or("(none)");
        return service(world, 406, "NoSuchVersion", &[format!("API version {asked} is not supported on this method")]);
    };
    let wrong = check::parameters(&world.catalogue, &hit, received);
    if !wrong.is_empty() {
        return Problem::Validation(wrong).reply(world);
    }
    match check::body(&world.catalogue, hit.operation, received) {
        Ok(_) => {}
        Err(BadBody::MediaType) => {
            return service(world, 415, "UnsupportedMediaType", &["send the body as application/json".to_owned()]);
        }
        Err(BadBody::Unreadable(why)) => {
            return service(world, 400, "ValidationError", &[why.to_owned()]);
        }
        Err(BadBody::Invalid(wrong)) => return Problem::Validation(wrong).reply(world),
    }
    let (status, body) = world.documented(hit.operation, received);
    if asks(&hit) {
        remember_temporary_key(&world.scp, body.as_ref());
    }
    body.map_or_else(|| Reply::empty(status), |body| Reply::json(status, body))
}

/// The answer to a body that is larger than the gateway takes.
pub(crate) fn too_large(world: &World, received: &Received) -> Reply {
    gateway(world, received, 413, "Payload Too Large")
}

fn asks_for_vault_token(found: &Match<'_>) -> bool {
    matches!(found, Match::Found(hits) if hits.iter().any(asks))
}

fn asks(hit: &Hit<'_>) -> bool {
    hit.operation.schemes.iter().any(|scheme| scheme.to_ascii_lowercase().starts_with(VAULT))
}

/// Decides whether the caller may go on; nothing means yes.
fn refuse_caller(world: &World, received: &Received, vault_call: bool) -> Option<Reply> {
    let ordinary = Credentials::read(received, ORDINARY);
    let vault = Credentials::read(received, VAULT);
    if ordinary.is_none() && (vault.is_none() || !vault_call) {
        // Without credentials the gateway knows no path at all.
        return Some(gateway(world, received, 404, "Not Found"));
    }
    let refused = |why: &str| Some(service(world, 401, "HmacValidFail", &[format!("HmacValidFail: {why}")]));
    let unknown_token = || Some(service(world, 400, "InvalidInputValue", &["Svaccesskey is not existed.".to_owned()]));
    if vault_call && let Some(vault) = vault {
        if vault.access_key != scp::VAULT_TOKEN_ID {
            return unknown_token();
        }
        return vault.verify(&world.settings, received, Some(scp::VAULT_TOKEN_SECRET)).err().and_then(refused);
    }
    let ordinary = ordinary?;
    let secret = world.scp.secret(ordinary.access_key);
    match ordinary.verify(&world.settings, received, secret.as_deref()) {
        Err(why) => refused(why),
        Ok(()) if vault_call => unknown_token(),
        Ok(()) => None,
    }
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
        let header = |name: &str| received.header(&format!("{prefix}{name}"));
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
        let apart = (settings.clock.unix_millis() - sent).unsigned_abs();
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

/// Picks the version that the header names, or the newest current one.
fn choose_version<'a>(hits: Vec<Hit<'a>>, received: &Received) -> Option<Hit<'a>> {
    let Some(asked) = received.headers.get("scp-api-version") else {
        let current = hits.into_iter().filter(|hit| hit.operation.document.current);
        return current.max_by_key(|hit| numbers(&hit.operation.document.version));
    };
    let (service, version) = asked.to_str().ok()?.split_once(' ')?;
    hits.into_iter().find(|hit| {
        let document = &hit.operation.document;
        document.service == service && document.version == version
    })
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The pair that was handed out works as credentials from now on.
fn remember_temporary_key(keys: &Keys, body: Option<&Value>) {
    let text = |name: &str| body?.get(name)?.as_str();
    if let (Some(access_key), Some(secret)) = (text("access_key"), text("secret_key")) {
        keys.insert(access_key, secret);
    }
}
