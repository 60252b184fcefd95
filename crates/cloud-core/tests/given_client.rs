//! A client of the caller's settings follows no redirects, and no setting of a transport is shown.

#![cfg(test)]
#![cfg(feature = "ring")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cloud_core::Transport as _;
use cloud_core::transport::reqwest::{ReqwestTransport, reqwest};

/// Answers the first request with a redirect to this path of its own and all others with a good answer.
fn server(path: &'static str) -> (String, Arc<AtomicUsize>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let (seen, target) = (Arc::new(AtomicUsize::new(0)), url.clone());
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer = match count.fetch_add(1, Ordering::SeqCst) {
                0 => format!("307 Temporary Redirect\r\nlocation: {target}{path}"),
                _ => "200 OK".to_owned(),
            };
            let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
        }
    });
    (url, seen)
}

fn transport(policy: reqwest::redirect::Policy) -> ReqwestTransport {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(policy);
    ReqwestTransport::from_client_builder(builder).unwrap()
}

#[tokio::test]
async fn client_of_a_given_builder_sends_once_and_follows_no_redirect() {
    for (target, method) in [("/keys", "POST"), ("/keys", "DELETE"), ("/elsewhere", "GET")] {
        for policy in [reqwest::redirect::Policy::limited(3), reqwest::redirect::Policy::none()] {
            let (url, seen) = server(target);
            let request = http::Request::builder().method(method).uri(format!("{url}/keys"));
            let answer = transport(policy).send(request.body(Bytes::from_static(b"{}")).unwrap()).await.unwrap();
            assert_eq!((answer.status().as_u16(), seen.load(Ordering::SeqCst)), (307, 1), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn errors_and_debug_of_a_transport_show_no_secret() {
    let pem = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    let builder = ReqwestTransport::builder().proxy("http://user:canary@127.0.0.1:1").root_certificates_pem(pem);
    assert!(!format!("{builder:?} {builder:#?}").contains("canary"));
    let errors = [
        builder.build().map(drop).unwrap_err(),
        ReqwestTransport::builder().proxy("user:canary@ [").build().map(drop).unwrap_err(),
        ReqwestTransport::builder().identity_pem(pem.as_bytes()).map(drop).unwrap_err(),
        ReqwestTransport::builder().user_agent("canary\n").build().map(drop).unwrap_err(),
    ];
    for error in errors {
        let source = std::error::Error::source(&error).map(|source| format!("{source} {source:?}"));
        let shown = format!("{error} {error:?} {source:?}");
        assert!(!shown.contains("canary") && !shown.contains("Y2FuYXJ5"), "{shown}");
    }
}
