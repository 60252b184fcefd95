//! Signs requests to Samsung Cloud Platform, and reads its errors.
#![allow(clippy::disallowed_methods, reason = "requests are signed for the real time")]

use std::time::{SystemTime, UNIX_EPOCH};

use cloud_sandbox::Sandbox;

use super::raw::{Call, RawResponse, setting, sign};

/// A pair of keys and the moment at which it signs.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) prefix: &'static str,
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) timestamp: String,
}

impl Signer {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            prefix: "Scp-",
            access_key: setting(sandbox, "SCP_ACCESS_KEY"),
            secret: setting(sandbox, "SCP_SECRET_KEY"),
            timestamp: since.as_millis().to_string(),
        }
    }

    pub(crate) fn vault(sandbox: &Sandbox) -> Self {
        Self {
            prefix: "Sv",
            access_key: setting(sandbox, "SCP_VAULT_TOKEN_ID"),
            secret: setting(sandbox, "SCP_VAULT_TOKEN_SECRET"),
            ..Self::of(sandbox)
        }
    }

    pub(crate) fn sign(&self, endpoint: &str, call: Call) -> Call {
        let (method, target) = (call.method, &call.target);
        let (time, key) = (&self.timestamp, &self.access_key);
        let message = format!("{method}{endpoint}{target}{time}{key}Openapi");
        let signature = sign(&self.secret, &message);
        let name = |rest: &str| format!("{}{rest}", self.prefix);
        call.header(&name("Accesskey"), key)
            .header(&name("Signature"), signature)
            .header(&name("Timestamp"), time)
            .header(&name("ClientType"), "Openapi")
    }

    pub(crate) async fn send(&self, sandbox: &Sandbox, call: Call) -> RawResponse {
        let signed = self.sign(sandbox.endpoint(), call);
        signed.send(sandbox.endpoint()).await
    }
}

#[track_caller]
pub(crate) fn first_error(response: &RawResponse, status: u16) -> (String, String) {
    let error = response.expect(status).json()["errors"][0].clone();
    assert_eq!(error["status"], status);
    assert!(error["request_id"].is_string());
    (error["code"].as_str().unwrap().to_owned(), error["detail"].as_str().unwrap().to_owned())
}
