//! The path by which a running sandbox is controlled and watched.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::redact;
use crate::engine::Engine;
use crate::faults::{Effect, Fault};
use crate::http::HttpRequest;

/// Everything below belongs to the sandbox itself and to no vendor.
const PREFIX: &str = "/_sandbox/";

const PAGE: &str = include_str!("watch.html");
const SCRIPT: &str = include_str!("watch.js");

/// What a browser may do with the page: run its one script and poll.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a path is the sandbox's own. Typed by hand it may miss the slash.
pub(crate) fn is_own(path: &str) -> bool {
    path.starts_with(PREFIX) || PREFIX.strip_suffix('/') == Some(path)
}

/// Responds to a request for the admin path.
pub(crate) fn respond(engine: &Engine, request: &HttpRequest) -> Response {
    if !is_for_this_server(engine, request) {
        return refuse(403, "the host is not the address of this sandbox");
    }
    if request.method == "POST" && !request.is_json() {
        // A page of another origin cannot send this type, nor another method, without a preflight request, which is refused.
        return refuse(415, "send application/json");
    }
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    match (&*request.method, path) {
        ("GET", "") => content("text/html; charset=utf-8", PAGE),
        ("GET", "watch.js") => content("text/javascript; charset=utf-8", SCRIPT),
        ("GET", "log") => log(engine, request),
        ("DELETE", "log") => {
            engine.log.clear();
            done()
        }
        ("GET", "faults") => json(200, &engine.faults.list()),
        ("POST", "faults") => set_faults(engine, request),
        ("DELETE", "faults") => {
            engine.faults.clear();
            done()
        }
        ("DELETE", path) if path.starts_with("faults/") => remove_fault(engine, path),
        ("GET", "operations") => {
            let names: Vec<_> = engine.operations().into_iter().map(|(name, _)| name).collect();
            json(200, &json!({ "operations": names }))
        }
        ("GET", "clock") => clock(engine),
        ("POST", "clock") => advance(engine, request),
        ("GET", "state") => state(engine),
        (_, "" | "watch.js" | "log" | "faults" | "operations" | "clock" | "state") => {
            refuse(405, "this path does not take the method")
        }
        _ => refuse(404, "try log, faults, operations, clock or state"),
    }
}

/// Keeps out pages whose host name was made to point here. Where the sandbox listens beyond loopback any name may be right.
fn is_for_this_server(engine: &Engine, request: &HttpRequest) -> bool {
    let host = request.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // Only a name can be made to point elsewhere; an address cannot.
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_own = name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_own || !engine.settings.bind.is_loopback()
}

fn log(engine: &Engine, request: &HttpRequest) -> Response {
    let pairs = request.query_pairs().unwrap_or_default();
    let after = pairs.iter().find(|(name, _)| name == "after").map_or(Ok(0), |(_, value)| value.parse());
    match after {
        Ok(after) => {
            let calls = engine.log.after(after);
            json(200, &json!({ "calls": calls, "last": engine.log.last() }))
        }
        Err(_) => refuse(400, "after takes the number of a call"),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

fn set_faults(engine: &Engine, request: &HttpRequest) -> Response {
    let several = match serde_json::from_slice(&request.body) {
        Ok(OneOrMany::Many(several)) => several,
        Ok(OneOrMany::One(one)) => vec![one],
        Err(error) => return refuse(400, &error.to_string()),
    };
    // All are read before the first is set.
    let read: Result<Vec<Fault>, _> = several.into_iter().map(serde_json::from_value).collect();
    let faults = match read {
        Ok(faults) => faults,
        Err(error) => return refuse(400, &error.to_string()),
    };
    let impossible = |fault: &Fault| matches!(fault.effect, Effect::Status { code, .. } if !(200..600).contains(&code));
    if faults.iter().any(impossible) {
        return refuse(400, "a status code is from 200 to 599");
    }
    match engine.inject(faults) {
        Ok(ids) => json(201, &json!({ "ids": ids })),
        Err(refused) => refuse(400, &refused.to_string()),
    }
}

fn remove_fault(engine: &Engine, path: &str) -> Response {
    let id = path.strip_prefix("faults/").and_then(|id| id.parse().ok());
    match id.is_some_and(|id| engine.faults.remove(id)) {
        true => done(),
        false => refuse(404, "no fault has this id"),
    }
}

fn clock(engine: &Engine) -> Response {
    json(200, &json!({ "now": engine.settings.clock.rfc3339() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

fn advance(engine: &Engine, request: &HttpRequest) -> Response {
    match serde_json::from_slice::<Advance>(&request.body) {
        Ok(by) => {
            engine.settings.clock.advance(std::time::Duration::from_secs(by.advance_seconds));
            clock(engine)
        }
        Err(error) => refuse(400, &error.to_string()),
    }
}

fn state(engine: &Engine) -> Response {
    let state = {
        let held = engine.lock();
        serde_json::to_value(&held.state)
    };
    match state {
        Ok(state) => json(200, &redact::state(&engine.public_names, &state)),
        Err(error) => refuse(500, &error.to_string()),
    }
}

/// A refusal of the sandbox itself.
pub(crate) fn refuse(status: u16, reason: &str) -> Response {
    json(status, &json!({ "error": reason }))
}

fn done() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json(status: u16, value: &Value) -> Response {
    let mut response = protected("application/json", Body::from(value.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn content(kind: &'static str, text: &'static str) -> Response {
    protected(kind, Body::from(text))
}

fn protected(kind: &'static str, body: Body) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 4] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().extend(HEADERS);
    response
}
