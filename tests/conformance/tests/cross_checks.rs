//! The sandbox's signatures and ciphertexts, checked by `openssl` and Python.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails or says so"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use nhn_security::secure_key_manager::types::{
    EncryptRequest, SignRequest as NhnSignRequest, SignStandardRequest, SignatureAlgorithm, VerifyStandardRequest,
};
use scp_security::Scp;
use scp_security::kms::types::{CreateDataKeyRequest, CreateKeyRequest, SignRequest};
use serde_json::Value;

const DATA: &[u8] = b"what is signed";

/// Checks of the same things in Python; arguments: folder, purpose, Base64 of the signature.
const VERIFY: &str = r#"
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
folder, purpose = sys.argv[1:]
read = lambda name: open(folder + "/" + name, "rb").read()
key = serialization.load_pem_public_key(read("public.pem"))
if purpose == "rsa-2048":
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)
    key.verify(read("signature"), read("data"), pss, hashes.SHA256())
else:
    key.verify(read("signature"), read("data"), ec.ECDSA(hashes.SHA256()))
"#;

const OPEN: &str = r#"
import sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
read = lambda name: open(sys.argv[1] + "/" + name, "rb").read()
encrypted = read("encrypted")
sys.stdout.buffer.write(AESGCM(read("key")).decrypt(encrypted[:12], encrypted[12:], None))
"#;

