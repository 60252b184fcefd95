//! The same call by hand on hyper. `bench/compile-time.sh` measures how long this program takes to build.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program of its own")]

use std::env::var;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

#[derive(Serialize)]
struct EncryptRequest {
    plaintext: String,
}

#[derive(Deserialize)]
struct EncryptResponse {
    ciphertext: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key_id = std::env::args().nth(1).ok_or("usage: by-hand-hyper KEY_ID")?;
    let (access_key, secret_key) = (var("SCP_ACCESS_KEY")?, var("SCP_SECRET_KEY")?);
    let url = format!("{}/v1/kms/openapi/encrypt/{key_id}", var("SCP_ENDPOINT")?);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes())?;
    for part in ["POST", &url, &timestamp, &access_key, "Openapi"] {
        mac.update(part.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .build();
    let body = serde_json::to_vec(&EncryptRequest { plaintext: STANDARD.encode(b"the quick brown fox") })?;
    let request = Request::post(&url)
        .header("Content-Type", "application/json")
        .header("Scp-Accesskey", access_key)
        .header("Scp-Signature", signature)
        .header("Scp-Timestamp", timestamp)
        .header("Scp-ClientType", "Openapi")
        .header("Scp-Api-Version", "kms 1.4")
        .header("Accept-Language", "en-US")
        .body(Full::new(Bytes::from(body)))?;
    let response = Client::builder(TokioExecutor::new()).build(connector).request(request).await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    let encrypted: EncryptResponse = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
    println!("{}", encrypted.ciphertext);
    Ok(())
}
