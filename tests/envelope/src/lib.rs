//! A sandbox with clients of both services that have keys, and wrapping keys of the Python AWS Encryption SDK.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::collections::HashMap;
use std::sync::Arc;

use cloud_core::{DataKeySource, RetryPolicy};
use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use scp_security::Scp;

mod raw_key;

pub use raw_key::RawKey;

/// A key of the sandbox's seed that encrypts.
pub const SCP_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
/// A symmetric key of the sandbox's seed.
pub const NHN_KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";

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

/// The sources of all versions of both services.
#[allow(deprecated, reason = "versions that have ended")]
#[must_use]
pub fn sources(world: &World) -> Vec<(&'static str, Arc<dyn DataKeySource>)> {
    let (scp, nhn) = (&world.scp, &world.nhn);
    vec![
        ("scp 1.0", Arc::new(scp.kms_v1_0().key(SCP_KEY))),
        ("scp 1.1", Arc::new(scp.kms_v1_1().key(SCP_KEY))),
        ("scp 1.2", Arc::new(scp.kms_v1_2().key(SCP_KEY))),
        ("scp 1.3", Arc::new(scp.kms_v1_3().key(SCP_KEY))),
        ("scp 1.4", Arc::new(scp.kms_v1_4().key(SCP_KEY))),
        ("nhn 1.0", Arc::new(nhn.secure_key_manager_v1_0().expect("the app key is set").key(NHN_KEY))),
        ("nhn 1.2", Arc::new(nhn.secure_key_manager_v1_2().expect("the app key is set").key(NHN_KEY))),
        ("nhn 1.3", Arc::new(nhn.secure_key_manager_v1_3().expect("the app key is set").key(NHN_KEY))),
    ]
}

/// Data of this length, as `make_messages.py` makes it.
#[must_use]
pub fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/big-data.md")]
struct BigData;
