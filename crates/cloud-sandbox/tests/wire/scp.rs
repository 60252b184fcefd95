//! Samsung Cloud Platform over the wire.
#![allow(clippy::disallowed_methods, reason = "requests are signed for the real time")]

use std::time::{Duration, UNIX_EPOCH};

use cloud_sandbox::{Answers, Sandbox};
use serde_json::{Value, json};

use super::raw::{Call, setting, stateless};
use super::scp_signer::{Signer, first_error};

const ENCRYPT: &str = "/v1/kms/openapi/encrypt/0fdd87aab8cb46f59b7c1f81ed03fb3e";

fn encrypt(version: &str, body: &Value) -> Call {
    Call::new("POST", ENCRYPT).header("Scp-Api-Version", version).json(body)
}

#[tokio::test]
async fn signed_call_succeeds() {
    let sandbox = stateless().await;
    let call = encrypt("kms 1.2", &json!({"plaintext": "dGVzdA=="}));
    let response = Signer::of(&sandbox).send(&sandbox, call).await;
    assert!(response.expect(200).json()["ciphertext"].is_string());
}

#[tokio::test]
async fn unsigned_call_is_refused_by_the_gateway() {
    let sandbox = stateless().await;
    let response = Call::new("GET", "/v1/kms/transit?page=0").send(sandbox.endpoint()).await;
    let body = response.expect(404).json();
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["timestamp", "path", "status", "error", "requestId"]);
    assert_eq!(body["path"], "/v1/kms/transit");
    // A version alone is not a credential.
    let call = Call::new("GET", "/v1/kms/transit").header("Scp-Api-Version", "kms 1.2");
    assert!(call.send(sandbox.endpoint()).await.expect(404).json()["requestId"].is_string());
}

#[tokio::test]
async fn signature_covers_the_bytes_of_the_target() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    for query in [
        "?name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd%2Fe%3Ff%3Ag&page=0&size=20",
        "?sort=created_at:desc&page=0",
        "?sort=created_at%3adesc",
        "?name=a+b",
        "?",
        "?&page=0&&",
    ] {
        let call = Call::new("GET", format!("/v1/kms/transit{query}"));
        signer.send(&sandbox, call).await.expect(200);
    }
    // Escaping a letter leaves the meaning and changes the bytes.
    let mut call = signer.sign(sandbox.endpoint(), Call::new("GET", "/v1/kms/transit?name=a"));
    call.target = "/v1/kms/transit?name=%61".to_owned();
    let refused = call.send(sandbox.endpoint()).await;
    assert_eq!(first_error(&refused, 401).0, "HmacValidFail");
}

#[tokio::test]
async fn invalid_signatures_are_unauthorized() {
    let sandbox = stateless().await;
    let good = Signer::of(&sandbox);
    let earlier = |seconds: u64| {
        let millis: u64 = good.timestamp.parse().unwrap();
        (millis - seconds * 1000).to_string()
    };
    let call = || Call::new("GET", "/v1/kms/transit");
    let just_in_time = Signer { timestamp: earlier(290), ..good.clone() };
    just_in_time.send(&sandbox, call()).await.expect(200);
    for bad in [
        Signer { secret: "other".to_owned(), ..good.clone() },
        Signer { access_key: "other".to_owned(), ..good.clone() },
        Signer { timestamp: earlier(301), ..good.clone() },
        Signer { timestamp: "yesterday".to_owned(), ..good.clone() },
        Signer { timestamp: format!("+{}", good.timestamp), ..good.clone() },
    ] {
        let refused = bad.send(&sandbox, call()).await;
        let (code, detail) = first_error(&refused, 401);
        assert_eq!(code, "HmacValidFail", "{bad:?}");
        assert!(detail.starts_with("HmacValidFail"), "{detail}");
    }
    let mut other_client = good.sign(sandbox.endpoint(), call());
    other_client.headers.retain(|(name, _)| name != "Scp-ClientType");
    let refused = other_client.header("Scp-ClientType", "OpenApi").send(sandbox.endpoint()).await;
    assert_eq!(first_error(&refused, 401).0, "HmacValidFail");
}

