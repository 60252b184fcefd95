//! Transit: keys of both clouds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{AES, World};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text")).to_owned()
}

#[tokio::test]
async fn ciphertext_of_each_cloud_decrypts() {
    let world = World::start().await;
    let plaintext = STANDARD.encode([0, 159, 146, 150, 255]);
    for (mount, key) in [
        ("transit", AES.0),
        ("transit", AES.1),
        ("transit", "orders"),
        ("transit", "by-id"),
        ("transit", "samplekey"),
        ("nhn-transit", "sessions"),
        ("nhn-transit", "8e4fcb30af5d4fa2cd64a3f71b9c5e4a"),
    ] {
        // Vault's Go client writes with PUT.
        for method in ["POST", "PUT"] {
            let body = json!({ "plaintext": plaintext }).to_string();
            let encrypted = world.call(method, &format!("/v1/{mount}/encrypt/{key}"), &body).await.expect(200).data();
            let ciphertext = text(&encrypted["ciphertext"]);
            let parts: Vec<&str> = ciphertext.split(':').collect();
            assert!(parts.len() == 3 && parts[..2] == ["vault", "v1"], "{ciphertext}");
            assert_eq!(encrypted["key_version"], 1);
            let body = json!({ "ciphertext": ciphertext }).to_string();
            let decrypted = world.call(method, &format!("/v1/{mount}/decrypt/{key}"), &body).await.expect(200).data();
            assert_eq!(decrypted, json!({ "plaintext": plaintext }), "{mount} {key}");
        }
    }
}

#[tokio::test]
async fn batch_has_an_outcome_for_each_item() {
    let world = World::start().await;
    for (mount, key) in [("transit", AES.0), ("nhn-transit", "sessions")] {
        let items = json!([
            { "plaintext": STANDARD.encode("first"), "reference": "a" },
            { "plaintext": "not base64" },
            { "plaintext": STANDARD.encode("third") },
            {},
        ]);
        let path = format!("/v1/{mount}/encrypt/{key}");
        let encrypted = world.post(&path, json!({ "batch_input": items })).await.expect(400).data();
        let results = encrypted["batch_results"].as_array().unwrap().clone();
        assert_eq!(results.len(), 4);
        assert_eq!(results[0]["reference"], "a");
        assert!(text(&results[1]["error"]).contains("not Base64") && results[1].get("ciphertext").is_none());
        assert!(text(&results[3]["error"]).contains("missing `plaintext`"));
        let partial = json!({ "batch_input": items, "partial_failure_response_code": 207 });
        world.post(&path, partial).await.expect(207);
        let all_wrong = json!({ "batch_input": [{}], "partial_failure_response_code": 207 });
        world.post(&path, all_wrong).await.expect(400);

        let ciphertexts: Vec<Value> =
            [0, 2].map(|index| json!({ "ciphertext": text(&results[index]["ciphertext"]) })).to_vec();
        let path = format!("/v1/{mount}/rewrap/{key}");
        let rewrapped = world.post(&path, json!({ "batch_input": ciphertexts })).await.expect(200).data();
        let items: Vec<Value> = rewrapped["batch_results"].as_array().unwrap().clone();
        let items: Vec<Value> = items.iter().map(|item| json!({ "ciphertext": item["ciphertext"] })).collect();
        let path = format!("/v1/{mount}/decrypt/{key}");
        let decrypted = world.post(&path, json!({ "batch_input": items })).await.expect(200).data();
        let wanted = ["first", "third"].map(|text| json!({ "plaintext": STANDARD.encode(text) }));
        assert_eq!(decrypted["batch_results"], json!(wanted));
    }
    let many = vec![json!({ "plaintext": "" }); 1_001];
    for items in [json!([]), json!(many)] {
        let path = format!("/v1/transit/encrypt/{}", AES.0);
        let reply = world.post(&path, json!({ "batch_input": items })).await.expect(400);
        assert!(reply.error().contains("`batch_input` must have 1 to 1000 items"), "{}", reply.text);
    }
}

