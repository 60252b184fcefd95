//! The process environment and home folder: the one place where they are read.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What configuration is read from besides the builder. Tests bring their own.
pub trait ConfigSource: fmt::Debug {
    /// An environment variable; `None` if it is not set. What is not Unicode is kept as a malformed value, so that
    /// its check names it instead of another setting taking its place.
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

impl ConfigSource for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
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