/// A folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).unwrap();
    }

    /// Runs a command in the folder; what it printed, or nothing when it failed.
    fn run(&self, command: &str, arguments: &[&str]) -> Option<Vec<u8>> {
        let output = Command::new(command).args(arguments).current_dir(&self.0).output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    fn openssl(&self, arguments: &str) -> Option<Vec<u8>> {
        self.run("openssl", &arguments.split(' ').collect::<Vec<_>>())
    }

    /// Opens what a cipher in GCM encrypted: nonce, text and tag.
    ///
    /// The command knows no GCM, but GCM is counter mode that begins with block two, and a tag behind it.
    fn open(&self, cipher: &str, key: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = encrypted.split_at(12);
        self.write("body", &rest[..rest.len() - 16]);
        self.openssl(&format!("enc -d -{cipher}-ctr -K {} -iv {}00000002 -in body", hex(key), hex(nonce)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies below the build folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether a command works here; where it does not, that is said and the check is left out.
fn works(command: &str, arguments: &[&str]) -> bool {
    let there = Command::new(command).args(arguments).output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("not checked: `{command} {}` does not work here", arguments.join(" "));
    }
    there
}

fn has_openssl() -> bool {
    works("openssl", &["version"])
}

fn has_cryptography() -> bool {
    works("python3", &["-c", "import cryptography"])
}

fn scp(sandbox: &Sandbox) -> Scp {
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str());
    let builder = Scp::builder().endpoint(sandbox.endpoint());
    builder.credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY")).build().unwrap()
}

async fn create(scp: &Scp, purpose: &str) -> String {
    let wanted = CreateKeyRequest::builder().name("crosscheck").purpose(purpose.parse().unwrap()).description("");
    let wanted = wanted.auto_rotate(false).rotate_cycle(scp_security::Days(0)).build();
    scp.kms().create_key(&wanted).await.unwrap().key.id
}

/// The bytes behind `vault:vN:`.
fn bytes(stamped: &str) -> Vec<u8> {
    STANDARD.decode(stamped.rsplit_once(':').unwrap().1).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

async fn signature(purpose: &str, openssl: &str) {
    let sandbox = Sandbox::start().await.unwrap();
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, purpose).await;
    let folder = Folder::new(purpose);
    let [python, command] = [has_cryptography(), has_openssl()];
    for version in 1..=2 {
        let signed = kms.sign(&id, &SignRequest::new(DATA)).await.unwrap();
        assert_eq!(signed.key_version, version);
        folder.write("public.pem", sandbox.kms_public_key(&id, usize::try_from(version).unwrap()).unwrap());
        folder.write("signature", bytes(&signed.signature));
        for (data, good) in [(DATA, true), (&b"what was not"[..], false)] {
            folder.write("data", data);
            if command {
                let printed = folder.openssl(openssl);
                assert_eq!(printed.is_some_and(|text| text.starts_with(b"Verified OK")), good, "{purpose} {version}");
            }
            if python {
                let path = folder.0.to_str().unwrap();
                let verified = folder.run("python3", &["-c", VERIFY, path, purpose]);
                assert_eq!(verified.is_some(), good, "{purpose} {version} in Python");
            }
        }
        kms.rotate_key(&id).await.unwrap();
    }
}

#[tokio::test]
async fn rsa_signature_is_verified_by_openssl() {
    let options = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:auto -sigopt rsa_mgf1_md:sha256";
    signature("rsa-2048", &format!("dgst -sha256 {options} -verify public.pem -signature signature data")).await;
}

#[tokio::test]
async fn ecdsa_signature_is_verified_by_openssl() {
    signature("ecdsa-p256", "dgst -sha256 -verify public.pem -signature signature data").await;
}

/// A data key, in the clear and as the key seals it, and the secret half of that key out of the saved state.
async fn wrapped(purpose: &str, folder: &Folder) -> (Vec<u8>, Vec<u8>, String) {
    let file = folder.0.join("state.json");
    let sandbox = Sandbox::builder().state_file(&file).start().await.unwrap();
    let scp = scp(&sandbox);
    let id = create(&scp, purpose).await;
    let made = scp
        .kms()
        .create_data_key(&id, &CreateDataKeyRequest::new(scp_security::kms::types::DataKeyForm::Plaintext))
        .await
        .unwrap();
    let plain = made.require_plaintext().unwrap().expose_secret().to_vec();
    drop(scp);
    sandbox.shutdown().await.unwrap();
    let saved: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let secret = &saved["held"]["state"]["scp"]["kms"]["keys"][&id]["versions"][0];
    (plain, bytes(&made.ciphertext), secret.as_str().unwrap_or_else(|| panic!("no version of {id}")).to_owned())
}

#[tokio::test]
async fn data_key_wrapped_by_rsa_is_decrypted_by_openssl() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new("wrapped-rsa");
    let (plain, encrypted, secret) = wrapped("rsa-2048", &folder).await;
    folder.write("private.pem", secret);
    folder.write("encrypted", encrypted);
    let options = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
    let decrypted = folder.openssl(&format!("pkeyutl -decrypt -inkey private.pem {options} -in encrypted"));
    assert!(decrypted == Some(plain));
}

#[tokio::test]
async fn data_key_wrapped_by_aes_is_decrypted_by_python() {
    let folder = Folder::new("wrapped-aes");
    let (plain, mut encrypted, secret) = wrapped("aes256-gcm96", &folder).await;
    let key = STANDARD.decode(secret).unwrap();
    assert_eq!((encrypted.len(), key.len()), (12 + 32 + 16, 32));
    if has_openssl() {
        let decrypted = folder.open("aes-256", &key, &encrypted);
        assert!(decrypted == Some(plain.clone()));
    }
    if has_cryptography() {
        let path = folder.0.to_str().unwrap().to_owned();
        folder.write("key", &key);
        folder.write("encrypted", &encrypted);
        assert!(folder.run("python3", &["-c", OPEN, &path]) == Some(plain));
        encrypted[20] ^= 1;
        folder.write("encrypted", &encrypted);
        assert_eq!(folder.run("python3", &["-c", OPEN, &path]), None);
    }
}

/// A symmetric and an asymmetric key of the default seed's first key store.
const KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";
const KEY_PAIR: &str = "1c7e5a90d3b84f62ae07f4c18d29b653";

fn key_manager(sandbox: &Sandbox) -> (nhn_security::secure_key_manager::v1_0::Client, Nhn) {
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str());
    let builder = Nhn::builder()
        .endpoint(sandbox.endpoint())
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"));
    let nhn = builder.build().unwrap();
    (nhn.secure_key_manager_v1_0().unwrap(), nhn)
}

