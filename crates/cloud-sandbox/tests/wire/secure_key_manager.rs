//! Secure Key Manager's keys: encryption, signatures, versions and the refusals of a wrong use.

use std::time::{Duration, UNIX_EPOCH};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::{NhnStatuses, Sandbox};
use serde_json::{Value, json};

use super::nhn::token;
use super::raw::{Call, RawResponse, setting};

/// The id of one key of each kind.
pub(crate) const KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";
pub(crate) const KEY_PAIR: &str = "1c7e5a90d3b84f62ae07f4c18d29b653";
pub(crate) const SECRET: &str = "2d8f6ba1e4c95073bf18054d9e3ac764";

/// A call below the key manager's path, with the MAC address that the sandbox names.
pub(crate) fn call(sandbox: &Sandbox, rest: &str, body: Option<Value>) -> Call {
    bare(sandbox, rest, body).header("X-TOAST-CLIENT-MAC-ADDR", setting(sandbox, "NHN_CLOUD_SKM_MAC_ADDRESS"))
}

/// The same without the header.
pub(crate) fn bare(sandbox: &Sandbox, rest: &str, body: Option<Value>) -> Call {
    let target = format!("/keymanager/{}", rest.replacen("KEY", &setting(sandbox, "NHN_CLOUD_SKM_APP_KEY"), 1));
    let posted = ["/encrypt", "/decrypt", "/create-local-key", "/sign", "/verify"];
    let method = if posted.iter().any(|end| target.ends_with(end)) { "POST" } else { "GET" };
    let call = Call::new(method, target);
    match body {
        Some(body) => call.json(&body),
        None => call,
    }
}

/// Calls version 1.0 and returns the whole response.
async fn ask(sandbox: &Sandbox, rest: &str, body: Option<Value>) -> RawResponse {
    call(sandbox, &format!("v1.0/appkey/KEY/{rest}"), body).send(sandbox.endpoint()).await
}

/// The payload of a call that has to succeed.
pub(crate) async fn good(sandbox: &Sandbox, rest: &str, body: Option<Value>) -> Value {
    let response = ask(sandbox, rest, body).await;
    let whole = response.expect(200).json();
    assert_eq!(whole["header"], json!({"resultCode": 0, "resultMessage": "success", "isSuccessful": true}), "{rest}");
    whole["body"].clone()
}

/// The message of a call that has to be refused, and its status.
async fn refused(sandbox: &Sandbox, rest: &str, body: Option<Value>) -> (u16, String) {
    let response = ask(sandbox, rest, body).await;
    message(&response)
}

