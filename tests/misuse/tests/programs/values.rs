//! 16, 18, 19, 24: times, verdicts and private keys.

use std::sync::Arc;

use scp_security::certificate_manager::types::ValidateCertificateRequest;
use scp_security::config_inspection::types::DiagnosisResultResponse;
use scp_security::kms::types::{EncryptRequest, VerifyRequest};
use scp_security::testing::{FakeTransport, response};
use scp_security::{ErrorKind, Timestamp};
use time::UtcOffset;

use super::common::scp_with;

#[tokio::test]
async fn base64_is_not_taken_from_a_text_that_happens_to_be_some() {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#));
    // Twelve letters are valid Base64, and are encrypted as the letters that they are.
    scp_with(&transport).kms().encrypt("key", &EncryptRequest::new("password1234")).await.unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body(), r#"{"plaintext":"cGFzc3dvcmQxMjM0"}"#);
}

#[test]
fn offset_of_a_time_is_not_dropped() {
    let korean = Timestamp::from("2025-03-11T16:00:32+09:00");
    let error = korean.to_date_time().unwrap_err();
    assert!(error.to_string().contains("keep the zone"), "{error}");
    assert_eq!(korean.to_instant(UtcOffset::UTC).unwrap().unix_timestamp(), 1_741_676_432);
    let local = Timestamp::from("2025-03-11 16:00:32");
    assert_eq!(local.to_instant(UtcOffset::UTC).unwrap().unix_timestamp(), 1_741_708_832);
}

#[tokio::test]
async fn verdict_that_says_no_is_an_error_once_required() {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"valid":false}"#));
    let verdict = scp_with(&transport).kms().verify("key", &VerifyRequest::new("a", "vault:v1:AA==")).await.unwrap();
    let error = verdict.require_valid().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Service, "the signature does not match the message")
    );
}

#[test]
fn run_that_failed_has_no_number_of_failures() {
    for (run, wanted) in [
        (r#"{"diagnosis_result":"SUCCESS","count_fail":0,"count_error":0}"#, Ok(0)),
        (r#"{"diagnosis_result":"SUCCESS","count_fail":2,"count_error":0}"#, Ok(2)),
        (r#"{"diagnosis_result":"FAIL","count_fail":0,"count_error":8}"#, Err(ErrorKind::FailureState)),
        (r#"{"diagnosis_result":"SUCCESS","count_fail":0,"count_error":8}"#, Err(ErrorKind::FailureState)),
        (r#"{"diagnosis_result":"SUCCESS","count_error":0}"#, Err(ErrorKind::Decode)),
        ("{}", Err(ErrorKind::FailureState)),
    ] {
        let run: DiagnosisResultResponse = response(run).unwrap();
        assert_eq!(run.failed_rules().map_err(|error| error.kind()), wanted, "{run:?}");
    }
}

#[tokio::test]
async fn private_key_in_the_certificate_is_neither_sent_nor_shown() {
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
    let transport = Arc::new(FakeTransport::new());
    let certificates = scp_with(&transport).certificate_manager();
    for (body, key) in [(format!("{CERTIFICATE}{KEY}"), KEY), (KEY.to_owned(), CERTIFICATE)] {
        let request = ValidateCertificateRequest::new(body, key);
        assert!(!format!("{request:?}").contains("Y2FuYXJ5"), "{request:?}");
        let error = certificates.validate_certificate(&request).await.map(|_| ()).unwrap_err();
        assert!(error.is_unsent() && error.to_string().contains("holds a PRIVATE KEY"), "{error}");
    }
    assert!(transport.sent().is_empty());
}
