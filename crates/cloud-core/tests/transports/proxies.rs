//! A proxy that is given: what it receives, and what an error says of it.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};

use cloud_core::transport::{BuiltInTransport, Stage};

use super::tls::{Authority, Server};
use super::{GOOD, Received, answering, builder, receive, request, serve};

each_transport!(
    unencrypted_request_is_forwarded_by_its_url,
    encrypted_request_goes_through_a_tunnel,
    encrypted_request_goes_through_a_tunnel_within_tls,
    unencrypted_request_goes_to_a_proxy_within_tls,
    proxy_that_does_not_tunnel_is_named,
    requests_to_the_loopback_use_no_proxy,
);

/// `user:pass word` in Base64.
const CREDENTIALS: &str = "Basic dXNlcjpwYXNzIHdvcmQ=";

async fn unencrypted_request_is_forwarded_by_its_url<T: BuiltInTransport>() {
    let (proxy, seen) = answering(GOOD);
    let transport = builder::<T>().proxy(format!("http://user:pass%20word@{proxy}")).build().unwrap();
    for _ in 0..2 {
        let response = transport.send(request("POST", "http://kms.example:81/keys?x=1", "{}")).await.unwrap();
        assert_eq!(response.body(), "{}");
        let received = seen.recv().unwrap();
        assert_eq!(received.line(), "POST http://kms.example:81/keys?x=1 HTTP/1.1");
        assert_eq!(received.header("host"), Some("kms.example:81"));
        assert_eq!(received.header("proxy-authorization"), Some(CREDENTIALS));
        assert_eq!(received.body, b"{}");
    }
    // A proxy that asks for no credentials gets none.
    let transport = builder::<T>().proxy(proxy).build().unwrap();
    transport.send(request("GET", "http://kms.example/keys", "")).await.unwrap();
    let received = seen.recv().unwrap();
    assert_eq!((received.header("host"), received.header("proxy-authorization")), (Some("kms.example"), None));
}

/// A proxy that opens each tunnel to this server. Returns its address and the requests for tunnels.
fn tunnel(server: &str) -> (String, Receiver<Received>) {
    let (found, seen) = channel();
    let server = server.to_owned();
    let address = serve(move |mut client| {
        found.send(receive(&mut client).unwrap()).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let mut server = std::net::TcpStream::connect(&server).unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || drop(std::io::copy(&mut from_client, &mut to_server)));
        let _ = std::io::copy(&mut server, &mut client);
    });
    (address, seen)
}

async fn encrypted_request_goes_through_a_tunnel<T: BuiltInTransport>() {
    let authority = Authority::new();
    let server = Server::start(&authority, &["kms.example", "::1"], None);
    let (proxy, seen) = tunnel(&server.address);
    let transport = builder::<T>()
        .proxy(format!("http://user:pass%20word@{proxy}"))
        .root_certificates_pem(authority.pem())
        .only_given_roots()
        .user_agent("agent/1");
    let transport = transport.build().unwrap();
    for (host, target) in
        [("kms.example", "kms.example:443"), ("kms.example:8443", "kms.example:8443"), ("[::1]", "[::1]:443")]
    {
        for round in 0..2 {
            let mut sent = request("POST", &format!("https://{host}/keys?x=1"), "{}");
            sent.headers_mut().insert("authorization", http::HeaderValue::from_static("token"));
            // Nothing connects by an address within a name's brackets where the client does not take them off.
            let outcome = transport.send(sent).await;
            let tunnels: Vec<_> = seen.try_iter().collect();
            assert_eq!(tunnels.len(), 1 - round, "the connection is used again");
            for tunnel in tunnels {
                assert_eq!(tunnel.line(), format!("CONNECT {target} HTTP/1.1"));
                assert_eq!(tunnel.header("host"), Some(target));
                assert_eq!(tunnel.header("proxy-authorization"), Some(CREDENTIALS));
                assert_eq!(tunnel.header("user-agent"), Some("agent/1"));
                assert_eq!(tunnel.header("authorization"), None);
            }
            if host == "[::1]" && outcome.is_err() {
                // reqwest does not.
                assert!(std::any::type_name::<T>().contains("Reqwest"), "{outcome:?}");
                break;
            }
            assert_eq!(outcome.unwrap().body(), "{}");
            let received = server.seen.recv().unwrap();
            assert_eq!((received.line(), received.header("host")), ("POST /keys?x=1 HTTP/1.1", Some(host)));
            assert_eq!(
                (received.header("authorization"), received.header("proxy-authorization")),
                (Some("token"), None)
            );
        }
    }
}

