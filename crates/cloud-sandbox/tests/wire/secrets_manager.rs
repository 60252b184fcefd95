//! Secrets Manager with its state, over the wire.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::raw::{Call, RawResponse};
use super::response_schema;
use super::scp_signer::{Signer, first_error};

/// A secret of the default seed, and the KMS key with which it is encrypted.
pub(crate) const SEED: &str = "c4a17e0b92d64f3e8b5d60f1a7394e2d";
pub(crate) const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn call(sandbox: &Sandbox, method: &'static str, target: &str, body: Option<Value>) -> RawResponse {
    let call = Call::new(method, format!("/v1/secrets{target}"));
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    response_schema::check(&call, &response);
    response
}

pub(crate) async fn in_version(
    sandbox: &Sandbox,
    version: &str,
    method: &'static str,
    target: &str,
    body: Option<Value>,
) -> Value {
    let call = Call::new(method, format!("/v1/secrets{target}"));
    let call = call.header("Scp-Api-Version", format!("secretsmanager {version}"));
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    response_schema::check(&call, &response);
    response.expect(if method == "POST" { 201 } else { 200 }).json()
}

pub(crate) fn request(name: &str) -> Value {
    json!({"name": name, "kms_id": KMS_KEY, "acl_cidr": "127.0.0.1/32, 10.0.0.0/28", "secret_value": "{\"user\":\"me\"}"})
}

pub(crate) async fn create(sandbox: &Sandbox, name: &str) -> String {
    let made = call(sandbox, "POST", "", Some(request(name))).await;
    let secret = made.expect(201).json()["secret"].clone();
    assert_eq!((secret["name"].as_str(), secret["state"].as_str()), (Some(name), Some("Active")));
    secret["id"].as_str().unwrap().to_owned()
}

async fn put_value(sandbox: &Sandbox, id: &str, value: &str) {
    let body = json!({ "secret_value": json!({ "user": value }).to_string() });
    call(sandbox, "PUT", &format!("/{id}/values"), Some(body)).await.expect(200);
}

pub(crate) async fn read(sandbox: &Sandbox, id: &str, which: Value) -> RawResponse {
    call(sandbox, "POST", &format!("/{id}/values"), Some(which)).await
}

#[track_caller]
pub(crate) fn user(response: &RawResponse) -> String {
    let text = response.expect(200).json()["secret_value"].as_str().unwrap().to_owned();
    serde_json::from_str::<Value>(&text).unwrap()["user"].as_str().unwrap().to_owned()
}

async fn versions(sandbox: &Sandbox, id: &str) -> Vec<Value> {
    let listed = call(sandbox, "GET", &format!("/{id}/versions?sort=created_at:asc"), None).await;
    let listed = listed.expect(200).json();
    assert_eq!((listed["page"].as_i64(), listed["size"].as_i64()), (Some(0), Some(100)));
    let rows = listed["version_list"].as_array().unwrap().clone();
    assert_eq!(listed["count"], rows.len());
    rows
}

#[tokio::test]
async fn secret_keeps_three_versions_and_moves_labels() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = &create(&sandbox, "prod-db").await;
    put_value(&sandbox, id, "you").await;
    put_value(&sandbox, id, "they").await;
    let rows = versions(&sandbox, id).await;
    let ids: Vec<_> = rows.iter().map(|row| row["version_id"].as_str().unwrap()).collect();
    assert_eq!(
        rows.iter().map(|row| row["label"].clone()).collect::<Vec<_>>(),
        [json!([]), json!(["PREVIOUS"]), json!(["CURRENT"])]
    );
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "they");
    assert_eq!(user(&read(&sandbox, id, json!({"version_id": ids[0]})).await), "me");
    assert_eq!(user(&read(&sandbox, id, json!({"label": "PREVIOUS"})).await), "you");

    let target = format!("/{id}/label");
    let label = |body: Value| call(&sandbox, "PUT", &target, Some(body));
    label(json!({"label": "stable", "move_to_version_id": ids[0]})).await.expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({"label": "stable"})).await), "me");
    let twice = label(json!({"label": "stable", "move_to_version_id": ids[1]})).await;
    assert_eq!(first_error(&twice, 400).0, "InvalidInputValue");
    let from_to = json!({"label": "stable", "move_to_version_id": ids[1], "remove_from_version_id": ids[0]});
    label(from_to).await.expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({"label": "stable"})).await), "you");
    label(json!({"label": "CURRENT", "move_to_version_id": ids[1], "remove_from_version_id": ids[2]}))
        .await
        .expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "you");
    label(json!({"label": "stable", "remove_from_version_id": ids[1]})).await.expect(200);
    read(&sandbox, id, json!({"label": "stable"})).await.expect(404);
    read(&sandbox, id, json!({"label": "CURRENT", "version_id": ids[2]})).await.expect(400);
    label(json!({"label": "stable", "move_to_version_id": "none"})).await.expect(404);
    label(json!({"label": "stable"})).await.expect(400);
    label(json!({"label": "CURRENT", "remove_from_version_id": ids[1]})).await.expect(400);
}

