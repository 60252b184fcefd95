//! The token server: a User Access Key in, a token with a lifetime out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::error::envelope;
use crate::accounts::Account;
use crate::engine::Engine;
use crate::http::{HttpRequest, HttpResponse, pairs};

/// Responds to the two calls of the token server.
pub(super) fn respond(engine: &Engine, request: &HttpRequest) -> HttpResponse {
    let call = match request.path() {
        "/oauth2/token/create" => create,
        "/oauth2/token/revoke" => revoke,
        _ => return envelope("", 404, 404, "URL NOT FOUND"),
    };
    if request.method != "POST" {
        return envelope("", 405, 405, "Method Not Allowed");
    }
    if !request.has_media_type("application/x-www-form-urlencoded") {
        return refuse(400, "invalid_request", "send a form");
    }
    let form = std::str::from_utf8(&request.body).ok().and_then(|text| pairs(text).ok());
    let Some(form) = form else {
        return refuse(400, "invalid_request", "the form cannot be decoded");
    };
    let repeated =
        |(index, (name, _)): (usize, &(String, String))| form.iter().skip(index + 1).any(|(key, _)| key == name);
    if form.iter().enumerate().any(repeated) {
        return refuse(400, "invalid_request", "a parameter must not be repeated");
    }
    let account = engine.account(request);
    if !knows_caller(request, account) {
        let refused = refuse(401, "invalid_client", "the User Access Key is absent or wrong");
        return refused.with_header("www-authenticate", "Basic realm=\"oauth2\"");
    }
    call(engine, account, &form)
}

fn create(engine: &Engine, account: Account, form: &[(String, String)]) -> HttpResponse {
    match field(form, "grant_type") {
        None => return refuse(400, "invalid_request", "grant_type is required"),
        Some("client_credentials") => {}
        Some(_) => {
            return refuse(400, "unsupported_grant_type", "only client_credentials is supported");
        }
    }
    let now = engine.settings.clock.utc();
    let lifetime = engine.settings.token_lifetime;
    let token = engine.with_account(account, |state, rng| {
        let token = [rng.id(), rng.id(), rng.id(), rng.id()].concat();
        state.nhn.tokens.insert(token.clone(), lifetime, now);
        token
    });
    let issued = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime.as_secs() });
    HttpResponse::json(200, issued).with_header("cache-control", "no-store")
}

fn revoke(engine: &Engine, account: Account, form: &[(String, String)]) -> HttpResponse {
    let Some(token) = field(form, "token") else {
        return refuse(400, "invalid_request", "token is required");
    };
    let mut response = HttpResponse::empty(200);
    if !engine.with_account(account, |state, _| state.nhn.tokens.remove(token)) {
        response.note = Some("nothing was there: no such token, or it was revoked already");
    }
    response
}

/// A field of the form; an empty one counts as absent.
fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| &**value)
}

/// The decoded pair of a header with Basic authentication.
pub(super) fn basic(header: &str) -> Option<String> {
    let decoded = header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok())?;
    String::from_utf8(decoded).ok()
}

fn knows_caller(request: &HttpRequest, account: Account) -> bool {
    let (id, secret) = account.nhn_keys();
    basic(request.header("authorization").unwrap_or_default()).is_some_and(|pair| pair == format!("{id}:{secret}"))
}

/// An error response of the token server.
pub(super) fn refuse(status: u16, error: &str, description: &str) -> HttpResponse {
    HttpResponse::json(status, json!({ "error": error, "error_description": description }))
}