async fn encrypted_request_goes_through_a_tunnel_within_tls<T: BuiltInTransport>() {
    let authority = Authority::new();
    let server = Server::start(&authority, &["kms.example"], None);
    let (tunnel, seen) = tunnel(&server.address);
    // Takes off the TLS to the proxy.
    let proxy = Server::forward(&authority, &["localhost"], &tunnel);
    let transport = builder::<T>()
        .proxy(format!("https://user:pass%20word@localhost:{}", proxy.port()))
        .root_certificates_pem(authority.pem())
        .only_given_roots();
    let transport = transport.build().unwrap();
    for _ in 0..2 {
        let response = transport.send(request("POST", "https://kms.example/keys", "{}")).await.unwrap();
        assert_eq!(response.body(), "{}");
        assert_eq!(server.seen.recv().unwrap().line(), "POST /keys HTTP/1.1");
    }
    let tunnels: Vec<_> = seen.try_iter().collect();
    assert_eq!(tunnels.len(), 1);
    assert_eq!(tunnels[0].header("proxy-authorization"), Some(CREDENTIALS));
}

async fn unencrypted_request_goes_to_a_proxy_within_tls<T: BuiltInTransport>() {
    let authority = Authority::new();
    let proxy = Server::start(&authority, &["localhost"], None);
    let transport = builder::<T>()
        .proxy(format!("https://user:pass%20word@localhost:{}", proxy.port()))
        .root_certificates_pem(authority.pem())
        .only_given_roots();
    transport.build().unwrap().send(request("GET", "http://kms.example/keys", "")).await.unwrap();
    let received = proxy.seen.recv().unwrap();
    assert_eq!(received.line(), "GET http://kms.example/keys HTTP/1.1");
    assert_eq!(received.header("proxy-authorization"), Some(CREDENTIALS));
}

async fn proxy_that_does_not_tunnel_is_named<T: BuiltInTransport>() {
    for (answer, cause) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "authorization required"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "unsuccessful"),
        ("not HTTP\r\n\r\n", "unsuccessful"),
        ("", "end of file"),
    ] {
        let proxy = serve(move |mut stream| {
            receive(&mut stream).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let transport = builder::<T>().proxy(format!("http://user:canary@{proxy}")).build().unwrap();
        let error = transport.send(request("POST", "https://kms.example/keys?x=canary", "{}")).await.unwrap_err();
        let wanted = format!("could not connect to kms.example through the proxy {proxy}");
        assert_eq!((error.stage, error.to_string()), (Stage::Connect, wanted), "{answer:?}");
        let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
        let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
        assert!(causes.iter().any(|text| text.contains(cause)), "{causes:?}");
        assert!(!format!("{error:?} {causes:?}").contains("canary"), "{error:?} {causes:?}");
    }
}

async fn requests_to_the_loopback_use_no_proxy<T: BuiltInTransport>() {
    let (address, seen) = answering(GOOD);
    let proxy = serve(|mut stream| panic!("something went to the proxy: {:?}", stream.read(&mut [0; 100])));
    let transport = builder::<T>().proxy(format!("http://{proxy}")).build().unwrap();
    transport.send(request("GET", &format!("http://{address}/keys"), "")).await.unwrap();
    assert_eq!(seen.recv().unwrap().line(), "GET /keys HTTP/1.1");
}