#[tokio::test]
async fn data_keys_are_those_that_their_ciphertext_holds() {
    let world = World::start().await;
    for (mount, key, sizes) in [("transit", AES.0, &[256][..]), ("nhn-transit", "sessions", &[128, 256, 512])] {
        for bits in sizes {
            let body = json!({ "bits": bits });
            let made =
                world.post(&format!("/v1/{mount}/datakey/plaintext/{key}"), body.clone()).await.expect(200).data();
            let plaintext = text(&made["plaintext"]);
            assert_eq!(STANDARD.decode(&plaintext).unwrap().len() * 8, *bits);
            let body_2 = json!({ "ciphertext": made["ciphertext"] });
            let decrypted = world.post(&format!("/v1/{mount}/decrypt/{key}"), body_2).await.expect(200).data();
            assert_eq!(text(&decrypted["plaintext"]), plaintext, "{mount} {bits}");
            let wrapped = world.post(&format!("/v1/{mount}/datakey/wrapped/{key}"), body).await.expect(200).data();
            assert!(wrapped.get("plaintext").is_none() && wrapped["ciphertext"].is_string());
        }
    }
    let reply =
        world.post(&format!("/v1/transit/datakey/plaintext/{}", AES.0), json!({ "bits": 512 })).await.expect(400);
    assert!(reply.error().contains("`bits` must be 256"), "{}", reply.text);
}

#[tokio::test]
async fn signature_and_code_verify_for_their_input_alone() {
    let world = World::start().await;
    let (input, other) = (STANDARD.encode("the message"), STANDARD.encode("another"));
    for (mount, key, algorithms) in [
        ("transit", "samplekey", &["pss"][..]),
        ("transit", "sampleecdsa", &["pss"]),
        ("nhn-transit", "receipts", &["pss", "pkcs1v15"]),
    ] {
        for algorithm in algorithms {
            let body = json!({ "input": input, "signature_algorithm": algorithm, "hash_algorithm": "sha2-256" });
            let signed = world.post(&format!("/v1/{mount}/sign/{key}/sha2-256"), body).await.expect(200).data();
            assert!(text(&signed["signature"]).starts_with("vault:v1:"), "{signed}");
            for (input, valid) in [(&input, true), (&other, false)] {
                let body =
                    json!({ "input": input, "signature": signed["signature"], "signature_algorithm": algorithm });
                let verdict = world.post(&format!("/v1/{mount}/verify/{key}"), body).await.expect(200).data();
                assert_eq!(verdict, json!({ "valid": valid }), "{mount} {key} {algorithm}");
            }
        }
    }
    let made = world.post("/v1/transit/hmac/samplehmac/sha2-256", json!({ "input": input })).await.expect(200).data();
    for (input, valid) in [(&input, true), (&other, false)] {
        let body = json!({ "batch_input": [{ "input": input, "hmac": made["hmac"] }] });
        let verdicts = world.post("/v1/transit/verify/samplehmac", body).await.expect(200).data();
        assert_eq!(verdicts["batch_results"], json!([{ "valid": valid }]));
    }
    let reply = world.post("/v1/nhn-transit/hmac/sessions", json!({ "input": input })).await.expect(400);
    assert!(reply.error().contains("`hmac` is not supported"), "{}", reply.text);
}

#[tokio::test]
async fn what_no_cloud_can_do_is_rejected_by_name_before_anything_is_sent() {
    let world = World::start().await;
    let plaintext = STANDARD.encode("a");
    for (path, body, named) in [
        ("encrypt", json!({ "plaintext": plaintext, "context": "AAAA" }), "`context`"),
        ("encrypt", json!({ "plaintext": plaintext, "associated_data": "AAAA" }), "`associated_data`"),
        ("encrypt", json!({ "plaintext": plaintext, "nonce": "AAAA" }), "`nonce`"),
        ("encrypt", json!({ "plaintext": plaintext, "convergent_encryption": true }), "`convergent_encryption`"),
        (
            "encrypt",
            json!({ "batch_input": [{ "plaintext": plaintext, "context": "AA" }] }),
            "`batch_input[0].context`",
        ),
        ("encrypt", json!({ "plaintext": plaintext, "unheard_of": 1 }), "`unheard_of`"),
        ("encrypt", json!({ "plaintext": plaintext, "name": "another" }), "`name`"),
        ("decrypt", json!({ "ciphertext": "vault:v1:AAAA", "associated_data": "AA" }), "`associated_data`"),
        ("rewrap", json!({ "ciphertext": "vault:v1:AAAA", "context": "AA" }), "`context`"),
        ("datakey/plaintext", json!({ "bits": 64 }), "`bits`"),
        ("datakey/plaintext", json!({ "context": "AA" }), "`context`"),
        ("sign", json!({ "input": plaintext, "prehashed": true }), "`prehashed`"),
        ("sign", json!({ "input": plaintext, "hash_algorithm": "sha2-512" }), "sha2-256"),
        ("sign", json!({ "input": plaintext, "marshaling_algorithm": "jws" }), "`marshaling_algorithm`"),
        ("sign", json!({ "input": plaintext, "signature_algorithm": "pkcs1v15" }), "`signature_algorithm`"),
        ("sign", json!({ "input": plaintext, "salt_length": 20 }), "`salt_length`"),
        ("hmac", json!({ "input": plaintext, "algorithm": "sha3-256" }), "sha2-256"),
        ("verify", json!({ "input": plaintext }), "`signature` or `hmac`"),
    ] {
        let reply = world.post(&format!("/v1/transit/{path}/{}", AES.1), body.clone()).await.expect(400);
        assert!(reply.error().contains(named), "{path} {body}: {}", reply.text);
    }
    for (method, path) in [
        ("GET", "export/encryption-key/kmsname"),
        ("GET", "backup/kmsname"),
        ("POST", "restore/kmsname"),
        ("POST", "keys/kmsname"),
        ("POST", "keys/kmsname/rotate"),
        ("DELETE", "keys/kmsname"),
        ("POST", "hash/sha2-256"),
        ("GET", "encrypt/kmsname"),
    ] {
        let reply = world.call(method, &format!("/v1/transit/{path}"), "").await.expect(405);
        assert!(!reply.error().is_empty(), "{path}");
    }
    assert_eq!(world.count("scp/kms"), 0);
}

