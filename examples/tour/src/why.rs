//! Answers to "why": where settings come from, what a call would send, and a handle that only reads.

use scp_security::kms::types::KeyPurpose;
use scp_security::{Result, Scp};

use crate::Settings;
use crate::show::{heading, line, print};

pub(crate) async fn run(settings: &Settings) -> Result<()> {
    heading("Where settings come from, and what a call would send", "why.rs");
    let builder = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"));
    print(indented(&builder.explain().to_string()));
    let scp = builder.build()?;

    let keys = scp.kms().list_keys().items().try_collect().await?;
    let Some(key) = keys.iter().find(|key| key.purpose == KeyPurpose::Aes256Gcm96) else { return Ok(()) };
    print("\n  kms.delete_key, planned and not sent:");
    let plan = scp.kms().delete_key(&key.id).plan()?;
    print(indented(&plan.to_string()));
    line("the same with curl needs", plan.variables().join(", "));

    if let Err(error) = scp.read_only().kms().delete_key(&key.id).await {
        line("kms.delete_key, read only", error);
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
