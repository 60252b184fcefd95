//! What the built-in transports have in common: each test runs with each of them.

#![cfg(test)]
#![cfg(feature = "ring")]

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};

use bytes::Bytes;
use cloud_core::transport::{BuiltInTransport, TransportBuilder};

/// Makes a test for each built-in transport from each of these functions, which have the transport as their parameter.
macro_rules! each_transport {
    ($($test:ident),* $(,)?) => {
        mod reqwest {
            $(#[tokio::test]
            async fn $test() {
                super::$test::<cloud_core::transport::reqwest::ReqwestTransport>().await;
            })*
        }

        mod hyper {
            $(#[tokio::test]
            async fn $test() {
                super::$test::<cloud_core::transport::hyper::HyperTransport>().await;
            })*
        }
    };
}

mod authorities;
mod closed_connections;
mod limits;
mod proxies;
mod requests;
mod runtimes;
mod tls;

fn builder<T: BuiltInTransport>() -> TransportBuilder<T> {
    TransportBuilder::default()
}

fn request(method: &str, url: &str, body: &'static str) -> http::Request<Bytes> {
    let request = http::Request::builder().method(method).uri(url);
    request.body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// A request as a server received it.
#[derive(Debug)]
struct Received {
    /// The lines of the head.
    head: Vec<String>,
    body: Vec<u8>,
}

impl Received {
    fn line(&self) -> &str {
        self.head.first().map_or("", String::as_str)
    }

    /// The only value of this header.
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.iter().skip(1).filter_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert!(values.next().is_none(), "two headers {name}");
        value
    }
}

/// Reads one request, or nothing if the connection ends.
fn receive(stream: &mut impl Read) -> Option<Received> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let head = text.trim_end().lines().map(str::to_owned).collect();
    let mut received = Received { head, body: Vec::new() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    received.body = vec![0; length];
    stream.read_exact(&mut received.body).ok()?;
    Some(received)
}

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Handles each connection on its own thread. Returns the server's address.
fn serve(handle: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (handle, stream) = (handle.clone(), stream.unwrap());
            std::thread::spawn(move || handle(stream));
        }
    });
    address
}

/// Gives this answer to every request and hands it on before. Connections stay open.
fn answering(answer: impl Into<String>) -> (String, std::sync::mpsc::Receiver<Received>) {
    let (found, seen) = std::sync::mpsc::channel();
    let answer = answer.into();
    let address = serve(move |mut stream| {
        while let Some(received) = receive(&mut stream) {
            if found.send(received).is_err() || stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (address, seen)
}