pub(crate) fn message(response: &RawResponse) -> (u16, String) {
    let header = &response.json()["header"];
    assert_eq!(header["isSuccessful"], false, "{response:?}");
    (response.status, header["resultMessage"].as_str().unwrap().to_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// Reads `0x30, 0x82`.
fn bytes(list: &str) -> Vec<u8> {
    list.split(", ").map(|item| u8::from_str_radix(item.strip_prefix("0x").unwrap(), 16).unwrap()).collect()
}

#[tokio::test]
async fn ciphertext_decrypts_and_tampering_is_detected() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = format!("symmetric-keys/{KEY}");
    for plaintext in ["data".to_owned(), String::new(), "한".repeat(10_922)] {
        let encrypted = good(&sandbox, &format!("{key}/encrypt"), Some(json!({"plaintext": plaintext}))).await;
        assert_eq!(encrypted["keyVersion"], 2);
        let body = json!({"ciphertext": encrypted["ciphertext"]});
        let decrypted = good(&sandbox, &format!("{key}/decrypt"), Some(body.clone())).await;
        assert_eq!(decrypted, json!({"plaintext": plaintext, "keyVersion": 2}));
        // Another key has nothing to do with it.
        let other = "symmetric-keys/5b1c9f0e7d2a4c7f9a31d0c4e86f2b17/decrypt";
        assert_eq!(refused(&sandbox, other, Some(body)).await.1, "Invalid User Data");
        let mut blob = STANDARD.decode(text(&encrypted, "ciphertext")).unwrap();
        for position in [0, 3, 4, blob.len() - 1] {
            blob[position] ^= 1;
            let body = json!({"ciphertext": STANDARD.encode(&blob)});
            assert_eq!(refused(&sandbox, &format!("{key}/decrypt"), Some(body)).await.1, "Invalid User Data");
            blob[position] ^= 1;
        }
    }
    for ciphertext in ["", "AAAA", "no base64!"] {
        let body = Some(json!({"ciphertext": ciphertext}));
        assert_eq!(refused(&sandbox, &format!("{key}/decrypt"), body).await.1, "Invalid User Data");
    }
}

#[tokio::test]
async fn ciphertext_decrypts_with_the_key_version_in_its_prefix() {
    let sandbox = Sandbox::start().await.unwrap();
    let encrypted = good(&sandbox, &format!("symmetric-keys/{KEY}/encrypt"), Some(json!({"plaintext": "data"}))).await;
    let blob = STANDARD.decode(text(&encrypted, "ciphertext")).unwrap();
    assert_eq!((blob.len(), &blob[..4]), (36, &[0, 0, 0, 2][..]));
    let shown = good(&sandbox, &format!("symmetric-keys/{KEY}/symmetric-key"), None).await;
    assert_eq!(shown.as_object().unwrap().len(), 1);
    let own = Aes256Gcm::new_from_slice(&bytes(text(&shown, "symmetricKey"))).unwrap();
    let nonce = Nonce::try_from(&blob[4..16]).unwrap();
    assert_eq!(own.decrypt(&nonce, &blob[16..]).unwrap(), b"data");

    // An older version still decrypts what it encrypted.
    let older = call(&sandbox, &format!("v1.1/appkey/KEY/symmetric-keys/{KEY}/symmetric-key?keyVersion=0"), None);
    let older = older.send(sandbox.endpoint()).await.expect(200).json()["body"].clone();
    assert_eq!(older["keyVersion"], 0);
    let own = Aes256Gcm::new_from_slice(&bytes(text(&older, "symmetricKey"))).unwrap();
    let mut blob = vec![0; 16];
    blob.extend(own.encrypt(&Nonce::try_from(&[0; 12][..]).unwrap(), &b"old"[..]).unwrap());
    let body = Some(json!({"ciphertext": STANDARD.encode(blob)}));
    let decrypted = good(&sandbox, &format!("symmetric-keys/{KEY}/decrypt"), body).await;
    assert_eq!(decrypted, json!({"plaintext": "old", "keyVersion": 0}));

    for version in ["3", "-1", "99999999999"] {
        let target = format!("v1.1/appkey/KEY/symmetric-keys/{KEY}/symmetric-key?keyVersion={version}");
        let response = call(&sandbox, &target, None).send(sandbox.endpoint()).await;
        assert_eq!(message(&response), (200, "Invalid Key Version".to_owned()), "{version}");
    }
}

#[tokio::test]
async fn government_realm_encrypts_with_aria() {
    let public = Sandbox::builder().seed(1).start().await.unwrap();
    let government = Sandbox::builder().seed(1).nhn_government(true).start().await.unwrap();
    let encrypt = format!("symmetric-keys/{KEY}/encrypt");
    let body = Some(json!({"plaintext": "data"}));
    let (aes, aria) = (good(&public, &encrypt, body.clone()).await, good(&government, &encrypt, body).await);
    assert_ne!(aes["ciphertext"], aria["ciphertext"]);
    let decrypt = format!("symmetric-keys/{KEY}/decrypt");
    let foreign = json!({"ciphertext": aes["ciphertext"]});
    assert_eq!(refused(&government, &decrypt, Some(foreign)).await.1, "Invalid User Data");
    let own = json!({"ciphertext": aria["ciphertext"]});
    assert_eq!(good(&government, &decrypt, Some(own)).await["plaintext"], "data");
}

#[tokio::test]
async fn local_key_decrypts_from_its_ciphertext() {
    let sandbox = Sandbox::start().await.unwrap();
    let made = good(&sandbox, &format!("symmetric-keys/{KEY}/create-local-key"), None).await;
    assert_eq!(STANDARD.decode(text(&made, "localKeyPlaintext")).unwrap().len(), 32);
    let body = Some(json!({"ciphertext": made["localKeyCiphertext"]}));
    let decrypted = good(&sandbox, &format!("symmetric-keys/{KEY}/decrypt"), body).await;
    assert_eq!(decrypted["plaintext"], made["localKeyPlaintext"]);
    let other = good(&sandbox, &format!("symmetric-keys/{KEY}/create-local-key"), None).await;
    assert_ne!(other["localKeyPlaintext"], made["localKeyPlaintext"]);
}

#[tokio::test]
async fn signatures_are_verified_and_malformed_ones_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (sign, verify) = (format!("asymmetric-keys/{KEY_PAIR}/sign"), format!("asymmetric-keys/{KEY_PAIR}/verify"));
    let plaintext = "a".repeat(245);
    let signed = good(&sandbox, &sign, Some(json!({"plaintext": plaintext}))).await;
    assert_eq!(signed["keyVersion"], 1);
    let blob = STANDARD.decode(text(&signed, "signature")).unwrap();
    assert_eq!((blob.len(), &blob[..4]), (4 + 256, &[0, 0, 0, 1][..]));
    for (plaintext, result) in [(&*plaintext, true), ("other", false)] {
        let body = json!({"plaintext": plaintext, "signature": signed["signature"]});
        assert_eq!(good(&sandbox, &verify, Some(body)).await, json!({"result": result, "keyVersion": 1}));
    }
    for signature in ["", "AAAAAGI9zf831DX", &STANDARD.encode(&blob[..259])] {
        let body = json!({"plaintext": plaintext, "signature": signature});
        assert_eq!(refused(&sandbox, &verify, Some(body)).await.1, "Invalid User Data", "{signature}");
    }
    let long = refused(&sandbox, &sign, Some(json!({"plaintext": "한".repeat(82)}))).await;
    assert!(long.1.contains("at most 245 bytes"), "{long:?}");
}

