//! Key Management Service with state: keys that live, work, age and go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::raw::{Call, RawResponse};
use super::response_schema;
use super::scp_signer::{Signer, first_error};

pub(crate) async fn send(sandbox: &Sandbox, method: &'static str, path: &str, body: Option<Value>) -> RawResponse {
    let call = Call::new(method, path).header("Scp-Api-Version", "kms 1.2");
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    response_schema::check(&call, &response);
    response
}

pub(crate) async fn work(sandbox: &Sandbox, what: &str, id: &str, body: Value) -> RawResponse {
    send(sandbox, "POST", &format!("/v1/kms/openapi/{what}/{id}"), Some(body)).await
}

pub(crate) async fn create(sandbox: &Sandbox, name: &str, purpose: &str) -> String {
    let response = try_create(sandbox, name, purpose, "N", 0).await;
    text(&response.expect(201).json()["key"]["id"])
}

pub(crate) async fn try_create(sandbox: &Sandbox, name: &str, purpose: &str, auto: &str, days: i64) -> RawResponse {
    let body = json!({
        "name": name, "purpose": purpose, "description": "", "auto_rotate": auto, "rotate_cycle": days
    });
    send(sandbox, "POST", "/v1/kms/transit", Some(body)).await
}

pub(crate) async fn show(sandbox: &Sandbox, id: &str) -> Value {
    send(sandbox, "GET", &format!("/v1/kms/transit/{id}"), None).await.expect(200).json()["key"].clone()
}

pub(crate) async fn encrypt(sandbox: &Sandbox, id: &str, data: &[u8]) -> String {
    let body = json!({ "plaintext": STANDARD.encode(data) });
    text(&work(sandbox, "encrypt", id, body).await.expect(200).json()["ciphertext"])
}

pub(crate) async fn decrypt(sandbox: &Sandbox, id: &str, ciphertext: &str) -> Vec<u8> {
    let response = work(sandbox, "decrypt", id, json!({ "ciphertext": ciphertext })).await;
    STANDARD.decode(text(&response.expect(200).json()["plaintext"])).unwrap()
}

async fn rotate(sandbox: &Sandbox, id: &str) -> Value {
    let path = format!("/v1/kms/transit/{id}/rotate");
    send(sandbox, "POST", &path, None).await.expect(200).json()["key"]["current_version"].clone()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The same bytes with one bit turned.
fn tampered(stamped: &str) -> String {
    let (version, encoded) = stamped.rsplit_once(':').unwrap();
    let mut bytes = STANDARD.decode(encoded).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    format!("{version}:{}", STANDARD.encode(bytes))
}

#[tokio::test]
async fn older_key_versions_decrypt_and_rewrap_uses_the_newest() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = create(&sandbox, "roundtrip", "aes256-gcm96").await;
    let data = vec![7; 32 * 1024];
    let old = encrypt(&sandbox, &id, &data).await;
    assert!(old.starts_with("vault:v1:"));
    assert_eq!(STANDARD.decode(&old[9..]).unwrap().len(), 12 + data.len() + 16);
    assert_eq!(rotate(&sandbox, &id).await, 2);
    let new = encrypt(&sandbox, &id, b"new").await;
    assert!(new.starts_with("vault:v2:"));
    assert_eq!(decrypt(&sandbox, &id, &old).await, data);
    assert_eq!(decrypt(&sandbox, &id, &new).await, b"new");

    let rewrapped = work(&sandbox, "rewrap", &id, json!({ "ciphertext": old })).await.expect(200).json();
    assert_eq!(rewrapped["key_version"], 2);
    let rewrapped = text(&rewrapped["ciphertext"]);
    assert!(rewrapped.starts_with("vault:v2:"));
    assert_eq!(decrypt(&sandbox, &id, &rewrapped).await, data);
    assert_eq!(show(&sandbox, &id).await["use_count"], 6);
}

#[tokio::test]
async fn data_keys_are_returned_with_or_without_the_plaintext() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = create(&sandbox, "datakeys", "rsa-2048").await;
    let both = work(&sandbox, "datakey", &id, json!({ "key_type": "plaintext" })).await.expect(200).json();
    let decrypted = decrypt(&sandbox, &id, &text(&both["ciphertext"])).await;
    assert_eq!((decrypted.len(), STANDARD.encode(decrypted)), (32, text(&both["plaintext"])));
    let wrapped = work(&sandbox, "datakey", &id, json!({ "key_type": "wrapped" })).await.expect(200).json();
    assert!(wrapped["plaintext"].is_null());
    assert_eq!(decrypt(&sandbox, &id, &text(&wrapped["ciphertext"])).await.len(), 32);
    work(&sandbox, "datakey", &id, json!({ "key_type": "other" })).await.expect(400);
}

