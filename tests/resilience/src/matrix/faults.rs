//! The faults of the matrix, and what each means to a caller.

use std::time::Duration;

use cloud_sandbox::Fault as SandboxFault;
use time::format_description::well_known::Rfc2822;

use super::faulty_server::{End, Misbehavior, UpstreamResponse};

/// A fault, its source, and its meaning to a client.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) meaning: Meaning,
    /// Whether the service executes the request with the fault.
    pub(super) executes: bool,
}

/// The source of a fault.
#[derive(Debug)]
pub(super) enum Source {
    /// The sandbox.
    Sandbox(fn() -> SandboxFault),
    /// The sandbox's token service.
    Tokens(fn() -> SandboxFault),
    /// The faulty server.
    Wire(Misbehavior),
    /// The faulty server, on a connection reused from a successful call.
    Reused(Misbehavior),
    /// The faulty server, with an `https` URL; it does not speak TLS.
    Https(Misbehavior),
    /// Both.
    Both(fn() -> SandboxFault, Misbehavior),
    /// The client's clock is wrong by this many seconds.
    Clock(i64),
}

/// What the client can know of a request with the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The response is valid.
    Good,
    /// No connection was made.
    NotSent,
    /// TLS failed in a way that another attempt would meet again.
    TlsRefused,
    /// The connection closed before the response was complete.
    ConnectionLost,
    /// No response arrives within the limit.
    NoResponse,
    /// The service returns this status.
    Status(u16),
    /// The service returns this status with a `Retry-After`, in milliseconds.
    StatusRetryAfter(u16, u64),
    /// A success status with an invalid body.
    Undecodable,
    /// The response exceeds the size limit.
    TooLarge,
    /// The signature's time is too far from the server's.
    ClockSkew,
    /// The credentials were revoked.
    CredentialsRevoked,
    /// The token service returns this status.
    TokenStatus(u16),
    /// The token service is unreachable or its response invalid.
    TokenUnavailable,
    /// A list is not consistent.
    List(&'static str),
}

const fn sandbox(name: &'static str, sandbox_fault: fn() -> SandboxFault, meaning: Meaning, executes: bool) -> Fault {
    Fault { name, source: Source::Sandbox(sandbox_fault), meaning, executes }
}

const fn tokens(name: &'static str, sandbox_fault: fn() -> SandboxFault, meaning: Meaning) -> Fault {
    Fault { name, source: Source::Tokens(sandbox_fault), meaning, executes: false }
}

const fn wire(name: &'static str, source: Source, meaning: Meaning) -> Fault {
    Fault { name, source, meaning, executes: false }
}

/// The request is read and the connection closed.
const UNANSWERED: Misbehavior = Misbehavior::AtRequest { forward: false, alter: nothing, end: Close };

/// A response without the service.
const fn socket(name: &'static str, alter: fn(&UpstreamResponse) -> Vec<u8>, end: End, meaning: Meaning) -> Fault {
    let source = Source::Wire(Misbehavior::AtRequest { forward: false, alter, end });
    Fault { name, source, meaning, executes: false }
}

/// Executed by the service, whose response is altered.
const fn executed(name: &'static str, alter: fn(&UpstreamResponse) -> Vec<u8>, end: End, meaning: Meaning) -> Fault {
    let source = Source::Wire(Misbehavior::AtRequest { forward: true, alter, end });
    Fault { name, source, meaning, executes: true }
}

/// A 503 of the service with an added header.
const fn unavailable(name: &'static str, alter: fn(&UpstreamResponse) -> Vec<u8>, meaning: Meaning) -> Fault {
    let source =
        Source::Both(|| SandboxFault::status(503), Misbehavior::AtRequest { forward: true, alter, end: KeepAlive });
    Fault { name, source, meaning, executes: false }
}

use End::{Close, KeepAlive, Reset, Silence};
use Meaning::{
    ClockSkew, ConnectionLost, CredentialsRevoked, Good, NoResponse, NotSent, Status, StatusRetryAfter, TlsRefused,
    TokenStatus, TokenUnavailable, TooLarge, Undecodable,
};

/// The transport's size limit.
pub(super) const BODY_LIMIT: usize = 256 << 10;