#[tokio::test]
async fn key_version_other_than_the_newest_is_an_error() {
    let world = World::start().await;
    let plaintext = STANDARD.encode("a");
    for (mount, key) in [("transit", AES.0), ("nhn-transit", "sessions")] {
        let path = format!("/v1/{mount}/encrypt/{key}");
        for version in [0, 1] {
            world.post(&path, json!({ "plaintext": plaintext, "key_version": version })).await.expect(200);
        }
        let reply = world.post(&path, json!({ "plaintext": plaintext, "key_version": 2 })).await.expect(400);
        assert!(reply.error().contains("`key_version`"), "{}", reply.text);
    }
}

#[tokio::test]
async fn keys_are_listed_and_shown() {
    let world = World::start().await;
    let keys = world.call("LIST", "/v1/transit/keys", "").await.expect(200).data();
    let listed = world.get("/v1/transit/keys?list=true").await.expect(200).data();
    assert_eq!(keys, listed);
    for name in ["kmsname", "samplekey", "orders"] {
        assert!(keys["keys"].as_array().unwrap().contains(&json!(name)), "{keys}");
    }
    let key = world.get("/v1/transit/keys/kmsname").await.expect(200).data();
    assert_eq!((&key["type"], &key["latest_version"]), (&json!("aes256-gcm96"), &json!(1)));
    assert!(key["supports_encryption"] == true && key["supports_signing"] == false && key["keys"]["1"].is_i64());
    for (path, kind) in [("transit/keys/sampleecdsa", "ecdsa-p256"), ("nhn-transit/keys/receipts", "rsa-2048")] {
        let key = world.get(&format!("/v1/{path}")).await.expect(200).data();
        let public_key = text(&key["keys"]["1"]["public_key"]);
        assert!(key["type"] == kind && key["supports_signing"] == true, "{key}");
        assert!(public_key.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{public_key}");
    }
    let keys = world.call("LIST", "/v1/nhn-transit/keys", "").await.expect(200).data();
    assert_eq!(keys, json!({ "keys": ["receipts", "sessions"] }));
    assert_eq!(world.get("/v1/transit/keys/no-such-key").await.expect(404).json(), json!({ "errors": [] }));
    let reply = world.post("/v1/transit/encrypt/no-such-key", json!({ "plaintext": "" })).await.expect(400);
    assert_eq!(reply.error(), "encryption key not found");
}

#[tokio::test]
async fn unknown_key_is_an_invalid_request_by_name_and_by_id() {
    let world = World::start().await;
    let unknown = "0123456789abcdef0123456789abcdef";
    for (mount, key) in [("transit", "no-such-key"), ("transit", unknown), ("nhn-transit", unknown)] {
        for (operation, body) in [
            ("encrypt", json!({ "plaintext": "" })),
            ("decrypt", json!({ "ciphertext": "vault:v1:AAAA" })),
            ("rewrap", json!({ "ciphertext": "vault:v1:AAAA" })),
            ("sign", json!({ "input": "" })),
            ("verify", json!({ "input": "", "signature": "vault:v1:AAAA" })),
            ("datakey/plaintext", json!({})),
            ("datakey/wrapped", json!({})),
        ] {
            let reply = world.post(&format!("/v1/{mount}/{operation}/{key}"), body).await.expect(400);
            let own = ["encryption key not found", "does not exist"].iter().any(|text| reply.error().contains(text));
            assert!(own, "{mount} {operation} {key}: {}", reply.text);
        }
        let body = json!({ "batch_input": [{ "plaintext": "" }] });
        world.post(&format!("/v1/{mount}/encrypt/{key}"), body).await.expect(400);
        world.get(&format!("/v1/{mount}/keys/{key}")).await.expect(404);
    }
}

#[tokio::test]
async fn status_of_a_batch_is_that_of_its_worst_item() {
    use cloud_sandbox::Fault;
    let world = World::start().await;
    let path = format!("/v1/transit/encrypt/{}", AES.1);
    let (good, wrong) = (json!({ "plaintext": "" }), json!({ "plaintext": "?" }));
    let throttled = || Fault::status(429).retry_after(std::time::Duration::from_secs(7));
    type Make<'a> = &'a dyn Fn() -> Fault;
    let down: Make<'_> = &|| Fault::status(503);
    let busy: Make<'_> = &throttled;
    for (fault, items, status, retry_after) in [
        // Clients repeat 429 and 5xx, which helps no item that is wrong.
        (down, json!([good, wrong]), 400, None),
        (busy, json!([wrong, good]), 400, None),
        (down, json!([good, good]), 502, None),
        (busy, json!([good, good]), 429, Some("7")),
    ] {
        world.sandbox.fault(fault().on("scp/kms/encrypt").unwrap().always()).unwrap();
        let reply = world.post(&path, json!({ "batch_input": items })).await.expect(status);
        assert_eq!(reply.header("retry-after"), retry_after, "{items}");
        assert_eq!(reply.data()["batch_results"].as_array().unwrap().len(), 2);
        world.sandbox.clear_faults();
    }
    // Zero is absent; what is no status is rejected before the results could be lost.
    world.post(&path, json!({ "batch_input": [good, wrong], "partial_failure_response_code": 0 })).await.expect(400);
    let before = world.count("scp/kms/encrypt");
    for code in [1, 199, 600, 70_000] {
        let body = json!({ "batch_input": [good, wrong], "partial_failure_response_code": code });
        let reply = world.post(&path, body).await.expect(400);
        assert!(reply.error().contains("`partial_failure_response_code`"), "{}", reply.text);
    }
    assert_eq!(world.count("scp/kms/encrypt"), before);
}

/// A body for each operation, and whether it is a GET.
fn operations(mount: &str, ciphertext: &Value, signature: &Value) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("encrypt", json!({ "plaintext": "" })),
        ("decrypt", json!({ "ciphertext": ciphertext })),
        ("rewrap", json!({ "ciphertext": ciphertext })),
        ("datakey/plaintext", json!({})),
        ("datakey/wrapped", json!({})),
        ("sign", json!({ "input": "" })),
        ("verify", json!({ "input": "", "signature": signature })),
        ("keys", Value::Null),
        ("public", Value::Null),
    ];
    if mount == "transit" {
        all.push(("hmac", json!({ "input": "" })));
    }
    all
}

