//! Tests of the builder: what it reads, what it lacks, what it shows and how the crate announces itself.

use cloud_core::config::ConfigSource;
use cloud_core::testing::FakeTransport;

use super::*;

/// Sets every variable that the crate reads.
#[derive(Clone, Copy, Debug)]
struct Everything;

impl ConfigSource for Everything {
    fn variable(&self, name: &str) -> Option<String> {
        Some(match name {
            "SCP_ENDPOINT" | "SCP_TF_ENDPOINT_OVERRIDE" => "https://variable.example".to_owned(),
            "SCP_REGION" => "kr-east1".to_owned(),
            "SCP_ENVIRONMENT" => "s".to_owned(),
            name => format!("canary-{}", name.to_lowercase()),
        })
    }
}

fn placed() -> ScpBuilder {
    Scp::builder().region(Region::KrWest1).environment(Environment::Enterprise)
}

fn error(builder: ScpBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn handle_and_builder_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Scp>();
    check::<ScpBuilder>();
    check::<Environment>();
    check::<Credentials>();
    check::<Arc<dyn ProvideCredentials>>();
}

#[test]
fn builder_without_env_reads_nothing() {
    let given = placed().credentials("a", "b").build().unwrap();
    assert!(format!("{:?}", given.kms()).contains("https://kms.kr-west1.e.samsungsdscloud.com"));
    let with_variables = placed().credentials("a", "b").config_source(Everything).build().unwrap();
    assert!(format!("{:?}", with_variables.kms()).contains("https://variable.example"));
    let text = error(placed());
    assert!(
        text.contains("use ScpBuilder::credentials, or `.env()` to read SCP_ACCESS_KEY with SCP_SECRET_KEY"),
        "{text}"
    );
    assert!(Scp::builder().config_source(Everything).build().is_ok());
}

#[test]
fn missing_or_malformed_credentials_are_named() {
    assert!(error(placed()).starts_with("no credentials: access_key and secret_key are not set: use"));
    assert!(error(placed().vault_credentials()).starts_with("vault_token_id and vault_token_secret are not set"));
    let token = error(placed().vault_token("a", "b"));
    assert!(token.contains("but secret_vault_id is not set: use ScpBuilder::secret_vault_id, or `.env()`"), "{token}");
    assert!(
        error(placed().credentials("", "b")).starts_with("setting access_key (ScpBuilder::credentials): the value")
    );
    assert!(error(placed().credentials(" a", "b")).ends_with("begins or ends with white space; trim it"));
    assert!(
        error(placed().vault_token("a", "")).starts_with("setting vault_token_secret (ScpBuilder::vault_token): the")
    );
    assert!(
        error(placed().credentials("a", "b").app_name("my app")).starts_with("setting app_name is not an HTTP product")
    );
    assert!(placed().credentials("a", "b").build().is_ok());
}

#[tokio::test]
async fn user_agent_names_the_crate_and_the_caller_first() {
    let crate_name = concat!("scp-security/", env!("CARGO_PKG_VERSION"));
    for (app, wanted) in [(None, crate_name.to_owned()), (Some("my-app/1.2"), format!("my-app/1.2 {crate_name}"))] {
        let transport = Arc::new(FakeTransport::new().answer(404, "{}"));
        let mut builder = placed().credentials("a", "b").transport(Arc::clone(&transport));
        if let Some(app) = app {
            builder = builder.app_name(app);
        }
        builder.build().unwrap().kms().show_key("key").await.unwrap_err();
        let sent = transport.sent().remove(0);
        assert_eq!(sent.headers()["user-agent"], wanted);
        assert!(sent.headers().contains_key("scp-signature"));
    }
}

#[test]
fn debug_shows_no_key() {
    let builder = Scp::builder().endpoint("https://user:canary@kms.example").secret_vault_id("canary");
    assert!(!format!("{builder:?}").contains("canary"));
    let builder = placed().credentials("CANARYkey", "CANARYsecret").vault_token("CANARYid", "CANARYtoken");
    let builder = builder.secret_vault_id("CANARYvault");
    assert!(!format!("{builder:?}").contains("CANARY"));
    let scp = builder.build().unwrap();
    assert!(!format!("{scp:?} {:?}", scp.kms()).contains("CANARY"));
}
