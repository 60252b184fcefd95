//! The plugin of Kubernetes, over its socket, with a sandbox of both clouds.

use std::path::Path;
use std::sync::Arc;

use cloud_bridge::{KmsPlugin, KmsServer, NhnKeys, ScpKeys};
use cloud_sandbox::{Fault, Sandbox};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use scp_security::kms::types::{NewKeyState, SetKeyStateRequest};

use crate::world::{AES, Folder, STORE, clients};

const NHN: &str = "8e4fcb30af5d4fa2cd64a3f71b9c5e4a";

#[derive(Clone, PartialEq, Message)]
struct StatusResponse {
    #[prost(string, tag = "1")]
    version: String,
    #[prost(string, tag = "2")]
    healthz: String,
    #[prost(string, tag = "3")]
    key_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct EncryptRequest {
    #[prost(bytes = "vec", tag = "1")]
    plaintext: Vec<u8>,
    #[prost(string, tag = "2")]
    uid: String,
}

#[derive(Clone, PartialEq, Message)]
struct EncryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    ciphertext: Vec<u8>,
    #[prost(string, tag = "2")]
    key_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct DecryptRequest {
    #[prost(bytes = "vec", tag = "1")]
    ciphertext: Vec<u8>,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    key_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct DecryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    plaintext: Vec<u8>,
}

/// Calls a method; the error is the status of gRPC with its message.
async fn call<A: Message + Default>(
    socket: &Path,
    method: &str,
    request: &impl Message,
) -> Result<A, (String, String)> {
    let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0][..], &length, &message].concat();
    let request = http::Request::post(format!("http://localhost/v2.KeyManagementService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(bytes::Bytes::from(framed)))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let text = |headers: &http::HeaderMap, name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let early = (text(response.headers(), "grpc-status"), text(response.headers(), "grpc-message"));
    let collected = response.into_body().collect().await.unwrap();
    let status = match collected.trailers() {
        Some(trailers) => (text(trailers, "grpc-status"), text(trailers, "grpc-message")),
        None => early,
    };
    if status.0 != "0" {
        return Err(status);
    }
    Ok(A::decode(&collected.to_bytes()[5..]).unwrap())
}

pub(crate) struct Plugin {
    sandbox: Sandbox,
    plugin: KmsPlugin,
    server: KmsServer,
    pub(crate) folder: Folder,
}

impl Plugin {
    pub(crate) async fn start(name: &str, keys: &[&str]) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let (scp, nhn) = clients(&sandbox);
        let mut builder = KmsPlugin::builder();
        for key in keys {
            builder = match *key {
                "scp" => builder.key(format!("scp:{}", AES.1), Arc::new(ScpKeys::new(&scp)), AES.1),
                _ => builder.key(format!("nhn:{NHN}"), Arc::new(NhnKeys::new(&nhn, STORE).unwrap()), NHN),
            };
        }
        let plugin = builder.build().unwrap();
        let folder = Folder::new(name);
        let server = KmsServer::listen(plugin.clone(), &folder.0.join("kms.sock")).await.unwrap();
        // It probes each key when it starts, and again after half a minute.
        while plugin.health() != "ok"
            || plugin.key_id().split(',').count() < keys.len()
            || sandbox.calls().len() < 2 * keys.len()
        {
            tokio::task::yield_now().await;
        }
        Self { sandbox, plugin, server, folder }
    }

    async fn call<A: Message + Default>(&self, method: &str, request: &impl Message) -> Result<A, (String, String)> {
        call(&self.folder.0.join("kms.sock"), method, request).await
    }

    async fn status(&self) -> StatusResponse {
        self.call("Status", &()).await.unwrap()
    }

    async fn encrypt(&self, plaintext: &[u8]) -> Result<EncryptResponse, (String, String)> {
        self.call("Encrypt", &EncryptRequest { plaintext: plaintext.to_vec(), uid: "uid".into() }).await
    }

    async fn decrypt(&self, made: &EncryptResponse) -> Result<Vec<u8>, (String, String)> {
        let (ciphertext, key_id) = (made.ciphertext.clone(), made.key_id.clone());
        let request = DecryptRequest { ciphertext, uid: "uid".into(), key_id };
        Ok(self.call::<DecryptResponse>("Decrypt", &request).await?.plaintext)
    }
}

#[tokio::test]
async fn seed_is_encrypted_and_decrypted_with_each_cloud_and_both() {
    for (name, keys) in [("k8s-scp", &["scp"][..]), ("k8s-nhn", &["nhn"]), ("k8s-both", &["scp", "nhn"])] {
        let own = Plugin::start(name, keys).await;
        let status = own.status().await;
        assert_eq!((&*status.version, &*status.healthz), ("v2", "ok"));
        let made = own.encrypt(&[0, 159, 255]).await.unwrap();
        assert_eq!(made.key_id, status.key_id);
        assert!(!made.key_id.is_empty() && made.key_id.len() < 1_000 && made.ciphertext.len() < 1_000);
        assert_eq!(own.decrypt(&made).await.unwrap(), [0, 159, 255]);
        own.server.shutdown().await;
        assert!(!own.folder.0.join("kms.sock").exists());
    }
}

