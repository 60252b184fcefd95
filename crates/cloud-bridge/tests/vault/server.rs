//! The server: limits, stops, sockets and TLS.

use std::time::Duration;

use cloud_bridge::{Server, ServerLimits};
use cloud_sandbox::{Fault, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client;
use crate::world::{ROOT, World, mounted, root};

async fn limited(limits: ServerLimits) -> (Sandbox, Server, std::net::SocketAddr) {
    let sandbox = Sandbox::start().await.unwrap();
    let bridge = mounted(&sandbox).policies(root()).build().unwrap();
    let server = Server::listen(bridge, "127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let address = server.address().strip_prefix("http://").unwrap().parse().unwrap();
    (sandbox, server, address)
}

fn short() -> ServerLimits {
    let mut limits = ServerLimits::default();
    limits.head = Duration::from_millis(200);
    limits
}

#[tokio::test]
async fn half_sent_head_and_idle_connection_end() {
    let (_sandbox, _server, address) = limited(short()).await;
    for begin in ["", "GET /v1/sys/hea", "GET /v1/sys/health HTTP/1.1\r\nHost: b\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        // Ends because the server closes the connection.
        drop(stream.read_to_end(&mut received).await);
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /v1/sys/health HTTP/1.1\r\nHost: b\r\n\r\n").await.unwrap();
    let mut received = Vec::new();
    drop(stream.read_to_end(&mut received).await);
    assert_eq!(client::parse(&received).status, 200);
}

#[tokio::test]
async fn head_that_is_too_long_is_rejected_before_it_is_complete() {
    let (_sandbox, _server, address) = limited(ServerLimits::default()).await;
    let head = |bytes: usize| format!("GET /v1/sys/health HTTP/1.1\r\nHost: b\r\nX-Filler: {}", "a".repeat(bytes));
    // The end of this one never comes. Little is left unread, so that the response is not lost with the connection.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head(16 * 1024).as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut received)).await;
    drop(read.expect("it is rejected before its time is up"));
    assert_eq!(client::parse(&received).status, 431);
    let fits = head(8 * 1024) + "\r\nConnection: close\r\n\r\n";
    client::raw(address, fits.as_bytes()).await.expect(200);
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_a_place() {
    let mut limits = short();
    limits.connections = 2;
    let (_sandbox, _server, address) = limited(limits).await;
    let idle = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    client::send(address, "GET", "/v1/sys/health", "", b"").await.expect(200);
    drop(idle);
}

#[tokio::test]
async fn stop_lets_requests_finish_and_takes_no_new_ones() {
    let world = World::start().await;
    world.sandbox.fault(Fault::late(Duration::from_millis(300)).on("scp/kms/encrypt").unwrap()).unwrap();
    let address = world.address;
    let headers = format!("X-Vault-Token: {ROOT}\r\n");
    let slow = tokio::spawn(async move {
        client::send(address, "POST", "/v1/transit/encrypt/by-id", &headers, br#"{"plaintext":""}"#).await
    });
    while world.count("scp/kms/encrypt") == 0 {
        tokio::task::yield_now().await;
    }
    world.server.shutdown().await;
    slow.await.unwrap().expect(200);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn client_that_reads_nothing_loses_its_connection() {
    let mut limits = ServerLimits::default();
    limits.write = Duration::from_millis(200);
    let (_sandbox, _server, address) = limited(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let requests = b"GET /v1/sys/health HTTP/1.1\r\nHost: b\r\n\r\n".repeat(100);
    let closed = async { while stream.write_all(&requests).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), closed).await.expect("the connection is still open");
}

#[tokio::test]
async fn stop_takes_connections_while_it_drains() {
    let mut limits = ServerLimits::default();
    limits.drain = Duration::from_secs(600);
    let (_sandbox, server, address) = limited(limits).await;
    client::send(address, "GET", "/v1/sys/health", "", b"").await.expect(200);
    let stop = tokio::spawn(server.shutdown());
    while client::send(address, "GET", "/v1/sys/health", "", b"").await.status == 200 {}
    let headers = format!("X-Vault-Token: {ROOT}\r\n");
    client::send(address, "GET", "/v1/sys/health", "", b"").await.expect(503);
    client::send(address, "GET", "/v1/secret/data/team/db", &headers, b"").await.expect(200);
    stop.abort();
}

#[tokio::test]
async fn request_that_a_stop_cuts_off_is_in_the_audit_log() {
    let sandbox = Sandbox::start().await.unwrap();
    let log = crate::world::Log::default();
    let bridge = mounted(&sandbox).policies(root()).audit(log.clone()).build().unwrap();
    let mut limits = ServerLimits::default();
    limits.shutdown = Duration::from_millis(100);
    let server = Server::listen(bridge, "127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let address: std::net::SocketAddr = server.address().strip_prefix("http://").unwrap().parse().unwrap();
    sandbox.fault(Fault::late(Duration::from_secs(60)).on("scp/kms/encrypt").unwrap()).unwrap();
    let headers = format!("X-Vault-Token: {ROOT}\r\n");
    let cut = tokio::spawn(async move {
        client::send(address, "POST", "/v1/transit/encrypt/by-id", &headers, br#"{"plaintext":""}"#).await
    });
    while !sandbox.calls().iter().any(|call| call.operation.contains("encrypt")) {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
    cut.await.unwrap();
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&"transit/encrypt/by-id".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn request_ends_at_its_limit() {
    let world = World::with(|builder| builder.policies(root()).request_limit(Duration::from_millis(200))).await;
    world.sandbox.fault(Fault::delay(Duration::from_secs(60)).on("scp").unwrap().always()).unwrap();
    let body = serde_json::json!({ "plaintext": "" });
    let reply = world.post("/v1/transit/encrypt/by-id", body).await.expect(504);
    assert!(reply.error().contains("took too long"), "{}", reply.text);
    let body = serde_json::json!({ "data": { "a": "b" } });
    let reply = world.post("/v1/secret/data/team/id", body).await.expect(400);
    assert!(reply.error().contains("may have been executed"), "{}", reply.text);
    assert_eq!(world.log.lines().len(), 2);
}

#[tokio::test]
async fn client_that_goes_away_leaves_a_line_without_a_status() {
    let world = World::start().await;
    world.sandbox.fault(Fault::delay(Duration::from_secs(60)).on("scp/kms/encrypt").unwrap()).unwrap();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let request = format!(
        "POST /v1/transit/encrypt/by-id HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {ROOT}\r\nContent-Length: 16\r\n\r\n{{\"plaintext\":\"\"}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    while world.log.lines().is_empty() {
        tokio::task::yield_now().await;
    }
    let line = world.log.lines().pop().unwrap();
    assert_eq!((&line["token"], &line["status"]), (&"root".into(), &serde_json::Value::Null), "{line}");
}

#[tokio::test]
async fn address_beyond_loopback_needs_tls() {
    let sandbox = Sandbox::start().await.unwrap();
    let bridge = mounted(&sandbox).policies(root()).build().unwrap();
    let error = Server::listen(bridge, "0.0.0.0:0".parse().unwrap(), short()).await.unwrap_err();
    assert!(error.to_string().contains("configure TLS"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;

    use tokio::net::{UnixListener, UnixStream};

    use super::*;
    use crate::world::Folder;

    async fn status(path: &std::path::Path) -> u16 {
        let mut stream = UnixStream::connect(path).await.unwrap();
        stream.write_all(b"GET /v1/sys/health HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        client::parse(&received).status
    }

    #[tokio::test]
    async fn socket_with_a_full_queue_is_not_replaced() {
        let folder = Folder::new("full-socket");
        let path = folder.0.join("bridge.sock");
        let socket = tokio::net::UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = UnixStream::connect(&path).await {
            waiting.push(stream);
        }
        let sandbox = Sandbox::start().await.unwrap();
        let bridge = mounted(&sandbox).policies(root()).build().unwrap();
        let error = Server::listen_unix(bridge, &path, short()).await.unwrap_err();
        assert!(error.to_string().contains("another process may serve it"), "{error}");
        // The queue is still that of the listener.
        assert!(listener.accept().await.is_ok());
    }

    #[tokio::test]
    async fn one_of_two_processes_that_start_at_the_same_time_serves_the_socket() {
        for round in 0..10 {
            let folder = Folder::new(&format!("two-starters-{round}"));
            let path = folder.0.join("bridge.sock");
            drop(UnixListener::bind(&path).unwrap());
            let sandbox = Sandbox::start().await.unwrap();
            let bridge = || mounted(&sandbox).policies(root()).build().unwrap();
            let (one, other) = tokio::join!(
                Server::listen_unix(bridge(), &path, short()),
                Server::listen_unix(bridge(), &path, short())
            );
            let errors: Vec<_> = [&one, &other].into_iter().filter_map(|bound| bound.as_ref().err()).collect();
            assert!(errors.len() == 1 && errors[0].to_string().contains("another process serves it"), "{errors:?}");
            assert_eq!(status(&path).await, 200);
        }
    }

    #[tokio::test]
    async fn folder_that_a_killed_process_has_left_behind_is_no_obstacle() {
        let folder = Folder::new("left-behind");
        for name in ["bridge.sock", "a.sock", "s"] {
            let path = folder.0.join(name);
            std::fs::create_dir(folder.0.join(format!("{name}.{}", std::process::id()))).unwrap();
            let sandbox = Sandbox::start().await.unwrap();
            let bridge = mounted(&sandbox).policies(root()).build().unwrap();
            let _server = Server::listen_unix(bridge, &path, short()).await.unwrap();
            assert_eq!(status(&path).await, 200);
        }
    }

    #[tokio::test]
    async fn socket_with_the_longest_path_is_served() {
        let folder = Folder::new("long");
        // 108 bytes with the zero at the end.
        let deep = folder.0.join("d".repeat(107 - folder.0.as_os_str().len() - 1 - 1 - "kms.sock".len()));
        std::fs::create_dir(&deep).unwrap();
        let path = deep.join("kms.sock");
        assert_eq!(path.as_os_str().len(), 107);
        let sandbox = Sandbox::start().await.unwrap();
        let bridge = mounted(&sandbox).policies(root()).build().unwrap();
        let _server = Server::listen_unix(bridge, &path, short()).await.unwrap();
        assert_eq!(status(&path).await, 200);
    }

    #[tokio::test]
    async fn socket_is_its_owners_and_replaces_a_stale_one() {
        let folder = Folder::new("socket");
        let path = folder.0.join("bridge.sock");
        // Left behind by a process that has ended.
        drop(UnixListener::bind(&path).unwrap());
        let sandbox = Sandbox::start().await.unwrap();
        let bridge = mounted(&sandbox).policies(root()).build().unwrap();
        let server = Server::listen_unix(bridge.clone(), &path, short()).await.unwrap();
        assert_eq!(status(&path).await, 200);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = Server::listen_unix(bridge.clone(), &path, short()).await.unwrap_err();
        assert!(error.to_string().contains("another process serves it"), "{error}");
        assert_eq!(status(&path).await, 200, "a live socket is left alone");
        server.shutdown().await;
        assert!(!path.exists());
        std::fs::write(&path, "a file").unwrap();
        let error = Server::listen_unix(bridge, &path, short()).await.unwrap_err();
        assert!(error.to_string().contains("not a socket"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a file");
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "nothing else is left behind");
    }
}

mod tls {
    use std::sync::Arc;

    use cloud_bridge::TlsFiles;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;
    use crate::world::Folder;

    /// An authority, and a certificate of it with its key.
    struct Identity {
        authority: CertificateDer<'static>,
        certificate: CertificateDer<'static>,
        key: KeyPair,
        pem: [String; 2],
    }

    fn identity() -> Identity {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let pem = [own.pem(), issuer.pem()];
        Identity { authority: issuer.der().clone(), certificate: own.der().clone(), key, pem }
    }

    async fn status(address: std::net::SocketAddr, server: &Identity, client: Option<&Identity>) -> Option<u16> {
        let mut roots = RootCertStore::empty();
        roots.add(server.authority.clone()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![own.certificate.clone()], key).unwrap()
            }
        };
        let stream = TcpStream::connect(address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        stream.write_all(b"GET /v1/sys/health HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut received = Vec::new();
        drop(stream.read_to_end(&mut received).await);
        Some(client::parse(&received).status).filter(|status| *status != 0)
    }

    #[tokio::test]
    async fn certificate_of_a_client_is_required_if_authorities_are_configured() {
        let folder = Folder::new("tls");
        let (server, client, stranger) = (identity(), identity(), identity());
        let file = |name: &str, text: &str| {
            let path = folder.0.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (certificate, key) = (file("server.pem", &server.pem[0]), file("key.pem", &server.key.serialize_pem()));
        let files = TlsFiles::new(&certificate, &key);
        let mutual = files.clone().client_ca(file("clients.pem", &client.pem[1]));
        let sandbox = Sandbox::start().await.unwrap();
        let bridge = mounted(&sandbox).policies(root()).build().unwrap();
        for (files, expected) in [(&files, [true, true, true]), (&mutual, [false, true, false])] {
            let any = "127.0.0.1:0".parse().unwrap();
            let served = Server::listen_tls(bridge.clone(), any, files, short()).await.unwrap();
            let address = served.address().strip_prefix("https://").unwrap().parse().unwrap();
            for (own, expected) in [None, Some(&client), Some(&stranger)].into_iter().zip(expected) {
                assert_eq!(status(address, &server, own).await, expected.then_some(200));
            }
        }
        for files in
            [TlsFiles::new(&key, &key), TlsFiles::new(&certificate, &certificate), TlsFiles::new("/no/file", &key)]
        {
            let any = "127.0.0.1:0".parse().unwrap();
            assert!(Server::listen_tls(bridge.clone(), any, &files, short()).await.is_err());
        }
    }
}
