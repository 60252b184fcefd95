//! What a server receives, and which responses are passed on as they are.

use std::io::Write as _;

use bytes::Bytes;
use cloud_core::transport::{BuiltInTransport, Stage, TransportError};

use super::{GOOD, answering, builder, receive, request, serve};

each_transport!(
    request_arrives_as_it_is,
    user_agent_of_the_transport_is_for_requests_without_one,
    url_that_would_be_rewritten_is_not_sent,
    redirects_are_not_followed,
    response_is_passed_on_as_it_is,
    large_bodies_arrive_in_both_directions,
    dropped_call_leaves_the_transport_usable,
    broken_responses_are_possibly_sent,
    refused_connection_is_not_sent,
);

async fn request_arrives_as_it_is<T: BuiltInTransport>() {
    let (address, seen) = answering(GOOD);
    let transport = builder::<T>().build().unwrap();
    for (method, body, length) in [
        ("GET", "", None),
        ("DELETE", "", None),
        ("DELETE", "{}", Some("2")),
        ("POST", "", None),
        ("POST", "{\"a\":1}", Some("7")),
        ("PUT", "", None),
        ("PUT", "{}", Some("2")),
        ("PATCH", "{}", Some("2")),
    ] {
        let path = "/v1/a%2Fb/~!$&'()*+,;=:@?x=%20&y=a/b?c";
        let mut sent = request(method, &format!("http://{address}{path}"), body);
        for (name, value) in [("accept", "application/json"), ("x-signature", "a+/=\u{ff}")] {
            sent.headers_mut().insert(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        *sent.version_mut() = http::Version::HTTP_2;
        assert_eq!(transport.send(sent).await.unwrap().body(), "{}");
        let received = seen.recv().unwrap();
        assert_eq!(received.line(), format!("{method} {path} HTTP/1.1"));
        assert_eq!(received.body, body.as_bytes());
        let mut names: Vec<_> = received.head.iter().skip(1).filter_map(|line| line.split(':').next()).collect();
        names.sort_unstable();
        let wanted = ["accept", "content-length", "host", "user-agent", "x-signature"];
        let wanted = wanted.iter().filter(|name| length.is_some() || **name != "content-length");
        assert!(names.iter().eq(wanted), "{method}: {names:?}");
        assert_eq!(received.header("content-length"), length, "{method}");
        assert_eq!(received.header("host"), Some(address.as_str()));
        assert_eq!(received.header("x-signature"), Some("a+/=\u{ff}"));
    }
}

async fn user_agent_of_the_transport_is_for_requests_without_one<T: BuiltInTransport>() {
    let (address, seen) = answering(GOOD);
    let url = format!("http://{address}/keys");
    let with_one = |agent| {
        let mut request = request("GET", &url, "");
        request.headers_mut().insert(http::header::USER_AGENT, agent);
        request
    };
    let default = concat!("cloud-core/", env!("CARGO_PKG_VERSION"));
    for (builder, wanted) in [(builder::<T>(), default), (builder::<T>().user_agent("a/1"), "a/1")] {
        let transport = builder.build().unwrap();
        transport.send(request("GET", &url, "")).await.unwrap();
        assert_eq!(seen.recv().unwrap().header("user-agent"), Some(wanted));
        transport.send(with_one(http::HeaderValue::from_static("b/2"))).await.unwrap();
        assert_eq!(seen.recv().unwrap().header("user-agent"), Some("b/2"));
    }
}

async fn url_that_would_be_rewritten_is_not_sent<T: BuiltInTransport>() {
    let (address, seen) = answering(GOOD);
    let transport = builder::<T>().build().unwrap();
    let urls = [
        format!("http://user@{address}/"),
        format!("http://user:canary@{address}/"),
        format!("http://{address}?x=canary"),
        format!("ftp://{address}/"),
        "http://127.0.0.1:80/".to_owned(),
        "https://127.0.0.1:443/".to_owned(),
        "http://127.0.0.1:/".to_owned(),
        "/keys".to_owned(),
        address.clone(),
    ];
    for url in urls {
        let error = transport.send(request("GET", &url, "")).await.unwrap_err();
        assert_eq!(error.stage, Stage::Invalid, "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    // What one client would rewrite is sent as it is by another.
    for path in ["/a/../b", "/a/./b", "/a\"b", "/a|b{c}", "/a?x='\"", "/\u{e9}"] {
        let Ok(uri) = format!("http://{address}{path}").parse::<http::Uri>() else { continue };
        let sent = http::Request::get(uri).body(Bytes::new()).unwrap();
        match transport.send(sent).await {
            Ok(_) => assert_eq!(seen.recv().unwrap().line(), format!("GET {path} HTTP/1.1")),
            Err(error) => assert_eq!(error.stage, Stage::Invalid, "{path}: {error}"),
        }
    }
    assert!(seen.try_recv().is_err(), "a request was sent twice or changed");
}

async fn redirects_are_not_followed<T: BuiltInTransport>() {
    let (elsewhere, followed) = answering(GOOD);
    let transport = builder::<T>().build().unwrap();
    for status in [301, 302, 303, 307, 308] {
        for target in ["/other".to_owned(), format!("http://{elsewhere}/")] {
            let (address, seen) =
                answering(format!("HTTP/1.1 {status} Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"));
            for method in ["GET", "POST", "DELETE"] {
                let response = transport.send(request(method, &format!("http://{address}/"), "{}")).await.unwrap();
                assert_eq!(response.status(), status);
                assert_eq!(response.headers()["location"], target);
                assert_eq!(seen.try_iter().count(), 1, "{method} {status}");
            }
        }
    }
    assert!(followed.try_recv().is_err(), "credentials went to another host");
}

async fn response_is_passed_on_as_it_is<T: BuiltInTransport>() {
    let transport = builder::<T>().build().unwrap();
    for (answer, status, body) in [
        ("200 OK\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
        ("200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200, "abc"),
        (
            "200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nx: y\r\n\r\n",
            200,
            "abc",
        ),
        ("204 No Content\r\n\r\n", 204, ""),
        ("500 Odd\r\ncontent-length: 0\r\n\r\n", 500, ""),
        ("299 \r\ncontent-length: 1\r\n\r\n{", 299, "{"),
        // A body that is not asked for as such is not decompressed.
        ("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
        // Until the connection ends.
        ("200 OK\r\n\r\nabc", 200, "abc"),
        ("100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", 200, "a"),
    ] {
        let address = serve(move |mut stream| {
            receive(&mut stream).unwrap();
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
        });
        let response = transport.send(request("POST", &format!("http://{address}/"), "{}")).await.unwrap();
        assert_eq!((response.status().as_u16(), &**response.body()), (status, body.as_bytes()), "{answer}");
        let encoded = answer.contains("content-encoding");
        assert_eq!(response.headers().contains_key("content-encoding"), encoded, "{answer}");
    }
}

async fn large_bodies_arrive_in_both_directions<T: BuiltInTransport>() {
    const SIZE: usize = 3 << 20;
    let address = serve(|mut stream| {
        while let Some(received) = receive(&mut stream) {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", received.body.len()).unwrap();
            stream.write_all(&received.body).unwrap();
        }
    });
    let transport = builder::<T>().build().unwrap();
    let body: Bytes = (0..SIZE).map(|index| u8::try_from(index % 251).unwrap()).collect();
    for _ in 0..2 {
        let sent = http::Request::post(format!("http://{address}/")).body(body.clone()).unwrap();
        assert!(transport.send(sent).await.unwrap().body() == &body, "other bytes");
    }
}

async fn dropped_call_leaves_the_transport_usable<T: BuiltInTransport>() {
    let (found, seen) = std::sync::mpsc::channel();
    let address = serve(move |mut stream| {
        let received = receive(&mut stream).unwrap();
        if received.line().starts_with("PUT") {
            // Until the client closes the connection.
            let ended = receive(&mut stream).is_none();
            return found.send(ended).unwrap();
        }
        stream.write_all(GOOD.as_bytes()).unwrap();
    });
    let (transport, url) = (builder::<T>().build().unwrap(), format!("http://{address}/"));
    let mut silent = transport.send(request("PUT", &url, "{}"));
    for _ in 0..1000 {
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(silent.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        tokio::task::yield_now().await;
    }
    drop(silent);
    transport.send(request("POST", &url, "{}")).await.unwrap();
    while seen.try_recv() != Ok(true) {
        tokio::task::yield_now().await;
    }
}

async fn broken_responses_are_possibly_sent<T: BuiltInTransport>() {
    const NONE: &str = "the connection ended without a response";
    const CUT: &str = "the response was truncated";
    let transport = builder::<T>().build().unwrap();
    for (answer, text) in [
        ("", NONE),
        ("HTTP/1.1 200 OK\r\ncontent-", NONE),
        ("not http\r\n\r\n", NONE),
        ("HTTP/1.1 99999 What\r\n\r\n", NONE),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", NONE),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", CUT),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", CUT),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc", CUT),
    ] {
        let address = serve(move |mut stream| {
            receive(&mut stream).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let error = transport.send(request("POST", &format!("http://{address}/?x=canary"), "{}")).await.unwrap_err();
        assert_eq!((error.stage, error.to_string()), (Stage::PossiblySent, text.to_owned()), "{answer:?}");
        assert!(!shown(&error).contains("canary"), "{}", shown(&error));
    }
}

async fn refused_connection_is_not_sent<T: BuiltInTransport>() {
    // A port that was just free: nothing listens on it any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let transport = builder::<T>().build().unwrap();
    for (scheme, host) in [("http", address.to_string()), ("https", format!("localhost:{}", address.port()))] {
        let error = transport.send(request("POST", &format!("{scheme}://{host}/?x=canary"), "{}")).await.unwrap_err();
        assert_eq!((error.stage, error.to_string()), (Stage::Connect, format!("could not connect to {host}")));
        assert!(shown(&error).contains("refused") && !shown(&error).contains("canary"), "{}", shown(&error));
    }
    let error = transport.send(request("POST", "https://name.invalid/", "{}")).await.unwrap_err();
    assert_eq!(error.stage, Stage::Connect, "{error}");
}

/// The error with its causes.
fn shown(error: &TransportError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.fold(format!("{error} {error:?}"), |text, cause| format!("{text}; {cause} {cause:?}"))
}
