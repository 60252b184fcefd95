//! Secrets of the sandbox, and a cache whose clock moves only when told.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::sync::Arc;
use std::time::Duration;

use cloud_core::SecretSource;
use cloud_core::testing::FakeRuntime;
use cloud_secrets::SecretCache;
use scp_security::secrets_manager::types::UpdateSecretValueRequest;
use time::macros::datetime;

pub use common::World;

/// The secret of the sandbox's seed.
pub const SCP_SECRET: (&str, &str) = ("my-secret-name", "c4a17e0b92d64f3e8b5d60f1a7394e2d");
/// A secret of the sandbox's seed, and its key store.
pub const NHN_SECRET: (&str, &str) = ("database", "04fde6d8ee604cbe8fa7abe135a7dc3e");
/// The key store of that secret.
pub const NHN_STORE: &str = "키 저장소 이름";

/// Adds a version with this password to the secret of Secrets Manager.
pub async fn rotate(world: &World, password: &str) {
    let value = format!("{{\"password\":\"{password}\"}}").parse().expect("it is JSON");
    let request = UpdateSecretValueRequest::new(value);
    let updated = world.scp.secrets_manager().update_secret_value(SCP_SECRET.1, &request).await;
    updated.expect("the value is accepted");
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
