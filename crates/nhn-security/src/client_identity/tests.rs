//! Tests of client certificates: which ones are accepted, and that no part of them is shown. Each test generates its
//! keys, so that no private key is published.

use std::sync::Arc;

use cloud_core::{Error, ErrorKind, Result, Transport};

use super::*;

/// A new certificate and its private key, both as PEM.
fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn pem(parts: &[&str]) -> Result<Arc<dyn Transport>> {
    Certificate::Pem(parts.concat().into_bytes().into()).transport()
}

fn config_error(outcome: Result<Arc<dyn Transport>>) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error
}

#[tokio::test]
async fn pem_is_accepted_in_any_order() {
    let ((certificate, key), (_, other_key)) = (identity(), identity());
    pem(&[&certificate, &key]).unwrap();
    pem(&[&key, &certificate]).unwrap();
    assert!(config_error(pem(&[&certificate])).to_string().contains("no usable private key"));
    assert!(config_error(pem(&[&key])).to_string().contains("no certificate"));
    assert!(config_error(pem(&[&certificate, &other_key])).to_string().contains("cannot be used together"));
    assert!(config_error(pem(&["not pem"])).to_string().contains("no usable private key"));
}

#[test]
fn debug_shows_no_certificate() {
    let (certificate, key) = identity();
    let shown = format!("{:?}", Certificate::Pem((certificate + &key).into_bytes().into()));
    assert_eq!(shown, "Certificate([redacted])");
}

#[cfg(feature = "pkcs12")]
#[tokio::test]
async fn pkcs12_is_accepted_with_old_and_new_ciphers() {
    use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain};
    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
    let file = |encryption, mac| {
        let certificate = p12_keystore::Certificate::from_der(made.cert.der()).unwrap();
        let key = PrivateKey::from_der(made.signing_key.serialized_der()).unwrap();
        let mut store = KeyStore::new();
        store.add_entry(
            "client",
            KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new("client".as_bytes(), key, [certificate])),
        );
        store.writer("pass word").encryption_algorithm(encryption).mac_algorithm(mac).write().unwrap()
    };
    let open = |der: &[u8], password: &str| {
        Certificate::Pkcs12 { der: der.to_vec().into(), password: password.into() }.transport()
    };
    for file in [
        file(EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        file(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    ] {
        open(&file, "pass word").unwrap();
        let error = config_error(open(&file, "canary-wrong-password"));
        assert!(error.to_string().contains("check its password"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    assert!(config_error(open(b"not a file", "pass word")).to_string().contains("cannot be opened"));
}
