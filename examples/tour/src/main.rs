//! A first look: starts the sandbox in this process and makes typed calls to all three vendors over HTTP.
#![allow(clippy::print_stdout, reason = "showing what came back is its purpose")]

mod nhn;
mod risken;
mod scp;
mod show;

use std::collections::HashMap;
use std::error::Error;

use cloud_sandbox::Sandbox;

/// What the sandbox would have exported: endpoints and keys, by the names of the variables that the SDKs read.
struct Settings(HashMap<&'static str, String>);

impl Settings {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    println!("Sandbox of all three clouds: {}", sandbox.endpoint());
    let settings = Settings(sandbox.env_vars().into_iter().collect());
    scp::run(&settings).await?;
    nhn::run(&settings).await?;
    risken::run(&settings).await?;
    println!("\nTo call the clouds instead, set the vendors' keys: see docs/.");
    sandbox.shutdown().await?;
    Ok(())
}
