//! The plugin of Kubernetes, over its socket, with a sandbox of both clouds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_bridge::{KmsPlugin, KmsServer, NhnKeys, ScpKeys, Versioned};
use cloud_core::testing::FakeRuntime;
use cloud_core::{Runtime as _, SecretBytes};
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
async fn outage_throttling_and_a_disabled_key_fail_calls_and_not_status() {
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

/// A plugin without a server, whose clock the test moves.
fn unserved(sandbox: &Sandbox, keys: &[&str]) -> (KmsPlugin, Arc<FakeRuntime>) {
    let runtime = Arc::new(FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
    let (scp, nhn) = clients(sandbox);
    let mut builder = KmsPlugin::builder().runtime(Arc::clone(&runtime));
    for key in keys {
        builder = match *key {
            "scp" => builder.key(format!("scp:{}", AES.1), Arc::new(ScpKeys::new(&scp)), AES.1),
            _ => builder.key(format!("nhn:{NHN}"), Arc::new(NhnKeys::new(&nhn, STORE).unwrap()), NHN),
        };
    }
    (builder.build().unwrap(), runtime)
}

fn always(sandbox: &Sandbox, fault: Fault, pattern: &str) {
    sandbox.fault(fault.on(pattern).unwrap().always()).unwrap();
}

fn seed() -> SecretBytes {
    SecretBytes::from(vec![7; 32])
}

#[tokio::test]
async fn health_says_why_no_key_works_after_90_seconds() {
    type Make = fn() -> Fault;
    let faults: [(Make, &str); 3] =
        [(|| Fault::status(503), "503"), (|| Fault::status(429), "429"), (Fault::reset_before, "connection")];
    for (fault, reason) in faults {
        let sandbox = Sandbox::start().await.unwrap();
        let (plugin, runtime) = unserved(&sandbox, &["scp"]);
        plugin.probe().await;
        assert_eq!(plugin.health(), "ok");
        always(&sandbox, fault(), "scp");
        for passed in [30, 59] {
            runtime.advance(Duration::from_secs(passed));
            plugin.probe().await;
            assert_eq!(plugin.health(), "ok", "the last round trip still counts");
        }
        runtime.advance(Duration::from_secs(1));
        let health = plugin.health();
        assert!(health.contains("does not work now") && health.contains(reason), "{health}");
        // What the API server is told of the keys stays the same, so that it does not ask for a new seed.
        assert_eq!(plugin.key_id(), format!("scp:{}:v1", AES.1));
        sandbox.clear_faults();
        plugin.probe().await;
        assert_eq!(plugin.health(), "ok");
    }
    // A disabled key is no outage, and is said as well.
    let sandbox = Sandbox::start().await.unwrap();
    let (plugin, runtime) = unserved(&sandbox, &["scp"]);
    plugin.probe().await;
    clients(&sandbox).0.kms().set_key_state(AES.1, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap();
    runtime.advance(Duration::from_secs(90));
    plugin.probe().await;
    assert!(plugin.health().contains("does not work now"), "{}", plugin.health());
}

#[tokio::test]
async fn start_in_an_outage_says_what_it_cannot_do_and_recovers() {
    let sandbox = Sandbox::start().await.unwrap();
    always(&sandbox, Fault::status(503), "scp");
    let (plugin, _) = unserved(&sandbox, &["scp"]);
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
        always(&own.sandbox, Fault::status(503), vendor);
        assert_eq!(own.decrypt(&made).await.unwrap(), b"seed", "without {vendor}");
        let error = own.encrypt(b"seed").await.unwrap_err();
        assert!(error.1.contains(&format!("{vendor}:")), "the failure names the key: {error:?}");
        own.plugin.probe().await;
        assert_eq!(own.status().await.healthz, "ok");
        own.sandbox.clear_faults();
    }
}

#[tokio::test]
async fn key_id_does_not_change_while_one_of_the_keys_is_down() {
    let sandbox = Sandbox::start().await.unwrap();
    let (plugin, _) = unserved(&sandbox, &["scp", "nhn"]);
    plugin.probe().await;
    let id = plugin.key_id();
    assert_eq!(id, format!("scp:{}:v1,nhn:{NHN}:v1", AES.1));
    always(&sandbox, Fault::status(503), "nhn");
    // A new ID would make the API server ask for a new seed, which cannot be encrypted now.
    clients(&sandbox).0.kms().rotate_key(AES.1).await.unwrap();
    for _ in 0..3 {
        plugin.probe().await;
        assert!(plugin.encrypt(seed()).await.is_err());
        assert_eq!((plugin.key_id(), plugin.health().as_str()), (id.clone(), "ok"));
    }
    // After a restart, the version of the other key is not known: the ID would be that of no ciphertext.
    let (restarted, _) = unserved(&sandbox, &["scp", "nhn"]);
    restarted.probe().await;
    let health = restarted.health();
    assert!(health.starts_with("nothing can be encrypted") && health.contains("nhn:") && !health.contains("scp:"));
    assert_eq!(restarted.key_id(), "");
    sandbox.clear_faults();
    for plugin in [plugin, restarted] {
        plugin.probe().await;
        assert_eq!(plugin.key_id(), format!("scp:{}:v2,nhn:{NHN}:v1", AES.1));
        assert_eq!(plugin.health(), "ok");
        assert_eq!(plugin.encrypt(seed()).await.unwrap().1, plugin.key_id());
    }
}

#[tokio::test]
async fn key_that_does_not_answer_delays_decryption_by_half_a_second() {
    let runtime = Arc::new(FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
    let hang = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
    let [first, second] = hang.each_ref().map(|hangs| {
        let chosen = Chosen { hangs: Arc::clone(hangs), ..Chosen::new(&[1], "x") };
        Arc::new(chosen) as Arc<dyn cloud_bridge::Keys>
    });
    let builder = KmsPlugin::builder().runtime(Arc::clone(&runtime)).key("first", first, "").key("second", second, "");
    let plugin = builder.build().unwrap();
    let (made, _) = plugin.encrypt(seed()).await.unwrap();
    // The first key hangs, and nothing has told the plugin.
    hang[0].store(true, Ordering::Relaxed);
    let half = Duration::from_millis(500);
    let (decrypted, ()) = tokio::join!(plugin.decrypt(&made), async { runtime.advance(half) });
    assert_eq!(decrypted.unwrap().expose_secret(), [7; 32]);
    assert_eq!(runtime.elapsed(), half);
    // A probe notices it, so that the other key is asked first.
    tokio::join!(plugin.probe(), passes(&runtime, Duration::from_secs(5)));
    let again = tokio::time::timeout(Duration::from_secs(30), plugin.decrypt(&made)).await;
    assert!(again.expect("nothing is waited for, as the clock does not advance").is_ok());
    // If none answers, the whole request ends before the API server's three seconds.
    hang[1].store(true, Ordering::Relaxed);
    for asked in ["decrypt", "encrypt"] {
        let call = async {
            match asked {
                "decrypt" => plugin.decrypt(&made).await.map(|_| ()),
                _ => plugin.encrypt(seed()).await.map(|_| ()),
            }
        };
        let (outcome, ()) = tokio::join!(call, passes(&runtime, Duration::from_millis(2_500)));
        let failure = outcome.unwrap_err();
        assert_eq!(failure.status(), 504, "{asked}: {failure}");
    }
}

/// Lets so much time pass, in steps between which tasks run.
async fn passes(runtime: &FakeRuntime, time: Duration) {
    const STEPS: u32 = 25;
    for _ in 0..STEPS {
        tokio::task::yield_now().await;
        runtime.advance(time / STEPS);
    }
}

/// Keys whose versions the test chooses. A ciphertext is a text of the test and the plaintext in Base64.
#[derive(Debug)]
struct Chosen {
    versions: std::sync::Mutex<std::collections::VecDeque<u64>>,
    text: String,
    /// Whether calls have no end.
    hangs: Arc<AtomicBool>,
}

impl Chosen {
    fn new(versions: &[u64], text: &str) -> Self {
        let versions = std::sync::Mutex::new(versions.iter().copied().collect());
        Self { versions, text: text.to_owned(), hangs: Arc::default() }
    }

    /// Returns this, unless the keys hang.
    fn answer<T: Send + 'static>(&self, answer: T) -> Outcome<'static, T> {
        let hangs = self.hangs.load(Ordering::Relaxed);
        Box::pin(async move { if hangs { std::future::pending().await } else { Ok(answer) } })
    }
}

type Outcome<'a, T> = cloud_core::BoxFuture<'a, cloud_bridge::Result<T>>;

fn unused<T>() -> Outcome<'static, T> {
    Box::pin(async { Err(cloud_bridge::Failure::unsupported("unused")) })
}

impl cloud_bridge::Keys for Chosen {
    fn encrypt<'a>(&'a self, _: &'a str, plaintext: SecretBytes) -> Outcome<'a, Versioned> {
        let mut versions = self.versions.lock().unwrap();
        let version = if versions.len() > 1 { versions.pop_front().unwrap() } else { versions[0] };
        let text = format!("{}{}", self.text, STANDARD.encode(plaintext.expose_secret()));
        self.answer(Versioned::new(text, version))
    }
    fn decrypt<'a>(&'a self, _: &'a str, ciphertext: &'a str) -> Outcome<'a, SecretBytes> {
        let plaintext = STANDARD.decode(&ciphertext[self.text.len()..]).unwrap();
        self.answer(SecretBytes::from(plaintext))
    }
    fn resolve<'a>(&'a self, _: &'a str) -> Outcome<'a, String> {
        unused()
    }
    fn reaches_others(&self) -> bool {
        false
    }
    fn list(&self) -> Outcome<'_, Vec<cloud_bridge::KeyName>> {
        unused()
    }
    fn show<'a>(&'a self, _: &'a str) -> Outcome<'a, cloud_bridge::Key> {
        unused()
    }
    fn find<'a>(&'a self, _: &'a str) -> Outcome<'a, cloud_bridge::Key> {
        unused()
    }
    fn rewrap<'a>(&'a self, _: &'a str, _: &'a str) -> Outcome<'a, Versioned> {
        unused()
    }
    fn data_key<'a>(&'a self, _: &'a str, _: u16, _: bool) -> Outcome<'a, cloud_bridge::DataKey> {
        unused()
    }
    fn sign<'a>(&'a self, _: &'a str, _: SecretBytes, _: cloud_bridge::Signing) -> Outcome<'a, Versioned> {
        unused()
    }
    fn verify<'a>(&'a self, _: &'a str, _: SecretBytes, _: &'a str, _: cloud_bridge::Signing) -> Outcome<'a, bool> {
        unused()
    }
    fn hmac<'a>(&'a self, _: &'a str, _: SecretBytes) -> Outcome<'a, cloud_core::SecretString> {
        unused()
    }
    fn verify_hmac<'a>(&'a self, _: &'a str, _: SecretBytes, _: &'a str) -> Outcome<'a, bool> {
        unused()
    }
}

