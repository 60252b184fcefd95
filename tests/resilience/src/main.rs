//! The command line: writes the fault matrix, or runs a load or soak test and prints its results.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands print to the terminal")]

use std::process::ExitCode;

const HELP: &str = "\
Tests of the SDKs under faults and load.

usage: resilience COMMAND [OPTION...]

  load      makes many calls to a sandbox and prints rates and latencies
  matrix    writes the fault matrix into docs/resilience.md
  soak      makes many calls with injected faults and prints the results

COMMAND --help lists the options.";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let outcome = match words.split_first() {
        Some((command, rest)) if command == "load" => resilience::load::command(rest),
        Some((command, rest)) if command == "matrix" => resilience::matrix::command(rest),
        Some((command, rest)) if command == "soak" => resilience::load::soak::command(rest),
        Some((help, _)) if help == "--help" || help == "-h" => Ok(HELP.to_owned()),
        Some((other, _)) => Err(format!("unknown command {other}: see --help")),
        None => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("resilience: {why}");
            ExitCode::FAILURE
        }
    }
}
