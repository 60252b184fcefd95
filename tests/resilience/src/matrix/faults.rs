//! The faults of the matrix, and what each means to a caller.

use std::time::Duration;

use cloud_sandbox::Fault as Staged;
use time::format_description::well_known::Rfc2822;

use super::crooked::{Answer, End, Misdeed};

/// A fault, how it is brought about, and what a client has to make of it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) meaning: Meaning,
    /// Whether the service carries out what is struck.
    pub(super) executes: bool,
}

/// Who brings it about.
#[derive(Debug)]
pub(super) enum Source {
    /// The sandbox.
    Sandbox(fn() -> Staged),
    /// The sandbox, at the token service.
    Tokens(fn() -> Staged),
    /// The crooked socket.
    Wire(Misdeed),
    /// The crooked socket, after a good call has left it a connection to use again.
    Reused(Misdeed),
    /// The crooked socket, spoken to over TLS, which it does not know.
    Https(Misdeed),
    /// Both.
    Both(fn() -> Staged, Misdeed),
    /// The client's clock is wrong by so many seconds.
    Clock(i64),
}

/// What the client can know of a struck request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The answer is good all the same.
    Good,
    /// There was no connection.
    Unsent,
    /// The connection broke before the answer was whole.
    Lost,
    /// Nothing comes, and time runs out.
    Silent,
    /// The service answers that it failed, with this status.
    Says(u16),
    /// So it does, and names a wait in milliseconds.
    SaysWait(u16, u64),
    /// An answer with a good status that is none.
    Garbled,
    /// More than a client takes.
    TooMuch,
    /// The signature is too old or too new.
    WrongTime,
    /// The credentials are not good any more.
    Revoked,
    /// The token service answers that it failed, with this status.
    NoToken(u16),
    /// The token service cannot be understood or reached.
    TokenLost,
    /// A list is not what it says it is.
    List(&'static str),
}

const fn sandbox(name: &'static str, staged: fn() -> Staged, meaning: Meaning, executes: bool) -> Fault {
    Fault { name, source: Source::Sandbox(staged), meaning, executes }
}

const fn tokens(name: &'static str, staged: fn() -> Staged, meaning: Meaning) -> Fault {
    Fault { name, source: Source::Tokens(staged), meaning, executes: false }
}

const fn wire(name: &'static str, source: Source, meaning: Meaning) -> Fault {
    Fault { name, source, meaning, executes: false }
}

/// Read and closed.
const UNANSWERED: Misdeed = Misdeed::Answers { forward: false, spoil: nothing, end: Close };

/// Answered without the service.
const fn socket(name: &'static str, spoil: fn(&Answer) -> Vec<u8>, end: End, meaning: Meaning) -> Fault {
    let source = Source::Wire(Misdeed::Answers { forward: false, spoil, end });
    Fault { name, source, meaning, executes: false }
}

/// Carried out by the service, whose answer is spoilt.
const fn answer(name: &'static str, spoil: fn(&Answer) -> Vec<u8>, end: End, meaning: Meaning) -> Fault {
    let source = Source::Wire(Misdeed::Answers { forward: true, spoil, end });
    Fault { name, source, meaning, executes: true }
}

/// A 503 of the service with a header of one's own.
const fn busy(name: &'static str, spoil: fn(&Answer) -> Vec<u8>, meaning: Meaning) -> Fault {
    let source = Source::Both(|| Staged::status(503), Misdeed::Answers { forward: true, spoil, end: Stays });
    Fault { name, source, meaning, executes: false }
}

use End::{Close, Reset, Silence, Stays};
use Meaning::{Garbled, Good, Lost, NoToken, Revoked, Says, SaysWait, Silent, TokenLost, TooMuch, Unsent, WrongTime};

/// The most that the transport takes here.
pub(super) const BODY_LIMIT: usize = 256 << 10;