fn chosen(versions: &[u64], text: &str) -> Arc<dyn cloud_bridge::Keys> {
    Arc::new(Chosen::new(versions, text))
}

#[tokio::test]
async fn id_of_a_ciphertext_is_that_of_its_own_versions() {
    let builder =
        KmsPlugin::builder().key("a", chosen(&[1, 2, 1, 2], "x"), "").key("b", chosen(&[1, 1, 2, 2], "y"), "");
    let plugin = builder.build().unwrap();
    assert_eq!(plugin.encrypt(seed()).await.unwrap().1, "a:v1,b:v1");
    assert_eq!(plugin.encrypt(seed()).await.unwrap().1, "a:v2,b:v1");
    // A replica that lags behind: the ciphertext would have an ID that was replaced.
    assert_eq!(plugin.encrypt(seed()).await.unwrap_err().status(), 503);
    assert_eq!(plugin.key_id(), "a:v2,b:v1");
    assert_eq!(plugin.encrypt(seed()).await.unwrap().1, "a:v2,b:v2");
}

#[tokio::test]
async fn key_that_falls_back_to_an_older_version_does_not_work() {
    let runtime = Arc::new(FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
    let builder = KmsPlugin::builder().runtime(Arc::clone(&runtime)).key("a", chosen(&[2, 1], "x"), "");
    let plugin = builder.build().unwrap();
    plugin.probe().await;
    assert_eq!((plugin.key_id().as_str(), plugin.health().as_str()), ("a:v2", "ok"));
    plugin.probe().await;
    assert_eq!(plugin.health(), "ok", "the last round trip still counts");
    runtime.advance(Duration::from_secs(90));
    plugin.probe().await;
    assert!(plugin.health().contains("an older version than before"), "{}", plugin.health());
    assert_eq!(plugin.key_id(), "a:v2");
}

#[tokio::test]
async fn key_that_encrypts_too_slowly_for_the_api_server_does_not_work() {
    let sandbox = Sandbox::start().await.unwrap();
    let (plugin, runtime) = unserved(&sandbox, &["scp"]);
    always(&sandbox, Fault::delay(Duration::from_secs(600)), "scp/kms/encrypt");
    // More than one half of the round trip may take, and less than both.
    tokio::join!(plugin.probe(), passes(&runtime, Duration::from_secs(4)));
    assert!(plugin.health().contains("took too long"), "{}", plugin.health());
}

#[tokio::test]
async fn keys_whose_ciphertexts_do_not_fit_are_rejected_or_said() {
    let label = |index: usize| format!("scp:{index:032}");
    // With the 44 of the seed, as many bytes as a ciphertext of the clouds has.
    let ciphertext = "c".repeat(45);
    for (count, fits) in [(1, true), (7, true), (8, false)] {
        let builder = (0..count)
            .fold(KmsPlugin::builder(), |builder, index| builder.key(label(index), chosen(&[1], &ciphertext), ""));
        match builder.build() {
            Ok(plugin) => {
                let (made, _) = plugin.encrypt(seed()).await.unwrap();
                assert!(fits && made.len() <= 1_000, "{count}");
            }
            Err(error) => assert!(!fits && error.to_string().contains("1,000 bytes"), "{count}: {error}"),
        }
    }
    // A service whose ciphertexts are longer: the plugin is not healthy, before the API server asks it to encrypt.
    let long = "c".repeat(150);
    let builder =
        (0..5).fold(KmsPlugin::builder(), |builder, index| builder.key(label(index), chosen(&[1], &long), ""));
    let plugin = builder.build().unwrap();
    plugin.probe().await;
    assert!(plugin.health().contains("more than 1,000 bytes"), "{}", plugin.health());
    assert_eq!((plugin.key_id(), plugin.encrypt(seed()).await.unwrap_err().status().as_u16()), (String::new(), 400));
}

#[tokio::test]
async fn requests_that_do_not_fit_are_refused_without_a_call() {
    let own = Plugin::start("k8s-invalid", &["scp"]).await;
    let calls = own.sandbox.calls().len();
    assert_eq!(own.encrypt(b"").await.unwrap_err().0, "3");
    assert_eq!(own.encrypt(&[1; 257]).await.unwrap_err().0, "3");
    let wrong = |ciphertext: &[u8]| EncryptResponse { ciphertext: ciphertext.to_vec(), key_id: String::new() };
    let repeated = format!("cloud-bridge/1{}", format!("\nscp:{} vault:v1:AA", AES.1).repeat(15));
    for ciphertext in [
        &b""[..],
        b"k8s:enc:kms:v2:",
        b"cloud-bridge/1\nscp:another vault:v1:AA",
        // As many requests as there are lines.
        repeated.as_bytes(),
        &[b'a'; 2_000],
    ] {
        assert_eq!(own.decrypt(&wrong(ciphertext)).await.unwrap_err().0, "3");
    }
    let unknown = own.call::<StatusResponse>("Unheard", &()).await.unwrap_err();
    assert_eq!(unknown.0, "12");
    assert!(own.encrypt(&[1; 100_000]).await.is_err());
    assert_eq!(own.sandbox.calls().len(), calls);
    assert!(KmsPlugin::builder().build().is_err());
}
