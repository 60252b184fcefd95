//! RISKEN: one gateway in front of the AWS data source calls.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Principal;
use crate::catalogue::{Hit, Match, Vendor};
use crate::check::{self, BadBody, Rule, Violation};
use crate::refusal::Shape;
use crate::settings::risken;
use crate::wire::{Received, Reply};
use crate::world::World;

pub(crate) mod aws;
mod text;

/// What the server remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) aws: aws::Store,
}

/// Answers one request in the order of the gateway: path, method, token, project, type, content.
pub(crate) fn answer(world: &World, received: &Received) -> Reply {
    route(world, received)
        .with_header("cache-control", "no-store")
        .with_header("pragma", "no-cache")
        .with_header("x-frame-options", "SAMEORIGIN")
}

/// The answer to a body that is larger than the gateway takes.
pub(crate) fn too_large() -> Reply {
    plain(413, "Request body too large\n")
}

fn route(world: &World, received: &Received) -> Reply {
    let path = received.path().strip_suffix('/').unwrap_or(received.path());
    let fixed = match path {
        "/healthz" => Some(Reply::empty(200)),
        "/api/v1/signin" => Some(sign_in(received)),
        _ => None,
    };
    if let Some(reply) = fixed {
        return if received.method == "GET" { reply } else { Reply::empty(405) };
    }
    let Some(rest) = path.strip_prefix("/api/v1") else {
        return Reply::empty(404);
    };
    let hits = match world.catalogue.find(Vendor::Risken, &received.method, rest) {
        Match::Found(hits) => hits,
        Match::WrongMethod => return Reply::empty(405),
        Match::Nothing => return Reply::empty(404),
    };
    hits.first().map_or_else(|| Reply::empty(404), |hit| call(world, received, hit))
}

fn call(world: &World, received: &Received, hit: &Hit<'_>) -> Reply {
    if !carries_token(received) {
        return plain(401, "Unauthenticated\n");
    }
    let sent: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let reads = received.method == "GET";
    let project = if reads { project_in_query(received) } else { sent.get("project_id").and_then(Value::as_u64) };
    if project.is_some_and(|id| id != 0 && id != u64::from(risken::PROJECT_ID)) {
        return plain(403, "Unauthorized the project resource for token access\n");
    }
    if !reads && !received.body.is_empty() && !received.is_json() {
        return Reply::empty(415);
    }
    let mut wrong = check::parameters(&world.catalogue, hit, received);
    if hit.operation.body.is_some() {
        wrong.extend(check::value(&world.catalogue, hit.operation, &text::without_zeros(sent.clone())));
        wrong.extend(mixed_projects(&sent));
    } else if let Err(BadBody::Unreadable(_)) = check::body(&world.catalogue, hit.operation, received) {
        wrong.push(Violation::new("body", Rule::Unknown));
    }
    if !wrong.is_empty() {
        return Reply::json(400, json!({ "error": text::message(&wrong) }));
    }
    let principal = Principal::Risken { access_token_id: risken::ACCESS_TOKEN_ID };
    match world.perform(hit, received, Some(sent), principal) {
        Ok((status, body)) => body.map_or_else(|| Reply::empty(status), |body| Reply::json(status, body)),
        Err(refusal) => refusal.reply(world),
    }
}

/// Tells a caller which project its token belongs to; the one answer without an envelope.
fn sign_in(received: &Received) -> Reply {
    if !carries_token(received) {
        return plain(401, "Unauthenticated\n");
    }
    let body = json!({ "access_token_id": risken::ACCESS_TOKEN_ID, "project_id": risken::PROJECT_ID });
    Reply::json(200, body).with_header("set-cookie", "XSRF-TOKEN=sandbox; Path=/; Max-Age=2592000")
}

/// A refusal of a handler.
pub(crate) fn refuse(status: u16, shape: Shape) -> Reply {
    match shape {
        Shape::Empty => Reply::empty(status),
        Shape::Text(text) => Reply::text(status, text).with_header("x-content-type-options", "nosniff"),
        Shape::Json(body) => Reply::json(status, body),
    }
}

fn plain(status: u16, text: &'static str) -> Reply {
    Reply::text(status, text).with_header("x-content-type-options", "nosniff")
}

fn carries_token(received: &Received) -> bool {
    let header = received.header("authorization").unwrap_or_default();
    let Some((scheme, token)) = header.split_at_checked(7) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("Bearer ") && is_ours(token.trim()).unwrap_or(false)
}

/// Takes a token apart: project, token id, secret; the secret may hold further separators.
fn is_ours(token: &str) -> Option<bool> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, '@');
    let project: u32 = parts.next()?.parse().ok()?;
    let id: u32 = parts.next()?.parse().ok()?;
    let secret = parts.next()?;
    Some(project == risken::PROJECT_ID && id == risken::ACCESS_TOKEN_ID && secret == risken::SECRET)
}

fn project_in_query(received: &Received) -> Option<u64> {
    let pairs = received.query_pairs().ok()?;
    pairs.iter().rev().find(|(name, _)| name == "project_id")?.1.parse().ok()
}

/// The project inside the object must be the one outside it.
fn mixed_projects(sent: &Value) -> Option<Violation> {
    let outer = sent.get("project_id")?;
    let inner = ["aws", "attach_data_source"].into_iter().find_map(|name| sent.get(name)?.get("project_id"))?;
    (outer != inner).then(|| Violation::new("project_id", Rule::Format(text::VALID.to_owned())))
}
