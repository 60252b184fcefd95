//! Raw requests: unusual ids, names and headers arrive unchanged, and the signature covers exactly these bytes.

#![cfg(test)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use scp_security::kms::types::EncryptRequest;
use scp_security::{Error, Scp};
use sha2::Sha256;

conformance::each_transport!(
    ids_are_signed_as_sent,
    queries_are_signed_as_sent,
    header_values_arrive_unchanged_or_are_rejected
);

const KEY: &str = "0123456789abcdef";
const SECRET: &str = "11111111-2222-3333-4444-555555555555";

/// The same cases in every run unless the environment asks for others.
fn settings() -> Config {
    let settings = Config { cases: 64, failure_persistence: None, ..Config::default() };
    match settings.rng_seed {
        RngSeed::Random => Config { rng_seed: RngSeed::Fixed(1), ..settings },
        RngSeed::Fixed(_) => settings,
    }
}

/// A request as it came over the wire, undecoded.
struct Raw {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.headers.iter().filter(|(header, _)| header == name);
        let value = found.next()?;
        assert!(found.next().is_none(), "two headers {name}");
        Some(&value.1)
    }

    fn text(&self, name: &str) -> &str {
        self.header(name).map_or("", |value| std::str::from_utf8(value).unwrap())
    }
}

/// Answers every request with an empty object and hands on what it read.
struct Listener {
    url: String,
    seen: Receiver<Raw>,
}

impl Listener {
    fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (found, seen) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let mut stream = stream.unwrap();
                let raw = read(&mut stream);
                // First, so that the test finds the request once it has the answer.
                if found.send(raw).is_err() {
                    return;
                }
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, seen }
    }

    /// The one request that arrived since the last time, or none.
    fn take(&self) -> Option<Raw> {
        let first = self.seen.try_recv().ok();
        assert!(self.seen.try_recv().is_err(), "more than one request");
        first
    }

    fn scp<T: BuiltInTransport + 'static>(&self, key: &str) -> Result<Scp, Error> {
        let transport = TransportBuilder::<T>::default().build()?;
        Scp::builder().endpoint(&self.url).credentials(key, SECRET).transport(transport).build()
    }
}

fn read(stream: &mut TcpStream) -> Raw {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the head ends early");
        bytes.extend_from_slice(&buffer[..count]);
    };
    let mut body = bytes.split_off(end + 4);
    bytes.truncate(end);
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = std::str::from_utf8(lines.next().unwrap()).unwrap().to_owned();
    let words: Vec<_> = first.split(' ').collect();
    assert_eq!((words.len(), words[2]), (3, "HTTP/1.1"), "{first}");
    let headers = lines.map(|line| {
        let colon = line.iter().position(|byte| *byte == b':').unwrap();
        let name = std::str::from_utf8(&line[..colon]).unwrap().to_ascii_lowercase();
        (name, line[colon + 1..].trim_ascii().to_vec())
    });
    let mut raw =
        Raw { method: words[0].to_owned(), target: words[1].to_owned(), headers: headers.collect(), body: Vec::new() };
    let length = raw.text("content-length").parse().unwrap_or(0);
    while body.len() < length {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the body ends early");
        body.extend_from_slice(&buffer[..count]);
    }
    raw.body = body;
    raw
}

/// The documented recipe over what was received, and nothing that the client said about itself.
fn expected(listener: &Listener, raw: &Raw, key: &str) -> String {
    let message = format!("{}{}{}{}{key}Openapi", raw.method, listener.url, raw.target, raw.text("scp-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, left) = match (first, after) {
            (b'%', [high, low, left @ ..]) => {
                let pair = [*high, *low];
                (u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap(), left)
            }
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8(bytes).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,30}",
        "[./%?#&=+'\"<>\\\\^`|{}:;@ a-c가-힣]{0,12}",
        "[\u{0}-\u{20}\u{7f}]{0,3}",
        Just("..".to_owned())
    ]
}

fn run<T>(future: impl IntoFuture<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future.into_future())
}

fn is_signed(listener: &Listener, raw: &Raw, key: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(raw.text("scp-signature"), expected(listener, raw, key), "{}", raw.target);
    prop_assert_eq!(raw.text("scp-accesskey"), key);
    prop_assert_eq!(format!("http://{}", raw.text("host")), listener.url.as_str());
    Ok(())
}

fn ids_are_signed_as_sent<T: BuiltInTransport + 'static>() {
    let listener = Listener::start();
    let scp = listener.scp::<T>(KEY).unwrap();
    proptest!(settings(), |(id in text(), plain in any::<Vec<u8>>())| {
        let outcome = run(scp.kms().encrypt(&id, &EncryptRequest::new(&plain)));
        let error = outcome.expect_err("an empty object is not an answer to this");
        let Some(raw) = listener.take() else {
            let refused = matches!(id.as_str(), "" | "." | "..") || id.chars().any(char::is_control);
            prop_assert!(refused && error.is_unsent(), "{:?}: {}", id, error);
            return Ok(());
        };
        prop_assert!(!error.is_unsent());
        is_signed(&listener, &raw, KEY)?;
        let arrived = raw.target.strip_prefix("/v1/kms/openapi/encrypt/").unwrap();
        prop_assert!(!arrived.contains('/'), "{}", raw.target);
        prop_assert_eq!(decoded(arrived), id);
        let body = serde_json::from_slice::<serde_json::Value>(&raw.body).unwrap();
        prop_assert_eq!(STANDARD.decode(body["plaintext"].as_str().unwrap()).unwrap(), plain);
    });
}

fn queries_are_signed_as_sent<T: BuiltInTransport + 'static>() {
    let listener = Listener::start();
    let scp = listener.scp::<T>(KEY).unwrap();
    proptest!(settings(), |(name in text(), size in any::<u32>())| {
        let list = scp.certificate_manager().list_certificates().name(name.as_str()).size(size).skip_validation();
        let outcome = run(list.first_page());
        let Some(raw) = listener.take() else {
            prop_assert!(name.is_empty() && outcome.is_err_and(|error| error.is_unsent()), "{:?}", name);
            return Ok(());
        };
        is_signed(&listener, &raw, KEY)?;
        let query = raw.target.strip_prefix("/v1/certificatemanager?").unwrap();
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let sent = [("name", name.clone()), ("size", size.to_string())];
        prop_assert_eq!(pairs.iter().map(|(name, value)| (*name, decoded(value))).collect::<Vec<_>>(), sent);
    });
}

fn header_values_arrive_unchanged_or_are_rejected<T: BuiltInTransport + 'static>() {
    let listener = Listener::start();
    proptest!(settings(), |(key in prop_oneof![text(), "[!-~]{1,12}", "[ \t]?[ -~]{0,12}[ \t]?"])| {
        let scp = match listener.scp::<T>(&key) {
            Ok(scp) => scp,
            Err(error) => {
                prop_assert!(error.is_unsent());
                let plain = |byte: u8| byte.is_ascii_graphic();
                prop_assert!(key.is_empty() || !key.bytes().all(plain), "{:?}: {}", key, error);
                return Ok(());
            }
        };
        let _ = run(scp.kms().show_key("k"));
        let raw = listener.take().expect("a header that can be sent");
        is_signed(&listener, &raw, &key)?;
    });
}
