//! TLS: which servers are trusted, what a client shows of itself, and what is offered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use cloud_core::transport::{BuiltInTransport, Stage};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::{GOOD, Received, builder, receive, request, serve};

each_transport!(
    server_of_a_given_authority_is_trusted,
    untrusted_servers_receive_nothing,
    client_certificate_is_presented,
    no_other_protocol_is_offered,
    plain_server_is_recognised,
);

/// A certificate authority of the test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Each has a name of its own: an authority is looked up by its name.
        let key_pem = key.public_key_pem();
        params.distinguished_name.push(rcgen::DnType::CommonName, key_pem.lines().nth(2).unwrap());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names and its key, as PEM.
    fn issue(&self, names: &[&str], expired: bool) -> (String, String) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    fn server(&self, names: &[&str], expired: bool, clients: Option<&Self>) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let config = config.unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(clients.pem().as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                config.with_client_cert_verifier(verifier.unwrap())
            }
        };
        let (certificate, key) = self.issue(names, expired);
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let mut config = config.with_single_cert(vec![certificate], key).unwrap();
        // A client that offers one of these gets it.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

/// A server that speaks TLS. It answers all requests.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Receiver<Received>,
    /// The number of certificates that each client showed, and the protocol that was agreed on.
    clients: Receiver<(usize, Option<Vec<u8>>)>,
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn accept(config: &Arc<ServerConfig>, stream: TcpStream) -> Tls {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

impl Server {
    pub(crate) fn start(authority: &Authority, names: &[&str], clients: Option<&Authority>) -> Self {
        Self::with(authority.server(names, false, clients))
    }

    fn with(config: Arc<ServerConfig>) -> Self {
        let (found, seen) = channel();
        let (met, clients) = channel();
        let address = serve(move |stream| {
            let mut stream = accept(&config, stream);
            while let Some(received) = receive(&mut stream) {
                let shown = stream.conn.peer_certificates().map_or(0, <[_]>::len);
                let _ = met.send((shown, stream.conn.alpn_protocol().map(<[u8]>::to_vec)));
                if found.send(received).is_err() || stream.write_all(GOOD.as_bytes()).is_err() {
                    return;
                }
            }
        });
        Self { address, seen, clients }
    }

    /// Takes off TLS and passes the rest to this address.
    pub(crate) fn forward(authority: &Authority, names: &[&str], to: &str) -> Self {
        let (config, to) = (authority.server(names, false, None), to.to_owned());
        let address = serve(move |stream| {
            let mut client = accept(&config, stream);
            let mut server = TcpStream::connect(&to).unwrap();
            // One direction at a time: each side waits until the other has said something, within a pause of its own.
            server.set_nonblocking(true).unwrap();
            client.sock.set_nonblocking(true).unwrap();
            let would_block = |error: &std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
            let mut buffer = vec![0; 1 << 16];
            loop {
                match client.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(count) => server.write_all(&buffer[..count]).unwrap(),
                    Err(error) if would_block(&error) => {}
                    Err(_) => return,
                }
                match server.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(count) => client.write_all(&buffer[..count]).unwrap(),
                    Err(error) if would_block(&error) => std::thread::yield_now(),
                    Err(_) => return,
                }
            }
        });
        Self { address, seen: channel().1, clients: channel().1 }
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/keys", self.port())
    }
}

async fn server_of_a_given_authority_is_trusted<T: BuiltInTransport>() {
    let authority = Authority::new();
    let server = Server::start(&authority, &["localhost", "127.0.0.1"], None);
    for only in [false, true] {
        let builder =
            builder::<T>().root_certificates_pem(Authority::new().pem()).root_certificates_pem(authority.pem());
        let transport = if only { builder.only_given_roots() } else { builder }.build().unwrap();
        for host in ["localhost", "127.0.0.1"] {
            for _ in 0..2 {
                let response = transport.send(request("POST", &server.url(host), "{}")).await.unwrap();
                assert_eq!(response.body(), "{}");
                assert_eq!(server.seen.recv().unwrap().body, b"{}");
            }
        }
    }
}

async fn untrusted_servers_receive_nothing<T: BuiltInTransport>() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (config, roots, wanted) in [
        (authority.server(&["localhost"], false, None), &other, "is not trusted"),
        (authority.server(&["kms.example"], false, None), &authority, "is for another host"),
        (authority.server(&["localhost"], true, None), &authority, "has expired"),
    ] {
        let server = Server::with(config);
        let builder = builder::<T>().root_certificates_pem(roots.pem()).only_given_roots();
        let error = builder.build().unwrap().send(request("POST", &server.url("localhost"), "{}")).await.unwrap_err();
        assert_eq!(error.stage, Stage::Handshake, "{wanted}: {error}");
        let start = format!("no TLS connection to localhost:{}: the server's certificate", server.port());
        assert!(error.to_string().starts_with(&start) && error.to_string().contains(wanted), "{wanted}: {error}");
        assert!(server.seen.try_recv().is_err(), "{wanted}");
    }
}

async fn client_certificate_is_presented<T: BuiltInTransport>() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = Server::start(&authority, &["localhost"], Some(&clients));
    let trusting = || builder::<T>().root_certificates_pem(authority.pem()).only_given_roots();
    let (certificate, key) = clients.issue(&["client.example"], false);
    let transport = trusting().identity_pem(format!("{key}{certificate}").as_bytes()).unwrap().build().unwrap();
    transport.send(request("POST", &server.url("localhost"), "{}")).await.unwrap();
    assert_eq!(server.clients.recv().unwrap().0, 1);
    let (certificate, key) = authority.issue(&["client.example"], false);
    let stranger = trusting().identity_pem(format!("{certificate}{key}").as_bytes()).unwrap().build().unwrap();
    server.seen.recv().unwrap();
    for transport in [trusting().build().unwrap(), stranger] {
        // In TLS 1.3 the server says no after the client has begun to send.
        let error = transport.send(request("POST", &server.url("localhost"), "{}")).await.unwrap_err();
        assert!(matches!(error.stage, Stage::Handshake | Stage::PossiblySent), "{error}");
        assert!(server.seen.try_recv().is_err());
    }
}

async fn no_other_protocol_is_offered<T: BuiltInTransport>() {
    let authority = Authority::new();
    let server = Server::start(&authority, &["localhost"], None);
    let transport = builder::<T>().root_certificates_pem(authority.pem()).only_given_roots().build().unwrap();
    transport.send(request("POST", &server.url("localhost"), "{}")).await.unwrap();
    let (_, protocol) = server.clients.recv().unwrap();
    assert!(protocol.as_deref().is_none_or(|protocol| protocol == b"http/1.1"), "{protocol:?}");
    assert_eq!(server.seen.recv().unwrap().line(), "POST /keys HTTP/1.1");
    assert!(rustls::crypto::CryptoProvider::get_default().is_none(), "a provider was installed for the process");
}

async fn plain_server_is_recognised<T: BuiltInTransport>() {
    let address = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let transport = builder::<T>().build().unwrap();
    let error = transport.send(request("POST", &format!("https://{address}/keys"), "{}")).await.unwrap_err();
    assert_eq!(error.stage, Stage::Handshake);
    assert!(error.to_string().contains("is it an http endpoint?"), "{error}");
}