#[tokio::test]
async fn key_pairs_are_shown_in_both_forms_and_by_version() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, kind, length) in [("privateKey", "PrivateKey", 1_190..1_230), ("publicKey", "PublicKey", 294..295)] {
        let mut seen = Vec::new();
        for (query, version) in [("", 1), ("?keyVersion=0", 0), ("?keyVersion=1", 1)] {
            let shown = good(&sandbox, &format!("asymmetric-keys/{KEY_PAIR}/{path}{query}"), None).await;
            assert_eq!((&shown["keyType"], &shown["keyVersion"]), (&json!(kind), &json!(version)));
            let der = STANDARD.decode(text(&shown, "encodedKey")).unwrap();
            assert_eq!(bytes(text(&shown, "key")), der);
            assert!(length.contains(&der.len()), "{}", der.len());
            seen.push(der);
        }
        assert_eq!(seen[0], seen[2]);
        assert_ne!(seen[0], seen[1]);
    }
}

#[tokio::test]
async fn misuse_is_reported_with_the_configured_status() {
    for (statuses, not_found, bad) in
        [(NhnStatuses::ByService, 200, 200), (NhnStatuses::AlwaysOk, 200, 200), (NhnStatuses::Real, 404, 400)]
    {
        let sandbox = Sandbox::builder().nhn_statuses(statuses).start().await.unwrap();
        // A key of the right id and the wrong kind is no key.
        for rest in ["secrets/nothing", "secrets/5b1c9f0e7d2a4c7f9a31d0c4e86f2b17", "keystores/1/keys/nothing"] {
            assert_eq!(refused(&sandbox, rest, None).await, (not_found, "Invalid Key Id".to_owned()), "{rest}");
        }
        assert_eq!(refused(&sandbox, "keystores/9", None).await, (not_found, "Invalid Key Store Id".to_owned()));
        let body = Some(json!({"ciphertext": "?"}));
        let response = refused(&sandbox, &format!("symmetric-keys/{KEY}/decrypt"), body).await;
        assert_eq!(response, (bad, "Invalid User Data".to_owned()));
        let stranger = Call::new("GET", "/keymanager/v1.0/appkey/other/confirm").send(sandbox.endpoint()).await;
        assert_eq!(message(&stranger), (bad, "Invalid Appkey".to_owned()));
        // The gateway before the service is another matter.
        let nowhere = refused(&sandbox, "nothing/here", None).await;
        assert_eq!(nowhere.0, if statuses == NhnStatuses::AlwaysOk { 200 } else { 404 });
    }
}

