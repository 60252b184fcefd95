//! A server's certificate is replaced while requests run, and none of them fails.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use cloud_sandbox::Sandbox;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use scp_security::certificate_manager::types::CreateCertificateRequest;
use scp_security::{CertResolver, Scp};
use time::macros::datetime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

const NAME: &str = "shop.example";

/// A certificate of a new authority, and its key: the service takes no self-signed pair.
struct Issued {
    body: String,
    chain: String,
    key: String,
}

fn issued() -> Issued {
    let params = |cn: &str, names: Vec<String>| {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, cn);
        params.not_before = datetime!(2000-01-01 00:00 UTC);
        params.not_after = datetime!(2090-01-01 00:00 UTC);
        params
    };
    let mut authority = params("Example Authority", Vec::new());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let [above, key] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let chain = authority.self_signed(&above).unwrap().pem();
    let body = params(NAME, vec![NAME.to_owned()]).signed_by(&key, &Issuer::new(authority, above)).unwrap().pem();
    Issued { body, chain, key: key.serialize_pem() }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

async fn register(scp: &Scp, issued: &Issued) -> String {
    let wanted = CreateCertificateRequest::builder()
        .name(NAME)
        .cert_body(&issued.body)
        .cert_chain(&*issued.chain)
        .private_key(&*issued.key)
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    scp.certificate_manager().create_certificate(&wanted).await.unwrap().certificate.id
}

/// A request over a new connection; returns the certificate that the server showed.
async fn request(connector: &TlsConnector, address: SocketAddr) -> CertificateDer<'static> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    shown
}

#[tokio::test]
async fn certificate_is_replaced_while_requests_run_and_none_fails() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let set: std::collections::HashMap<_, _> = sandbox.env_vars().into_iter().collect();
    let scp = Scp::builder().endpoint(sandbox.endpoint()).credentials(&*set["SCP_ACCESS_KEY"], &*set["SCP_SECRET_KEY"]);
    let scp = scp.build().unwrap();
    let (old, new) = (issued(), issued());
    let first = register(&scp, &old).await;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let resolver = CertResolver::by_name(&scp.certificate_manager(), NAME).crypto_provider(Arc::clone(&provider));
    let resolver = resolver.load().await.unwrap();
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_cert_resolver(Arc::clone(&resolver) as _);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(programs::serve(listener, config, Router::new().route("/", get(async || "hello"))));

    let mut roots = RootCertStore::empty();
    for issued in [&old, &new] {
        roots.add(der(&issued.chain)).unwrap();
    }
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
    // A resumed session shows the certificate that it began with.
    config.resumption = Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    // Clients that send one request after the other until they have seen the new certificate.
    let (count, mut counted) = watch::channel(0_u32);
    let count = Arc::new(count);
    let (before, after) = (der(&old.body), der(&new.body));
    let clients = [(); 4].map(|()| {
        let (connector, count, before, after) = (connector.clone(), Arc::clone(&count), before.clone(), after.clone());
        tokio::spawn(async move {
            loop {
                let shown = request(&connector, address).await;
                count.send_modify(|count| *count += 1);
                if shown == after {
                    return;
                }
                assert_eq!(shown, before);
            }
        })
    });
    // If every client has failed, nobody counts and the waits below end.
    drop(count);
    let mut more = async |requests: u32| {
        let wanted = *counted.borrow_and_update() + requests;
        counted.wait_for(|count| *count >= wanted).await.unwrap();
    };

    more(8).await;
    scp.certificate_manager().delete_certificate(&first).await.unwrap();
    assert!(resolver.refresh().await.unwrap_err().is_not_found());
    assert!(resolver.status().last_error.is_some());
    more(8).await;
    let second = register(&scp, &new).await;
    assert!(resolver.refresh().await.unwrap());
    let status = resolver.status();
    assert_eq!((&status.certificate_id, status.replaced, status.failures), (&second, 1, 0));
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(request(&connector, address).await, after);
    server.abort();
    sandbox.shutdown().await.unwrap();
}
