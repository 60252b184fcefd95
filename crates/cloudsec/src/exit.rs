//! Exit statuses, and errors as a line for people.

use std::error::Error as StdError;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::output::plain;

/// The command did what it was asked to do.
pub(crate) const OK: u8 = 0;
/// The command failed.
pub(crate) const FAILED: u8 = 1;
/// An argument is not valid. clap uses the same status.
pub(crate) const USAGE: u8 = 2;
/// Something could not be read, so the result is incomplete.
pub(crate) const INCOMPLETE: u8 = 3;
/// The command found what it was asked to look for: findings, differences, certificates that expire, problems.
pub(crate) const FOUND: u8 = 4;
/// `exec` itself failed, before the program ran. The statuses of `exec` are those of `env` and `docker run`.
pub(crate) const EXEC_FAILED: u8 = 125;
/// The program of `exec` cannot be executed.
pub(crate) const NOT_EXECUTABLE: u8 = 126;
/// The program of `exec` does not exist.
pub(crate) const NO_PROGRAM: u8 = 127;

/// The exit statuses, for `--help` and the man page.
pub(crate) const HELP: &str = "\
Exit status:
  0    success
  1    failure
  2    an argument is not valid
  3    something could not be read, so the result is incomplete
  4    found: findings, differences, expiring certificates, problems
  130  interrupted; 128 + N for other signals. sandbox ends with 0 then

exec ends with the status of the program, or with
  2    the command line cannot be parsed
  125  cloudsec itself failed
  126  the program cannot be executed
  127  the program does not exist";

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command failed, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Option<u8>,
    text: String,
    advice: Vec<String>,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { status: None, text: text.into(), advice: Vec::new() }
    }

    /// An argument is not valid.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(text).with_status(USAGE)
    }

    /// Reading or writing something failed.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        Self::new(format!("{what}: {error}"))
    }

    pub(crate) fn with_status(mut self, status: u8) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the status of a failure that has none of its own.
    pub(crate) fn or_status(mut self, status: u8) -> Self {
        // With `exec`, 2 would look like a status of the program.
        self.status = self.status.filter(|own| status != EXEC_FAILED || *own > USAGE).or(Some(status));
        self
    }

    /// Says what was done when it failed.
    pub(crate) fn context(mut self, what: &str) -> Self {
        self.text = format!("{what}: {}", self.text);
        self
    }

    /// Adds what to do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Prints the failure and returns its status.
    pub(crate) fn report(&self) -> ExitCode {
        // Nobody is left to be told if the standard error is closed.
        let _ = self.write(io::stderr().lock());
        ExitCode::from(self.status.unwrap_or(FAILED))
    }

    fn write(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "cloudsec: {}", plain(&self.text))?;
        self.advice.iter().try_for_each(|advice| writeln!(out, "  try: {}", plain(advice)))
    }
}

impl From<cloud_core::Error> for Failure {
    fn from(error: cloud_core::Error) -> Self {
        let advice = error.advice().iter().map(ToString::to_string).collect();
        Self { status: None, text: error.to_string(), advice }
    }
}

impl From<cloud_envelope::Error> for Failure {
    fn from(error: cloud_envelope::Error) -> Self {
        let mut text = error.to_string();
        if let Some(source) = error.source() {
            text = format!("{text}: {source}");
        }
        let advice = error.service_error().map(cloud_core::Error::advice).unwrap_or_default();
        Self { status: None, text, advice: advice.iter().map(ToString::to_string).collect() }
    }
}
