//! A sandbox, a bridge in front of it, and its server.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloud_bridge::{Bridge, BridgeBuilder, Names, NhnKeys, NhnSecrets, ScpKeys, ScpSecrets, Server, ServerLimits};
use cloud_core::bytes::Bytes;
use cloud_core::transport::TransportError;
use cloud_core::transport::hyper::HyperTransport;
use cloud_core::{BoxFuture, RetryPolicy, Transport};
use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use scp_security::Scp;
use serde_json::Value;

use crate::client::{self, Reply};
pub(crate) use crate::folder::Folder;

/// Keys of the sandbox's seed.
pub(crate) const AES: (&str, &str) = ("kmsname", "3265ab469f0d406d83073da3e11e7a6c");
/// The secret of the sandbox's seed.
pub(crate) const SECRET: (&str, &str) = ("my-secret-name", "c4a17e0b92d64f3e8b5d60f1a7394e2d");
/// The key store that authorizes this machine by its address alone.
pub(crate) const STORE: &str = "servers";
/// The token that may do everything.
pub(crate) const ROOT: &str = "root-token-of-the-test";

/// Says why a test does not run. Not through the macro, whose output a test that passes does not show.
pub(crate) fn skipped(why: &str) {
    let _ = io::stderr().write_all(format!("\nSKIPPED: {why}\n\n").as_bytes());
}

/// A policy file with one token that may do this.
pub(crate) fn token(name: &str, text: &str, rules: &[(&str, &str)]) -> String {
    let hash = sha256(text);
    let mut file = format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n");
    for (path, capabilities) in rules {
        file += &format!("[[token.policy]]\npath = \"{path}\"\ncapabilities = [{capabilities}]\n");
    }
    file
}

pub(crate) fn root() -> String {
    token("root", ROOT, &[("*", r#""read", "list", "update", "create", "delete""#)])
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was written to the audit log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Everything that a test talks to.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) log: Log,
}

/// Clients of both clouds that send each request once.
pub(crate) fn clients(sandbox: &Sandbox) -> (Scp, Nhn) {
    clients_with(sandbox, &RetryPolicy::never(), &[])
}

/// Writes some texts of a cloud in another way, and numbers its responses.
#[derive(Debug)]
struct Respelled(HyperTransport, Spellings, AtomicUsize);

impl Respelled {
    fn new(spellings: Spellings) -> Self {
        Self(HyperTransport::new().unwrap(), spellings, AtomicUsize::new(0))
    }
}

impl Transport for Respelled {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let mut response = self.0.send(request).await?;
            // A failure has its own in the body.
            if response.status().is_success() {
                let number = self.2.fetch_add(1, Ordering::Relaxed);
                response.headers_mut().insert("x-request-id", format!("request-{number}").parse().unwrap());
            }
            Ok(response.map(|body| {
                let mut text = String::from_utf8(body.to_vec()).unwrap();
                for (own, other) in self.1 {
                    text = text.replace(own, other);
                }
                text.into()
            }))
        })
    }
}

type Spellings = &'static [(&'static str, &'static str)];

fn clients_with(sandbox: &Sandbox, retry: &RetryPolicy, spellings: Spellings) -> (Scp, Nhn) {
    let variables = sandbox.env_vars();
    let get = |name: &str| variables.iter().find(|(own, _)| *own == name).unwrap().1.clone();
    let scp = Scp::builder()
        .endpoint(get("SCP_ENDPOINT"))
        .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
        .transport(Respelled::new(spellings))
        .retry(retry.clone())
        .build()
        .unwrap();
    let nhn = Nhn::builder()
        .endpoint(get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .transport(Respelled::new(&[]))
        .retry(retry.clone())
        .build()
        .unwrap();
    (scp, nhn)
}

/// The mounts of both clouds.
pub(crate) fn mounted(sandbox: &Sandbox) -> BridgeBuilder {
    mounted_with(sandbox, &RetryPolicy::never(), &[])
}

fn mounted_with(sandbox: &Sandbox, retry: &RetryPolicy, spellings: Spellings) -> BridgeBuilder {
    let (scp, nhn) = clients_with(sandbox, retry, spellings);
    let names = |pairs: &[(&str, &str)]| -> Names {
        pairs.iter().map(|(name, target)| ((*name).to_owned(), (*target).to_owned())).collect()
    };
    let secrets = ScpSecrets::new(&scp).create_with(AES.1, "127.0.0.1/32".parse().unwrap());
    Bridge::builder()
        .transit("transit", Arc::new(ScpKeys::new(&scp)), names(&[("orders", AES.0), ("by-id", AES.1)]))
        .transit("nhn-transit", Arc::new(NhnKeys::new(&nhn, STORE).unwrap()), Names::new())
        .kv("secret", Arc::new(secrets), names(&[("team/db", SECRET.0), ("team/id", SECRET.1)]), true)
        .kv("nhn-secret", Arc::new(NhnSecrets::new(&nhn, STORE).unwrap()), Names::new(), true)
        .kv("read-only", Arc::new(ScpSecrets::new(&scp)), Names::new(), false)
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder.policies(root())).await
    }

    /// Starts everything with more settings of the bridge.
    pub(crate) async fn with(settings: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        Self::on(Sandbox::start().await.unwrap(), settings).await
    }

    /// Starts everything with clients that repeat requests as those of the command do.
    pub(crate) async fn retrying() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let builder = mounted_with(&sandbox, &RetryPolicy::default(), &[]).policies(root());
        let log = Log::default();
        let builder = builder.audit(log.clone());
        Self::listen(sandbox, builder, log).await
    }

    /// Starts everything with a service that writes some texts in another way than its documentation.
    pub(crate) async fn respelled(spellings: Spellings) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let log = Log::default();
        let builder = mounted_with(&sandbox, &RetryPolicy::never(), spellings).policies(root()).audit(log.clone());
        Self::listen(sandbox, builder, log).await
    }

    pub(crate) async fn on(sandbox: Sandbox, settings: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        // What the settings say overrides this.
        let log = Log::default();
        let builder = settings(mounted(&sandbox).audit(log.clone()));
        Self::listen(sandbox, builder, log).await
    }

    async fn listen(sandbox: Sandbox, builder: BridgeBuilder, log: Log) -> Self {
        let bridge = builder.build().unwrap();
        let server = Server::listen(bridge, "127.0.0.1:0".parse().unwrap(), ServerLimits::default()).await.unwrap();
        let address = server.address().strip_prefix("http://").unwrap().parse().unwrap();
        Self { sandbox, server, address, log }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        client::send(self.address, method, path, headers, body.as_bytes()).await
    }

    /// Sends a request with the token that may do everything.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(method, path, &format!("X-Vault-Token: {ROOT}\r\n"), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, &body.to_string()).await
    }

    /// Waits until the lists that the server makes at its start have been received.
    pub(crate) async fn prepared(&self) {
        // It shares the list of the start, and finds nothing in it.
        self.get("/v1/nhn-transit/keys/00000000000000000000000000000000").await.expect(404);
    }

    /// How many requests of this operation the sandbox got.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.sandbox.calls().iter().filter(|call| call.operation.contains(operation)).count()
    }
}
