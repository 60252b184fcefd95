//! RISKEN: one gateway in front of the AWS data source calls.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Principal;
use crate::catalogue::{Hit, Match, Vendor};
use crate::refusal::Shape;
use crate::wire::{Received, Reply};
use crate::world::World;

mod access;
mod calls;
mod lenient;
mod request;
mod rules;
mod store;
mod strict;
mod text;
mod token;

pub(crate) use access::seed_tokens;
pub(crate) use calls::HANDLERS;
use request::Request;
use token::Owner;

/// What the server remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) store: store::Store,
}

/// How much of a body was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Whole,
    /// It was longer than announced by anything, and reading stopped.
    Overlong,
}

/// Answers one request in the order of the gateway: path, method, token, project, type, content.
pub(crate) async fn answer(world: &World, received: &Received) -> Reply {
    finish(route(world, received, Body::Whole).await)
}

/// The answer to a body that is larger than the gateway takes.
pub(crate) async fn too_large(world: &World, received: &Received) -> Reply {
    // A length that was announced is looked at before anything else, a stream only where it is read.
    if received.headers.contains_key("content-length") {
        finish(plain(413, "Request body too large\n"))
    } else {
        finish(route(world, received, Body::Overlong).await)
    }
}

fn finish(reply: Reply) -> Reply {
    reply
        .escaped_for_html()
        .with_header("cache-control", "no-store")
        .with_header("pragma", "no-cache")
        .with_header("x-frame-options", "SAMEORIGIN")
}

async fn route(world: &World, received: &Received, body: Body) -> Reply {
    let path = received.path().strip_suffix('/').unwrap_or(received.path());
    let fixed: Option<fn(&World, &Received) -> Reply> = match path {
        "/healthz" => Some(|_, _| Reply::empty(200)),
        "/api/v1/signin" => Some(sign_in),
        "/api/v1/signout" => Some(sign_out),
        _ => None,
    };
    if let Some(reply) = fixed {
        return if received.method == "GET" { reply(world, received) } else { Reply::empty(405) };
    }
    let Some(rest) = path.strip_prefix("/api/v1") else {
        return Reply::empty(404);
    };
    let hits = match world.catalogue.find(Vendor::Risken, &received.method, rest) {
        Match::Found(hits) => hits,
        Match::WrongMethod => return Reply::empty(405),
        Match::Nothing => return Reply::empty(404),
    };
    match hits.first() {
        Some(hit) => call(world, received, body, hit).await,
        None => Reply::empty(404),
    }
}

async fn call(world: &World, received: &Received, body: Body, hit: &Hit<'_>) -> Reply {
    let reads = received.method == "GET";
    let request = if reads { Request::from_query(received.query()) } else { Request::from_body(&received.body) };
    let endpoint = received.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let caller =
        with_token(world, received, |access, token| (token.id, access.allows(token, request.project_id, endpoint)));
    let Some((access_token_id, allowed)) = caller else {
        return plain(401, "Unauthenticated\n");
    };
    if body == Body::Overlong {
        return plain(413, "Request body too large\n");
    }
    if !allowed {
        return plain(403, "Unauthorized the project resource for token access\n");
    }
    let streamed = received.headers.contains_key("transfer-encoding");
    if !reads && (streamed || !received.body.is_empty()) && !names_json(received) {
        return Reply::empty(415);
    }
    if world.settings.answers.is_some()
        && let Err(text) = strict::check(world, received, hit)
    {
        return Reply::json(400, json!({ "error": text }));
    }
    match world.perform(hit, received, None, Principal::Risken { access_token_id }).await {
        Ok((status, body)) => body.map_or_else(|| Reply::empty(status), |body| Reply::json(status, body)),
        Err(refusal) => refusal.reply(world),
    }
}

/// Whether the content type is JSON as the gateway's router compares it: a blank before the parameters is too much.
fn names_json(received: &Received) -> bool {
    let kind = received.header("content-type").unwrap_or_default().trim();
    kind.split(';').next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Tells a caller whom its token speaks for; the one answer without an envelope.
fn sign_in(world: &World, received: &Received) -> Reply {
    let body = with_token(world, received, |_, token| match token.owner {
        Owner::Project(project) => json!({ "access_token_id": token.id, "project_id": project }),
        Owner::Organization(organization) => {
            json!({ "org_access_token_id": token.id, "organization_id": organization })
        }
    });
    let Some(body) = body else {
        return plain(401, "Unauthenticated\n");
    };
    Reply::json(200, body).with_header("set-cookie", "XSRF-TOKEN=sandbox; Path=/; Max-Age=2592000")
}

fn sign_out(world: &World, received: &Received) -> Reply {
    if with_token(world, received, |_, _| ()).is_none() {
        return plain(401, "Unauthenticated\n");
    }
    let gone = "XSRF-TOKEN=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    Reply::empty(200).with_header("set-cookie", gone)
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
    refuse(status, Shape::Text(text.into()))
}

/// Looks at the token of a request, when there is a good one.
fn with_token<T>(
    world: &World,
    received: &Received,
    look: impl FnOnce(&access::Access, &access::Token) -> T,
) -> Option<T> {
    let parts = token::from_header(received.header("authorization")?)?;
    let now = world.settings.clock.utc().unix_timestamp();
    let held = world.lock();
    let access = &held.state.risken.store.access;
    access.token(&parts, now).map(|token| look(access, token))
}
