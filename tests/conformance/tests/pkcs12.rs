//! Client certificates in the files of OpenSSL, which no crate here has written.

#![cfg(test)]

use nhn_security::{ErrorKind, Nhn, Result};

fn build(der: &[u8], password: &str) -> Result<()> {
    let builder = Nhn::builder()
        .secure_key_manager_app_key("app-key")
        .user_access_key("id", "secret")
        .client_certificate_pkcs12(der, password);
    builder.build()?.secure_key_manager().map(drop)
}

/// The older one encrypts the certificate with 40-bit RC2, as files of old consoles and of Java do.
#[tokio::test]
async fn files_of_openssl_are_accepted() {
    for file in [&include_bytes!("testdata/modern.p12")[..], include_bytes!("testdata/legacy.p12")] {
        build(file, "pass word").unwrap();
        let error = build(file, "another").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("check its password"), "{error}");
    }
}
