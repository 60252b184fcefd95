//! The command: starts a sandbox, prints how to use it, serves until Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a command says goes to its streams")]

use std::process::ExitCode;

use cloud_sandbox::{Answers, Builder, Sandbox};

const HELP: &str = "\
A local server that plays Samsung Cloud Platform, NHN Cloud and RISKEN security APIs

usage: cloud-sandbox [--port PORT] [--answers examples|required|unknown] [--random-seed N]

  --port PORT       listen on this port of 127.0.0.1; 0 takes a free one (default 0)
  --answers WHICH   keep no state and answer
                    examples: the documented examples
                    required: required fields only, null wherever that is allowed
                    unknown:  the examples with an undocumented field in every object
  --random-seed N   keys, ids and passwords are the same in every run
  --help            print this

It prints `listening on URL`, then one `export NAME=VALUE` line for each variable that the
SDKs read, and serves until Ctrl-C.";

enum Command {
    Help,
    Serve { port: u16, builder: Builder },
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let (mut port, mut builder) = (0, Sandbox::builder());
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || inline.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match &*name {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => port = value()?.parse().map_err(|_| "--port takes a number from 0 to 65535".to_owned())?,
            "--answers" => {
                let answers: Answers = value()?.parse().map_err(|error| format!("--answers: {error}"))?;
                builder = builder.answers(answers);
            }
            "--random-seed" => {
                let seed = value()?.parse().map_err(|_| "--random-seed takes a whole number".to_owned())?;
                builder = builder.seed(seed);
            }
            other => return Err(format!("unknown argument {other:?}: see --help")),
        }
    }
    Ok(Command::Serve { port, builder })
}

async fn serve(port: u16, builder: Builder) -> std::io::Result<()> {
    let sandbox = builder.port(port).start().await?;
    println!("listening on {}", sandbox.endpoint());
    for (name, value) in sandbox.environment() {
        println!("export {name}={value}");
    }
    tokio::signal::ctrl_c().await?;
    sandbox.shutdown().await
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match read(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Command::Serve { port, builder }) => {
            serve(port, builder).await.map_err(|error| format!("cannot serve on port {port}: {error}"))
        }
        Err(reason) => Err(reason),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cloud-sandbox: {reason}");
            ExitCode::FAILURE
        }
    }
}
