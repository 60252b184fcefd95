//! Secrets that stay fresh: a cache through an outage and a rotation. And a call that blocks a thread without a runtime.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cloud_sandbox::{Fault, Sandbox};
use cloud_secrets::{SecretCache, SecretString};
use scp_security::secrets_manager::types::UpdateSecretValueRequest;
use scp_security::{Scp, SecretJson};
use tokio::sync::oneshot;

use crate::Settings;
use crate::show::{heading, line, more};

/// A secret of the sandbox.
const NAME: &str = "my-secret-name";

/// What a database says while it has another password.
#[derive(Debug)]
struct WrongPassword;

impl fmt::Display for WrongPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong password")
    }
}

impl Error for WrongPassword {}

pub(crate) async fn run(sandbox: &Sandbox, settings: &Settings) -> Result<(), Box<dyn Error>> {
    heading("Secrets that stay fresh", "secrets.rs");
    let scp = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"))
        .build()?;
    let cache = SecretCache::builder(scp.secrets_manager()).stale_on_outage(Duration::from_secs(24 * 60 * 60)).build();
    let first = cache.get(NAME).await?;
    let second = cache.get(NAME).await?;
    let metrics = cache.metrics();
    line("cache.get, twice", format!("{} request for the value, {} hit", metrics.fetches, metrics.hits));
    more(format!("{first:?}, the same: {}", first.expose_secret() == second.expose_secret()));

    sandbox.fault(Fault::reset_before().on("scp/secretsmanager/*")?.always())?;
    if let Err(error) = cache.refresh(NAME).await {
        line("cache.refresh in an outage", format!("{:?} error, {} attempts", error.kind(), error.attempts()));
    }
    line("cache.get in an outage", format!("{:?}", cache.get(NAME).await?));
    sandbox.clear_faults();

    let mut changes = cache.watch(NAME);
    let secret = scp.secrets_manager().secret_by_name(NAME).await?;
    let value: SecretJson = r#"{"password":"the next one"}"#.parse()?;
    scp.secrets_manager().update_secret_value(&secret.id, &UpdateSecretValueRequest::new(value)).await?;
    cache.refresh(NAME).await?;
    let rotation = changes.changed().await;
    line("cache.watch", format!("rotated; the value before is kept: {}", rotation.previous.is_some()));
    // A database that has not changed its password yet: the current one fails, the one before works.
    let mut tried = 0;
    let connect = |password: Arc<SecretString>| {
        tried += 1;
        let accepted = password.expose_secret() == first.expose_secret();
        async move { if accepted { Ok(()) } else { Err(WrongPassword) } }
    };
    cache.login(NAME, connect).retry_if(|WrongPassword| true).await?;
    line("cache.login, rotation under way", format!("{tried} tries: the current value, then the one before"));

    let kms = scp.kms();
    let (done, keys) = oneshot::channel();
    thread::spawn(move || done.send(kms.list_keys().first_page().wait()));
    line("kms.list_keys, .wait()", format!("{} keys, in a thread without a runtime", keys.await??.keys.len()));
    Ok(())
}