#[tokio::test]
async fn key_manager_ciphertext_is_decrypted_by_openssl() {
    if !has_openssl() {
        return;
    }
    for (government, cipher) in [(false, "aes-256"), (true, "aria-256")] {
        let zeros = "00".repeat(32);
        if !works("openssl", &["enc", &format!("-{cipher}-ctr"), "-K", &zeros, "-iv", &zeros[..32], "-in", "/dev/null"])
        {
            continue;
        }
        let sandbox = Sandbox::builder().nhn_government(government).start().await.unwrap();
        let (keys, nhn) = key_manager(&sandbox);
        let text = "열어라 참깨";
        let encrypted = keys.encrypt(KEY, &EncryptRequest::new(text)).await.unwrap();
        let blob = STANDARD.decode(&encrypted.ciphertext).unwrap();
        let (version, rest) = blob.split_at(4);
        assert_eq!(i64::from(u32::from_be_bytes(version.try_into().unwrap())), encrypted.key_version);
        let earlier = nhn.secure_key_manager_v1_1().unwrap();
        let key = earlier.show_symmetric_key(KEY).key_version(encrypted.key_version).await.unwrap().to_bytes().unwrap();
        let folder = Folder::new(cipher);
        assert_eq!(folder.open(cipher, key.expose_secret(), rest).as_deref(), Some(text.as_bytes()), "{cipher}");
    }
}

#[tokio::test]
async fn key_manager_signature_is_verified_by_openssl() {
    if !has_openssl() {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let (keys, _) = key_manager(&sandbox);
    let signed = keys.sign(KEY_PAIR, &NhnSignRequest::new("what is signed")).await.unwrap();
    let public = keys.show_public_key(KEY_PAIR).key_version(signed.key_version).await.unwrap().to_bytes().unwrap();
    let folder = Folder::new("key-manager");
    folder.write("public.der", public);
    folder.write("signature", &STANDARD.decode(&signed.signature).unwrap()[4..]);
    let recover = "pkeyutl -verifyrecover -pubin -inkey public.der -keyform DER -pkeyopt rsa_padding_mode:pkcs1";
    let recovered = folder.openssl(&format!("{recover} -in signature"));
    assert_eq!(recovered.as_deref(), Some(DATA));
}

#[tokio::test]
async fn standard_signature_of_key_manager_is_verified_by_openssl() {
    if !has_openssl() {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let (_, nhn) = key_manager(&sandbox);
    let keys = nhn.secure_key_manager().unwrap();
    let folder = Folder::new("key-manager-standard");
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256 ";
    for (algorithm, options) in [(SignatureAlgorithm::RsassaPss, pss), (SignatureAlgorithm::RsassaPkcs1V15, "")] {
        let signed = keys.sign_standard(KEY_PAIR, &SignStandardRequest::new(DATA, algorithm.clone())).await.unwrap();
        let public = keys.show_public_key(KEY_PAIR).key_version(signed.key_version).await.unwrap().to_bytes().unwrap();
        folder.write("public.der", public);
        folder.write("signature", signed.to_bytes().unwrap());
        for (data, good) in [(DATA, true), (&b"what was not"[..], false)] {
            folder.write("data", data);
            let command = format!("dgst -sha256 {options}-verify public.der -keyform DER -signature signature data");
            let printed = folder.openssl(&command);
            assert_eq!(printed.is_some_and(|text| text.starts_with(b"Verified OK")), good, "{algorithm:?}");
            let request = VerifyStandardRequest::builder().plaintext(data).signature(&*signed.signature);
            let request = request.algorithm(algorithm.clone()).key_version(signed.key_version).build();
            assert_eq!(keys.verify_standard(KEY_PAIR, &request).await.unwrap().result, good, "{algorithm:?}");
        }
    }
}
