//! Key Management Service with state: keys that live, work, age and go.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::raw::{Call, RawResponse};
use super::scp::{Signer, first_error};
use super::shapes;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A sandbox in which the day does not end while a test runs.
async fn at_noon() -> Sandbox {
    Sandbox::builder().starts_at(UNIX_EPOCH + DAY * 20_605 + DAY / 2).start().await.unwrap()
}

async fn send(sandbox: &Sandbox, method: &'static str, path: &str, body: Option<Value>) -> RawResponse {
    let call = Call::new(method, path).header("Scp-Api-Version", "kms 1.2");
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    shapes::agree(&call, &response);
    response
}

async fn work(sandbox: &Sandbox, what: &str, id: &str, body: Value) -> RawResponse {
    send(sandbox, "POST", &format!("/v1/kms/openapi/{what}/{id}"), Some(body)).await
}

async fn create(sandbox: &Sandbox, name: &str, purpose: &str) -> String {
    let response = try_create(sandbox, name, purpose, "N", 0).await;
    text(&response.expect(201).json()["key"]["id"])
}

async fn try_create(sandbox: &Sandbox, name: &str, purpose: &str, auto: &str, days: i64) -> RawResponse {
    let body = json!({
        "name": name, "purpose": purpose, "description": "", "auto_rotate": auto, "rotate_cycle": days
    });
    send(sandbox, "POST", "/v1/kms/transit", Some(body)).await
}

async fn show(sandbox: &Sandbox, id: &str) -> Value {
    send(sandbox, "GET", &format!("/v1/kms/transit/{id}"), None).await.expect(200).json()["key"].clone()
}

async fn encrypt(sandbox: &Sandbox, id: &str, data: &[u8]) -> String {
    let body = json!({ "plaintext": STANDARD.encode(data) });
    text(&work(sandbox, "encrypt", id, body).await.expect(200).json()["ciphertext"])
}

async fn decrypt(sandbox: &Sandbox, id: &str, ciphertext: &str) -> Vec<u8> {
    let response = work(sandbox, "decrypt", id, json!({ "ciphertext": ciphertext })).await;
    STANDARD.decode(text(&response.expect(200).json()["plaintext"])).unwrap()
}

async fn rotate(sandbox: &Sandbox, id: &str) -> Value {
    let path = format!("/v1/kms/transit/{id}/rotate");
    send(sandbox, "POST", &path, None).await.expect(200).json()["key"]["current_version"].clone()
}

