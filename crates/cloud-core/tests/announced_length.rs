//! A server that announces far more than it sends costs no memory and ends in an error, whatever the limit.

#![cfg(test)]
#![cfg(feature = "ring")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use bytes::Bytes;
use cloud_core::Transport as _;
use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::transport::{BodyLimit, Stage, TransportError};

/// Answers every request with these headers and this much of a body, and closes the connection.
fn server(headers: &'static str, sent: usize) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", socket.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
            let _ = stream.write_all(&vec![b'7'; sent]);
        }
    });
    url
}

async fn fetch(url: &str, of_transport: Option<usize>, of_call: Option<usize>) -> Result<usize, TransportError> {
    let mut builder = ReqwestTransport::builder();
    if let Some(limit) = of_transport {
        builder = builder.body_limit(limit);
    }
    let mut request = http::Request::get(url).body(Bytes::new()).unwrap();
    if let Some(limit) = of_call {
        request.extensions_mut().insert(BodyLimit::new(limit));
    }
    builder.build().unwrap().send(request).await.map(|response| response.body().len())
}

#[tokio::test]
async fn announced_length_is_not_reserved() {
    const EXBIBYTES_4: &str = "content-length: 4611686018427387904";
    const MOST: &str = "content-length: 18446744073709551613";
    const CHUNK: &str = "transfer-encoding: chunked\r\n\r\n4000000000000000";
    let unlimited = [(Some(usize::MAX), None), (None, Some(usize::MAX))];
    for (headers, sent) in [(EXBIBYTES_4, 0), (EXBIBYTES_4, 1), (EXBIBYTES_4, 3 << 20), (MOST, 1), (CHUNK, 3 << 20)] {
        let url = server(headers, sent);
        for (of_transport, of_call) in unlimited {
            let error = fetch(&url, of_transport, of_call).await.unwrap_err();
            assert_eq!(error.stage, Stage::PossiblySent, "{headers} {sent}: {error}");
            assert_eq!(error.to_string(), "the response was truncated", "{headers} {sent}");
        }
    }
}

#[tokio::test]
async fn announced_length_above_the_limit_is_refused_with_the_limit() {
    let url = server("content-length: 4611686018427387904", 1);
    for (of_transport, of_call, limit) in [(None, None, 16 << 20), (Some(9), None, 9), (Some(usize::MAX), Some(9), 9)] {
        let error = fetch(&url, of_transport, of_call).await.unwrap_err();
        assert_eq!(error.stage, Stage::Response);
        assert!(error.to_string().contains(&format!("the limit of {limit} bytes; raise it")), "{error}");
    }
    // What fits is read, also with a limit that cannot be reached.
    let url = server("content-length: 2097152", 2 << 20);
    assert_eq!(fetch(&url, None, Some(usize::MAX)).await.unwrap(), 2 << 20);
}
