//! Clients of the sandbox and of a scripted transport.

use std::collections::HashMap;
use std::sync::Arc;

use cloud_sandbox::Sandbox;
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;
use scp_security::testing::FakeTransport;

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::builder().seed(7).start().await.unwrap()
}

fn settings(sandbox: &Sandbox) -> HashMap<&'static str, String> {
    sandbox.env_vars().into_iter().collect()
}

pub(crate) fn scp(sandbox: &Sandbox) -> Scp {
    let set = settings(sandbox);
    let keys = (set["SCP_ACCESS_KEY"].clone(), set["SCP_SECRET_KEY"].clone());
    Scp::builder().endpoint(sandbox.endpoint()).credentials(keys.0, keys.1).build().unwrap()
}

pub(crate) fn nhn(sandbox: &Sandbox) -> Nhn {
    let set = settings(sandbox);
    Nhn::builder()
        .endpoint(sandbox.endpoint())
        .user_access_key(&*set["NHN_CLOUD_USER_ACCESS_KEY_ID"], &*set["NHN_CLOUD_USER_SECRET_ACCESS_KEY"])
        .secure_key_manager_app_key(&*set["NHN_CLOUD_SKM_APP_KEY"])
        .mac_address(&*set["NHN_CLOUD_SKM_MAC_ADDRESS"])
        .build()
        .unwrap()
}

pub(crate) fn risken(sandbox: &Sandbox) -> Risken {
    let token = &*settings(sandbox)["RISKEN_ACCESS_TOKEN"];
    Risken::builder().endpoint(sandbox.endpoint()).access_token(token).build().unwrap()
}

pub(crate) fn scp_with(transport: &Arc<FakeTransport>) -> Scp {
    let builder = Scp::builder().endpoint("http://127.0.0.1:1").credentials("a-key", "its-secret");
    builder.transport(Arc::clone(transport)).build().unwrap()
}

pub(crate) fn nhn_with(transport: &Arc<FakeTransport>) -> Nhn {
    let builder = Nhn::builder().endpoint("http://127.0.0.1:1").user_access_key("an-id", "a-secret");
    builder.secure_key_manager_app_key("an-app-key").transport(Arc::clone(transport)).build().unwrap()
}

pub(crate) fn risken_with(transport: &Arc<FakeTransport>) -> Risken {
    let builder = Risken::builder().endpoint("http://127.0.0.1:1").access_token("a-token");
    builder.transport(Arc::clone(transport)).build().unwrap()
}
