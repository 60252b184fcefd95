//! The steps of every request: identified, struck by a fault or carried out, logged.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::DATE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use futures_core::Stream as _;
use serde_json::Value;

use super::connection::ResetSwitch;
use super::identify::Identity;
use crate::admin::log::LoggedCall;
use crate::admin::{api, redact};
use crate::engine::Engine;
use crate::faults::page::Paging;
use crate::faults::{Effect, Faults, Strike, response};
use crate::http::{HttpRequest, HttpResponse, Peer};
use crate::vendor::BodyRead;

/// The largest body that the admin path reads, in bytes.
const MAX_ADMIN_BODY: usize = 1 << 20;

/// The headers that carry credentials, and a value that is right nowhere.
const CREDENTIALS: [(&str, HeaderValue); 5] = [
    ("authorization", HeaderValue::from_static("Bearer revoked")),
    ("scp-accesskey", HeaderValue::from_static("revoked")),
    ("svaccesskey", HeaderValue::from_static("revoked")),
    ("x-nhn-authorization", HeaderValue::from_static("Bearer revoked")),
    ("x-tc-authentication-secret", HeaderValue::from_static("revoked")),
];

/// The headers whose values may be shown.
const SHOWN: [&str; 8] = [
    "accept",
    "accept-language",
    "content-length",
    "content-type",
    "host",
    "scp-api-version",
    "scp-timestamp",
    "user-agent",
];

/// Responds to one request.
pub(crate) async fn respond(engine: &Arc<Engine>, switch: &ResetSwitch, peer: Peer, incoming: Request) -> Response {
    let mut response = exchange(engine, switch, peer, incoming).await;
    // Else the machine's time would be sent, which is not that of a sandbox with a clock of its own.
    if let Some(date) = engine.settings.clock.http_date(0) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}

async fn exchange(engine: &Arc<Engine>, switch: &ResetSwitch, peer: Peer, incoming: Request) -> Response {
    let (parts, body) = incoming.into_parts();
    let mut request = HttpRequest::new(parts, Bytes::new(), peer);
    if engine.settings.admin && api::is_own(request.path()) {
        return match read(body, MAX_ADMIN_BODY).await {
            Sent::Whole(bytes) => {
                request.body = bytes;
                api::respond(engine, &request)
            }
            Sent::TooLong => api::refuse(413, "the body is too long"),
            Sent::Truncated => api::refuse(400, "the body is truncated"),
        };
    }
    let identity = Identity::of(&engine.catalogue, &request);
    let strike = engine.faults.take(&identity.name, identity.page().is_some());
    let is_late = strike.as_ref().is_some_and(|strike| strike.effect == Effect::Late);
    if let Some(strike) = strike.as_ref().filter(|_| !is_late) {
        pause(strike).await;
        if strike.effect == Effect::ResetBefore {
            switch.reset();
            record(engine, &identity, &request, Some(strike), &mut HttpResponse::empty(0));
            return Response::default();
        }
    }
    let max_body = identity.vendor.map_or(MAX_ADMIN_BODY, |vendor| vendor.max_body());
    let sent = read(body, max_body).await;
    if let Sent::Whole(bytes) = &sent {
        request.body = bytes.clone();
    }
    let Some(strike) = strike else {
        return carry_out(engine, request, sent, None).await.into_response();
    };
    let reply = if is_late {
        late(engine, request, sent, &strike).await
    } else {
        carry_out(engine, request, sent, Some(&strike)).await
    };
    if strike.effect == Effect::ResetAfter {
        switch.reset();
        return Response::default();
    }
    response::damage(&strike.effect, reply, engine)
}

#[allow(clippy::disallowed_methods, reason = "the delay of a fault is real")]
async fn pause(strike: &Strike) {
    tokio::time::sleep(Duration::from_millis(strike.delay_ms)).await;
}

/// Carries the call out, also if the caller goes away meanwhile, and waits before it returns the response.
async fn late(engine: &Arc<Engine>, request: HttpRequest, sent: Sent, strike: &Strike) -> HttpResponse {
    let (engine, of_task) = (Arc::clone(engine), strike.clone());
    // A task goes on when the connection that waits for it is dropped.
    let task = tokio::spawn(async move { carry_out(&engine, request, sent, Some(&of_task)).await });
    let reply = task.await.unwrap_or_else(|_| HttpResponse::empty(500));
    pause(strike).await;
    reply
}