fn text(value: &Value) -> String {
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
async fn older_versions_open_and_rewrap_moves_to_the_newest() {
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
async fn data_keys_come_with_or_without_the_plaintext() {
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
async fn signatures_and_codes_are_verified_by_version() {
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
async fn what_a_key_is_not_for_is_refused() {
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

#[tokio::test]
async fn a_stopped_key_rests_and_a_deleted_one_goes_on_its_day() {
    let sandbox = at_noon().await;
    let id = create(&sandbox, "mortal", "hmac").await;
    let path = format!("/v1/kms/transit/{id}");
    let state = format!("{path}/state");
    let input = json!({ "input": STANDARD.encode("data") });
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Stop" }))).await.expect(200);
    let (_, detail) = first_error(&work(&sandbox, "hmac", &id, input.clone()).await, 400);
    assert!(detail.contains("not active: Stop"), "{detail}");
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Active" }))).await.expect(200);
    work(&sandbox, "hmac", &id, input.clone()).await.expect(200);

    send(&sandbox, "DELETE", &path, None).await.expect(204);
    let key = show(&sandbox, &id).await;
    assert_eq!((&key["state"], &key["delete_target_yn"]), (&json!("To_Be_Terminated"), &json!("Y")));
    let day = text(&key["delete_at"]);
    assert!(day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()), "{day}");
    work(&sandbox, "hmac", &id, input).await.expect(400);
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Active" }))).await.expect(400);
    sandbox.advance(6 * DAY);
    show(&sandbox, &id).await;
    sandbox.advance(DAY);
    send(&sandbox, "GET", &path, None).await.expect(404);

    let id = create(&sandbox, "mortal", "hmac").await;
    let path = format!("/v1/kms/transit/{id}");
    send(&sandbox, "DELETE", &format!("{path}?is_directly=true"), None).await.expect(204);
    assert_eq!(first_error(&send(&sandbox, "DELETE", &path, None).await, 404).0, "ResourceNotFound");
}

#[tokio::test]
async fn versions_appear_when_their_day_comes() {
    let sandbox = at_noon().await;
    let made = try_create(&sandbox, "aging", "aes256-gcm96", "Y", 7).await;
    let key = made.expect(201).json()["key"].clone();
    let id = text(&key["id"]);
    assert!(key["next_rotate_at"].is_string());
    let old = encrypt(&sandbox, &id, b"data").await;
    sandbox.advance(6 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 1);
    sandbox.advance(DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 2);
    assert_eq!(decrypt(&sandbox, &id, &old).await, b"data");
    let off = json!({ "auto_rotate": "N", "rotate_cycle": null });
    let path = format!("/v1/kms/transit/{id}/rotate-info");
    let key = send(&sandbox, "PUT", &path, Some(off)).await.expect(200).json()["key"].clone();
    assert_eq!((&key["auto_rotate"], &key["rotate_cycle"]), (&json!("N"), &json!(7)));
    assert!(key["next_rotate_at"].is_null());
    sandbox.advance(30 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 2);
}

#[tokio::test]
async fn a_name_is_given_once_and_purposes_depend_on_the_environment() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "once", "hmac").await;
    for (name, purpose, auto, days) in [
        ("once", "hmac", "N", 0),
        ("aria", "aria", "N", 0),
        ("des", "des", "N", 0),
        ("never", "hmac", "Y", 0),
        ("maybe", "hmac", "M", 7),
    ] {
        try_create(&sandbox, name, purpose, auto, days).await.expect(400);
    }
    for (name, taken) in [("once", true), ("des", false)] {
        let response = send(&sandbox, "GET", &format!("/v1/kms/transit/duplicate?name={name}"), None).await;
        assert_eq!(response.expect(200).json(), json!({ "isDuplicateName": taken }));
    }
    let sovereign = Sandbox::builder().sovereign(true).start().await.unwrap();
    let id = create(&sovereign, "aria", "aria").await;
    let ciphertext = encrypt(&sovereign, &id, b"data").await;
    assert_eq!(decrypt(&sovereign, &id, &ciphertext).await, b"data");
    assert_eq!(show(&sovereign, &id).await["region"], "kr-south1");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_into_pages() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = async |query: &str| {
        let response = send(&sandbox, "GET", &format!("/v1/kms/transit{query}"), None).await;
        let page = response.expect(200).json();
        let names: Vec<_> = page["keys"].as_array().unwrap().iter().map(|key| text(&key["name"])).collect();
        (page, names)
    };
    let before = list("").await.0["count"].as_u64().unwrap();
    for name in ["zzz", "aaa", "mmm"] {
        create(&sandbox, name, "hmac").await;
    }
    let (page, names) = list("?sort=name:asc&size=2").await;
    assert_eq!((&page["count"], &page["page"], &page["size"]), (&json!(before + 3), &json!(0), &json!(2)));
    assert_eq!((&page["sort"], &*names[0], names.len()), (&json!(["name:asc"]), "aaa", 2));
    assert_eq!(list("").await.1[..3], ["mmm", "aaa", "zzz"]);
    assert_eq!(list("?name=aaa").await.1, ["aaa"]);
    assert_eq!(list("?page=1&size=100").await.1.len(), 0);
    for query in ["?sort=secret:asc", "?sort=name:up", "?page=-1", "?size=0", "?size=-1"] {
        send(&sandbox, "GET", &format!("/v1/kms/transit{query}"), None).await.expect(400);
    }

    let mut seen = Vec::new();
    for page in 0..before + 3 {
        seen.extend(list(&format!("?size=1&page={page}&sort=purpose:desc")).await.1);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len() as u64, before + 3);
}

#[tokio::test]
async fn managed_keys_stand_apart_and_versions_show_their_own_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = send(&sandbox, "GET", "/v1/managed-kms/transit", None).await.expect(200).json();
    assert_eq!((&list["count"], &list["keys"][0]["managed_type"]), (&json!(1), &json!("scp")));
    let id = text(&list["keys"][0]["id"]);
    let path = format!("/v1/managed-kms/transit/{id}");
    let body = Some(json!({ "description": "told" }));
    send(&sandbox, "PUT", &format!("{path}/description"), body).await.expect(200);
    let shown = send(&sandbox, "GET", &path, None).await.expect(200).json();
    assert_eq!(shown["key"]["description"], "told");
    send(&sandbox, "GET", &format!("/v1/kms/transit/{id}"), None).await.expect(404);
    work(&sandbox, "encrypt", &id, json!({ "plaintext": "" })).await.expect(403);

    let id = create(&sandbox, "shown", "hmac").await;
    let users = send(&sandbox, "GET", &format!("/v1/kms/transit/{id}/users"), None).await.expect(200).json();
    assert_eq!(users["user"][0].as_object().unwrap().len(), 2);
    for (version, managed_type) in [("1.0", false), ("1.1", false), ("1.2", true)] {
        let call = Call::new("GET", format!("/v1/kms/transit/{id}"));
        let call = call.header("Scp-Api-Version", format!("kms {version}"));
        let shown = Signer::of(&sandbox).send(&sandbox, call).await.expect(200).json();
        assert_eq!(shown["key"].get("managed_type").is_some(), managed_type, "{version}");
    }
}
