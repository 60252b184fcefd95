//! Limits of size and time. A server that announces far more than it sends costs no memory and ends in an error.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::transport::{BodyLimit, BuiltInTransport, Stage, TransportError};

use super::{builder, serve};

each_transport!(
    announced_length_is_not_reserved,
    announced_length_above_the_limit_is_refused_with_the_limit,
    chunks_above_the_limit_are_refused,
    connecting_ends_at_its_limit,
);

/// Answers every request with these headers and this much of a body, and closes the connection.
fn server(headers: &'static str, sent: usize) -> String {
    let address = serve(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        let _ = stream.write_all(&vec![b'7'; sent]);
    });
    format!("http://{address}/keys")
}

async fn fetch<T: BuiltInTransport>(
    url: &str,
    of_transport: Option<usize>,
    of_call: Option<usize>,
) -> Result<usize, TransportError> {
    let mut builder = builder::<T>();
    if let Some(limit) = of_transport {
        builder = builder.body_limit(limit);
    }
    let mut request = http::Request::get(url).body(Bytes::new()).unwrap();
    if let Some(limit) = of_call {
        request.extensions_mut().insert(BodyLimit::new(limit));
    }
    builder.build().unwrap().send(request).await.map(|response| response.body().len())
}

async fn announced_length_is_not_reserved<T: BuiltInTransport>() {
    const EXBIBYTES_4: &str = "content-length: 4611686018427387904";
    const MOST: &str = "content-length: 18446744073709551613";
    const CHUNK: &str = "transfer-encoding: chunked\r\n\r\n4000000000000000";
    let unlimited = [(Some(usize::MAX), None), (None, Some(usize::MAX))];
    for (headers, sent) in [(EXBIBYTES_4, 0), (EXBIBYTES_4, 1), (EXBIBYTES_4, 3 << 20), (MOST, 1), (CHUNK, 3 << 20)] {
        let url = server(headers, sent);
        for (of_transport, of_call) in unlimited {
            let error = fetch::<T>(&url, of_transport, of_call).await.unwrap_err();
            assert_eq!(error.stage, Stage::PossiblySent, "{headers} {sent}: {error}");
            assert_eq!(error.to_string(), "the response was truncated", "{headers} {sent}");
        }
    }
}

async fn announced_length_above_the_limit_is_refused_with_the_limit<T: BuiltInTransport>() {
    let url = server("content-length: 4611686018427387904", 1);
    for (of_transport, of_call, limit) in [(None, None, 16 << 20), (Some(9), None, 9), (Some(usize::MAX), Some(9), 9)] {
        let error = fetch::<T>(&url, of_transport, of_call).await.unwrap_err();
        assert_eq!(error.stage, Stage::Response);
        assert!(error.to_string().contains(&format!("the limit of {limit} bytes; raise it")), "{error}");
    }
    // What fits is read, also with a limit that cannot be reached.
    let url = server("content-length: 2097152", 2 << 20);
    assert_eq!(fetch::<T>(&url, None, Some(usize::MAX)).await.unwrap(), 2 << 20);
}

async fn chunks_above_the_limit_are_refused<T: BuiltInTransport>() {
    let url = server("transfer-encoding: chunked\r\n\r\n5", 0);
    let error = fetch::<T>(&url, Some(9), None).await.unwrap_err();
    assert_eq!(error.stage, Stage::PossiblySent, "nothing above the limit has come: {error}");
    let url = server("transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n67890\r\n0\r\n", 0);
    let error = fetch::<T>(&url, Some(9), None).await.unwrap_err();
    assert_eq!(error.stage, Stage::Response);
    assert!(error.to_string().contains("the limit of 9 bytes"), "{error}");
    assert_eq!(fetch::<T>(&url, Some(10), None).await.unwrap(), 10);
}

async fn connecting_ends_at_its_limit<T: BuiltInTransport>() {
    // A server that accepts and never greets: TLS is part of connecting.
    let address = serve(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let transport = builder::<T>().connect_timeout(Duration::from_millis(20)).build().unwrap();
    let request = http::Request::get(format!("https://{address}/keys")).body(Bytes::new()).unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.stage, Stage::Connect);
    assert_eq!(error.to_string(), format!("could not connect to {address}"));
    let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    assert!(causes.map(ToString::to_string).any(|cause| cause.contains("timed out")), "{error:?}");
}
