//! Responses that replace the real ones, and the ways in which a response is damaged.

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::Value;

use super::body;
use super::fault::Effect;
use crate::engine::Engine;
use crate::http::{HttpRequest, HttpResponse};
use crate::vendor::Vendor;

/// The page of a proxy that did not get through.
const PROXY: &str = "<!DOCTYPE html>\n<html>\n<head><title>502 Bad Gateway</title></head>\n\
                     <body><h1>502 Bad Gateway</h1><hr>proxy</body>\n</html>\n";

/// The response of a fault that keeps the call from being carried out.
pub(crate) fn replacement(
    effect: &Effect,
    vendor: Option<&dyn Vendor>,
    engine: &Engine,
    request: &HttpRequest,
) -> Option<HttpResponse> {
    match effect {
        Effect::Status { code, .. } => Some(failure(vendor, engine, request, *code)),
        Effect::FailedEnvelope => {
            let mut reply = failure(vendor, engine, request, 500);
            reply.status = 200;
            Some(reply)
        }
        Effect::ProxyHtml => Some(HttpResponse::text(502, PROXY)),
        Effect::HugeBody { .. } => Some(HttpResponse::json(200, Value::Null)),
        _ => None,
    }
}

fn failure(vendor: Option<&dyn Vendor>, engine: &Engine, request: &HttpRequest, status: u16) -> HttpResponse {
    const REASON: &str = "a fault that was asked for";
    // The server cannot send any other status.
    let status = if (200..600).contains(&status) { status } else { 500 };
    match vendor {
        Some(vendor) => vendor.refuse(engine, request, status, REASON),
        None => HttpResponse::text(status, format!("{REASON}\n")),
    }
}

/// Turns a response into what is sent, damaged as the fault says.
pub(crate) fn damage(effect: &Effect, reply: HttpResponse, engine: &Engine) -> Response {
    let mut length = 0;
    let mut response = reply.into_response_with(|bytes| {
        length = bytes.len();
        match effect {
            // What has no body, such as a 204, has nothing to spoil.
            _ if bytes.is_empty() => bytes.into(),
            Effect::TruncatedBody => body::truncated(&bytes),
            Effect::SlowBody { step_ms } => body::slow(&bytes, std::time::Duration::from_millis(*step_ms)),
            Effect::HugeBody { bytes } => body::huge(*bytes),
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
            if let Some(date) = engine.settings.clock.http_date(*seconds) {
                headers.insert(header::DATE, date);
            }
        }
        _ => {}
    }
    response
}

/// The first half of a body: of an object or an array it is not valid JSON.
fn half(bytes: &Bytes) -> Bytes {
    bytes.slice(..bytes.len().div_ceil(2))
}
