//! The way of every request: identified, struck by a fault or answered, written down.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::DATE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use futures_core::Stream as _;
use serde_json::Value;

use super::fault::Effect;
use super::faults::{Faults, Strike};
use super::identity::{Identity, vendor_of};
use super::log::LoggedCall;
use super::page::Paging;
use super::{admin, redact, trouble};
use crate::catalogue::Vendor;
use crate::line::Cut;
use crate::wire::{Peer, Received, Reply};
use crate::world::World;
use crate::{nhn, risken, scp};

/// The largest body that is read, for all vendors.
const MAX_BODY: usize = 1 << 20;

/// The headers that carry credentials, and a value that is right nowhere.
const CREDENTIALS: [(&str, HeaderValue); 4] = [
    ("authorization", HeaderValue::from_static("Bearer revoked")),
    ("scp-accesskey", HeaderValue::from_static("revoked")),
    ("svaccesskey", HeaderValue::from_static("revoked")),
    ("x-nhn-authorization", HeaderValue::from_static("Bearer revoked")),
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

/// Answers one request.
pub(crate) async fn respond(world: &World, cut: &Cut, peer: Peer, request: Request) -> Response {
    let mut response = answered(world, cut, peer, request).await;
    // Else the machine's time would be sent, which is not that of a sandbox with a clock of its own.
    if let Some(date) = world.settings.clock.http_date(0) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}

async fn answered(world: &World, cut: &Cut, peer: Peer, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut received = Received::new(parts, Bytes::new(), peer);
    if world.settings.admin && admin::is_own(received.path()) {
        return match read(body).await {
            Sent::Whole(bytes) => {
                received.body = bytes;
                admin::answer(world, &received)
            }
            Sent::TooLong => admin::refuse(413, "the body is too long"),
            Sent::Broken => admin::refuse(400, "the body breaks off"),
        };
    }
    let identity = Identity::of(&world.catalogue, &received);
    let strike = world.control.faults.take(&identity.name, identity.page().is_some());
    if let Some(strike) = &strike {
        tokio::time::sleep(Duration::from_millis(strike.delay_ms)).await;
        if strike.effect == Effect::ResetBefore {
            cut.cut();
            record(world, &identity, &received, Some(strike), &mut Reply::empty(0));
            return Response::default();
        }
    }
    let sent = read(body).await;
    if let Sent::Whole(bytes) = &sent {
        received.body = bytes.clone();
    }
    let effect = strike.as_ref().map(|strike| &strike.effect);
    let instead = effect.and_then(|effect| trouble::instead(effect, identity.vendor, world, &received));
    let mut reply = match instead {
        Some(reply) => reply,
        None => {
            exchange_credentials(&world.control.faults, &mut received.headers, effect == Some(&Effect::TokenRevoked));
            answer(world, &received, &sent).await
        }
    };
    // A fault about pages that found nothing to change did not strike.
    let changed = strike.as_ref().is_some_and(|strike| spoil_page(world, &identity, &received, strike, &mut reply));
    let struck = strike.as_ref().filter(|strike| changed || !strike.effect.is_about_pages());
    if effect == Some(&Effect::ResetAfter) {
        cut.cut();
        reply.status = 0;
    }
    record(world, &identity, &received, struck, &mut reply);
    match effect {
        Some(Effect::ResetAfter) => Response::default(),
        Some(effect) => trouble::spoil(effect, reply, world),
        None => reply.into_response(),
    }
}

/// What arrived of a body.
enum Sent {
    Whole(Bytes),
    TooLong,
    /// The caller went away, or wrote what is no HTTP.
    Broken,
}

/// Reads a body. A length that is announced is refused before any of it is read.
async fn read(body: Body) -> Sent {
    let fits = |length: usize| length <= MAX_BODY;
    if !usize::try_from(body.size_hint().lower()).is_ok_and(fits) {
        return Sent::TooLong;
    }
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
        match piece {
            Ok(piece) if fits(whole.len() + piece.len()) => whole.extend_from_slice(&piece),
            Ok(_) => return Sent::TooLong,
            Err(_) => return Sent::Broken,
        }
    }
    Sent::Whole(whole.into())
}

/// Hands the request to the vendor to whom the path belongs.
async fn answer(world: &World, received: &Received, sent: &Sent) -> Reply {
    match (vendor_of(received.path()), sent) {
        (_, Sent::Broken) => Reply::empty(400),
        (Some(Vendor::Scp), Sent::Whole(_)) => scp::answer(world, received).await,
        (Some(Vendor::Scp), Sent::TooLong) => scp::too_large(world, received),
        (Some(Vendor::Nhn), Sent::Whole(_)) => nhn::answer(world, received).await,
        (Some(Vendor::Nhn), Sent::TooLong) => nhn::too_large(world, received),
        (Some(Vendor::Risken), Sent::Whole(_)) => risken::answer(world, received).await,
        (Some(Vendor::Risken), Sent::TooLong) => risken::too_large(world, received).await,
        (None, _) => Reply::text(
            404,
            "no vendor serves this path: try /v1/, /advisor/, /ssc/, /keymanager/, /oauth2/ or /api/v1/, \
             or /_sandbox/ where it was asked for\n",
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

fn spoil_page(world: &World, identity: &Identity<'_>, received: &Received, strike: &Strike, reply: &mut Reply) -> bool {
    let Some(page) = identity.page().filter(|_| strike.effect.is_about_pages() && reply.status == 200) else {
        return false;
    };
    let paging = Paging { items: page.items.clone(), total: page.total.clone() };
    let is_first = identity.is_first_page(received);
    reply.json_mut().is_some_and(|body| world.control.faults.edit_page(strike, &paging, is_first, body))
}

fn record(world: &World, identity: &Identity<'_>, received: &Received, strike: Option<&Strike>, reply: &mut Reply) {
    let headers = received.headers.iter().take(50).map(|(name, value)| {
        let shown = value.to_str().ok().filter(|value| SHOWN.contains(&name.as_str()) && value.len() <= 200);
        (redact::shorten(name.as_str()), shown.unwrap_or(redact::MASK).to_owned())
    });
    let status = reply.status;
    world.control.log.add(LoggedCall {
        number: 0,
        at: world.settings.clock.rfc3339(),
        operation: identity.name.clone(),
        method: received.method.clone(),
        target: identity.target(received),
        headers: headers.collect(),
        request: identity.request(&received.body),
        status,
        response: identity.response(status, reply.json_mut().map(|body| &*body)),
        fault: strike.map(|strike| name_of(&strike.effect)),
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
