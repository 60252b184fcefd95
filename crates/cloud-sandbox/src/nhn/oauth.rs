//! The token server: a User Access Key in, a token with a lifetime out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::settings::nhn;
use crate::wire::{Received, Reply, pairs};
use crate::world::World;

/// The tokens that were issued and the moment at which each of them ends.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, SystemTime>>);

impl Tokens {
    pub(super) fn knows(&self, token: &str, now: SystemTime) -> bool {
        self.lock().get(token).is_some_and(|&end| now < end)
    }

    fn insert(&self, token: String, end: SystemTime, now: SystemTime) {
        let mut tokens = self.lock();
        // Worn-out tokens leave here, so that the table cannot grow for ever.
        tokens.retain(|_, &mut end| now < end);
        tokens.insert(token, end);
    }

    fn remove(&self, token: &str) {
        self.lock().remove(token);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, SystemTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the two calls of the token server.
pub(super) fn answer(world: &World, received: &Received) -> Reply {
    let call = match received.path() {
        "/oauth2/token/create" => create,
        "/oauth2/token/revoke" => revoke,
        _ => return super::refuse(404, 404, "URL NOT FOUND"),
    };
    if received.method != "POST" {
        return super::refuse(405, 405, "Method Not Allowed");
    }
    if !received.has_media_type("application/x-www-form-urlencoded") {
        return refuse(400, "invalid_request", "send a form");
    }
    let form = std::str::from_utf8(&received.body).ok().and_then(|text| pairs(text).ok());
    let Some(form) = form else {
        return refuse(400, "invalid_request", "the form cannot be decoded");
    };
    if !knows_caller(received) {
        return refuse(401, "invalid_client", "the User Access Key is absent or wrong");
    }
    call(world, &form)
}

fn create(world: &World, form: &[(String, String)]) -> Reply {
    match field(form, "grant_type") {
        None => return refuse(400, "invalid_request", "grant_type is required"),
        Some("client_credentials") => {}
        Some(_) => {
            return refuse(400, "unsupported_grant_type", "only client_credentials is supported");
        }
    }
    let now = world.settings.clock.now();
    let lifetime = world.settings.token_lifetime;
    let token = format!("{}{}", world.ids.next("token"), world.ids.next("token"));
    world.nhn.insert(token.clone(), now + lifetime, now);
    Reply::json(200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime.as_secs() }))
}

fn revoke(world: &World, form: &[(String, String)]) -> Reply {
    let Some(token) = field(form, "token") else {
        return refuse(400, "invalid_request", "token is required");
    };
    world.nhn.remove(token);
    Reply::empty(200)
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
}

fn knows_caller(received: &Received) -> bool {
    let header = received.header("authorization").unwrap_or_default();
    let decoded = header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
    let wanted = format!("{}:{}", nhn::USER_ACCESS_KEY_ID, nhn::SECRET_ACCESS_KEY);
    decoded.is_some_and(|pair| pair == wanted.as_bytes())
}

fn refuse(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, json!({ "error": error, "error_description": description }))
}
