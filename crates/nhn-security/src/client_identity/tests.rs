//! Tests of client certificates: what is accepted, and that nothing of them is shown.

use std::sync::Arc;

use cloud_core::{Error, ErrorKind, Result, Transport};

use super::*;

/// A certificate and its key, made for these tests.
const PEM: &[u8] = include_bytes!("testdata/identity.pem");
/// Another key.
const OTHER_KEY: &[u8] = include_bytes!("testdata/other-key.pem");

fn pem(parts: &[&[u8]]) -> Result<Arc<dyn Transport>> {
    Certificate::Pem(parts.concat().into()).transport()
}

fn config_error(outcome: Result<Arc<dyn Transport>>) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error
}

#[tokio::test]
async fn pem_is_accepted_in_any_order() {
    let text = std::str::from_utf8(PEM).unwrap();
    let (certificate, key) = text.split_at(text.find("-----BEGIN PRIVATE KEY").unwrap());
    pem(&[PEM]).unwrap();
    pem(&[key.as_bytes(), certificate.as_bytes()]).unwrap();
    assert!(config_error(pem(&[certificate.as_bytes()])).to_string().contains("no usable private key"));
    assert!(config_error(pem(&[key.as_bytes()])).to_string().contains("no certificate"));
    assert!(config_error(pem(&[certificate.as_bytes(), OTHER_KEY])).to_string().contains("cannot be used together"));
    assert!(config_error(pem(&[b"not pem"])).to_string().contains("no usable private key"));
}

#[test]
fn debug_shows_no_certificate() {
    let shown = format!("{:?}", Certificate::Pem(PEM.to_vec().into()));
    assert_eq!(shown, "Certificate([redacted])");
}

#[cfg(feature = "pkcs12")]
#[tokio::test]
async fn pkcs12_is_accepted_with_old_and_new_ciphers() {
    let open = |der: &[u8], password: &str| {
        Certificate::Pkcs12 { der: der.to_vec().into(), password: password.into() }.transport()
    };
    let modern = include_bytes!("testdata/modern.p12");
    let legacy = include_bytes!("testdata/legacy.p12");
    for file in [&modern[..], &legacy[..]] {
        open(file, "pass word").unwrap();
        let error = config_error(open(file, "canary-wrong-password"));
        assert!(error.to_string().contains("check its password"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    assert!(config_error(open(b"not a file", "pass word")).to_string().contains("cannot be opened"));
}
