//! Keys of the sandbox, and wrapping keys of the Python AWS Encryption SDK.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::sync::Arc;

use cloud_core::DataKeySource;

mod raw_key;

pub use common::World;
pub use raw_key::RawKey;

/// A key of the sandbox's seed that encrypts.
pub const SCP_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
/// A symmetric key of the sandbox's seed.
pub const NHN_KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";

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
