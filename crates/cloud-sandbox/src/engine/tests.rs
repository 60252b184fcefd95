//! RSA keys made ahead do not delay other calls, are made only when used, and repeat with a seed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Request;
use rsa::PrivateKey as RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};

use super::*;
use crate::http::Peer;
use crate::scp::error::ErrorResponse;
use crate::scp::{self, Scp};
use crate::spec::Match;

/// Keys of the default seed.
const RSA_KEYS: [&str; 2] = ["138c2fc8c29a449dbfa8681f8f1d78e2", "0fdd87aab8cb46f59b7c1f81ed03fb3e"];
const AES_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";

fn engine(generator: KeyGenerator) -> Engine {
    let settings = Settings { random_seed: Some(1), ..Settings::default() };
    let mut engine = Engine::new(settings, "http://127.0.0.1:9".to_owned()).unwrap();
    engine.key_generator = generator;
    engine
}

/// One key, made at once, and how often it was asked for.
fn counting() -> (KeyGenerator, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let generator = KeyGenerator::with(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(ready_made())
    });
    (generator, made)
}

fn ready_made() -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(include_str!("../scp/kms/seed/second.pem")).unwrap()
}

/// Performs a call of the Key Management Service, or of the certificates'.
async fn call(engine: &Engine, method: &str, path: &str, body: Value) -> Result<Value, ErrorResponse> {
    let (parts, ()) = Request::builder().method(method).uri(path).body(()).unwrap().into_parts();
    let peer = Peer { address: ([127, 0, 0, 1], 9).into(), certificate: None, secure: false };
    let request = HttpRequest::new(parts, Bytes::new(), peer);
    let Match::Found(hits) = engine.catalogue.find("scp", method, request.path()) else {
        panic!("nothing is at {method} {path}");
    };
    let hit = scp::choose_version(hits, &request).unwrap();
    let response = engine.perform::<Scp>(&hit, &request, Some(body), "test").await;
    response.map(|success| success.body.unwrap_or_default())
}

async fn create(engine: &Engine, name: &str, purpose: &str) -> Result<Value, ErrorResponse> {
    let body = json!({ "name": name, "purpose": purpose, "auto_rotate": "N", "rotate_cycle": 0 });
    call(engine, "POST", "/v1/kms/transit", body).await
}

async fn names(engine: &Engine) -> Vec<String> {
    let list = call(engine, "GET", "/v1/kms/transit?size=100", Value::Null).await.unwrap();
    let keys = list["keys"].as_array().unwrap();
    keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

fn self_signed(name: &str) -> Value {
    json!({
        "name": name, "cn": "shop.example", "organization": "shop", "region": "kr-west1", "timezone": "Asia/Seoul",
        "not_before_dt": "20250101", "not_after_dt": "21250101", "recipients": [],
    })
}

#[tokio::test]
async fn slow_key_generation_delays_no_other_call() {
    let (began, mut beginning) = tokio::sync::mpsc::unbounded_channel();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let engine = Arc::new(engine(KeyGenerator::with(move |_| {
        began.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        Ok(ready_made())
    })));
    let slow = Arc::clone(&engine);
    let slow = tokio::spawn(async move { create(&slow, "slow", "rsa-2048").await });
    beginning.recv().await.unwrap();

    let path = format!("/v1/kms/openapi/encrypt/{AES_KEY}");
    let encrypted = call(&engine, "POST", &path, json!({ "plaintext": "eA==" })).await.unwrap();
    assert!(encrypted["ciphertext"].as_str().unwrap().starts_with("vault:v1:"));
    create(&engine, "quick", "aes256-gcm96").await.unwrap();
    // The name is not taken before the key is there, so the one that comes second is refused in the end.
    create(&engine, "slow", "hmac").await.unwrap();
    assert!(!slow.is_finished());

    open.send(()).unwrap();
    assert_eq!(
        slow.await.unwrap().unwrap_err(),
        ErrorResponse::invalid_input("a key with the name slow exists already")
    );
    let names = names(&engine).await;
    assert_eq!(names.iter().filter(|name| ["slow", "quick"].contains(&name.as_str())).count(), 2, "{names:?}");
}

#[tokio::test]
async fn refused_call_generates_no_key() {
    let (generator, made) = counting();
    let engine = engine(generator);
    assert!(create(&engine, "samplekey", "rsa-2048").await.is_err());
    assert!(create(&engine, "no such purpose", "rsa-9").await.is_err());
    assert!(call(&engine, "POST", "/v1/kms/transit/unknown/rotate", Value::Null).await.is_err());
    let mut order = self_signed("certificate");
    order["timezone"] = json!("Nowhere");
    assert!(call(&engine, "POST", "/v1/certificatemanager/self-sign", order).await.is_err());
    create(&engine, "encrypting", "aes256-gcm96").await.unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 0);

    create(&engine, "signing", "rsa-2048").await.unwrap();
    call(&engine, "POST", &format!("/v1/kms/transit/{}/rotate", RSA_KEYS[1]), Value::Null).await.unwrap();
    call(&engine, "POST", "/v1/certificatemanager/self-sign", self_signed("certificate")).await.unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn due_versions_are_generated_once_each() {
    let (generator, made) = counting();
    let engine = engine(generator);
    for key in RSA_KEYS {
        let often = json!({ "auto_rotate": "Y", "rotate_cycle": 1 });
        call(&engine, "PUT", &format!("/v1/kms/transit/{key}/rotate-info"), often).await.unwrap();
    }
    engine.settings.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
    for key in RSA_KEYS {
        let shown = call(&engine, "GET", &format!("/v1/kms/transit/{key}"), Value::Null).await.unwrap();
        assert_eq!(shown["key"]["current_version"], 2, "{key}");
    }
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn failing_key_generator_returns_internal_error() {
    let engine = engine(KeyGenerator::with(|_| Err("no chance left".to_owned())));
    let refusal = create(&engine, "signing", "rsa-2048").await.unwrap_err();
    assert_eq!(refusal, ErrorResponse::internal("no chance left"));
    assert!(!names(&engine).await.contains(&"signing".to_owned()));
}

#[tokio::test]
async fn keys_made_ahead_repeat_with_the_seed() {
    let mut made = Vec::new();
    for _ in 0..2 {
        let engine = engine(KeyGenerator::default());
        let key = create(&engine, "signing", "rsa-2048").await.unwrap();
        let id = key["key"]["id"].as_str().unwrap();
        made.push((id.to_owned(), engine.lock().state.scp.kms.public_key(id, 1).unwrap()));
    }
    assert_eq!(made[0], made[1]);
}
