//! The command: prints the matrix of faults, or runs a load or a soak and prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a command says goes to its streams")]

use std::process::ExitCode;

const HELP: &str = "\
What the SDKs do when networks and services fail.

usage: resilience COMMAND [OPTION...]";

fn main() -> ExitCode {
    println!("{HELP}");
    ExitCode::SUCCESS
}