#[tokio::test]
async fn secret_value_is_readable_from_its_networks_only() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = &create(&sandbox, "walled").await;
    let set = |list: Value| {
        let target = format!("/{id}/acl-cidr");
        let sandbox = &sandbox;
        async move { call(sandbox, "PUT", &target, Some(json!({ "acl_cidr": list }))).await }
    };
    set(json!("192.0.2.0/28")).await.expect(200);
    assert_eq!(first_error(&read(&sandbox, id, json!({})).await, 400).0, "source-cidr-error");
    set(Value::Null).await.expect(200);
    assert_eq!(first_error(&read(&sandbox, id, json!({})).await, 400).0, "source-cidr-error");
    for bad in ["127.0.0.1", "127.0.0.0/24", "", "here/32"] {
        assert_eq!(first_error(&set(json!(bad)).await, 400).0, "InvalidInputValue", "{bad}");
    }
    let shown = set(json!("192.0.2.0/28,127.0.0.0/25")).await.expect(200).json();
    assert_eq!(shown["secret"]["recent_searched_at"], Value::Null);
    read(&sandbox, id, json!({})).await.expect(200);
    let shown = call(&sandbox, "GET", &format!("/{id}"), None).await.expect(200).json();
    assert_eq!(shown["secret"]["recent_searched_at"].as_str().map(str::len), Some("2025-02-25 03:07:17.000".len()));
    // The seed's own value can be read here as it is.
    read(&sandbox, SEED, json!({"label": "CURRENT", "version_id": "e7b638507d9f4feeb6032a22b7640bf7"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn invalid_values_keys_and_private_access_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let with = |name: &str, value: Value| {
        let mut body = request("checked");
        body[name] = value;
        call(&sandbox, "POST", "", Some(body))
    };
    let eleven =
        json!({"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": "", "i": "", "j": "", "k": ""});
    for (name, value) in [
        ("secret_value", json!("no object")),
        ("secret_value", json!(eleven.to_string())),
        ("secret_value", json!(json!({"a": "x".repeat(64 * 1024)}).to_string())),
        ("kms_id", json!("nobody")),
        // A key of the platform's own.
        ("kms_id", json!("11d709f215fe0e5091b751b86e03432a")),
        ("name", json!("a b")),
        ("name", json!("ab")),
        ("acl_cidr", json!("10.0.0.1")),
        ("private_acl_resources", json!([{}])),
    ] {
        with(name, value.clone()).await.expect(400);
    }
    let made = with("private_acl_resources", json!([{"resource_id": "vm-1"}])).await.expect(201).json();
    let secret = &made["secret"];
    assert_eq!(
        (&secret["private_acl_enabled"], &secret["private_acl_resources"]),
        (&json!(false), &json!([{"resource_id": "vm-1"}]))
    );
    let target = format!("/{}", secret["id"].as_str().unwrap());
    let acl = json!({"private_acl_enabled": true});
    let set = call(&sandbox, "PUT", &format!("{target}/private-acl"), Some(acl)).await.expect(200).json();
    assert_eq!(set["secret"]["private_acl_resources"], json!([{"resource_id": "vm-1"}]));
    let empty = async |body: Value| {
        let refused = call(&sandbox, "PUT", &format!("{target}/private-acl"), Some(body)).await;
        assert_eq!(first_error(&refused, 400).1, "Private ACL must not be empty");
    };
    empty(json!({"private_acl_resources": null})).await;
    empty(json!({"private_acl_enabled": "true", "private_acl_resources": []})).await;
    let enabled = with("private_acl_enabled", json!(true)).await;
    assert_eq!(first_error(&enabled, 400).1, "Private ACL must not be empty");
    let off = json!({"private_acl_enabled": "false", "private_acl_resources": []});
    let set = call(&sandbox, "PUT", &format!("{target}/private-acl"), Some(off)).await.expect(200).json();
    assert_eq!(
        (&set["secret"]["private_acl_enabled"], &set["secret"]["private_acl_resources"]),
        (&json!(false), &json!([]))
    );
    let quoted = with("private_acl_enabled", json!("false")).await.expect(201).json();
    assert_eq!(quoted["secret"]["private_acl_enabled"], false);
    call(&sandbox, "PUT", &format!("{target}/kmsid"), Some(json!({"kms_id": "nobody"}))).await.expect(400);
    let set = call(&sandbox, "PUT", &format!("{target}/description"), Some(json!({"description": null})))
        .await
        .expect(200)
        .json();
    assert_eq!(set["secret"]["description"], Value::Null);
}

#[tokio::test]
async fn random_passwords_differ_and_repeat_with_the_seed() {
    let password = async |sandbox: &Sandbox| {
        let response = call(sandbox, "POST", "/random-password", Some(json!({"password_length": 20}))).await;
        response.expect(200).json()["random_password"].as_str().unwrap().to_owned()
    };
    let (one, other) =
        (Sandbox::builder().seed(5).start().await.unwrap(), Sandbox::builder().seed(5).start().await.unwrap());
    let first = password(&one).await;
    assert_eq!((first.len(), &first), (20, &password(&other).await));
    assert_ne!(first, password(&one).await);
    for body in
        [json!({"password_length": 4}), json!({"password_length": 1025}), json!({"exclude_characters": "0123456789"})]
    {
        call(&one, "POST", "/random-password", Some(body)).await.expect(400);
    }
}

#[tokio::test]
async fn kms_key_must_be_active_and_able_to_encrypt() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = async |purpose: &str, name: &str| {
        let body = json!({"name": name, "purpose": purpose, "description": "", "key_type": "basic", "auto_rotate": "N", "rotate_cycle": 90});
        let made = Signer::of(&sandbox).send(&sandbox, Call::new("POST", "/v1/kms/transit").json(&body)).await;
        made.expect(201).json()["key"]["id"].as_str().unwrap().to_owned()
    };
    let (encrypting, signing) = (key("aes256-gcm96", "encrypting").await, key("ecdsa-p256", "signing").await);
    let id = &create(&sandbox, "encrypted").await;
    let target = &format!("/{id}/kmsid");
    for other in [signing, key("hmac", "codes").await] {
        let refused = call(&sandbox, "PUT", target, Some(json!({ "kms_id": other }))).await;
        assert_eq!(first_error(&refused, 400).0, "InvalidInputValue");
    }
    let rsa = key("rsa-2048", "wrapping").await;
    call(&sandbox, "PUT", target, Some(json!({ "kms_id": rsa }))).await.expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "me");
    let set = call(&sandbox, "PUT", target, Some(json!({ "kms_id": encrypting }))).await.expect(200).json();
    assert_eq!((&set["secret"]["kms_id"], &set["secret"]["kms_name"]), (&json!(encrypting), &json!("encrypting")));
    let state = async |wanted: &str| {
        let stop = Call::new("PUT", format!("/v1/kms/transit/{encrypting}/state")).json(&json!({ "state": wanted }));
        Signer::of(&sandbox).send(&sandbox, stop).await.expect(200);
    };
    state("Stop").await;
    read(&sandbox, id, json!({})).await.expect(400);
    state("Active").await;
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "me");
}
