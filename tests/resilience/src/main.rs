//! The command: writes the matrix of faults, or runs a load or a soak and prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a command says goes to its streams")]

use std::process::ExitCode;

const HELP: &str = "\
What the SDKs do when networks and services fail.

usage: resilience COMMAND [OPTION...]

  load      puts a load on a sandbox and prints its figures
  matrix    writes the matrix of faults into docs/resilience.md
  soak      makes many calls, some of them struck by faults, and prints what became of them

COMMAND --help says more.";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let outcome = match words.split_first() {
        Some((command, rest)) if command == "load" => resilience::load::command(rest),
        Some((command, rest)) if command == "matrix" => resilience::matrix::command(rest),
        Some((command, rest)) if command == "soak" => resilience::load::soak::command(rest),
        Some((help, _)) if help == "--help" || help == "-h" => Ok(HELP.to_owned()),
        Some((other, _)) => Err(format!("there is no command {other}: see --help")),
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
