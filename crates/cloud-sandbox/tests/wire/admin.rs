//! The request log and the admin path.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::faults::{list, nhn_token, send, sign};
use super::raw::{Call, RawResponse, setting};

async fn admin() -> Sandbox {
    Sandbox::builder().admin(true).start().await.unwrap()
}

#[tokio::test]
async fn log_shows_calls_without_secrets() {
    let sandbox = Sandbox::start().await.unwrap();
    let encrypt = Call::new("POST", "/v1/kms/openapi/encrypt/138c2fc8c29a449dbfa8681f8f1d78e2");
    let call = sign(&sandbox, encrypt.json(&json!({ "plaintext": "c2VjcmV0LXBsYWludGV4dA==", "key": "undocumented" })));
    send(&sandbox, &call).await;
    let token = nhn_token(&sandbox).await;
    let target = format!("/keymanager/v1.0/appkey/{}/keystores", setting(&sandbox, "NHN_CLOUD_SKM_APP_KEY"));
    send(&sandbox, &Call::new("GET", target)).await;
    let calls = sandbox.calls();
    let names: Vec<_> = calls.iter().map(|call| &*call.operation).collect();
    let expected = ["scp/kms/encrypt/1.4", "nhn/oauth/create_token/-", "nhn/secure-key-manager/list_key_stores/1.0"];
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

#[tokio::test]
async fn admin_path_is_off_by_default() {
    let sandbox = Sandbox::start().await.unwrap();
    for target in ["/_sandbox/", "/_sandbox/log", "/_sandbox/state"] {
        send(&sandbox, &Call::new("GET", target)).await.expect(404);
    }
}

#[tokio::test]
async fn admin_path_sets_faults_and_shows_calls() {
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
async fn fault_that_can_never_strike_is_refused() {
    let sandbox = admin().await;
    let delay = |on: &str| json!({ "on": on, "effect": "delay" });
    let paged = |on: &str| json!({ "on": on, "effect": "page_missing" });
    let unknown = |on: &str| format!("no operation matches {on:?}");
    for (fault, reason) in [
        (delay("scp/kms/encrpyt"), unknown("scp/kms/encrpyt")),
        (delay("scp/kms/list_managed_keys/1.1"), unknown("scp/kms/list_managed_keys/1.1")),
        (delay("kms/encrypt"), unknown("kms/encrypt")),
        (delay("aws"), unknown("aws")),
        (paged("scp/kms/encrypt"), "no operation that matches \"scp/kms/encrypt\" has pages".to_owned()),
        (json!({ "effect": "delay", "times": 0 }), "times must be at least 1".to_owned()),
    ] {
        let both = json!([{ "effect": "delay" }, fault]);
        let refused = send(&sandbox, &Call::new("POST", "/_sandbox/faults").json(&both)).await;
        let told = refused.expect(400).json()["error"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&reason), "{told}");
        assert_eq!(told.contains("GET /_sandbox/operations"), told.starts_with("no operation"), "{told}");
    }
    assert_eq!(send(&sandbox, &Call::new("GET", "/_sandbox/faults")).await.expect(200).json(), json!([]));

    let listed = send(&sandbox, &Call::new("GET", "/_sandbox/operations")).await.expect(200).json();
    let names: Vec<_> = listed["operations"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, sandbox.operations());
    for name in
        ["scp/kms/encrypt/1.4", "scp/gateway/list_versions/-", "nhn/oauth/create_token/-", "risken/aws/list_aws/1"]
    {
        assert!(names.contains(&name), "{name}");
    }
    // Each of them can be struck, and so can paths that lead nowhere.
    let all: Vec<_> =
        names.into_iter().chain(["scp/-", "-", "*/kms/list_*", "scp"]).map(delay).chain([paged("scp")]).collect();
    send(&sandbox, &Call::new("POST", "/_sandbox/faults").json(&all.into())).await.expect(201);
}

#[tokio::test]
async fn watch_page_and_script_load_nothing_external() {
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
async fn requests_of_other_origins_are_refused() {
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
async fn clock_is_advanced_over_the_admin_path() {
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
async fn state_is_shown_without_secrets() {
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
