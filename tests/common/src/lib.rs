//! A sandbox with clients of both services that have keys and secrets.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::collections::HashMap;

use cloud_core::RetryPolicy;
use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use scp_security::Scp;

/// A sandbox, and clients that send each request once.
#[derive(Debug)]
pub struct World {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Its settings, by the names of the environment variables.
    pub settings: HashMap<&'static str, String>,
    /// The client of Samsung Cloud Platform.
    pub scp: Scp,
    /// The client of NHN Cloud.
    pub nhn: Nhn,
}

impl World {
    /// Starts a sandbox.
    pub async fn start() -> Self {
        let sandbox = Sandbox::start().await.expect("the sandbox starts");
        let settings: HashMap<_, _> = sandbox.env_vars().into_iter().collect();
        let get = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let scp = Scp::builder()
            .endpoint(get("SCP_ENDPOINT"))
            .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
            .retry(RetryPolicy::never())
            .build()
            .expect("the settings are complete");
        let nhn = Nhn::builder()
            .endpoint(get("NHN_CLOUD_ENDPOINT"))
            .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
            .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
            .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"))
            .retry(RetryPolicy::never())
            .build()
            .expect("the settings are complete");
        Self { sandbox, settings, scp, nhn }
    }

    /// How many requests of this operation the sandbox got.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        self.sandbox.calls().iter().filter(|call| call.operation.contains(operation)).count()
    }
}
