//! The bridge: a secret of a cloud, read as from a Vault.

use std::error::Error;
use std::io;
use std::sync::Arc;

use cloud_bridge::{Bridge, Names, ScpSecrets, Server, ServerLimits};
use scp_security::Scp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Settings;
use crate::show::{heading, line, more};

/// The token that the client presents. The policy has its SHA-256.
const TOKEN: &str = "token-of-the-tour";
const POLICY: &str = r#"
[[token]]
name = "tour"
sha256 = "98aebb906f219a74968bfb0ce939855016da99e11127544f627d319d311f1a00"

[[token.policy]]
path = "secret/data/team/*"
capabilities = ["read"]
"#;
const PATH: &str = "/v1/secret/data/team/db";

pub(crate) async fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    heading("Vault's API in front of a cloud", "bridge.rs");
    let scp = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"))
        .build()?;
    let names = Names::from([("team/db".to_owned(), "my-secret-name".to_owned())]);
    let bridge =
        Bridge::builder().kv("secret", Arc::new(ScpSecrets::new(&scp)), names, false).policies(POLICY).build()?;
    let server = Server::listen(bridge, "127.0.0.1:0".parse()?, ServerLimits::default()).await?;

    line("curl $VAULT_ADDR/v1/secret/…", get(server.address(), "").await?.0);
    let (status, body) = get(server.address(), &format!("X-Vault-Token: {TOKEN}\r\n")).await?;
    line("the same, with X-Vault-Token", status);
    // The member before it is the value.
    let metadata = body.split_once("\"metadata\":").and_then(|(_, rest)| rest.split_once('}'));
    more(metadata.map_or_else(String::new, |(metadata, _)| format!("{metadata}}}")));
    server.shutdown().await;
    Ok(())
}

/// Sends a request, and returns the line with the status and the body.
async fn get(address: &str, headers: &str) -> io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await?;
    let head = format!("GET {PATH} HTTP/1.1\r\nHost: bridge\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut received = String::new();
    stream.read_to_string(&mut received).await?;
    let (head, body) = received.split_once("\r\n\r\n").unwrap_or((&received, ""));
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}
