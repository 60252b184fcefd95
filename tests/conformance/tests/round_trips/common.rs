//! A sandbox for each test, and the SDKs' clients for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_core::testing::FakeRuntime;
use cloud_core::{BoxFuture, Runtime};
use cloud_sandbox::Sandbox;
use nhn_security::{Nhn, NhnBuilder};
use risken_aws::Risken;
use scp_security::{ErrorKind, Scp};
use time::OffsetDateTime;
use time::macros::datetime;

/// A sandbox that makes the same ids, keys and passwords in every run.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::builder().seed(7).start().await.unwrap()
}

/// The variables that the sandbox hands out.
pub(crate) fn settings(sandbox: &Sandbox) -> HashMap<&'static str, String> {
    sandbox.env_vars().into_iter().collect()
}

pub(crate) fn scp(sandbox: &Sandbox) -> Scp {
    let set = settings(sandbox);
    let keys = (set["SCP_ACCESS_KEY"].clone(), set["SCP_SECRET_KEY"].clone());
    Scp::builder().endpoint(sandbox.endpoint()).credentials(keys.0, keys.1).build().unwrap()
}

/// A builder with all settings but the MAC address.
pub(crate) fn nhn(sandbox: &Sandbox) -> NhnBuilder {
    let set = settings(sandbox);
    Nhn::builder()
        .endpoint(sandbox.endpoint())
        .user_access_key(&*set["NHN_CLOUD_USER_ACCESS_KEY_ID"], &*set["NHN_CLOUD_USER_SECRET_ACCESS_KEY"])
        .security_advisor_app_key(&*set["NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"])
        .server_security_check_app_key(&*set["NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"])
        .secure_key_manager_app_key(&*set["NHN_CLOUD_SKM_APP_KEY"])
}

pub(crate) fn risken(sandbox: &Sandbox, token: &str) -> Risken {
    Risken::builder().endpoint(sandbox.endpoint()).access_token(token).build().unwrap()
}

/// Fails unless the service itself refused with this status.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(result: scp_security::Result<T>, status: u16) -> scp_security::Error {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Service, Some(status)), "{error}");
    error
}

/// Changes one bit in the middle of the bytes behind `vault:vN:`.
pub(crate) fn tampered(stamped: &str) -> String {
    let (stamp, bytes) = stamped.rsplit_once(':').unwrap();
    let mut bytes = STANDARD.decode(bytes).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    format!("{stamp}:{}", STANDARD.encode(bytes))
}

/// The version in `vault:vN:`.
pub(crate) fn version(stamped: &str) -> i64 {
    stamped.split(':').nth(1).unwrap().strip_prefix('v').unwrap().parse().unwrap()
}

/// A sandbox whose clock only moves when a client waits, and the runtime of that client.
pub(crate) async fn waiting() -> (Arc<Sandbox>, Lockstep) {
    let start = datetime!(2026-06-01 0:00 UTC);
    let sandbox = Sandbox::builder().seed(7).clock(move || start.into()).start().await.unwrap();
    let sandbox = Arc::new(sandbox);
    (Arc::clone(&sandbox), Lockstep { sandbox, clock: FakeRuntime::new(start) })
}

/// Moves the sandbox's clock with the client's.
#[derive(Debug)]
pub(crate) struct Lockstep {
    sandbox: Arc<Sandbox>,
    clock: FakeRuntime,
}

impl Runtime for Lockstep {
    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sandbox.advance(duration);
        self.clock.sleep(duration)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.clock.deadline(limit)
    }

    fn random(&self) -> u64 {
        self.clock.random()
    }
}
