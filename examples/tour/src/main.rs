//! A tour of the SDKs: starts the sandbox in this process and makes typed calls to all three vendors over HTTP.

mod bridge;
mod envelope;
mod faults;
mod nhn;
mod risken;
mod scp;
mod secrets;
mod show;
mod why;

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;

use cloud_sandbox::Sandbox;

use show::print;

/// The sandbox's endpoints and keys, by the names of the environment variables that the SDKs read.
struct Settings(HashMap<&'static str, String>);

impl Settings {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Prints an error as it is meant to be read; a `main` that returns it would print its `Debug`.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::complain(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<(), Box<dyn Error>> {
    // The same keys and IDs in every run.
    let sandbox = Sandbox::builder().seed(1).start().await?;
    print(format_args!("Sandbox of all three clouds: {}", sandbox.endpoint()));
    let settings = Settings(sandbox.env_vars().into_iter().collect());
    scp::run(&settings).await?;
    nhn::run(&settings).await?;
    risken::run(&settings).await?;
    secrets::run(&sandbox, &settings).await?;
    envelope::run(&settings).await?;
    bridge::run(&settings).await?;
    why::run(&settings).await?;
    faults::run(&sandbox, &settings).await?;
    print(
        "\nGuides: docs/scp.md, docs/nhn.md, docs/risken.md, docs/secrets.md, docs/envelope.md, docs/bridge.md. Errors and retries: docs/resilience.md. Debugging: docs/debugging.md.",
    );
    sandbox.shutdown().await?;
    Ok(())
}
