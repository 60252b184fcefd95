//! An axum server whose certificate comes from Certificate Manager and is replaced while the server runs.
//!
//! `cargo run -p programs --bin tls_server -- shop.example 127.0.0.1:8443`, with the variables of Samsung Cloud Platform.
#![allow(clippy::print_stdout, reason = "a program that prints")]

use std::error::Error;

use axum::Router;
use axum::routing::get;
use rustls::ServerConfig;
use scp_security::{CertResolver, Scp};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("usage: tls_server CERTIFICATE-NAME [ADDRESS]")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8443".to_owned());

    // One crypto provider for the process; the resolver uses it too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let scp = Scp::from_env()?;
    let resolver = CertResolver::by_name(&scp.certificate_manager(), name).load().await?;
    println!("serving certificate {}", resolver.status().certificate_id);
    tokio::spawn(resolver.keep_fresh());

    let config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver);
    let router = Router::new().route("/", get(async || "hello\n"));
    let listener = TcpListener::bind(address).await?;
    println!("listening on https://{}", listener.local_addr()?);
    programs::serve(listener, config, router).await?;
    Ok(())
}