#[tokio::test]
async fn key_id_changes_with_a_rotation_for_status_and_encrypt_together() {
    let own = Plugin::start("k8s-rotation", &["scp"]).await;
    let before = own.encrypt(b"before").await.unwrap();
    assert_eq!(own.status().await.key_id, format!("scp:{}:v1", AES.1));
    clients(&own.sandbox).0.kms().rotate_key(AES.1).await.unwrap();
    // Nothing has told the plugin yet.
    assert_eq!(own.status().await.key_id, before.key_id);
    let after = own.encrypt(b"after").await.unwrap();
    assert_eq!(after.key_id, format!("scp:{}:v2", AES.1));
    assert_eq!(own.status().await.key_id, after.key_id);
    assert_eq!(own.decrypt(&before).await.unwrap(), b"before");
    clients(&own.sandbox).0.kms().rotate_key(AES.1).await.unwrap();
    own.plugin.probe().await;
    assert_eq!(own.status().await.key_id, format!("scp:{}:v3", AES.1), "a probe notices it, too");
}

#[tokio::test]
async fn outage_throttling_and_a_disabled_key_are_said_and_do_not_stop_status() {
    let own = Plugin::start("k8s-outage", &["scp"]).await;
    let made = own.encrypt(b"seed").await.unwrap();
    let faults = [(Fault::status(503), "14"), (Fault::status(429), "8"), (Fault::reset_before(), "14")];
    for (fault, code) in faults {
        own.sandbox.fault(fault.on("scp").unwrap().always()).unwrap();
        assert_eq!(own.encrypt(b"seed").await.unwrap_err().0, code);
        assert_eq!(own.decrypt(&made).await.unwrap_err().0, code);
        let calls = own.sandbox.calls().len();
        assert_eq!(own.status().await.healthz, "ok", "the last round trip still counts");
        assert_eq!(own.sandbox.calls().len(), calls, "Status asks no cloud");
        own.sandbox.clear_faults();
    }
    let (scp, _) = clients(&own.sandbox);
    scp.kms().set_key_state(AES.1, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap();
    let error = own.decrypt(&made).await.unwrap_err();
    assert_eq!(error.0, "3", "{error:?}");
    scp.kms().set_key_state(AES.1, &SetKeyStateRequest::new(NewKeyState::Active)).await.unwrap();
    assert_eq!(own.decrypt(&made).await.unwrap(), b"seed");
}

#[tokio::test]
async fn start_in_an_outage_says_what_it_cannot_do_and_recovers() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::status(503).on("scp").unwrap().always()).unwrap();
    let (scp, _) = clients(&sandbox);
    let builder = KmsPlugin::builder().key(format!("scp:{}", AES.1), Arc::new(ScpKeys::new(&scp)), AES.1);
    let plugin = builder.build().unwrap();
    assert!(plugin.health().contains("it was not tried yet") && plugin.key_id().is_empty());
    plugin.probe().await;
    let health = plugin.health();
    assert!(
        health.contains("cannot be decrypted now") && health.contains("has not worked since the start"),
        "{health}"
    );
    sandbox.clear_faults();
    plugin.probe().await;
    assert_eq!(plugin.health(), "ok");
    assert_eq!(plugin.key_id(), format!("scp:{}:v1", AES.1));
}

#[tokio::test]
async fn any_of_several_keys_decrypts_and_all_are_needed_to_encrypt() {
    let own = Plugin::start("k8s-several", &["scp", "nhn"]).await;
    let made = own.encrypt(b"seed").await.unwrap();
    for vendor in ["scp", "nhn"] {
        own.sandbox.fault(Fault::status(503).on(vendor).unwrap().always()).unwrap();
        assert_eq!(own.decrypt(&made).await.unwrap(), b"seed", "without {vendor}");
        assert!(own.encrypt(b"seed").await.is_err(), "without {vendor}");
        own.plugin.probe().await;
        assert_eq!(own.status().await.healthz, "ok");
        own.sandbox.clear_faults();
    }
}

#[tokio::test]
async fn requests_that_do_not_fit_are_refused_without_a_call() {
    let own = Plugin::start("k8s-invalid", &["scp"]).await;
    let calls = own.sandbox.calls().len();
    assert_eq!(own.encrypt(b"").await.unwrap_err().0, "3");
    assert_eq!(own.encrypt(&[1; 257]).await.unwrap_err().0, "3");
    let wrong = |ciphertext: &[u8]| EncryptResponse { ciphertext: ciphertext.to_vec(), key_id: String::new() };
    for ciphertext in [&b""[..], b"k8s:enc:kms:v2:", b"cloud-bridge/1\nscp:another vault:v1:AA", &[b'a'; 2_000]] {
        assert_eq!(own.decrypt(&wrong(ciphertext)).await.unwrap_err().0, "3");
    }
    let unknown = own.call::<StatusResponse>("Unheard", &()).await.unwrap_err();
    assert_eq!(unknown.0, "12");
    assert!(own.encrypt(&[1; 100_000]).await.is_err());
    assert_eq!(own.sandbox.calls().len(), calls);
    assert!(KmsPlugin::builder().build().is_err());
}
