//! Two faults that the sandbox injects: one that a retry repairs, and one that reaches the caller as an error.

use std::error::Error;

use cloud_sandbox::{Fault, Sandbox};
use scp_security::Scp;

use crate::Settings;
use crate::show::{heading, line, more};

pub(crate) async fn run(sandbox: &Sandbox, settings: &Settings) -> Result<(), Box<dyn Error>> {
    heading("When a service fails", "faults.rs");
    let scp = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"))
        .build()?;
    let kms = scp.kms();

    // `list_keys` is safe, so the client sends it again.
    sandbox.fault(Fault::status(502).on("scp/kms/list_keys")?)?;
    let keys = kms.list_keys().first_page().send().await?;
    line(
        "kms.list_keys, 502 once",
        format!("{} keys after {} attempts", keys.value().keys.len(), keys.parts().attempts),
    );

    // `rotate_key` is unsafe: the service may have rotated the key before the response was lost.
    let Some(key) = keys.value().keys.first() else { return Ok(()) };
    sandbox.fault(Fault::truncated_body().on("scp/kms/rotate_key")?)?;
    if let Err(error) = kms.rotate_key(&key.id).await {
        line("kms.rotate_key, body cut off", &error);
        more(format!("kind {:?}, attempts {}, may_resend {}", error.kind(), error.attempts(), error.may_resend()));
    }

    // A refusal says what to do about it.
    if let Err(error) = kms.show_key("no-such-key").await {
        line("kms.show_key, unknown ID", &error);
        more(format!(
            "kind {:?}, is_not_found {}, may_resend {}",
            error.kind(),
            error.is_not_found(),
            error.may_resend()
        ));
    }
    Ok(())
}
