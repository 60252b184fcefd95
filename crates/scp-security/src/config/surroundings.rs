//! The process environment and home folder: the one place where they are read.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What configuration is read from besides the builder. Tests bring their own.
pub trait Surroundings: fmt::Debug {
    /// An environment variable; `None` if it is not set or not text.
    fn variable(&self, name: &str) -> Option<String>;

    /// A file below the home folder; `None` if there is none.
    ///
    /// # Errors
    /// What prevented reading a file that exists.
    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
}

/// The surroundings of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(home) = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")) else { return Ok(None) };
        match std::fs::read(PathBuf::from(home).join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