pub(super) static FAULTS: &[Fault] = &[
    sandbox("a delayed response", || SandboxFault::delay(Duration::from_millis(2)), Good, true),
    sandbox("a late response", || SandboxFault::late(Duration::from_millis(2)), Good, true),
    sandbox("a slow body", || SandboxFault::slow_body(Duration::from_millis(1)), Good, true),
    sandbox("a valid body as `text/html`", SandboxFault::wrong_content_type, Good, true),
    sandbox("a `Date` one hour off", || SandboxFault::date_ahead(Duration::from_secs(3600)), Good, true),
    sandbox("400", || SandboxFault::status(400), Status(400), false),
    sandbox("401", || SandboxFault::status(401), Status(401), false),
    sandbox("403", || SandboxFault::status(403), Status(403), false),
    sandbox("404", || SandboxFault::status(404), Status(404), false),
    sandbox("408", || SandboxFault::status(408), Status(408), false),
    sandbox("429", || SandboxFault::status(429), Status(429), false),
    sandbox(
        "429, `Retry-After: 2`",
        || SandboxFault::status(429).retry_after(Duration::from_secs(2)),
        StatusRetryAfter(429, 2000),
        false,
    ),
    sandbox(
        "429, `Retry-After: 7`",
        || SandboxFault::status(429).retry_after(Duration::from_secs(7)),
        StatusRetryAfter(429, 7000),
        false,
    ),
    sandbox(
        "429, `Retry-After: 600`",
        || SandboxFault::status(429).retry_after(Duration::from_secs(600)),
        StatusRetryAfter(429, 600_000),
        false,
    ),
    sandbox("500", || SandboxFault::status(500), Status(500), false),
    sandbox("502", || SandboxFault::status(502), Status(502), false),
    sandbox("503", || SandboxFault::status(503), Status(503), false),
    sandbox(
        "503, `Retry-After: 0`",
        || SandboxFault::status(503).retry_after(Duration::from_secs(0)),
        StatusRetryAfter(503, 0),
        false,
    ),
    sandbox(
        "503, `Retry-After: 5`",
        || SandboxFault::status(503).retry_after(Duration::from_secs(5)),
        StatusRetryAfter(503, 5000),
        false,
    ),
    unavailable("503, `Retry-After` as a date in 3 s", |response| dated(response, 3), StatusRetryAfter(503, 3000)),
    unavailable("503, `Retry-After` as a past date", |response| dated(response, -3), StatusRetryAfter(503, 0)),
    unavailable("503, `Retry-After: soon`", |response| response.with("retry-after: soon\r\n"), Status(503)),
    sandbox("504", || SandboxFault::status(504), Status(504), false),
    sandbox("reset before execution", SandboxFault::reset_before, ConnectionLost, false),
    sandbox("reset after execution", SandboxFault::reset_after, ConnectionLost, true),
    sandbox("a truncated body", SandboxFault::truncated_body, ConnectionLost, true),
    sandbox("truncated JSON with a matching length", SandboxFault::not_json, Undecodable, true),
    sandbox("a proxy's HTML page, 502", SandboxFault::proxy_html, Status(502), false),
    sandbox("a body of 64 MiB", SandboxFault::huge_body, TooLarge, false),
    sandbox("200 with a failed envelope", SandboxFault::failed_envelope, Status(200), false),
    sandbox("credentials revoked", SandboxFault::token_revoked, CredentialsRevoked, false),
    sandbox("a page without items", || SandboxFault::page_missing().after(1), Meaning::List("ended early"), true),
    sandbox("a repeated page", SandboxFault::page_repeated, Meaning::List("the same page again"), true),
    sandbox("an item added between pages", SandboxFault::page_changed, Meaning::List("an item twice"), true),
    Fault {
        name: "the client's clock is an hour slow",
        source: Source::Clock(-3600),
        meaning: ClockSkew,
        executes: false,
    },
    Fault {
        name: "the client's clock is an hour fast",
        source: Source::Clock(3600),
        meaning: ClockSkew,
        executes: false,
    },
    Fault { name: "the client's clock is 3 minutes slow", source: Source::Clock(-180), meaning: Good, executes: true },
    tokens("token service: 401", || SandboxFault::status(401), TokenStatus(401)),
    tokens("token service: 500", || SandboxFault::status(500), TokenStatus(500)),
    tokens("token service: 503", || SandboxFault::status(503), TokenStatus(503)),
    tokens("token service: reset", SandboxFault::reset_after, TokenUnavailable),
    wire("connection refused", Source::Wire(Misbehavior::NotListening), NotSent),
    wire("accepted and closed", Source::Wire(Misbehavior::AtConnect(b"", Close)), ConnectionLost),
    wire("accepted and reset", Source::Wire(Misbehavior::AtConnect(b"", Reset)), ConnectionLost),
    wire("accepted, then silence", Source::Wire(Misbehavior::AtConnect(b"", Silence)), NoResponse),
    wire("TLS: closed during the handshake", Source::Https(Misbehavior::AtConnect(b"", Close)), NotSent),
    wire(
        "TLS: plain HTTP instead",
        Source::Https(Misbehavior::AtConnect(b"HTTP/1.1 400 No\r\n\r\n", Close)),
        TlsRefused,
    ),
    wire("TLS: silence during the handshake", Source::Https(Misbehavior::AtConnect(b"", Silence)), NoResponse),
    socket("read and closed", nothing, Close, ConnectionLost),
    socket("read and reset", nothing, Reset, ConnectionLost),
    wire("a reused connection closed during the request", Source::Reused(UNANSWERED), ConnectionLost),
    executed("executed, then silence", nothing, Silence, NoResponse),
    executed("silence within the head", |_| b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), Silence, NoResponse),
    executed("silence within the body", |response| response.with_length(|length| length + 10), Silence, NoResponse),
    socket("bytes that are not HTTP", |_| b"\x00\x01\x02 nothing of the kind\r\n\r\n".to_vec(), Close, ConnectionLost),
    socket("a TLS alert", |_| b"\x15\x03\x01\x00\x02\x02\x46".to_vec(), Close, ConnectionLost),
    socket("HTTP/2 settings", |_| b"\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec(), Close, ConnectionLost),
    executed("half a status line", |_| b"HTTP/1.1 20".to_vec(), Close, ConnectionLost),
    executed("endless headers", endless_headers, Close, ConnectionLost),
    executed("two `Content-Length` headers", |response| response.with("content-length: 1\r\n"), Close, ConnectionLost),
    executed(
        "`Content-Length` above the body's length",
        |response| response.with_length(|length| length + 10),
        Close,
        ConnectionLost,
    ),
    executed(
        "`Content-Length` below the body's length",
        |response| response.with_length(|length| length / 2),
        KeepAlive,
        Undecodable,
    ),
    executed("truncated chunks", |response| chunked(response, "5\r\n{\"a\":\r\n"), Close, ConnectionLost),
    executed("a chunk without a size", |response| chunked(response, "what\r\n{\"a\":\r\n"), Close, ConnectionLost),
    executed("an endless body", endless_body, Close, TooLarge),
    executed(
        "a response with extra bytes",
        |response| [response.whole(), b"surplus".to_vec()].concat(),
        KeepAlive,
        Good,
    ),
    executed("two responses", |response| [response.whole(), response.whole()].concat(), KeepAlive, Good),
    executed("a thousand interim responses", interim, KeepAlive, Good),
    executed("HTTP/1.0 without `Content-Length`", old, Close, Good),
    executed(
        "a plain body marked as gzip",
        |response| response.with("content-encoding: gzip\r\n"),
        KeepAlive,
        Undecodable,
    ),
    executed("a body in UTF-16", utf16, KeepAlive, Undecodable),
    executed("500 with a valid body", |response| status(response, "500 Oops"), KeepAlive, Status(500)),
    socket("a redirect", redirect, KeepAlive, Undecodable),
    socket("200 and no body", |_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), KeepAlive, Undecodable),
];

