//! A request as it arrived and a response as it leaves, independent of any vendor.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The client certificate (DER) of a mutual-TLS connection.
    pub(crate) certificate: Option<Arc<[u8]>>,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

/// A request, with the target kept as the bytes that the client sent.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    /// Path and query, never decoded or re-encoded: signatures cover these bytes.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: Peer,
}

impl HttpRequest {
    pub(crate) fn new(parts: Parts, body: Bytes, peer: Peer) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |raw| raw.as_str()).to_owned();
        Self { method: parts.method.as_str().to_owned(), target, headers: parts.headers, body, peer }
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(&*self.target, |(path, _)| path)
    }

    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of a header when it is there once or more and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The full URL as the client must have written it to reach this server.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.origin(), self.target)
    }

    /// Scheme and host of this server, in the client's words.
    pub(crate) fn origin(&self) -> String {
        let host = self.header("host").unwrap_or_default();
        let scheme = if self.peer.secure { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    /// The query as decoded pairs in order, or the raw pair that cannot be decoded.
    pub(crate) fn query_pairs(&self) -> Result<Vec<(String, String)>, String> {
        pairs(self.query())
    }

    /// Whether the content type names JSON, parameters aside.
    pub(crate) fn is_json(&self) -> bool {
        self.has_media_type("application/json")
    }

    pub(crate) fn has_media_type(&self, wanted: &str) -> bool {
        let kind = self.header("content-type").and_then(|value| value.split(';').next());
        kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
    }
}

/// Decodes `a=b&c=d`, where `+` stands for a space.
pub(crate) fn pairs(raw: &str) -> Result<Vec<(String, String)>, String> {
    raw.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            decode(name).zip(decode(value)).ok_or_else(|| piece.to_owned())
        })
        .collect()
}

/// Decodes `%XX`; nothing when an escape is broken or the bytes are not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    String::from_utf8(percent_decode_bytes(text)?).ok()
}

/// The same for bytes that need not be UTF-8.
pub(crate) fn percent_decode_bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let (hex, tail) = tail.split_at_checked(2)?;
        if !hex.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
        rest = tail;
    }
    Some(bytes)
}

/// A response before it becomes bytes.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    content: Content,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether signs that mean something in HTML go out as escapes.
    escapes: bool,
    /// Whether a newline follows the JSON.
    newline: bool,
    /// What the log says about the call beside the response.
    pub(crate) note: Option<&'static str>,
}

#[derive(Debug)]
enum Content {
    Empty,
    Json(Value),
    Text(Cow<'static, str>),
}

impl HttpResponse {
    fn new(status: u16, content: Content) -> Self {
        Self { status, content, headers: Vec::new(), escapes: false, newline: false, note: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Content::Empty)
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, Content::Json(body))
    }

    pub(crate) fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Content::Text(body.into()))
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((HeaderName::from_static(name), HeaderValue::from_static(value)));
        self
    }

    /// The JSON that the response holds, to be changed before it leaves.
    pub(crate) fn json_mut(&mut self) -> Option<&mut Value> {
        match &mut self.content {
            Content::Json(value) => Some(value),
            Content::Empty | Content::Text(_) => None,
        }
    }

    /// Writes the signs that mean something in HTML as escapes, as Go's encoder does.
    pub(crate) fn escaped_for_html(mut self) -> Self {
        self.escapes = true;
        self
    }

    /// Writes a newline after the JSON.
    pub(crate) fn ending_in_newline(mut self) -> Self {
        self.newline = true;
        self
    }

    pub(crate) fn into_response(self) -> Response {
        self.into_response_with(Body::from)
    }

    /// The response with a body that is made of the bytes that it should have.
    pub(crate) fn into_response_with(self, make: impl FnOnce(Bytes) -> Body) -> Response {
        let (kind, bytes) = match self.content {
            Content::Empty => (None, Bytes::new()),
            Content::Json(value) => {
                let text = value.to_string();
                let mut text = if self.escapes { escape_html(text) } else { text };
                text.extend(self.newline.then_some('\n'));
                (Some("application/json"), Bytes::from(text))
            }
            Content::Text(text) => (Some("text/plain; charset=utf-8"), Bytes::from(text.into_owned())),
        };
        let mut response = Response::new(make(bytes));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response.headers_mut().extend(self.headers);
        response
    }
}

/// Escapes in JSON text; the signs can stand inside of its strings only.
fn escape_html(mut text: String) -> String {
    for (sign, escape) in
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
    {
        if text.contains(sign) {
            text = text.replace(sign, escape);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_decoding_accepts_valid_escapes() {
        let got = pairs("name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd%2Fe%3Ff%3Ag&page=0&flag&plus=a+b").unwrap();
        let text: Vec<_> = got.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(text, [("name", "한글 a+b&c=d/e?f:g"), ("page", "0"), ("flag", ""), ("plus", "a b")]);
    }

    #[test]
    fn percent_decoding_refuses_invalid_escapes() {
        for raw in ["a=%", "a=%2", "a=%zz", "a=%+1", "a=%ff"] {
            assert_eq!(pairs(raw), Err(raw.to_owned()), "{raw}");
        }
    }
}