#[tokio::test]
async fn operation_makes_at_most_two_calls_also_when_it_is_cold() {
    let seconds = std::time::Duration::from_secs;
    for (mount, service, keys) in [
        ("transit", "scp/kms", [AES, ("samplekey", ""), ("samplehmac", "")]),
        (
            "nhn-transit",
            "secure-key-manager",
            [("sessions", "8e4fcb30af5d4fa2cd64a3f71b9c5e4a"), ("receipts", ""), ("", "")],
        ),
    ] {
        let runtime = cloud_core::testing::FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC));
        let runtime = std::sync::Arc::new(runtime);
        let clock = std::sync::Arc::clone(&runtime);
        let world = World::with(|builder| builder.policies(crate::world::root()).runtime(clock)).await;
        world.prepared().await;
        let [aes, pair, hmac] = keys;
        let listed = world.count(service);
        let encrypted = world.post(&format!("/v1/{mount}/encrypt/{}", aes.0), json!({ "plaintext": "" })).await;
        let ciphertext = encrypted.expect(200).data()["ciphertext"].clone();
        assert!(world.count(service) - listed <= 2);
        let signed = world.post(&format!("/v1/{mount}/sign/{}", pair.0), json!({ "input": "" })).await;
        let signature = signed.expect(200).data()["signature"].clone();
        for (operation, body) in operations(mount, &ciphertext, &signature) {
            let (key, path) = match operation {
                "sign" | "verify" => (pair.0, operation),
                "public" => (pair.0, "keys"),
                "hmac" => (hmac.0, operation),
                _ => (aes.0, operation),
            };
            let names = if key == aes.0 { vec![aes.0, aes.1] } else { vec![key] };
            for name in names {
                for cold in [true, false] {
                    if cold {
                        // Longer than names are remembered.
                        runtime.advance(seconds(61));
                    }
                    let (before, path) = (world.count(service), format!("/v1/{mount}/{path}/{name}"));
                    match &body {
                        Value::Null => world.get(&path).await.expect(200),
                        body => world.post(&path, body.clone()).await.expect(200),
                    };
                    let made = world.count(service) - before;
                    // The service has no rewrap: it looks the name up, decrypts and encrypts.
                    let most =
                        if cold && mount == "nhn-transit" && operation == "rewrap" && name == aes.0 { 3 } else { 2 };
                    assert!((1..=most).contains(&made), "{mount} {operation} {name} cold {cold}: {made} calls");
                }
            }
        }
    }
}