fn nothing(_: &UpstreamResponse) -> Vec<u8> {
    Vec::new()
}

fn dated(response: &UpstreamResponse, seconds: i64) -> Vec<u8> {
    let date = (response.now + time::Duration::seconds(seconds)).format(&Rfc2822).unwrap_or_default();
    response.with(&format!("retry-after: {}\r\n", date.replace("+0000", "GMT")))
}

fn endless_headers(_: &UpstreamResponse) -> Vec<u8> {
    let lines = (0..2000).map(|number| format!("x-{number}: more and more\r\n"));
    ["HTTP/1.1 200 OK\r\n".to_owned()].into_iter().chain(lines).collect::<String>().into_bytes()
}

fn chunked(response: &UpstreamResponse, chunks: &str) -> Vec<u8> {
    [response.open_head("transfer-encoding: chunked\r\n"), chunks.into()].concat()
}

fn endless_body(response: &UpstreamResponse) -> Vec<u8> {
    let mut bytes = response.open_head("connection: close\r\n");
    bytes.resize(bytes.len() + BODY_LIMIT + 1, b' ');
    bytes
}

fn interim(response: &UpstreamResponse) -> Vec<u8> {
    [b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000), response.whole()].concat()
}

fn old(response: &UpstreamResponse) -> Vec<u8> {
    let head = String::from_utf8_lossy(&response.open_head("")).replacen("HTTP/1.1", "HTTP/1.0", 1);
    [head.into_bytes(), response.body.clone()].concat()
}

fn utf16(response: &UpstreamResponse) -> Vec<u8> {
    let text = String::from_utf8_lossy(&response.body);
    let body: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    [response.open_head(&format!("content-length: {}\r\n", body.len())), body].concat()
}

fn status(response: &UpstreamResponse, status: &str) -> Vec<u8> {
    let whole = response.whole();
    let rest = whole.iter().position(|byte| *byte == b'\r').map_or(&[][..], |end| &whole[end..]);
    [format!("HTTP/1.1 {status}").as_bytes(), rest].concat()
}

fn redirect(_: &UpstreamResponse) -> Vec<u8> {
    b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec()
}
