//! A sandbox with a fixed clock, and calls at a service of Samsung Cloud Platform in it.

use std::time::{Duration, UNIX_EPOCH};

use cloud_sandbox::Sandbox;
use serde_json::Value;

use super::raw::{Call, RawResponse};
use super::response_schema;
use super::scp_signer::Signer;

/// The first of June 2026.
pub(crate) const START: u64 = 1_780_272_000;
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A sandbox with a fixed clock that the test advances.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::builder().seed(1).clock(|| UNIX_EPOCH + Duration::from_secs(START)).start().await.unwrap()
}

/// Who signs by that time.
pub(crate) fn signer(sandbox: &Sandbox) -> Signer {
    Signer { timestamp: format!("{START}000"), ..Signer::of(sandbox) }
}

/// A service by its name, which is also the first part of its paths.
pub(crate) struct Service(pub(crate) &'static str);

impl Service {
    /// Sends a call to the path below the service's own, and holds a successful response against the schema of the version.
    pub(crate) async fn call(
        &self,
        sandbox: &Sandbox,
        version: &str,
        method: &'static str,
        rest: &str,
        body: Option<&Value>,
    ) -> RawResponse {
        let Self(name) = self;
        let call =
            Call::new(method, format!("/v1/{name}{rest}")).header("Scp-Api-Version", format!("{name} {version}"));
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        let response = signer(sandbox).send(sandbox, call.clone()).await;
        response_schema::check(&call, &response);
        response
    }

    /// The successful response of a GET of version 1.1.
    pub(crate) async fn get(&self, sandbox: &Sandbox, rest: &str) -> Value {
        self.call(sandbox, "1.1", "GET", rest, None).await.expect(200).json()
    }
}
