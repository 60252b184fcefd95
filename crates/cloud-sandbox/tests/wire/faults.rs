//! Faults over the wire.
#![allow(clippy::disallowed_methods, reason = "a delay is measured")]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Call, RawResponse, setting};
use super::scp_signer::Signer;

pub(crate) fn sign(sandbox: &Sandbox, call: Call) -> Call {
    Signer::of(sandbox).sign(sandbox.endpoint(), call)
}

fn new_key(name: &str) -> Value {
    json!({
        "auto_rotate": "Y", "description": "", "key_type": "basic", "name": name, "purpose": "aes256-gcm96",
        "rotate_cycle": 90, "tags": [],
    })
}

/// A list with pages, as a signed call.
pub(crate) fn list(sandbox: &Sandbox, query: &str) -> Call {
    sign(sandbox, Call::new("GET", format!("/v1/kms/transit{query}")))
}

pub(crate) async fn send(sandbox: &Sandbox, call: &Call) -> RawResponse {
    call.send(sandbox.endpoint()).await
}

/// Everything up to the end of the connection, and how it ended.
async fn bytes_of(sandbox: &Sandbox, call: &Call) -> (String, Option<ErrorKind>) {
    let host = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(call.text(host).as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.err().map(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), ended)
}

async fn with(fault: Fault) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(fault).unwrap();
    sandbox
}

#[tokio::test]
async fn status_fault_sends_retry_after_the_given_number_of_times() {
    let sandbox =
        with(Fault::status(503).retry_after(Duration::from_secs(7)).times(2).on("scp/kms/list_*").unwrap()).await;
    for _ in 0..2 {
        let response = send(&sandbox, &list(&sandbox, "")).await;
        assert_eq!(response.expect(503).header("retry-after"), Some("7"));
    }
    assert_eq!(send(&sandbox, &list(&sandbox, "")).await.expect(200).header("retry-after"), None);
    sandbox.fault(Fault::status(429)).unwrap();
    let refused = send(&sandbox, &list(&sandbox, "")).await;
    assert_eq!(refused.expect(429).json()["errors"][0]["status"], 429);
    assert_eq!(refused.header("retry-after"), None);
}

#[tokio::test]
async fn reset_fault_ends_the_connection_before_or_after_the_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let create = |name: &str| {
        let body = new_key(name);
        sign(&sandbox, Call::new("POST", "/v1/kms/transit").json(&body))
    };
    for (fault, left) in [(Fault::reset_before(), 0), (Fault::reset_after(), 1)] {
        sandbox.fault(fault).unwrap();
        let (text, ended) = bytes_of(&sandbox, &create("faultkey")).await;
        assert_eq!((text.as_str(), ended), ("", Some(ErrorKind::ConnectionReset)));
        let found = send(&sandbox, &list(&sandbox, "?name=faultkey")).await.expect(200).json();
        assert_eq!(found["count"], left);
    }
    let calls = sandbox.calls();
    let struck: Vec<_> = calls.iter().filter_map(|call| Some((call.fault.as_deref()?, call.status))).collect();
    assert_eq!(struck, [("reset_before", 0), ("reset_after", 0)]);
}

