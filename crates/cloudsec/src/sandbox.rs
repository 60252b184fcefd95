//! `sandbox`: a local server of all three clouds, and the variables that point to it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::Args;
use cloud_core::ConfigSource;
use cloud_core::config::ProcessEnv;
use cloud_sandbox::Sandbox;

use crate::exit::{self, Failure, Result};
use crate::output;
use crate::signals::Stop;
use crate::vendors::PROJECT;

/// The arguments of `sandbox`.
#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Leave the sandbox running in the background, and return once it listens
    #[arg(long)]
    background: bool,
    /// Serve in a session of its own
    #[arg(long, hide = true, conflicts_with = "background")]
    detached: bool,
}

/// The project of the sandbox's first account.
const SANDBOX_PROJECT: &str = "1001";

pub(crate) async fn run(arguments: SandboxArgs) -> Result<u8> {
    if arguments.background {
        return background(arguments.port);
    }
    if arguments.detached {
        detach()?;
    }
    let mut stop = Stop::listen().map_err(|error| Failure::io("signals", &error))?;
    let failed = |error| Failure::io("the sandbox", &error);
    let sandbox = Sandbox::builder().port(arguments.port).start().await.map_err(failed)?;
    output::write(exports(&sandbox).as_bytes())?;
    stop.received().await;
    sandbox.shutdown().await.map_err(failed)?;
    Ok(exit::OK)
}

/// The lines for a shell. The last one says that the sandbox listens.
fn exports(sandbox: &Sandbox) -> String {
    let variables = sandbox.env_vars();
    let own = [(PROJECT, SANDBOX_PROJECT.to_owned())];
    let lines = variables.iter().chain(&own).map(|(name, value)| format!("export {name}={value}\n"));
    lines.chain([format!("{LAST}{} as process {}\n", sandbox.endpoint(), std::process::id())]).collect()
}

/// Begins the last line, which does nothing in a shell. An interactive zsh has no comments.
const LAST: &str = ": listening on ";

/// Starts the sandbox as a process of its own, and prints what it prints until it listens.
fn background(port: u16) -> Result<u8> {
    let program = std::env::current_exe().map_err(|error| Failure::io("the path of this program", &error))?;
    let mut command = Command::new(program);
    // It outlives the caller, so it keeps neither the caller's credentials nor the caller's directory in use.
    command.env_clear().current_dir("/");
    if cfg!(windows)
        && let Some(root) = ProcessEnv.variable("SYSTEMROOT")
    {
        command.env("SYSTEMROOT", root);
    }
    command.args(["sandbox", "--detached", "--port", &port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| Failure::io("starting the sandbox", &error))?;
    let printed = child.stdout.take().map_or(Ok(None), announced);
    let done = match printed {
        Ok(Some(text)) => {
            output::write_all(text.as_bytes()).map_err(|error| Failure::io("the standard output", &error))
        }
        Ok(None) => return Err(ended(child)),
        Err(error) => Err(Failure::io("the sandbox", &error)),
    };
    if done.is_err() {
        // Nobody knows its address.
        let _ = child.kill();
        let _ = child.wait();
    }
    done.map(|()| exit::OK)
}

/// What the sandbox prints until it listens; `None` if it has ended before.
fn announced(out: ChildStdout) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    let mut lines = BufReader::new(out);
    loop {
        let start = text.len();
        if lines.read_line(&mut text)? == 0 {
            return Ok(None);
        }
        if text[start..].starts_with(LAST) {
            return Ok(Some(text));
        }
    }
}

/// Why the sandbox did not start.
fn ended(child: Child) -> Failure {
    let output = child.wait_with_output();
    let errors = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let line = errors.lines().next().unwrap_or("the sandbox did not start");
    Failure::new(line.strip_prefix("cloudsec: ").unwrap_or(line))
}

/// Leaves the session of the terminal, whose end would end the sandbox.
#[cfg(unix)]
fn detach() -> Result<()> {
    let failed = |error: rustix::io::Errno| Failure::io("a session of its own", &error.into());
    rustix::process::setsid().map(drop).map_err(failed)
}

#[cfg(not(unix))]
fn detach() -> Result<()> {
    Ok(())
}
