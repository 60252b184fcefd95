//! NHN Cloud: appkeys, tokens and the header envelope around every answer.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Principal;
use crate::catalogue::{Hit, Match, Operation, Vendor};
use crate::check::{self as form, BadBody, Violation};
use crate::refusal::Refusal;
use crate::settings::nhn;
use crate::wire::{Received, Reply};
use crate::world::World;

pub(crate) mod advisor;
pub(crate) mod check;
mod korea;
mod oauth;
pub(crate) mod options;
pub(crate) mod skm;
pub(crate) mod tokens;

pub use options::NhnStatuses;
pub use skm::identity::ClientIdentity;

/// What the services and the token server remember.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) tokens: tokens::Store,
    pub(crate) advisor: advisor::Store,
    pub(crate) check: check::Store,
    pub(crate) skm: skm::Store,
}

/// Result codes of refusals; the token's is the one that the vendor's framework uses.
const BAD_TOKEN: i32 = 80007;
const BAD_REQUEST: i32 = 1000;

/// The paths of the token server, which has an envelope of its own.
const TOKEN_SERVER: &str = "/oauth2/";

/// A refusal, and who refuses.
struct Refused {
    status: u16,
    code: i32,
    message: String,
    /// Whether the service refuses, and not the gateway before it.
    by_service: bool,
}

impl Refused {
    fn gateway(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), by_service: false }
    }

    fn service(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), by_service: true }
    }

    fn reply(&self, world: &World, path: &str) -> Reply {
        if world.settings.answers.is_some() {
            return refuse_at(path, self.status, self.code, &self.message);
        }
        let quiet = self.by_service && self.status < 500 && path.starts_with("/keymanager/");
        let status = match world.settings.nhn.statuses {
            NhnStatuses::AlwaysOk => 200,
            NhnStatuses::ByService if quiet => 200,
            _ => self.status,
        };
        refuse_at(path, status, self.code, &self.message)
    }
}

/// Answers one request: the token server's or a service's.
pub(crate) async fn answer(world: &World, received: &Received) -> Reply {
    if received.path().starts_with(TOKEN_SERVER) {
        return oauth::answer(world, received);
    }
    serve(world, received).await.unwrap_or_else(|refused| refused.reply(world, received.path()))
}

async fn serve(world: &World, received: &Received) -> Result<Reply, Refused> {
    let hits = match world.catalogue.find(Vendor::Nhn, &received.method, received.path()) {
        Match::Found(hits) => hits,
        Match::WrongMethod => return Err(Refused::gateway(405, 405, "Method Not Allowed")),
        Match::Nothing => return Err(Refused::gateway(404, 404, "URL NOT FOUND")),
    };
    let Some(hit) = hits.first() else {
        return Err(Refused::gateway(404, 404, "URL NOT FOUND"));
    };
    let needs_token = !hit.operation.schemes.is_empty();
    if needs_token && !carries_token(world, received) {
        return Err(Refused::gateway(401, BAD_TOKEN, "the token is absent, unknown or expired"));
    }
    if !has_right_appkey(hit) {
        return Err(Refused::service(400, BAD_REQUEST, "Invalid Appkey"));
    }
    let wrong = form::parameters(&world.catalogue, hit, received);
    if !wrong.is_empty() {
        return Err(Refused::service(400, BAD_REQUEST, sentence(&wrong)));
    }
    let body = form::body(&world.catalogue, hit.operation, received).map_err(|bad| match bad {
        BadBody::MediaType => Refused::gateway(415, 415, "Unsupported Media Type"),
        BadBody::Unreadable(why) => Refused::service(400, BAD_REQUEST, why),
        BadBody::Invalid(wrong) => Refused::service(400, BAD_REQUEST, sentence(&wrong)),
    })?;
    let principal = Principal::Nhn(needs_token.then(|| token(received).to_owned()));
    match world.perform(hit, received, body, principal).await {
        Ok((status, body)) => Ok(body.map_or_else(|| Reply::empty(status), |body| Reply::json(status, body))),
        Err(Refusal::Nhn { status, code, message }) => Err(Refused::service(status, code, message)),
        Err(other) => Ok(other.reply(world)),
    }
}

/// The answer to a body that is larger than the sandbox reads.
pub(crate) fn too_large(world: &World, received: &Received) -> Reply {
    let refused = Refused::gateway(413, 413, "Payload Too Large");
    match received.path().starts_with(TOKEN_SERVER) {
        true => refuse(refused.status, refused.code, &refused.message),
        false => refused.reply(world, received.path()),
    }
}

/// A refusal in the header envelope.
pub(crate) fn refuse(status: u16, code: i32, message: &str) -> Reply {
    refuse_at("", status, code, message)
}

/// The same on a path: Server Security Check has one more flag in the header.
pub(crate) fn refuse_at(path: &str, status: u16, code: i32, message: &str) -> Reply {
    let mut header = json!({ "isSuccessful": false, "resultCode": code, "resultMessage": message });
    if path.starts_with("/ssc/") {
        header["success"] = false.into();
    }
    Reply::json(status, json!({ "header": header, "body": null }))
}

fn sentence(wrong: &[Violation]) -> String {
    let parts: Vec<_> = wrong.iter().map(|one| format!("{} {}", one.field, one.rule)).collect();
    parts.join("; ")
}

fn token(received: &Received) -> &str {
    let header = received.header("x-nhn-authorization").unwrap_or_default();
    header.strip_prefix("Bearer ").unwrap_or_default()
}

fn carries_token(world: &World, received: &Received) -> bool {
    world.lock().state.nhn.tokens.knows(token(received), world.settings.clock.utc())
}

fn has_right_appkey(hit: &Hit<'_>) -> bool {
    let wanted = appkey(hit.operation);
    hit.arguments.iter().filter(|(name, _)| name.eq_ignore_ascii_case("appkey")).all(|(_, key)| Some(&**key) == wanted)
}

fn appkey(operation: &Operation) -> Option<&'static str> {
    match &*operation.document.service {
        "security-advisor" => Some(nhn::SECURITY_ADVISOR_APP_KEY),
        "server-security-check" => Some(nhn::SERVER_SECURITY_CHECK_APP_KEY),
        "secure-key-manager" => Some(nhn::SKM_APP_KEY),
        _ => None,
    }
}
