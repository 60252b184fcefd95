//! The same call by hand on reqwest. `bench/compile-time.sh` measures how long this program takes to build.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program of its own")]

use std::env::var;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
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
    let key_id = std::env::args().nth(1).ok_or("usage: by-hand KEY_ID")?;
    let (access_key, secret_key) = (var("SCP_ACCESS_KEY")?, var("SCP_SECRET_KEY")?);
    let url = format!("{}/v1/kms/openapi/encrypt/{key_id}", var("SCP_ENDPOINT")?);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes())?;
    for part in ["POST", &url, &timestamp, &access_key, "Openapi"] {
        mac.update(part.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let encrypted: EncryptResponse = reqwest::Client::new()
        .post(&url)
        .header("Scp-Accesskey", access_key)
        .header("Scp-Signature", signature)
        .header("Scp-Timestamp", timestamp)
        .header("Scp-ClientType", "Openapi")
        .header("Scp-Api-Version", "kms 1.4")
        .header("Accept-Language", "en-US")
        .json(&EncryptRequest { plaintext: STANDARD.encode(b"the quick brown fox") })
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    println!("{}", encrypted.ciphertext);
    Ok(())
}