#[tokio::test]
async fn first_request_after_the_start_makes_at_most_two_calls() {
    for (path, body) in [
        ("nhn-transit/encrypt/sessions", json!({ "plaintext": "" })),
        ("nhn-transit/encrypt/8e4fcb30af5d4fa2cd64a3f71b9c5e4a", json!({ "plaintext": "" })),
        ("nhn-transit/sign/receipts", json!({ "input": "" })),
    ] {
        let world = World::start().await;
        world.post(&format!("/v1/{path}"), body).await.expect(200);
        world.prepared().await;
        // The server itself has looked up the store and listed its keys.
        assert!(world.count("secure-key-manager") <= 2 + 2, "{path}: {:?}", world.sandbox.calls());
        assert_eq!(world.count("list_key_store_details"), 1, "{path}");
    }
}

#[tokio::test]
async fn operation_remembers_names() {
    let world = World::start().await;
    let plaintext = STANDARD.encode("a");
    for (mount, key, operation) in [("transit", AES.0, "scp/kms"), ("nhn-transit", "sessions", "secure")] {
        let path = format!("/v1/{mount}/encrypt/{key}");
        let encrypted = world.post(&path, json!({ "plaintext": plaintext })).await.expect(200).data();
        let before = world.count(operation);
        for _ in 0..3 {
            world.post(&path, json!({ "plaintext": plaintext })).await.expect(200);
        }
        assert_eq!(world.count(operation) - before, 3, "{mount}");
        let before = world.count(operation);
        let body = json!({ "ciphertext": encrypted["ciphertext"] });
        world.post(&format!("/v1/{mount}/rewrap/{key}"), body).await.expect(200);
        assert!(world.count(operation) - before <= 2, "{mount}");
    }
}

#[tokio::test]
async fn random_bytes_have_the_wanted_length_and_format() {
    let world = World::start().await;
    for (path, body, length) in [
        ("random", json!({}), 32),
        ("random/8", json!({}), 8),
        ("random", json!({ "bytes": 16 }), 16),
        ("random", json!({ "bytes": "16" }), 16),
        ("random/platform/64", json!({}), 64),
        ("random/131072", json!({}), 131_072),
    ] {
        let reply = world.post(&format!("/v1/transit/{path}"), body).await.expect(200).data();
        assert_eq!(STANDARD.decode(text(&reply["random_bytes"])).unwrap().len(), length, "{path}");
    }
    let reply = world.post("/v1/transit/random/4", json!({ "format": "hex" })).await.expect(200).data();
    let hex = text(&reply["random_bytes"]);
    assert!(hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hex}");
    for (path, body) in [
        ("random/0", json!({})),
        ("random/131073", json!({})),
        ("random/x", json!({})),
        ("random", json!({ "format": "base32" })),
        ("random", json!({ "source": "seal" })),
    ] {
        world.post(&format!("/v1/transit/{path}"), body).await.expect(400);
    }
}
