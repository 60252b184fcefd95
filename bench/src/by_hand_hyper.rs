//! The encrypt call written by hand on hyper, without the SDK.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use scp_security::kms::types::EncryptResponse;

use crate::by_hand::{Result, Signature, encrypt_body};

/// A client for one base URL.
#[derive(Debug)]
pub struct ByHandHyper {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    access_key: String,
    secret_key: String,
    limit: Duration,
}

impl ByHandHyper {
    /// Creates a client with the SDK's settings. The server speaks plain HTTP, so it has no TLS.
    #[must_use]
    pub fn new(base: &str, access_key: &str, secret_key: &str, limit: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self {
            client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector),
            base: base.to_owned(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            limit,
        }
    }

    /// Encrypts bytes.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn encrypt(&self, key_id: &str, plaintext: &[u8]) -> Result<EncryptResponse> {
        let url = format!("{}/v1/kms/openapi/encrypt/{key_id}", self.base);
        let body = encrypt_body(plaintext)?;
        let Signature { timestamp, signature } = Signature::new("POST", &url, &self.access_key, &self.secret_key)?;
        let request = http::Request::post(url)
            .header("Content-Type", "application/json")
            .header("User-Agent", "by-hand/0.1.0")
            .header("Accept", "application/json")
            .header("Accept-Language", "en-US")
            .header("Scp-Api-Version", "kms 1.4")
            .header("Scp-Accesskey", &self.access_key)
            .header("Scp-Signature", signature)
            .header("Scp-Timestamp", timestamp)
            .header("Scp-ClientType", "Openapi")
            .body(Full::new(Bytes::from(body)))?;
        let call = async {
            let response = self.client.request(request).await?;
            if !response.status().is_success() {
                return Err(format!("status {}", response.status()).into());
            }
            Ok(response.into_body().collect().await?.to_bytes())
        };
        let bytes: Result<Bytes> = tokio::time::timeout(self.limit, call).await?;
        Ok(serde_json::from_slice(&bytes?)?)
    }
}
