//! A sandbox with clients of both services that keep secrets, and a cache whose clock moves only when told.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::testing::FakeRuntime;
use cloud_core::{RetryPolicy, SecretSource};
use cloud_sandbox::Sandbox;
use cloud_secrets::SecretCache;
use nhn_security::Nhn;
use scp_security::Scp;
use scp_security::secrets_manager::types::UpdateSecretValueRequest;
use time::macros::datetime;

/// The secret of the sandbox's seed.
pub const SCP_SECRET: (&str, &str) = ("my-secret-name", "c4a17e0b92d64f3e8b5d60f1a7394e2d");
/// A secret of the sandbox's seed, and its key store.
pub const NHN_SECRET: (&str, &str) = ("database", "04fde6d8ee604cbe8fa7abe135a7dc3e");
/// The key store of that secret.
pub const NHN_STORE: &str = "키 저장소 이름";

/// A sandbox, and clients that send each request once.
#[derive(Debug)]
pub struct World {
    /// The sandbox.
    pub sandbox: Sandbox,
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
        Self { sandbox, scp, nhn }
    }

    /// Adds a version with this password to the secret of Secrets Manager.
    pub async fn rotate(&self, password: &str) {
        let value = format!("{{\"password\":\"{password}\"}}").parse().expect("it is JSON");
        let request = UpdateSecretValueRequest::new(value);
        let updated = self.scp.secrets_manager().update_secret_value(SCP_SECRET.1, &request).await;
        updated.expect("the value is accepted");
    }

    /// How many requests of this operation the sandbox got.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        self.sandbox.calls().iter().filter(|call| call.operation.contains(operation)).count()
    }
}

/// A cache with a TTL of 100 s, refreshed after 50 s, stale for 1,000 s.
pub fn cache(source: impl SecretSource + 'static) -> (SecretCache, Arc<FakeRuntime>) {
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let cache = SecretCache::builder(source)
        .ttl(Duration::from_secs(100))
        .stale_on_outage(Duration::from_secs(1_000))
        .runtime(Arc::clone(&runtime))
        .build();
    (cache, runtime)
}
