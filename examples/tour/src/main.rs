//! A tour of the SDKs: starts the sandbox in this process and makes typed calls to all three vendors over HTTP.

mod nhn;
mod risken;
mod scp;
mod show;

use std::collections::HashMap;
use std::error::Error;

use cloud_sandbox::Sandbox;

use show::print;

/// The sandbox's endpoints and keys, by the names of the environment variables that the SDKs read.
struct Settings(HashMap<&'static str, String>);

impl Settings {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    print(format_args!("Sandbox of all three clouds: {}", sandbox.endpoint()));
    let settings = Settings(sandbox.env_vars().into_iter().collect());
    scp::run(&settings).await?;
    nhn::run(&settings).await?;
    risken::run(&settings).await?;
    print("\nThe calls are in examples/tour/src. Guides: docs/scp.md, docs/nhn.md, docs/risken.md.");
    sandbox.shutdown().await?;
    Ok(())
}
