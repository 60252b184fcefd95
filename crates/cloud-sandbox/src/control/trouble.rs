//! Answers that stand in for the real ones, in the shape that each vendor gives its failures.

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::fault::Effect;
use super::script;
use crate::catalogue::Vendor;
use crate::refusal::Shape;
use crate::wire::{Received, Reply};
use crate::world::World;
use crate::{nhn, risken, scp};

/// The page of a proxy that did not get through.
const PROXY: &str = "<!DOCTYPE html>\n<html>\n<head><title>502 Bad Gateway</title></head>\n\
                     <body><h1>502 Bad Gateway</h1><hr>proxy</body>\n</html>\n";

/// The answer of a fault that keeps the call from being carried out.
pub(super) fn instead(effect: &Effect, vendor: Option<Vendor>, world: &World, received: &Received) -> Option<Reply> {
    match effect {
        Effect::Status { code, .. } => Some(failure(vendor, world, received, *code)),
        Effect::FailedEnvelope => {
            let mut reply = failure(vendor, world, received, 500);
            reply.status = 200;
            Some(reply)
        }
        Effect::ProxyHtml => Some(Reply::text(502, PROXY)),
        Effect::HugeBody { .. } => Some(Reply::json(200, Value::Null)),
        _ => None,
    }
}

fn failure(vendor: Option<Vendor>, world: &World, received: &Received, status: u16) -> Reply {
    // A status that no server may answer would end the connection.
    let status = if (200..600).contains(&status) { status } else { 500 };
    match vendor {
        Some(Vendor::Scp) if (502..=504).contains(&status) => Reply::text(status, "upstream connect error\n"),
        Some(Vendor::Scp) => {
            let code = match status {
                401 => "HmacValidFail",
                403 => "Forbidden",
                404 => "ResourceNotFound",
                406 => "NoSuchVersion",
                429 => "TooManyRequests",
                500.. => "ContactAdminForAssistance",
                _ => "InvalidInputValue",
            };
            scp::refuse(world, status, code, &["a fault that was asked for".to_owned()])
        }
        Some(Vendor::Nhn) if received.path().starts_with("/oauth2/") => {
            let error = match status {
                401 => "invalid_client",
                500.. => "server_error",
                _ => "invalid_request",
            };
            Reply::json(status, json!({ "error": error, "error_description": "a fault that was asked for" }))
        }
        Some(Vendor::Nhn) => nhn::refuse_at(received.path(), status, i32::from(status), "a fault that was asked for"),
        Some(Vendor::Risken) => {
            let shape = match status {
                401 => Shape::Text("Unauthenticated\n".into()),
                502..=504 | 404 | 405 | 415 => Shape::Empty,
                _ => Shape::Json(json!({ "error": "a fault that was asked for" })),
            };
            risken::refuse(status, shape)
        }
        None => Reply::text(status, "a fault that was asked for\n"),
    }
}

/// Turns a reply into a response and spoils it on the way.
pub(super) fn spoil(effect: &Effect, reply: Reply, world: &World) -> Response {
    let mut length = 0;
    let mut response = reply.into_response_with(|bytes| {
        length = bytes.len();
        match effect {
            // What has no body, such as a 204, has nothing to spoil.
            _ if bytes.is_empty() => bytes.into(),
            Effect::TruncatedBody => script::truncated(&bytes),
            Effect::SlowBody { step_ms } => script::slow(&bytes, std::time::Duration::from_millis(*step_ms)),
            Effect::HugeBody { bytes } => script::huge(*bytes),
            Effect::NotJson => half(&bytes).into(),
            _ => bytes.into(),
        }
    });
    let headers = response.headers_mut();
    match effect {
        Effect::TruncatedBody | Effect::SlowBody { .. } if length > 0 => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        Effect::Status { retry_after: Some(seconds), .. } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Effect::WrongContentType | Effect::ProxyHtml => {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        }
        Effect::SkewedDate { seconds } => {
            if let Some(date) = world.settings.clock.http_date(*seconds) {
                headers.insert(header::DATE, date);
            }
        }
        _ => {}
    }
    response
}

/// The start of a text: of an object or a list that is no JSON.
fn half(bytes: &Bytes) -> Bytes {
    bytes.slice(..bytes.len().div_ceil(2))
}
