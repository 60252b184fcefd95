//! Faults, the request log, the admin path, seed data and the state file.
#![allow(clippy::disallowed_methods, reason = "a delay is measured")]

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::{Fault, Sandbox, SandboxBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Call, RawResponse, setting};
use super::scp::Signer;

fn sign(sandbox: &Sandbox, call: Call) -> Call {
    Signer::of(sandbox).sign(sandbox.endpoint(), call)
}

fn new_key(name: &str) -> Value {
    json!({
        "auto_rotate": "Y", "description": "", "key_type": "basic", "name": name, "purpose": "aes256-gcm96",
        "rotate_cycle": 90, "tags": [],
    })
}

/// A list with pages, as a signed call.
fn list(sandbox: &Sandbox, query: &str) -> Call {
    sign(sandbox, Call::new("GET", format!("/v1/kms/transit{query}")))
}

async fn send(sandbox: &Sandbox, call: &Call) -> RawResponse {
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
async fn a_status_comes_with_retry_after_as_often_as_asked() {
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
async fn a_reset_ends_the_connection_before_or_after_the_call() {
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
async fn bodies_are_cut_slowed_and_garbled() {
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
async fn a_huge_body_never_ends_early() {
    let sandbox = with(Fault::huge_body()).await;
    let (text, ended) = bytes_of(&sandbox, &list(&sandbox, "")).await;
    assert!(ended.is_none() && text.len() > 64 << 20);
}

#[tokio::test]
async fn a_delay_and_a_skewed_date_change_nothing_else() {
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

async fn nhn_token(sandbox: &Sandbox) -> String {
    let pair = ["NHN_CLOUD_USER_ACCESS_KEY_ID", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"].map(|name| setting(sandbox, name));
    let call = Call::new("POST", "/oauth2/token/create")
        .header("Authorization", format!("Basic {}", STANDARD.encode(pair.join(":"))))
        .body("application/x-www-form-urlencoded", "grant_type=client_credentials");
    send(sandbox, &call).await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_revoked_token_stays_revoked_and_a_new_one_works() {
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
async fn pages_go_missing_repeat_and_move() {
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

#[tokio::test]
async fn the_log_shows_calls_and_no_secret() {
    let sandbox = Sandbox::start().await.unwrap();
    let encrypt = Call::new("POST", "/v1/kms/openapi/encrypt/138c2fc8c29a449dbfa8681f8f1d78e2");
    let call = sign(&sandbox, encrypt.json(&json!({ "plaintext": "c2VjcmV0LXBsYWludGV4dA==", "key": "undocumented" })));
    send(&sandbox, &call).await;
    let token = nhn_token(&sandbox).await;
    let target = format!("/keymanager/v1.0/appkey/{}/keystores", setting(&sandbox, "NHN_CLOUD_SKM_APP_KEY"));
    send(&sandbox, &Call::new("GET", target)).await;
    let calls = sandbox.calls();
    let names: Vec<_> = calls.iter().map(|call| &*call.operation).collect();
    let expected = ["scp/kms/encrypt/1.2", "nhn/oauth/create_token/-", "nhn/secure-key-manager/list_key_stores/1.0"];
    assert_eq!(names, expected);
    assert_eq!(calls[0].request, json!({ "plaintext": "***", "key": "***" }));
    let shown = serde_json::to_string(&calls).unwrap();
    let mut secrets = vec![token, "c2VjcmV0LXBsYWludGV4dA".to_owned(), "undocumented".to_owned()];
    let names = ["SCP_SECRET_KEY", "SCP_ACCESS_KEY", "NHN_CLOUD_SKM_APP_KEY", "NHN_CLOUD_USER_SECRET_ACCESS_KEY"];
    secrets.extend(names.map(|name| setting(&sandbox, name)));
    secrets.extend(call.headers.iter().filter(|(name, _)| name.ends_with("Signature")).map(|(_, value)| value.clone()));
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}

async fn admin() -> Sandbox {
    Sandbox::builder().admin(true).start().await.unwrap()
}

#[tokio::test]
async fn the_admin_path_is_off_unless_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for target in ["/_sandbox/", "/_sandbox/log", "/_sandbox/state"] {
        send(&sandbox, &Call::new("GET", target)).await.expect(404);
    }
}

#[tokio::test]
async fn the_admin_path_sets_faults_and_shows_calls() {
    let sandbox = admin().await;
    let faults = json!([{ "on": "scp/kms", "effect": { "status": { "code": 500 } } }, { "effect": "reset_after", "times": null }]);
    let set = send(&sandbox, &Call::new("POST", "/_sandbox/faults").json(&faults)).await;
    assert_eq!(set.expect(201).json(), json!({ "ids": [1, 2] }));
    send(&sandbox, &list(&sandbox, "")).await.expect(500);
    let left = send(&sandbox, &Call::new("GET", "/_sandbox/faults")).await.json();
    assert_eq!((left[0]["id"].as_u64(), left.as_array().unwrap().len()), (Some(2), 1));
    for bad in [json!({ "effect": "boom" }), json!({ "effect": { "status": { "code": 42 } } }), json!(1)] {
        send(&sandbox, &Call::new("POST", "/_sandbox/faults").json(&bad)).await.expect(400);
    }
    let remove = |id: u32| Call::new("DELETE", format!("/_sandbox/faults/{id}"));
    send(&sandbox, &remove(2)).await.expect(204);
    send(&sandbox, &remove(2)).await.expect(404);

    let log = send(&sandbox, &Call::new("GET", "/_sandbox/log")).await.expect(200).json();
    assert_eq!((log["last"].as_u64(), log["calls"][0]["status"].as_u64()), (Some(1), Some(500)));
    let later = send(&sandbox, &Call::new("GET", "/_sandbox/log?after=1")).await.json();
    assert_eq!(later, json!({ "calls": [], "last": 1 }));
    send(&sandbox, &Call::new("GET", "/_sandbox/log?after=x")).await.expect(400);
}

#[tokio::test]
async fn the_page_and_its_script_bring_nothing_from_elsewhere() {
    let sandbox = admin().await;
    let page = send(&sandbox, &Call::new("GET", "/_sandbox/")).await;
    assert!(page.expect(200).header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let script = send(&sandbox, &Call::new("GET", "/_sandbox/watch.js")).await;
    script.expect(200);
    for text in [&page.body, &script.body] {
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"), "{text}");
    }
}

#[tokio::test]
async fn other_pages_cannot_control_a_sandbox() {
    let sandbox = admin().await;
    let form = Call::new("POST", "/_sandbox/clock").body("text/plain", r#"{"advance_seconds":1}"#);
    send(&sandbox, &form).await.expect(415);
    let rebound = Call::new("GET", "/_sandbox/state").header("Host", "elsewhere.example:80");
    send(&sandbox, &rebound).await.expect(403);
    send(&sandbox, &Call::new("PUT", "/_sandbox/clock").json(&json!({}))).await.expect(405);
    send(&sandbox, &Call::new("GET", "/_sandbox/else")).await.expect(404);
    // A browser asks before it sends another method than its forms do.
    send(&sandbox, &Call::new("OPTIONS", "/_sandbox/log")).await.expect(405);
    send(&sandbox, &Call::new("DELETE", "/_sandbox/log")).await.expect(204);
}

#[tokio::test]
async fn time_moves_over_the_admin_path() {
    let start = std::time::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
    let sandbox = Sandbox::builder().admin(true).starts_at(start).start().await.unwrap();
    let now = |response: RawResponse| response.expect(200).json()["now"].as_str().unwrap().to_owned();
    assert!(now(send(&sandbox, &Call::new("GET", "/_sandbox/clock")).await).starts_with("2100-01-01T00:0"));
    let day = Call::new("POST", "/_sandbox/clock").json(&json!({ "advance_seconds": 86_400 }));
    assert!(now(send(&sandbox, &day).await).starts_with("2100-01-02T00:0"));
    // Callers sign with a clock that does not know of all this.
    send(&sandbox, &list(&sandbox, "")).await.expect(200);
}

#[tokio::test]
async fn the_state_is_shown_without_secrets() {
    let sandbox = admin().await;
    let token = nhn_token(&sandbox).await;
    let shown = send(&sandbox, &Call::new("GET", "/_sandbox/state")).await.expect(200).body.clone();
    let state: Value = serde_json::from_str(&shown).unwrap();
    assert!(state["scp"].is_object() && state["nhn"].is_object() && state["risken"].is_object());
    let names = ["SCP_SECRET_KEY", "SCP_VAULT_TOKEN_SECRET"].map(|name| setting(&sandbox, name));
    for secret in names.iter().chain([&token]) {
        assert!(!shown.contains(secret), "{secret}");
    }
    assert!(!shown.contains("PRIVATE KEY"));
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("cloud-sandbox-{name}-{}.json", std::process::id())))
    }

    fn builder(&self) -> SandboxBuilder {
        Sandbox::builder().state_file(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is not there needs no removal.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_state_file_carries_state_and_time_over_a_restart() {
    let file = Scratch::new("state");
    let sandbox = file.builder().start().await.unwrap();
    let token = nhn_token(&sandbox).await;
    sandbox.advance(Duration::from_secs(3600));
    sandbox.shutdown().await.unwrap();

    let sandbox = file.builder().admin(true).start().await.unwrap();
    let target = format!("/advisor/v1.0/appKey/{}/setting", setting(&sandbox, "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"));
    let call = Call::new("GET", target).header("x-nhn-authorization", format!("Bearer {token}"));
    send(&sandbox, &call).await.expect(200);
    sandbox.advance(Duration::from_secs(23 * 3600));
    send(&sandbox, &call).await.expect(401);
    sandbox.shutdown().await.unwrap();

    std::fs::write(&file.0, "[]").unwrap();
    let error = file.builder().start().await.unwrap_err();
    assert!(error.to_string().contains("state file"), "{error}");
}

#[tokio::test]
async fn seed_data_lie_over_the_default_and_must_fit() {
    let seed = json!({ "scp": { "access": { "keys": { "mine": { "secret": "s" } } } } });
    let sandbox = Sandbox::builder().seed_data(seed).start().await.unwrap();
    let mine = Signer { access_key: "mine".to_owned(), secret: "s".to_owned(), ..Signer::of(&sandbox) };
    send(&sandbox, &mine.sign(sandbox.endpoint(), Call::new("GET", "/v1/kms/transit"))).await.expect(200);
    send(&sandbox, &list(&sandbox, "")).await.expect(200);
    let wrong = Sandbox::builder().seed_data(json!({ "scp": { "keyz": { "a": 1 } } })).start().await;
    assert!(wrong.unwrap_err().to_string().contains("/scp/keyz"));
}
