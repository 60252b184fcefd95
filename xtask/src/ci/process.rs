//! Runs the programs that the checks consist of.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use super::Result;

/// A program to run in `folder`, without the variables that `cargo run` adds to this process.
///
/// Build scripts of dependencies watch some of them, and would run again on every switch between the gate and a shell.
#[allow(clippy::disallowed_methods, reason = "the variables are only removed")]
pub(super) fn command(folder: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command.env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "1");
    command
}

/// Prints the command, runs it and fails if it does.
pub(super) fn run(mut command: Command) -> Result<()> {
    let shown = shown(&command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}").into()) }
}

/// Runs `cargo` in `folder`.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) -> Result<()> {
    run(command(folder, "cargo", arguments))
}

/// Returns what the command prints, or `None` if it cannot be started or fails.
pub(super) fn output(mut command: Command) -> Option<Vec<u8>> {
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn shown(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let variables = set.filter(|(name, _)| !["CARGO_TERM_COLOR", "RUST_BACKTRACE"].contains(&&*name.to_string_lossy()));
    let variables = variables.map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
    let program = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<OsString> = variables.map(OsString::from).chain(program.map(OsStr::to_owned)).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}