#[tokio::test]
async fn signatures_and_hmacs_are_verified_by_version() {
    let sandbox = Sandbox::start().await.unwrap();
    for (purpose, make, check, field) in [
        ("rsa-2048", "sign", "verify", "signature"),
        ("ecdsa-p256", "sign", "verify", "signature"),
        ("hmac", "hmac", "hmac/verify", "hmac"),
    ] {
        let id = create(&sandbox, &purpose.replace('-', ""), purpose).await;
        let input = STANDARD.encode("data");
        let made = work(&sandbox, make, &id, json!({ "input": input })).await.expect(200).json();
        let stamp = text(&made[field]);
        rotate(&sandbox, &id).await;
        for (stamp, input, valid) in [
            (stamp.clone(), input.clone(), true),
            (tampered(&stamp), input.clone(), false),
            (stamp.clone(), STANDARD.encode("other"), false),
            (stamp.replace("vault:v1:", "vault:v2:"), input.clone(), false),
        ] {
            let body = json!({ "input": input, field: stamp });
            assert_eq!(work(&sandbox, check, &id, body).await.expect(200).json()["valid"], valid, "{purpose}");
        }
        let beyond = json!({ "input": input, field: stamp.replace("vault:v1:", "vault:v3:") });
        work(&sandbox, check, &id, beyond).await.expect(400);
    }
}

#[tokio::test]
async fn key_use_outside_its_purpose_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let aes = create(&sandbox, "aes", "aes256-gcm96").await;
    let other = create(&sandbox, "other", "aes256-gcm96").await;
    let rsa = create(&sandbox, "rsa", "rsa-2048").await;
    let ecdsa = create(&sandbox, "ecdsa", "ecdsa-p256").await;
    let data = STANDARD.encode("data");
    let ciphertext = encrypt(&sandbox, &aes, b"data").await;
    let long = STANDARD.encode(vec![0; 32 * 1024 + 1]);
    for (what, id, body, word) in [
        ("sign", &aes, json!({ "input": data }), "purpose aes256-gcm96"),
        ("hmac", &rsa, json!({ "input": data }), "purpose rsa-2048"),
        ("encrypt", &ecdsa, json!({ "plaintext": data }), "purpose ecdsa-p256"),
        ("encrypt", &aes, json!({ "plaintext": "not base64!" }), "plaintext is not Base64"),
        ("encrypt", &aes, json!({ "plaintext": long }), "more than 32768 bytes"),
        ("encrypt", &rsa, json!({ "plaintext": STANDARD.encode([0; 191]) }), "longer than"),
        ("decrypt", &aes, json!({ "ciphertext": tampered(&ciphertext) }), "was not made with this key"),
        ("decrypt", &other, json!({ "ciphertext": ciphertext }), "was not made with this key"),
        ("rewrap", &other, json!({ "ciphertext": ciphertext }), "was not made with this key"),
        ("decrypt", &aes, json!({ "ciphertext": ciphertext.replace("v1", "v2") }), "no version 2"),
        ("decrypt", &aes, json!({ "ciphertext": ciphertext.replace("v1", "v0") }), "must be vault:v"),
        ("decrypt", &aes, json!({ "ciphertext": ciphertext.replace("v1", "v01") }), "must be vault:v"),
        ("decrypt", &aes, json!({ "ciphertext": "vault:v1:%" }), "must be vault:v"),
        ("decrypt", &aes, json!({ "ciphertext": "vault:v1:" }), "was not made with this key"),
        ("decrypt", &aes, json!({ "ciphertext": "nonsense" }), "must be vault:v"),
        ("encrypt", &"0".repeat(32), json!({ "plaintext": data }), "does not exist"),
    ] {
        let (code, detail) = first_error(&work(&sandbox, what, id, body).await, 400);
        assert!(code == "InvalidInputValue" && detail.contains(word), "{what}: {code} {detail}");
    }
    assert_eq!(show(&sandbox, &other).await["use_count"], 0);
}