#[tokio::test]
async fn body_faults_truncate_slow_and_corrupt() {
    let sandbox = with(Fault::truncated_body()).await;
    let whole = send(&sandbox, &list(&sandbox, "")).await;
    let length: usize = whole.header("content-length").unwrap().parse().unwrap();
    assert_eq!(whole.body.len(), length / 2);

    sandbox.fault(Fault::slow_body(Duration::from_millis(20))).unwrap();
    let start = Instant::now();
    send(&sandbox, &list(&sandbox, "")).await.expect(200).json();
    assert!(start.elapsed() >= Duration::from_millis(160));

    sandbox.fault(Fault::not_json()).unwrap();
    let garbled = send(&sandbox, &list(&sandbox, "")).await;
    assert_eq!(garbled.expect(200).header("content-type"), Some("application/json"));
    assert!(serde_json::from_str::<Value>(&garbled.body).is_err());

    sandbox.fault(Fault::wrong_content_type()).unwrap();
    let typed = send(&sandbox, &list(&sandbox, "")).await;
    assert_eq!(typed.expect(200).header("content-type"), Some("text/html; charset=utf-8"));
    serde_json::from_str::<Value>(&typed.body).unwrap();

    sandbox.fault(Fault::proxy_html()).unwrap();
    assert!(send(&sandbox, &list(&sandbox, "")).await.expect(502).body.starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn huge_body_fault_sends_the_whole_body() {
    let sandbox = with(Fault::huge_body()).await;
    let (text, ended) = bytes_of(&sandbox, &list(&sandbox, "")).await;
    assert!(ended.is_none() && text.len() > 64 << 20);
}

#[tokio::test]
async fn delay_and_date_faults_leave_the_body_unchanged() {
    let sandbox = with(Fault::delay(Duration::from_millis(60))).await;
    let start = Instant::now();
    let plain = send(&sandbox, &list(&sandbox, "")).await;
    assert!(start.elapsed() >= Duration::from_millis(60));
    sandbox.fault(Fault::date_behind(Duration::from_secs(86_400 * 366))).unwrap();
    let skewed = send(&sandbox, &list(&sandbox, "")).await;
    let year = |response: &RawResponse| response.expect(200).header("date").unwrap()[12..16].parse::<u32>().unwrap();
    assert!(year(&plain) - year(&skewed) >= 1);
    assert_eq!(plain.body, skewed.body);
}

pub(crate) async fn nhn_token(sandbox: &Sandbox) -> String {
    let pair = ["NHN_CLOUD_USER_ACCESS_KEY_ID", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"].map(|name| setting(sandbox, name));
    let call = Call::new("POST", "/oauth2/token/create")
        .header("Authorization", format!("Basic {}", STANDARD.encode(pair.join(":"))))
        .body("application/x-www-form-urlencoded", "grant_type=client_credentials");
    send(sandbox, &call).await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn revoked_token_stays_revoked_and_a_new_one_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let target = format!("/advisor/v1.0/appKey/{}/setting", setting(&sandbox, "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"));
    let get = |token: &str| Call::new("GET", target.clone()).header("x-nhn-authorization", format!("Bearer {token}"));
    let first = nhn_token(&sandbox).await;
    send(&sandbox, &get(&first)).await.expect(200);
    sandbox.fault(Fault::token_revoked().on("nhn/security-advisor").unwrap()).unwrap();
    for _ in 0..2 {
        send(&sandbox, &get(&first)).await.expect(401);
    }
    let second = nhn_token(&sandbox).await;
    send(&sandbox, &get(&second)).await.expect(200);
    sandbox.fault(Fault::failed_envelope()).unwrap();
    let failed = send(&sandbox, &get(&second)).await;
    assert_eq!(failed.expect(200).json()["header"]["isSuccessful"], false);
    sandbox.clear_faults();
    send(&sandbox, &get(&first)).await.expect(200);
}

#[tokio::test]
async fn page_faults_remove_repeat_and_shift_pages() {
    let sandbox = Sandbox::start().await.unwrap();
    for number in 0..4 {
        let body = new_key(&format!("page{number}"));
        let call = sign(&sandbox, Call::new("POST", "/v1/kms/transit").json(&body));
        send(&sandbox, &call).await.expect(201);
    }
    let page = async |number: u32| -> (Vec<String>, u64) {
        let response = send(&sandbox, &list(&sandbox, &format!("?page={number}&size=2"))).await;
        let body = response.expect(200).json();
        let ids = body["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned());
        (ids.collect(), body["count"].as_u64().unwrap())
    };
    let (first, second) = (page(0).await, page(1).await);
    assert!(first.0.len() == 2 && second.0.len() == 2 && first.0 != second.0);

    sandbox.fault(Fault::page_missing().after(1)).unwrap();
    assert_eq!((page(0).await, page(1).await), (first.clone(), (Vec::new(), second.1)));
    sandbox.fault(Fault::page_repeated()).unwrap();
    assert_eq!((page(0).await, page(1).await), (first.clone(), first.clone()));
    sandbox.fault(Fault::page_changed()).unwrap();
    let moved = vec![first.0[1].clone(), second.0[0].clone()];
    assert_eq!((page(0).await, page(1).await), (first.clone(), (moved, second.1 + 1)));
    assert_eq!(page(1).await, second);
    let struck: Vec<_> = sandbox.calls().into_iter().filter_map(|call| call.fault).collect();
    assert_eq!(struck, ["page_missing", "page_repeated", "page_changed"]);
}

/// A caller that goes away as soon as the fault has its call, and the key that the call was to create.
#[tokio::test]
async fn late_call_is_executed_although_its_caller_has_gone() {
    let hour = Duration::from_secs(3600);
    // An RSA key takes a while, so the caller has gone before the call is over.
    for (fault, purpose, executed) in [
        (Fault::late(hour), "aes256-gcm96", true),
        (Fault::late(hour), "rsa-2048", true),
        (Fault::delay(hour), "aes256-gcm96", false),
    ] {
        let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
        sandbox.fault(fault).unwrap();
        let mut body = new_key("latekey");
        body["purpose"] = purpose.into();
        let create = sign(&sandbox, Call::new("POST", "/v1/kms/transit").json(&body));
        let host = sandbox.endpoint().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(create.text(host).as_bytes()).await.unwrap();
        let left = Call::new("GET", "/_sandbox/faults");
        while send(&sandbox, &left).await.expect(200).json() != json!([]) {}
        drop(stream);
        while executed && sandbox.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        let found = send(&sandbox, &list(&sandbox, "?name=latekey")).await.expect(200).json();
        assert_eq!(found["count"], u64::from(executed), "{purpose}");
        let log = sandbox.calls();
        let struck: Vec<_> = log.iter().filter_map(|call| Some((call.fault.as_deref()?, call.status))).collect();
        assert_eq!(struck, if executed { vec![("late", 201)] } else { Vec::new() }, "{purpose}");
    }
}

#[tokio::test]
async fn late_response_is_the_one_of_the_call() {
    let sandbox = with(Fault::late(Duration::from_millis(60))).await;
    let start = Instant::now();
    let late = send(&sandbox, &list(&sandbox, "")).await;
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(late.expect(200).body, send(&sandbox, &list(&sandbox, "")).await.body);
}
