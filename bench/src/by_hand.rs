//! The same calls written by hand on reqwest, without the SDK.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use scp_security::kms::types::{EncryptResponse, ListKeysResponse};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The result of a call written by hand.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A client for one base URL.
#[derive(Debug)]
pub struct ByHand {
    client: reqwest::Client,
    base: String,
    access_key: String,
    secret_key: String,
}

#[derive(Serialize)]
struct EncryptBody<'a> {
    plaintext: &'a str,
}

/// The signature of a request, and its time.
pub(crate) struct Signature {
    pub(crate) timestamp: String,
    pub(crate) signature: String,
}

impl Signature {
    #[allow(clippy::disallowed_methods, reason = "the calls by hand use no SDK")]
    pub(crate) fn new(method: &str, url: &str, access_key: &str, secret_key: &str) -> Result<Self> {
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes())?;
        for part in [method, url, &timestamp, access_key, "Openapi"] {
            mac.update(part.as_bytes());
        }
        Ok(Self { timestamp, signature: STANDARD.encode(mac.finalize().into_bytes()) })
    }
}

pub(crate) fn encrypt_body(plaintext: &[u8]) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&EncryptBody { plaintext: &STANDARD.encode(plaintext) })?)
}

impl ByHand {
    /// Creates a client with the SDK's settings: no redirects, no retries, rustls with ring, a connect timeout.
    /// `limit` is the time limit of a call; the SDK always has one.
    ///
    /// # Errors
    /// If TLS or the client cannot be set up.
    pub fn new(base: &str, access_key: &str, secret_key: &str, limit: Option<Duration>) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // The server speaks plain HTTP, so no root is needed.
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_secs(5))
            .user_agent("by-hand/0.1.0");
        if let Some(limit) = limit {
            builder = builder.timeout(limit);
        }
        Ok(Self {
            client: builder.build()?,
            base: base.to_owned(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        })
    }

    /// Encrypts bytes.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn encrypt(&self, key_id: &str, plaintext: &[u8]) -> Result<EncryptResponse> {
        let url = format!("{}/v1/kms/openapi/encrypt/{key_id}", self.base);
        let body = encrypt_body(plaintext)?;
        let request = self.client.post(&url).header("Content-Type", "application/json").body(body);
        self.send(request, "POST", &url).await
    }

    /// Lists one page of keys.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn list_keys(&self, size: u32, page: u32) -> Result<ListKeysResponse> {
        let url = format!("{}/v1/kms/transit?size={size}&page={page}", self.base);
        self.send(self.client.get(&url), "GET", &url).await
    }

    async fn send<T>(&self, request: reqwest::RequestBuilder, method: &str, url: &str) -> Result<T>
    where
        T: for<'de> Deserialize<'de>,
    {
        let Signature { timestamp, signature } = Signature::new(method, url, &self.access_key, &self.secret_key)?;
        let response = request
            .header("Accept", "application/json")
            .header("Accept-Language", "en-US")
            .header("Scp-Api-Version", "kms 1.4")
            .header("Scp-Accesskey", &self.access_key)
            .header("Scp-Signature", signature)
            .header("Scp-Timestamp", timestamp)
            .header("Scp-ClientType", "Openapi")
            .send()
            .await?;
        let bytes = response.error_for_status()?.bytes().await?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use cloud_core::Body as _;
    use scp_security::kms::types::EncryptRequest;

    use super::encrypt_body;
    use crate::data::PLAINTEXT;

    #[test]
    fn both_sides_encode_the_same_body() {
        let body = EncryptRequest::new(PLAINTEXT).encode().unwrap();
        assert_eq!(encrypt_body(PLAINTEXT).unwrap(), body);
        assert_eq!(body, r#"{"plaintext":"dGhlIHF1aWNrIGJyb3duIGZveAo="}"#);
    }
}
