//! Settings: one resolver for values given in code, environment variables and files in the home folder.
//!
//! A [`Setting`] names its sources. A [`Resolver`] reads the first source that has a value, checks the value by
//! one rule for all settings, and records where it came from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use time::OffsetDateTime;

mod explanation;
mod lookup;
mod resolver;
mod value;
mod warning;

pub use explanation::Explanation;
pub use lookup::{Lookup, Origin, Shown};
pub use resolver::Resolver;
pub use value::Value;
pub(crate) use warning::Warning;

/// Provides environment variables and files, such as [`ProcessEnv`]. Tests provide their own.
pub trait ConfigSource: fmt::Debug + Send + Sync {
    /// Returns an environment variable, or `None` if it is not set.
    ///
    /// A value that is not valid Unicode is returned with replacement characters: its check then names the variable,
    /// and no other source takes its place.
    fn variable(&self, name: &str) -> Option<String>;

    /// Returns the content of a file below the home folder, or `None` if there is none.
    ///
    /// # Errors
    /// What prevented reading a file that exists.
    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let _ = path;
        Ok(None)
    }

    /// Returns when a file below the home folder was last changed, if that is known.
    fn home_file_changed(&self, path: &str) -> Option<OffsetDateTime> {
        let _ = path;
        None
    }
}

impl<T: ConfigSource + ?Sized> ConfigSource for Arc<T> {
    fn variable(&self, name: &str) -> Option<String> {
        T::variable(self, name)
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        T::home_file(self, path)
    }

    fn home_file_changed(&self, path: &str) -> Option<OffsetDateTime> {
        T::home_file_changed(self, path)
    }
}

/// The environment of this process, and the home folder that `HOME` or `USERPROFILE` names.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnv;

#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
impl ConfigSource for ProcessEnv {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(home) = home(["HOME", "USERPROFILE"].map(std::env::var_os)) else { return Ok(None) };
        match std::fs::read(home.join(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn home_file_changed(&self, path: &str) -> Option<OffsetDateTime> {
        let home = home(["HOME", "USERPROFILE"].map(std::env::var_os))?;
        let changed = std::fs::metadata(home.join(path)).and_then(|found| found.modified());
        changed.ok().map(OffsetDateTime::from)
    }
}

/// The first absolute path: an empty or relative one would mean the current directory, where anyone may put keys.
fn home(variables: [Option<std::ffi::OsString>; 2]) -> Option<PathBuf> {
    variables.into_iter().flatten().map(PathBuf::from).find(|path| Path::is_absolute(path))
}

/// A setting and its sources: a builder method, then environment variables, then entries of files.
///
/// ```
/// use cloud_core::config::{FileEntry, Setting};
///
/// static REGION: Setting = Setting::new("region", "Builder::region")
///     .variables(&["EXAMPLE_REGION"])
///     .files(&[FileEntry::new(".example/config.json", "region")]);
/// assert_eq!(REGION.name(), "region");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    name: &'static str,
    method: &'static str,
    variables: &'static [&'static str],
    files: &'static [FileEntry],
    kind: Kind,
}

/// An entry of a JSON file below the home folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FileEntry {
    /// The path below the home folder, such as `.example/config.json`.
    pub path: &'static str,
    /// The member of the file's JSON object.
    pub key: &'static str,
}

impl FileEntry {
    /// Creates the entry `key` of the file at `path` below the home folder.
    #[must_use]
    pub const fn new(path: &'static str, key: &'static str) -> Self {
        Self { path, key }
    }
}

/// What may be said of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A short name, which errors may quote.
    Name,
    /// A URL, whose host errors may quote. An empty variable is refused instead of skipped.
    Endpoint,
    /// Never quoted.
    Secret,
}

impl Setting {
    /// Creates a setting that this builder method sets. Its value is a short name, such as a region.
    #[must_use]
    pub const fn new(name: &'static str, method: &'static str) -> Self {
        Self { name, method, variables: &[], files: &[], kind: Kind::Name }
    }

    /// Sets the environment variables, first to last.
    #[must_use]
    pub const fn variables(mut self, names: &'static [&'static str]) -> Self {
        self.variables = names;
        self
    }

    /// Sets the entries of files, first to last. They come after the variables.
    #[must_use]
    pub const fn files(mut self, entries: &'static [FileEntry]) -> Self {
        self.files = entries;
        self
    }

    /// Marks the value as a secret: errors, warnings and look-ups never quote it.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.kind = Kind::Secret;
        self
    }

    /// Marks the value as a base URL. An empty variable is then an error: without it, keys would go to another host.
    #[must_use]
    pub const fn endpoint(mut self) -> Self {
        self.kind = Kind::Endpoint;
        self
    }

    /// Returns the name, as errors spell it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the sources in their order, without the builder method.
    fn origins(&self, with_files: bool) -> impl Iterator<Item = Origin> + use<> {
        let files = if with_files { self.files } else { &[] };
        self.variables.iter().map(|name| Origin::Variable(name)).chain(files.iter().map(|entry| Origin::File(*entry)))
    }
}

#[cfg(test)]
mod tests;