pub(super) static FAULTS: &[Fault] = &[
    sandbox("a late answer", || Staged::delay(Duration::from_millis(2)), Good, true),
    sandbox("a body in slow pieces", || Staged::slow_body(Duration::from_millis(1)), Good, true),
    sandbox("`text/html` around the right answer", Staged::wrong_content_type, Good, true),
    sandbox("a `Date` that is an hour off", || Staged::date_ahead(Duration::from_secs(3600)), Good, true),
    sandbox("400", || Staged::status(400), Says(400), false),
    sandbox("401", || Staged::status(401), Says(401), false),
    sandbox("403", || Staged::status(403), Says(403), false),
    sandbox("404", || Staged::status(404), Says(404), false),
    sandbox("408", || Staged::status(408), Says(408), false),
    sandbox("429", || Staged::status(429), Says(429), false),
    sandbox(
        "429, `Retry-After: 2`",
        || Staged::status(429).retry_after(Duration::from_secs(2)),
        SaysWait(429, 2000),
        false,
    ),
    sandbox(
        "429, `Retry-After: 7`",
        || Staged::status(429).retry_after(Duration::from_secs(7)),
        SaysWait(429, 7000),
        false,
    ),
    sandbox(
        "429, `Retry-After: 600`",
        || Staged::status(429).retry_after(Duration::from_secs(600)),
        SaysWait(429, 600_000),
        false,
    ),
    sandbox("500", || Staged::status(500), Says(500), false),
    sandbox("502", || Staged::status(502), Says(502), false),
    sandbox("503", || Staged::status(503), Says(503), false),
    sandbox(
        "503, `Retry-After: 0`",
        || Staged::status(503).retry_after(Duration::from_secs(0)),
        SaysWait(503, 0),
        false,
    ),
    sandbox(
        "503, `Retry-After: 5`",
        || Staged::status(503).retry_after(Duration::from_secs(5)),
        SaysWait(503, 5000),
        false,
    ),
    busy("503, `Retry-After` as a date in 3 s", |answer| dated(answer, 3), SaysWait(503, 3000)),
    busy("503, `Retry-After` as a date gone by", |answer| dated(answer, -3), SaysWait(503, 0)),
    busy("503, `Retry-After: soon`", |answer| answer.with("retry-after: soon\r\n"), Says(503)),
    sandbox("504", || Staged::status(504), Says(504), false),
    sandbox("reset before the service acts", Staged::reset_before, Lost, false),
    sandbox("reset after the service acted", Staged::reset_after, Lost, true),
    sandbox("a body that ends early", Staged::truncated_body, Lost, true),
    sandbox("half of the JSON as if whole", Staged::not_json, Garbled, true),
    sandbox("a proxy's page, 502", Staged::proxy_html, Says(502), false),
    sandbox("a body of 64 MiB", Staged::huge_body, TooMuch, false),
    sandbox("200 around a failure", Staged::failed_envelope, Says(200), false),
    sandbox("credentials revoked", Staged::token_revoked, Revoked, false),
    sandbox("a page without items", || Staged::page_missing().after(1), Meaning::List("ended early"), true),
    sandbox("the page before once more", Staged::page_repeated, Meaning::List("the same page again"), true),
    sandbox("an item added between pages", Staged::page_changed, Meaning::List("an item twice"), true),
    Fault {
        name: "the client's clock is an hour slow",
        source: Source::Clock(-3600),
        meaning: WrongTime,
        executes: false,
    },
    Fault {
        name: "the client's clock is an hour fast",
        source: Source::Clock(3600),
        meaning: WrongTime,
        executes: false,
    },
    Fault { name: "the client's clock is 3 minutes slow", source: Source::Clock(-180), meaning: Good, executes: true },
    tokens("token service: 401", || Staged::status(401), NoToken(401)),
    tokens("token service: 500", || Staged::status(500), NoToken(500)),
    tokens("token service: 503", || Staged::status(503), NoToken(503)),
    tokens("token service: reset", Staged::reset_after, TokenLost),
    wire("nobody listens", Source::Wire(Misdeed::Gone), Unsent),
    wire("accepted and closed", Source::Wire(Misdeed::Drops(b"", Close)), Lost),
    wire("accepted and reset", Source::Wire(Misdeed::Drops(b"", Reset)), Lost),
    wire("accepted, then silence", Source::Wire(Misdeed::Drops(b"", Silence)), Silent),
    wire("TLS: closed in the handshake", Source::Https(Misdeed::Drops(b"", Close)), Unsent),
    wire("TLS: plain HTTP in its place", Source::Https(Misdeed::Drops(b"HTTP/1.1 400 No\r\n\r\n", Close)), Unsent),
    wire("TLS: silence in the handshake", Source::Https(Misdeed::Drops(b"", Silence)), Silent),
    socket("read and closed", nothing, Close, Lost),
    socket("read and reset", nothing, Reset, Lost),
    wire("a used connection closed under the request", Source::Reused(UNANSWERED), Lost),
    answer("carried out, then silence", nothing, Silence, Silent),
    answer("silence in the middle of the head", |_| b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), Silence, Silent),
    answer("silence in the middle of the body", |answer| answer.with_length(|length| length + 10), Silence, Silent),
    socket("bytes that are not HTTP", |_| b"\x00\x01\x02 nothing of the kind\r\n\r\n".to_vec(), Close, Lost),
    socket("a TLS alert", |_| b"\x15\x03\x01\x00\x02\x02\x46".to_vec(), Close, Lost),
    socket("HTTP/2 settings", |_| b"\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec(), Close, Lost),
    answer("half a status line", |_| b"HTTP/1.1 20".to_vec(), Close, Lost),
    answer("headers without end", endless_headers, Close, Lost),
    answer("two lengths", |answer| answer.with("content-length: 1\r\n"), Close, Lost),
    answer("a length above the body's", |answer| answer.with_length(|length| length + 10), Close, Lost),
    answer("a length below the body's", |answer| answer.with_length(|length| length / 2), Stays, Garbled),
    answer("chunks that break off", |answer| chunked(answer, "5\r\n{\"a\":\r\n"), Close, Lost),
    answer("a chunk without a size", |answer| chunked(answer, "what\r\n{\"a\":\r\n"), Close, Lost),
    answer("a body without end", endless_body, Close, TooMuch),
    answer("an answer and more bytes", |answer| [answer.whole(), b"surplus".to_vec()].concat(), Stays, Good),
    answer("two answers", |answer| [answer.whole(), answer.whole()].concat(), Stays, Good),
    answer("a thousand interim answers", interim, Stays, Good),
    answer("HTTP/1.0 without a length", old, Close, Good),
    answer("a body called gzip", |answer| answer.with("content-encoding: gzip\r\n"), Stays, Garbled),
    answer("a body in UTF-16", utf16, Stays, Garbled),
    answer("500 around the right answer", |answer| status(answer, "500 Oops"), Stays, Says(500)),
    socket("a redirect", redirect, Stays, Garbled),
    socket("200 and no body", |_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), Stays, Garbled),
];

