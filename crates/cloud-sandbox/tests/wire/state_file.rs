//! The state file and seed data.

use std::path::PathBuf;
use std::time::Duration;

use cloud_sandbox::{Sandbox, SandboxBuilder};
use serde_json::json;

use super::faults::{list, nhn_token, send};
use super::raw::{Call, setting};
use super::scp_signer::Signer;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("cloud-sandbox-{name}-{}.json", std::process::id())))
    }

    fn builder(&self) -> SandboxBuilder {
        Sandbox::builder().state_file(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is not there needs no removal.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn state_file_keeps_state_and_time_over_a_restart() {
    let file = Scratch::new("state");
    let sandbox = file.builder().start().await.unwrap();
    let token = nhn_token(&sandbox).await;
    sandbox.advance(Duration::from_secs(3600));
    sandbox.shutdown().await.unwrap();

    let sandbox = file.builder().admin(true).start().await.unwrap();
    let target = format!("/advisor/v1.0/appKey/{}/setting", setting(&sandbox, "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"));
    let call = Call::new("GET", target).header("x-nhn-authorization", format!("Bearer {token}"));
    send(&sandbox, &call).await.expect(200);
    sandbox.advance(Duration::from_secs(23 * 3600));
    send(&sandbox, &call).await.expect(401);
    sandbox.shutdown().await.unwrap();

    std::fs::write(&file.0, "[]").unwrap();
    let error = file.builder().start().await.unwrap_err();
    assert!(error.to_string().contains("state file"), "{error}");
}

#[tokio::test]
async fn seed_data_is_merged_into_the_default_and_validated() {
    let seed = json!({ "scp": { "access": { "keys": { "mine": { "secret": "s" } } } } });
    let sandbox = Sandbox::builder().seed_data(seed).start().await.unwrap();
    let mine = Signer { access_key: "mine".to_owned(), secret: "s".to_owned(), ..Signer::of(&sandbox) };
    send(&sandbox, &mine.sign(sandbox.endpoint(), Call::new("GET", "/v1/kms/transit"))).await.expect(200);
    send(&sandbox, &list(&sandbox, "")).await.expect(200);
    let wrong = Sandbox::builder().seed_data(json!({ "scp": { "keyz": { "a": 1 } } })).start().await;
    assert!(wrong.unwrap_err().to_string().contains("/scp/keyz"));
}
