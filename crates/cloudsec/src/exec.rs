//! `exec`: runs a program with secrets in its environment or in private files.

#[cfg(unix)]
mod child;
mod secrets;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use cloud_core::ConfigSource;
use cloud_core::config::ProcessEnv;

use crate::exit::{self, Failure, Result};
use crate::reference::Binding;
use crate::vendors;
use secrets::Value;

/// The arguments of `exec`.
#[derive(Args, Debug)]
pub(crate) struct ExecArgs {
    /// Set a variable to a secret: NAME=scp:SECRET, NAME=nhn:KEY-STORE/SECRET or NAME=VENDOR:id=ID, with #FIELD for one
    /// member of a JSON object
    #[arg(long, value_name = "NAME=SECRET")]
    secret: Vec<Binding>,
    /// Write a secret to a private file, and set a variable to its path. The file is removed when the program ends
    #[arg(long, value_name = "NAME=SECRET")]
    file: Vec<Binding>,
    /// Fail if a secret does not exist or may not be used at the moment; otherwise its variable is left out
    #[arg(long)]
    strict: bool,
    /// Replace variables that are set
    #[arg(long = "override")]
    replace: bool,
    /// Leave the credentials of the SDKs in the environment of the program
    #[arg(long)]
    keep_credentials: bool,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(arguments: ExecArgs, quiet: bool) -> Result<u8> {
    let ExecArgs { secret, file, strict, replace, keep_credentials, command } = arguments;
    let bindings: Vec<_> = secret.iter().chain(&file).collect();
    check_names(&bindings, replace)?;
    let mut values = secrets::fetch(&bindings, strict, quiet).await?.into_iter();
    let (plain, files): (Vec<_>, Vec<_>) =
        (values.by_ref().take(secret.len()).flatten().collect(), values.flatten().collect());
    let mut program = command.iter();
    let name = program.next().ok_or_else(|| Failure::usage("no program to run"))?;
    let mut command = Command::new(name);
    command.args(program);
    if !keep_credentials {
        for variable in vendors::credential_variables(ProcessEnv) {
            command.env_remove(variable);
        }
    }
    // A secret that is missing must not leave a value that --override replaces.
    for Binding { variable, .. } in &bindings {
        command.env_remove(variable);
    }
    // After the removals: a program may be given the credentials of the SDKs as secrets.
    for Value { variable, secret } in &plain {
        command.env(variable, secret.expose_secret());
    }
    drop(plain);
    start(command, files, !file.is_empty()).await
}

/// A variable that is set would be lost, and one that is named twice would be set to one of both.
fn check_names(bindings: &[&Binding], replace: bool) -> Result<()> {
    let mut names = std::collections::BTreeSet::new();
    for Binding { variable, .. } in bindings {
        if !names.insert(variable) {
            return Err(Failure::usage(format!("{variable} is given twice")));
        }
        if !replace && ProcessEnv.variable(variable).is_some() {
            let text = format!("{variable} is already set: choose another name, or use --override");
            return Err(Failure::usage(text));
        }
    }
    Ok(())
}

/// Replaces this process by the program, or waits for it if there are files to remove.
#[cfg(unix)]
async fn start(mut command: Command, files: Vec<Value>, has_files: bool) -> Result<u8> {
    if has_files {
        return child::run(command, files, &folder()).await;
    }
    // Returns only if it fails.
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(not_started(&command, &error))
}

/// Elsewhere a process cannot be replaced, and files cannot be made private.
#[cfg(not(unix))]
async fn start(command: Command, _: Vec<Value>, has_files: bool) -> Result<u8> {
    if has_files {
        return Err(Failure::usage("--file needs a Unix system, where files can be private"));
    }
    let _ = folder();
    let mut command = tokio::process::Command::from(command);
    let status = command.status().await.map_err(|error| not_started(command.as_std(), &error))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::FAILED))
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    let status = if error.kind() == std::io::ErrorKind::NotFound { exit::NO_PROGRAM } else { exit::NOT_EXECUTABLE };
    Failure::io(&command.get_program().to_string_lossy(), error).with_status(status)
}

/// Where private files are created: in the user's directory in memory if there is one.
fn folder() -> PathBuf {
    let runtime = ProcessEnv.variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime.filter(|path| path.is_absolute() && path.is_dir()).unwrap_or_else(std::env::temp_dir)
}
