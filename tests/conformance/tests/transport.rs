//! Each HTTP client against a misbehaving loopback server.

#![cfg(test)]

use std::sync::Arc;

use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use scp_security::kms::types::EncryptRequest;
use scp_security::{ErrorKind, Scp};
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

conformance::each_transport!(async
    call_sends_one_request_with_its_headers,
    redirects_are_not_followed,
    responses_beyond_the_limit_are_rejected,
    safe_operation_is_retried_and_unsafe_one_is_not,
    refused_connection_is_reported_as_not_sent,
);

const SEALED: &str = r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#;

fn scp<T: BuiltInTransport + 'static>(url: &str) -> Scp {
    let transport = TransportBuilder::<T>::default().body_limit(1000).build().unwrap();
    Scp::builder().endpoint(url).credentials("key", "secret").transport(Arc::new(transport)).build().unwrap()
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(template).mount(&server).await;
    server
}

async fn call_sends_one_request_with_its_headers<T: BuiltInTransport + 'static>() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/kms/openapi/encrypt/a%2Fb"))
        .and(header("scp-api-version", "kms 1.4"))
        .and(header("content-type", "application/json"))
        .and(header_exists("scp-signature"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(SEALED, "application/json"))
        .expect(1)
        .mount(&server)
        .await;
    let response = scp::<T>(&server.uri()).kms().encrypt("a/b", &EncryptRequest::new(b"x")).send().await.unwrap();
    assert_eq!((response.parts().status.as_u16(), response.parts().attempts), (200, 1));
    assert_eq!(response.value().key_version, 1);
}

async fn redirects_are_not_followed<T: BuiltInTransport + 'static>() {
    let elsewhere = MockServer::start().await;
    let template = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    let server = answering(template).await;
    let error = scp::<T>(&server.uri()).kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap_err();
    assert!(error.to_string().contains("redirect"), "{error}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty(), "credentials went to another host");
}

async fn responses_beyond_the_limit_are_rejected<T: BuiltInTransport + 'static>() {
    let server = answering(ResponseTemplate::new(200).set_body_string("x".repeat(1001))).await;
    let error = scp::<T>(&server.uri()).kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("exceeds the limit of 1000 bytes"), "{error}");
    assert!(!error.is_unsent());
}

async fn safe_operation_is_retried_and_unsafe_one_is_not<T: BuiltInTransport + 'static>() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(502)).up_to_n_times(1).mount(&server).await;
    let good = ResponseTemplate::new(200).set_body_raw(SEALED, "application/json");
    Mock::given(path("/v1/kms/openapi/encrypt/k")).respond_with(good).mount(&server).await;
    let response = scp::<T>(&server.uri()).kms().encrypt("k", &EncryptRequest::new(b"x")).send().await.unwrap();
    assert_eq!(response.parts().attempts, 2);

    let server = answering(ResponseTemplate::new(502)).await;
    let error = scp::<T>(&server.uri()).kms().rotate_key("k").await.unwrap_err();
    assert_eq!((error.attempts(), error.status(), error.is_transient()), (1, Some(502), true));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

async fn refused_connection_is_reported_as_not_sent<T: BuiltInTransport + 'static>() {
    // A port that was just free: nothing listens on it any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let error = scp::<T>(&url).kms().rotate_key("k").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_unsent()), (ErrorKind::Connect, 3, true));
    assert!(error.to_string().contains("refused"), "{error}");
}
