//! Outdated, missing or untrusted TLS: nothing is sent over it, and the error says so.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use cloud_core::testing::FakeRuntime;
use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use cloud_sandbox::Sandbox;
use scp_security::{ErrorKind, Scp};
use time::macros::datetime;

conformance::each_transport!(async tls_before_1_2_and_plain_servers_are_rejected, untrusted_certificate_is_rejected_before_sending);

const KEY: &str = "canary-7Qz9-key";

/// Handles each connection like this and hands on all that came over it.
fn server(handle: fn(&mut TcpStream)) -> (String, Receiver<Vec<u8>>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", socket.local_addr().unwrap());
    let (found, seen) = channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).unwrap_or(0);
            bytes.truncate(count);
            handle(&mut stream);
            let _ = stream.read_to_end(&mut bytes);
            if found.send(bytes).is_err() {
                return;
            }
        }
    });
    (url, seen)
}

/// A server's first message in this version, with a cipher suite and nothing else.
fn hello(version: u8, cipher: [u8; 2]) -> Vec<u8> {
    let mut body = vec![3, version];
    body.extend([7; 32]);
    body.push(0);
    body.extend(cipher);
    body.push(0);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, version, 0, length + 4, 2, 0, 0, length];
    record.extend(body);
    record
}

async fn refused<T: BuiltInTransport + 'static>(url: &str) -> String {
    let transport = TransportBuilder::<T>::default().build().unwrap();
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let scp = Scp::builder().endpoint(url).credentials(KEY, "canary-7Qz9-secret").runtime(runtime);
    let scp = scp.transport(transport).build().unwrap();
    let error = scp.kms().rotate_key("k").await.unwrap_err();
    assert_eq!((error.kind(), error.is_unsent(), error.attempts()), (ErrorKind::Connect, true, 1), "{error}");
    assert!(!error.is_transient(), "another attempt would meet the same");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    error.to_string()
}

async fn tls_before_1_2_and_plain_servers_are_rejected<T: BuiltInTransport + 'static>() {
    type Case = (&'static str, fn(&mut TcpStream));
    let cases: [Case; 5] = [
        ("SSL 3.0", |stream| drop(stream.write_all(&hello(0, [0, 0x0a])))),
        ("TLS 1.0", |stream| drop(stream.write_all(&hello(1, [0, 0x2f])))),
        ("TLS 1.1", |stream| drop(stream.write_all(&hello(2, [0, 0x2f])))),
        ("TLS 1.2 without forward secrecy", |stream| drop(stream.write_all(&hello(3, [0, 0x2f])))),
        ("no TLS", |stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"))),
    ];
    for (name, handle) in cases {
        let (url, seen) = server(handle);
        let shown = refused::<T>(&url).await;
        assert!(shown.contains(&url["https://".len()..]), "{shown}");
        assert_eq!(shown.contains("is it an http endpoint?"), name == "no TLS", "{name}: {shown}");
        let bytes = seen.recv().unwrap();
        assert_eq!(bytes[..3], [22, 3, 1], "{name}: something else than a greeting came first");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary") && !text.contains("/v1/kms"), "{name}: {text}");
        // The greeting offers no version below 1.2: among its extensions are the supported versions 1.3 and 1.2.
        let (url, seen) = server(handle);
        refused::<T>(&url).await;
        let greeting = seen.recv().unwrap();
        assert!(greeting.windows(9).any(|bytes| bytes == [0, 43, 0, 5, 4, 3, 4, 3, 3]), "{name}");
    }
}

async fn untrusted_certificate_is_rejected_before_sending<T: BuiltInTransport + 'static>() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    let text = refused::<T>(sandbox.mtls_endpoint().unwrap()).await;
    assert!(text.to_lowercase().contains("certificate"), "{text}");
    assert!(sandbox.calls().is_empty());
}
