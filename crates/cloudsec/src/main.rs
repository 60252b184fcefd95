//! The command: reads its arguments, runs a subcommand, and ends with a documented exit status.

mod bridge;
mod certs;
mod cli;
mod crypt;
mod doctor;
mod duration;
mod exec;
mod exit;
mod findings;
mod generate;
mod output;
mod private;
mod reference;
mod sandbox;
mod signals;
mod tofu_key;
mod vendors;

use std::process::ExitCode;

use clap::Parser;
use cloud_core::ConfigSource;
use cloud_core::config::ProcessEnv;
use tracing_subscriber::filter::LevelFilter;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let Cli { quiet, command } = Cli::parse();
    log();
    let failure = match &command {
        Command::Exec(_) => exit::EXEC_FAILED,
        _ => exit::FAILED,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::Failure::io("the runtime", &error).with_status(failure).report(),
    };
    let result = runtime.block_on(run(command, quiet));
    // A thread that still reads from a terminal or a pipe must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => error.or_status(failure).report(),
    }
}

/// Runs a subcommand and returns the exit status.
async fn run(command: Command, quiet: bool) -> exit::Result<u8> {
    match command {
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        Command::Encrypt(arguments) => crypt::encrypt(arguments, quiet).await,
        Command::Decrypt(arguments) => crypt::decrypt(arguments, quiet).await,
        Command::Exec(arguments) => exec::run(arguments, quiet).await,
        Command::Findings(arguments) => findings::run(*arguments, quiet).await,
        Command::Certs(arguments) => certs::run(arguments, quiet).await,
        Command::Bridge(arguments) => bridge::run(arguments).await,
        Command::TofuKey(arguments) => tofu_key::run(arguments).await,
        Command::Completions(arguments) => generate::completions(&arguments),
        Command::Man(arguments) => generate::man(&arguments),
    }
}

/// Logs to the standard error: warnings, or what `RUST_LOG` names as a level.
fn log() {
    let level = ProcessEnv.variable("RUST_LOG").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::WARN);
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_max_level(level);
    // Reporting an error of the log would panic if the standard error is closed.
    log.log_internal_errors(false).init();
}