/// Carries a call out, or refuses it as its fault says, and logs it.
async fn carry_out(engine: &Engine, mut request: HttpRequest, sent: Sent, strike: Option<&Strike>) -> HttpResponse {
    let identity = Identity::of(&engine.catalogue, &request);
    let effect = strike.map(|strike| &strike.effect);
    let instead = effect.and_then(|effect| response::replacement(effect, identity.vendor, engine, &request));
    let mut reply = match instead {
        Some(reply) => reply,
        None => {
            exchange_credentials(&engine.faults, &mut request.headers, effect == Some(&Effect::TokenRevoked));
            respond_to(engine, &identity, &request, &sent).await
        }
    };
    // A fault about pages that found nothing to change did not strike.
    let changed = strike.is_some_and(|strike| edit_page(engine, &identity, &request, strike, &mut reply));
    let struck = strike.filter(|strike| changed || !strike.effect.is_about_pages());
    if effect == Some(&Effect::ResetAfter) {
        reply.status = 0;
    }
    record(engine, &identity, &request, struck, &mut reply);
    reply
}

/// What arrived of a body.
enum Sent {
    Whole(Bytes),
    TooLong,
    /// The client went away, or sent invalid HTTP.
    Truncated,
}

/// Reads a body. A length that is announced is refused before any of it is read.
async fn read(body: Body, max: usize) -> Sent {
    let fits = |length: usize| length <= max;
    if !usize::try_from(body.size_hint().lower()).is_ok_and(fits) {
        return Sent::TooLong;
    }
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
        match piece {
            Ok(piece) if fits(whole.len() + piece.len()) => whole.extend_from_slice(&piece),
            Ok(_) => return Sent::TooLong,
            Err(_) => return Sent::Truncated,
        }
    }
    Sent::Whole(whole.into())
}

/// Passes the request to the vendor that the path belongs to.
async fn respond_to(engine: &Engine, identity: &Identity<'_>, request: &HttpRequest, sent: &Sent) -> HttpResponse {
    match (identity.vendor, sent) {
        (_, Sent::Truncated) => HttpResponse::empty(400),
        (Some(vendor), Sent::Whole(_)) => vendor.respond(engine, request, BodyRead::Whole).await,
        (Some(vendor), Sent::TooLong) => vendor.respond(engine, request, BodyRead::TooLarge).await,
        (None, _) => HttpResponse::text(
            404,
            "no vendor serves this path: try /v1/, /advisor/, /ssc/, /keymanager/, /oauth2/ or /api/v1/, \
             or /_sandbox/ if the admin interface is enabled\n",
        ),
    }
}

/// Puts wrong credentials in the place of revoked ones, so that each vendor refuses in its own way.
fn exchange_credentials(faults: &Faults, headers: &mut HeaderMap, revoke_now: bool) {
    for (name, wrong) in CREDENTIALS {
        let Some(value) = headers.get(name) else { continue };
        let credential = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if revoke_now {
            faults.revoke(&credential);
        }
        if faults.is_revoked(&credential) {
            headers.insert(name, wrong);
        }
    }
}

fn edit_page(
    engine: &Engine,
    identity: &Identity<'_>,
    request: &HttpRequest,
    strike: &Strike,
    reply: &mut HttpResponse,
) -> bool {
    let Some(page) = identity.page().filter(|_| strike.effect.is_about_pages() && reply.status == 200) else {
        return false;
    };
    let paging = Paging { items: page.items.clone(), total: page.total.clone() };
    let is_first = identity.is_first_page(request);
    reply.json_mut().is_some_and(|body| engine.faults.edit_page(strike, &paging, is_first, body))
}

fn record(
    engine: &Engine,
    identity: &Identity<'_>,
    request: &HttpRequest,
    strike: Option<&Strike>,
    reply: &mut HttpResponse,
) {
    let headers = request.headers.iter().take(50).map(|(name, value)| {
        let shown = value.to_str().ok().filter(|value| SHOWN.contains(&name.as_str()) && value.len() <= 200);
        (redact::shorten(name.as_str()), shown.unwrap_or(redact::MASK).to_owned())
    });
    let status = reply.status;
    engine.log.add(LoggedCall {
        number: 0,
        at: engine.settings.clock.rfc3339(),
        operation: identity.name.clone(),
        method: request.method.clone(),
        target: identity.target(request),
        headers: headers.collect(),
        request: identity.request(&request.body),
        status,
        response: identity.response(status, reply.json_mut().map(|body| &*body)),
        fault: strike.map(|strike| name_of(&strike.effect)),
        note: reply.note.map(str::to_owned),
    });
}

/// The name of an effect as it is written in JSON.
fn name_of(effect: &Effect) -> String {
    match serde_json::to_value(effect) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