#[tokio::test]
async fn keys_rotate_and_are_deleted_when_due() {
    let key = |id: &str, more: Value| {
        let mut key = json!({"keyId": id, "name": id, "keyType": "SYMMETRIC_KEY"});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let keys = json!([
        key("rotating", json!({"autoRotationPeriod": 30})),
        key("leaving", json!({"deletionDatetime": "2030-01-08T00:00:00"})),
    ]);
    let store = json!({"name": "s", "ip4AuthUse": "Y", "ipv4List": [{"value": "127.0.0.0/8"}], "keys": keys});
    let start = UNIX_EPOCH + Duration::from_secs(1_893_456_000);
    let seed = json!({"nhn": {"skm": {"keyStores": {"5": store}}}});
    let sandbox = Sandbox::builder().starts_at(start).seed_data(seed).start().await.unwrap();

    let plaintext = Some(json!({"plaintext": "data"}));
    let encrypted = good(&sandbox, "symmetric-keys/rotating/encrypt", plaintext.clone()).await;
    assert_eq!(encrypted["keyVersion"], 0);
    let leaving = refused(&sandbox, "symmetric-keys/leaving/encrypt", plaintext.clone()).await;
    assert_eq!(leaving.1, "Invalid Key Status");
    let listed = async || good(&sandbox, "keystores/5/keys", None).await["keyIdList"].clone();
    assert_eq!(listed().await, json!(["rotating", "leaving"]));

    sandbox.advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(listed().await, json!(["rotating"]));
    let gone = refused(&sandbox, "symmetric-keys/leaving/encrypt", plaintext.clone()).await;
    assert_eq!(gone.1, "Invalid Key Id");
    assert_eq!(good(&sandbox, "keystores/5/keys/rotating", None).await["currentKeyValueVersion"], 1);
    assert_eq!(good(&sandbox, "symmetric-keys/rotating/encrypt", plaintext).await["keyVersion"], 1);
    let body = Some(json!({"ciphertext": encrypted["ciphertext"]}));
    let decrypted = good(&sandbox, "symmetric-keys/rotating/decrypt", body).await;
    assert_eq!(decrypted, json!({"plaintext": "data", "keyVersion": 0}));
}

#[tokio::test]
async fn each_version_demands_its_own_credentials() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_secs(60)).start().await.unwrap();
    let token = format!("Bearer {}", token(&sandbox).await);
    let id = setting(&sandbox, "NHN_CLOUD_USER_ACCESS_KEY_ID");
    let secret = setting(&sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY");
    let ask = async |version: &str, headers: &[(&'static str, &str)]| {
        let bare = bare(&sandbox, &format!("{version}/appkey/KEY/confirm"), None);
        let call = headers.iter().fold(bare, |call, (name, value)| call.header(name, *value));
        let response = call.send(sandbox.endpoint()).await;
        let header = response.json()["header"].clone();
        (response.status, header["resultCode"].as_i64().unwrap(), header["isSuccessful"] == true)
    };
    const ID: &str = "X-TC-AUTHENTICATION-ID";
    const SECRET: &str = "X-TC-AUTHENTICATION-SECRET";
    const TOKEN: &str = "X-NHN-AUTHORIZATION";
    let (good, no_key, no_token) = ((200, 0, true), (401, 401, false), (401, 80007, false));
    for (version, headers, wanted) in [
        ("v1.0", &[][..], good),
        ("v1.2", &[(ID, &*id), (SECRET, &*secret)], good),
        ("v1.2", &[(ID, &secret), (SECRET, &id)], no_key),
        ("v1.2", &[(ID, &id)], no_key),
        ("v1.2", &[(ID, &id), (SECRET, "other")], no_key),
        ("v1.2", &[(ID, "other"), (SECRET, &secret)], no_key),
        ("v1.2", &[(TOKEN, &token)], no_key),
        ("v1.2", &[], no_key),
        ("v1.3", &[(TOKEN, &token)], good),
        ("v1.3", &[(TOKEN, "Bearer of-another-realm")], no_token),
        ("v1.3", &[(ID, &id), (SECRET, &secret)], no_token),
        ("v1.3", &[], no_token),
    ] {
        assert_eq!(ask(version, headers).await, wanted, "{version} {headers:?}");
    }
    sandbox.advance(Duration::from_secs(60));
    assert_eq!(ask("v1.3", &[(TOKEN, &token)]).await, no_token);
}

#[tokio::test]
async fn standard_encoded_key_is_of_the_newest_version_of_the_government_realm() {
    for (government, version, shown) in
        [(false, "v1.3", false), (true, "v1.3", true), (true, "v1.2", false), (true, "v1.0", false)]
    {
        let sandbox = Sandbox::builder().nhn_government(government).start().await.unwrap();
        let rest = format!("{version}/appkey/KEY/asymmetric-keys/{KEY_PAIR}/publicKey");
        let call = call(&sandbox, &rest, None)
            .header("X-NHN-AUTHORIZATION", format!("Bearer {}", token(&sandbox).await))
            .header("X-TC-AUTHENTICATION-ID", setting(&sandbox, "NHN_CLOUD_USER_ACCESS_KEY_ID"))
            .header("X-TC-AUTHENTICATION-SECRET", setting(&sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY"));
        let body = call.send(sandbox.endpoint()).await.expect(200).json()["body"].clone();
        assert_eq!(body.get("standardEncodedKey").is_some(), shown, "{government} {version}");
        if shown {
            assert_eq!(body["standardEncodedKey"], body["encodedKey"]);
        }
    }
}
