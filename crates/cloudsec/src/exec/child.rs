//! A program with private files: it is started, gets the signals that this process gets, and its files are removed.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{self, SignalKind};

use super::not_started;
use super::secrets::Value;
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::private::{self, Directory};

/// The signals that the program gets, with whether a terminal sends them to the program, too.
const FORWARDED: [(SignalKind, Signal, bool); 6] = [
    (SignalKind::hangup(), Signal::HUP, false),
    (SignalKind::interrupt(), Signal::INT, true),
    (SignalKind::quit(), Signal::QUIT, true),
    (SignalKind::terminate(), Signal::TERM, false),
    (SignalKind::user_defined1(), Signal::USR1, false),
    (SignalKind::user_defined2(), Signal::USR2, false),
];

/// Runs the program and returns its exit status, or 128 + N after the signal N.
pub(super) async fn run(mut command: Command, files: Vec<Value>, folder: &Path) -> Result<u8> {
    // Before the files exist, so that no signal leaves them behind.
    let mut signals = Signals::listen().map_err(|error| Failure::io("signals", &error))?;
    let failed = |error| Failure::io("private files", &error);
    let directory = Directory::create(folder).map_err(failed)?;
    // The values are wiped as soon as they are written.
    for Value { variable, secret } in files {
        // The name has letters, digits and `_` only.
        let path = directory.path().join(&variable);
        private::create(&path)
            .and_then(|mut file| file.write_all(secret.expose_secret().as_bytes()))
            .map_err(failed)?;
        command.env(variable, path);
    }
    let mut command = tokio::process::Command::from(command);
    let mut child = command.spawn().map_err(|error| not_started(command.as_std(), &error))?;
    // The command holds the environment of the program.
    drop(command);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|error| Failure::io("the program", &error))?,
            signal = signals.next() => {
                if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
                    // It may have ended meanwhile.
                    let _ = kill_process(pid, signal);
                }
            }
        }
    };
    // The status is the program's, whatever becomes of the files. It may have removed them itself.
    match directory.remove() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            output::note(false, &format!("cloudsec: private files were not removed: {error}"));
        }
        _ => {}
    }
    Ok(status_of(status))
}

fn status_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::EXEC_FAILED)
}

/// Returns whether a terminal sends the signals of its keys to this process and the program.
fn is_in_foreground() -> bool {
    let group = File::open("/dev/tty").ok().and_then(|terminal| tcgetpgrp(terminal).ok());
    group == Some(getpgrp())
}

/// The signals of this process that the program gets.
struct Signals(tokio::sync::mpsc::UnboundedReceiver<Signal>);

impl Signals {
    fn listen() -> io::Result<Self> {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        for (kind, signal, from_terminal) in FORWARDED {
            let mut received = unix::signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while received.recv().await.is_some() {
                    // The terminal has sent Ctrl-C and Ctrl-\ to the program already.
                    if !(from_terminal && is_in_foreground()) && sender.send(signal).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self(receiver))
    }

    async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
