//! The sandbox's admin path, over the SDKs' own transport.

use bytes::Bytes;
use cloud_core::Transport as _;
use cloud_core::transport::reqwest::ReqwestTransport;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

/// Controls one sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    endpoint: String,
    transport: ReqwestTransport,
}

impl Admin {
    /// Control of the sandbox at this address.
    ///
    /// # Errors
    /// When the transport cannot be set up.
    pub(crate) fn new(endpoint: &str) -> Result<Self, String> {
        let transport = ReqwestTransport::new().map_err(|error| error.to_string())?;
        Ok(Self { endpoint: endpoint.to_owned(), transport })
    }

    /// Sets a fault and gives its id.
    ///
    /// # Errors
    /// When the sandbox refuses or cannot be reached.
    pub(crate) async fn fault(&self, fault: &Value) -> Result<u64, String> {
        let response = self.send(Method::POST, "faults", Some(fault)).await?;
        response["ids"][0].as_u64().ok_or_else(|| format!("the sandbox gave no id for the fault: {response}"))
    }

    /// Takes one fault back, if it is not used up yet.
    ///
    /// # Errors
    /// When the sandbox refuses or cannot be reached.
    pub(crate) async fn remove_fault(&self, id: u64) -> Result<(), String> {
        self.send(Method::DELETE, &format!("faults/{id}"), Some(&Value::Null)).await.map(drop)
    }

    /// Takes all faults back, and lets revoked credentials work again.
    ///
    /// # Errors
    /// When the sandbox refuses or cannot be reached.
    pub(crate) async fn clear_faults(&self) -> Result<(), String> {
        self.send(Method::DELETE, "faults", Some(&Value::Null)).await.map(drop)
    }

    /// Moves the sandbox's time on.
    ///
    /// # Errors
    /// When the sandbox refuses or cannot be reached.
    pub(crate) async fn advance(&self, seconds: u64) -> Result<(), String> {
        self.send(Method::POST, "clock", Some(&json!({ "advance_seconds": seconds }))).await.map(drop)
    }

    /// How many requests the sandbox has received, its admin path aside.
    ///
    /// # Errors
    /// When the sandbox cannot be reached.
    pub(crate) async fn requests(&self) -> Result<u64, String> {
        let response = self.send(Method::GET, &format!("log?after={}", u64::MAX), None).await?;
        response["last"].as_u64().ok_or_else(|| format!("the sandbox's log has no last number: {response}"))
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let failed = |what: &dyn std::fmt::Display| format!("{method} /_sandbox/{path}: {what}");
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}/_sandbox/{path}", self.endpoint))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| failed(&error))?;
        let response = self.transport.send(request).await.map_err(|error| failed(&error))?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(Value::Null),
            StatusCode::NOT_FOUND if method == Method::DELETE => Ok(Value::Null),
            status if status.is_success() => serde_json::from_slice(response.body()).map_err(|error| failed(&error)),
            status => Err(failed(&format!("{status} {}", String::from_utf8_lossy(response.body())))),
        }
    }
}
