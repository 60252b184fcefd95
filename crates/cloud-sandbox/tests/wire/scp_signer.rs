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

/// Code and text of the one error of a response.
#[track_caller]
pub(crate) fn first_error(response: &RawResponse, status: u16) -> (String, String) {
    let errors = response.expect(status).json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    let error = &errors[0];
    assert_eq!((&error["status"], &error["title"]), (&status.into(), &error["code"]));
    let ids = ["request_id", "global_request_id"].map(|name| error[name].as_str().unwrap());
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.starts_with("req-")), "{ids:?}");
    assert!(response.body.ends_with("}\n"), "{response:?}");
    let code = error["code"].as_str().unwrap().to_owned();
    // Only a failed validation has several texts.
    let detail = match error["detail"].as_array() {
        Some(texts) => texts.iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>().join("; "),
        None => error["detail"].as_str().unwrap().to_owned(),
    };
    assert_eq!(error["detail"].is_array(), code == "ValidationError", "{error}");
    (code, detail)
}
