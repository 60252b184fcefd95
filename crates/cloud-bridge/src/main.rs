//! The command: serves Vault's HTTP API in front of the clouds, until Ctrl-C or SIGTERM.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_max_level(tracing::Level::WARN).init();
    ExitCode::from(cloud_bridge::command::run(std::env::args_os().skip(1)).await)
}
