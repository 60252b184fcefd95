//! The encrypt call written by hand on hyper, without the SDK.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use scp_security::kms::types::EncryptResponse;

use crate::by_hand::{Result, Signature, encrypt_body};

const SCP_API_VERSION: HeaderName = HeaderName::from_static("scp-api-version");
const SCP_ACCESSKEY: HeaderName = HeaderName::from_static("scp-accesskey");
const SCP_SIGNATURE: HeaderName = HeaderName::from_static("scp-signature");
const SCP_TIMESTAMP: HeaderName = HeaderName::from_static("scp-timestamp");
const SCP_CLIENTTYPE: HeaderName = HeaderName::from_static("scp-clienttype");

/// A client for one base URL.
#[derive(Debug)]
pub struct ByHandHyper {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    access_key: HeaderValue,
    secret_key: String,
    limit: Duration,
}

impl ByHandHyper {
    /// Creates a client with the SDK's settings. The server speaks plain HTTP, so it has no TLS.
    ///
    /// # Errors
    /// If the access key cannot be the value of a header.
    pub fn new(base: &str, access_key: &str, secret_key: &str, limit: Duration) -> Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector),
            base: base.to_owned(),
            access_key: HeaderValue::from_str(access_key)?,
            secret_key: secret_key.to_owned(),
            limit,
        })
    }

    /// Encrypts bytes.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn encrypt(&self, key_id: &str, plaintext: &[u8]) -> Result<EncryptResponse> {
        let url = format!("{}/v1/kms/openapi/encrypt/{key_id}", self.base);
        let body = encrypt_body(plaintext)?;
        let Signature { timestamp, signature } =
            Signature::new("POST", &url, self.access_key.to_str()?, &self.secret_key)?;
        let mut request = http::Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.try_into()?;
        let headers = request.headers_mut();
        headers.reserve(10);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("by-hand/0.1.0"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US"));
        headers.insert(SCP_API_VERSION, HeaderValue::from_static("kms 1.4"));
        headers.insert(SCP_ACCESSKEY, self.access_key.clone());
        headers.insert(SCP_SIGNATURE, signature.try_into()?);
        headers.insert(SCP_TIMESTAMP, timestamp.try_into()?);
        headers.insert(SCP_CLIENTTYPE, HeaderValue::from_static("Openapi"));
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