fn nothing(_: &Answer) -> Vec<u8> {
    Vec::new()
}

fn dated(answer: &Answer, seconds: i64) -> Vec<u8> {
    let date = (answer.now + time::Duration::seconds(seconds)).format(&Rfc2822).unwrap_or_default();
    answer.with(&format!("retry-after: {}\r\n", date.replace("+0000", "GMT")))
}

fn endless_headers(_: &Answer) -> Vec<u8> {
    let lines = (0..2000).map(|number| format!("x-{number}: more and more\r\n"));
    ["HTTP/1.1 200 OK\r\n".to_owned()].into_iter().chain(lines).collect::<String>().into_bytes()
}

fn chunked(answer: &Answer, chunks: &str) -> Vec<u8> {
    [answer.open_head("transfer-encoding: chunked\r\n"), chunks.into()].concat()
}

fn endless_body(answer: &Answer) -> Vec<u8> {
    let mut bytes = answer.open_head("connection: close\r\n");
    bytes.resize(bytes.len() + BODY_LIMIT + 1, b' ');
    bytes
}

fn interim(answer: &Answer) -> Vec<u8> {
    [b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000), answer.whole()].concat()
}

fn old(answer: &Answer) -> Vec<u8> {
    let head = String::from_utf8_lossy(&answer.open_head("")).replacen("HTTP/1.1", "HTTP/1.0", 1);
    [head.into_bytes(), answer.body.clone()].concat()
}

fn utf16(answer: &Answer) -> Vec<u8> {
    let text = String::from_utf8_lossy(&answer.body);
    let body: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    [answer.open_head(&format!("content-length: {}\r\n", body.len())), body].concat()
}

fn status(answer: &Answer, status: &str) -> Vec<u8> {
    let whole = answer.whole();
    let rest = whole.iter().position(|byte| *byte == b'\r').map_or(&[][..], |end| &whole[end..]);
    [format!("HTTP/1.1 {status}").as_bytes(), rest].concat()
}

fn redirect(_: &Answer) -> Vec<u8> {
    b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec()
}