#[tokio::test]
async fn duplicate_credentials_are_refused() {
    let sandbox = stateless().await;
    let signed = Signer::of(&sandbox).sign(sandbox.endpoint(), Call::new("GET", "/v1/kms/transit"));
    for (name, value) in signed.headers.clone() {
        let twice = signed.clone().header(&name, value).send(sandbox.endpoint()).await;
        assert_eq!(first_error(&twice, 401).0, "HmacValidFail", "{name}");
    }
    let versions = signed.header("Scp-Api-Version", "kms 1.2").header("Scp-Api-Version", "kms 1.2");
    assert_eq!(first_error(&versions.send(sandbox.endpoint()).await, 406).0, "NoSuchVersion");
}

#[tokio::test]
async fn signature_time_follows_a_custom_clock() {
    let sandbox = Sandbox::builder()
        .answers(Answers::Examples)
        .clock(|| UNIX_EPOCH + Duration::from_millis(1_605_290_625_682))
        .timestamp_tolerance(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let at = |timestamp: &str| Signer { timestamp: timestamp.to_owned(), ..Signer::of(&sandbox) };
    let call = || Call::new("GET", "/v1/kms/transit");
    at("1605290625682").send(&sandbox, call()).await.expect(200);
    at("1605290625683").send(&sandbox, call()).await.expect(401);
}

#[tokio::test]
async fn api_version_is_selected_by_header() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    let keys = |version: &str| Call::new("GET", "/v1/kms/transit").header("Scp-Api-Version", version);
    let fields = async |call: Call| {
        let response = signer.send(&sandbox, call).await;
        response.expect(200).json()["keys"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let newest = fields(Call::new("GET", "/v1/kms/transit")).await;
    assert_eq!(newest, fields(keys("kms 1.2")).await);
    assert_ne!(newest, fields(keys("kms 1.1")).await);
    for version in ["kms 9.9", "1.2", "kms", "secretsmanager 1.1", "kms  1.2", "KMS 1.2"] {
        let refused = signer.send(&sandbox, keys(version)).await;
        let (code, detail) = first_error(&refused, 406);
        assert_eq!(code, "NoSuchVersion", "{version}");
        assert_eq!(detail, format!("API version {version} is not supported on this method"));
    }
    let managed = Call::new("GET", "/v1/managed-kms/transit").header("Scp-Api-Version", "kms 1.1");
    signer.send(&sandbox, managed).await.expect(406);
}

#[tokio::test]
async fn invalid_bodies_are_refused() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    let create = |change: Value| {
        let mut body = json!({"auto_rotate": "Y", "name": "testkey", "description": "", "purpose": "rsa-2048", "rotate_cycle": 7, "key_type": "advanced"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Call::new("POST", "/v1/kms/transit").header("Scp-Api-Version", "kms 1.2").json(&body)
    };
    signer.send(&sandbox, create(json!({}))).await.expect(201);
    for (change, word) in [
        (json!({"name": "ab"}), "String should have at least 3 and at most 63 characters"),
        (json!({"name": "upperCASE"}), "String should match pattern '"),
        (json!({"name": 7}), "Input should be a valid string"),
        (json!({"name": null}), "Input should not be null"),
        (json!({"rotate_cycle": "seven"}), "Input should be a valid integer"),
        (json!({"colour": "red"}), "Extra inputs are not permitted"),
    ] {
        let refused = signer.send(&sandbox, create(change)).await;
        let (code, detail) = first_error(&refused, 400);
        assert_eq!(code, "ValidationError");
        assert!(detail.starts_with(word), "{detail}");
    }
    let cases = [
        (encrypt("kms 1.2", &json!({})), 400, "Field required"),
        (Call::new("POST", ENCRYPT).body("text/plain", "{}"), 415, "application/json"),
        (Call::new("POST", ENCRYPT).body("application/json", "{"), 400, "not valid JSON"),
        (Call::new("POST", ENCRYPT), 400, "Field required"),
        (Call::new("GET", "/v1/kms/transit").json(&json!({})), 400, "no body is documented"),
        (Call::new("GET", "/v1/kms/transit?colour=red"), 400, "Extra inputs are not permitted"),
        (Call::new("GET", "/v1/kms/transit?page=first"), 400, "Input should be a valid integer"),
        (Call::new("GET", "/v1/kms/transit?page=1&page=2"), 400, "Input should not be repeated"),
        (Call::new("GET", "/v1/kms/transit?name=%ff"), 400, "cannot be decoded"),
        (encrypt("kms 1.2", &json!([])), 400, "Input should be a valid object"),
    ];
    for (call, status, word) in cases {
        let refused = signer.send(&sandbox, call).await;
        let (_, detail) = first_error(&refused, status);
        assert!(detail.contains(word), "{detail}");
    }
}

#[tokio::test]
async fn failed_validation_is_one_entry_with_a_text_for_each_field() {
    let sandbox = stateless().await;
    let call = Call::new("POST", "/v1/kms/transit")
        .json(&json!({"auto_rotate": "Y", "purpose": "rsa-2048", "description": ""}));
    let refused = Signer::of(&sandbox).send(&sandbox, call).await;
    assert_eq!(first_error(&refused, 400).0, "ValidationError");
    let mut body = refused.json();
    let error = body["errors"][0].as_object_mut().unwrap();
    for id in ["request_id", "global_request_id"] {
        error[id] = "req-1".into();
    }
    let expected = concat!(
        r#"{"errors":[{"code":"ValidationError","detail":["Field required","Field required"],"#,
        r#""global_request_id":"req-1","links":[],"related_resources":[],"request_id":"req-1","response":null,"#,
        r#""status":400,"title":"ValidationError"}]}"#,
    );
    assert_eq!(body.to_string(), expected);
}

/// How many fields the services named missing when they were sent an empty object.
const RECORDED: [(&str, &str, usize); 9] = [
    ("certificatemanager 1.1", "/v1/certificatemanager/check-duplication", 1),
    ("certificatemanager 1.1", "/v1/certificatemanager", 5),
    ("certificatemanager 1.1", "/v1/certificatemanager/self-sign", 7),
    ("certificatemanager 1.1", "/v1/certificatemanager/check-validation", 2),
    ("configinspection 1.1", "/v1/configinspection/diagnosis/save", 10),
    ("configinspection 1.1", "/v1/configinspection/diagnosis/request", 5),
    ("kms 1.2", "/v1/kms/transit", 5),
    ("secretsmanager 1.1", "/v1/secrets", 4),
    ("secretvault 1.0", "/v1/secretvault", 5),
];

#[tokio::test]
async fn empty_object_is_refused_as_recorded() {
    let sandbox = stateless().await;
    for (version, path, missing) in RECORDED {
        let call = Call::new("POST", path).header("Scp-Api-Version", version).json(&json!({}));
        let refused = Signer::of(&sandbox).send(&sandbox, call).await;
        let wanted = ("ValidationError".to_owned(), vec!["Field required"; missing].join("; "));
        assert_eq!(first_error(&refused, 400), wanted, "{path}");
    }
}

#[tokio::test]
async fn quoted_numbers_and_booleans_are_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let signer = Signer::of(&sandbox);
    let create = |cycle: &str| {
        let body = json!({
            "auto_rotate": "Y", "name": "quoted", "description": "", "purpose": "hmac", "rotate_cycle": cycle,
        });
        Call::new("POST", "/v1/kms/transit").json(&body)
    };
    for (cycle, text) in [("seven", "Input should be a valid integer"), ("731", "rotate_cycle"), ("", "Input")] {
        let (code, detail) = first_error(&signer.send(&sandbox, create(cycle)).await, 400);
        assert!(code == "ValidationError" && detail.starts_with(text), "{cycle}: {detail}");
    }
    let made = signer.send(&sandbox, create("7")).await.expect(201).json();
    assert_eq!((&made["key"]["rotate_cycle"], &made["key"]["description"]), (&json!(7), &json!("")));
    let password = |quoted: &str| {
        let body = json!({"exclude_numbers": quoted, "include_space": "False", "password_length": "32"});
        Call::new("POST", "/v1/secrets/random-password").json(&body)
    };
    let digits = async |quoted: &str| {
        let response = signer.send(&sandbox, password(quoted)).await.expect(200).json();
        response["random_password"].as_str().unwrap().bytes().filter(u8::is_ascii_digit).count()
    };
    assert_eq!(digits("true").await, 0);
    assert!(digits("FALSE").await > 0);
    signer.send(&sandbox, password("maybe")).await.expect(400);
}

#[tokio::test]
async fn services_route_by_method_and_path() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    // The method of the second and the third is that of other paths; the last fits a template of other methods.
    for (method, path) in [
        ("GET", "/v1/nothing"),
        ("PUT", "/v1/kms/transit"),
        ("GET", "/v1/kms/transit/"),
        ("POST", "/v1/secrets/kms-key"),
    ] {
        let refused = signer.send(&sandbox, Call::new(method, path)).await;
        let (code, detail) = first_error(&refused, 404);
        assert_eq!([&*code, &detail], ["NotFound", "The requested resource could not be found."], "{method} {path}");
        // Without a signature the gateway refuses before it.
        let unsigned = Call::new(method, path).send(sandbox.endpoint()).await.expect(404).json();
        assert_eq!((&unsigned["error"], &unsigned["path"]), (&json!("Not Found"), &json!(path)));
    }
    let preflight = Call::new("OPTIONS", "/v1/kms/transit").header("Origin", "http://page.example");
    for call in [preflight.clone(), signer.sign(sandbox.endpoint(), preflight)] {
        let refused = call.send(sandbox.endpoint()).await;
        assert_eq!(refused.expect(403).json()["error"], "Forbidden");
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn query_flags_are_read_as_documented() {
    let sandbox = Sandbox::start().await.unwrap();
    let signer = Signer::of(&sandbox);
    let mine = "/v1/configinspection/diagnosis/list?with_count=true&isMine";
    let counts = [("true", 2), ("True", 2), ("false", 3), ("False", 3)];
    for (value, count) in counts {
        let response = signer.send(&sandbox, Call::new("GET", format!("{mine}={value}"))).await;
        assert_eq!(response.expect(200).json()["count"], count, "{value}");
    }
    for value in ["TRUE", "1", "yes", ""] {
        let refused = signer.send(&sandbox, Call::new("GET", format!("{mine}={value}"))).await;
        assert_eq!(first_error(&refused, 400).0, "ValidationError", "{value}");
    }
    let key = "/v1/kms/transit/0fdd87aab8cb46f59b7c1f81ed03fb3e";
    signer.send(&sandbox, Call::new("DELETE", format!("{key}?is_directly=True"))).await.expect(204);
    signer.send(&sandbox, Call::new("GET", key)).await.expect(404);
}

#[tokio::test]
async fn literal_path_segments_win_over_parameters() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    // Only the literal route has this query parameter.
    let literal = Call::new("GET", "/v1/kms/transit/duplicate?name=testkey");
    let literal = signer.send(&sandbox, literal).await;
    assert!(literal.expect(200).json().get("key").is_none());
    let template = signer.send(&sandbox, Call::new("GET", "/v1/kms/transit/other")).await;
    assert!(template.expect(200).json()["key"].is_object());
    // A method that only the template has still reaches it.
    let delete = Call::new("DELETE", "/v1/kms/transit/duplicate?is_directly=true");
    signer.send(&sandbox, delete).await.expect(204);
}

#[tokio::test]
async fn escaped_id_stays_one_path_segment() {
    let sandbox = stateless().await;
    let signer = Signer::of(&sandbox);
    for (id, status) in
        [("a%2Fb", 200), ("%2e%2e", 200), ("%0A", 200), ("..", 200), ("a/b", 404), ("%ff", 404), ("", 404)]
    {
        let call = Call::new("GET", format!("/v1/kms/transit/{id}"));
        assert_eq!(signer.send(&sandbox, call).await.status, status, "{id}");
    }
}

#[tokio::test]
async fn vault_token_is_exchanged_for_credentials() {
    let sandbox = stateless().await;
    let ordinary = Signer::of(&sandbox);
    let vault = Signer::vault(&sandbox);
    let exchange = || Call::new("GET", format!("/v1/temporarykey/{}", setting(&sandbox, "SCP_SECRET_VAULT_ID")));
    let temporary = |body: &Value| Signer {
        access_key: body["access_key"].as_str().unwrap().to_owned(),
        secret: body["secret_key"].as_str().unwrap().to_owned(),
        ..ordinary.clone()
    };
    let keys = || Call::new("GET", "/v1/kms/transit");
    let guessed = temporary(&json!({"access_key": "testname", "secret_key": "testname"}));
    guessed.send(&sandbox, keys()).await.expect(401);

    let response = vault.send(&sandbox, exchange()).await;
    temporary(&response.expect(200).json()).send(&sandbox, keys()).await.expect(200);

    for (signer, status, code) in [
        (ordinary.clone(), 400, "InvalidInputValue"),
        (Signer { access_key: "other".to_owned(), ..vault.clone() }, 400, "InvalidInputValue"),
        (Signer { secret: "other".to_owned(), ..vault.clone() }, 401, "HmacValidFail"),
    ] {
        let refused = signer.send(&sandbox, exchange()).await;
        assert_eq!(first_error(&refused, status).0, code, "{signer:?}");
    }
    // The token gives access to nothing else.
    vault.send(&sandbox, keys()).await.expect(404);
}
