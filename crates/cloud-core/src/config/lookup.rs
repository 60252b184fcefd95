//! The record of where a setting was searched, where it was found, and what that hides.

use std::fmt;

use time::OffsetDateTime;

use super::FileEntry;

/// A source of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A method of the builder.
    Code(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// An entry of a file.
    File(FileEntry),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(name) | Self::Variable(name) => f.write_str(name),
            Self::File(FileEntry { path, key }) => write!(f, "{key} in ~/{path}"),
        }
    }
}

/// What a look-up shows of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// The value itself; for a URL, its scheme and host.
    Text(String),
    /// The length in bytes of a value that is secret or may be.
    Length(usize),
}

/// How one setting was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// The name of the setting.
    pub setting: &'static str,
    /// The source of the value, and what may be shown of it; `None` if the setting has none.
    pub found: Option<(Origin, Shown)>,
    /// The source whose value is not valid, or cannot be read, if that ended the look-up.
    pub invalid: Option<Origin>,
    /// The value that counts if the setting has none.
    pub default: Option<&'static str>,
    /// When the file of the value was last changed, if it came from one.
    pub changed: Option<OffsetDateTime>,
    /// Later sources that have a value as well, which is not used.
    pub hidden: Vec<Origin>,
    /// Sources that were not read.
    pub unread: Vec<Origin>,
}

impl Lookup {
    /// A setting that has no value.
    pub(crate) fn new(setting: &'static str) -> Self {
        Self {
            setting,
            found: None,
            invalid: None,
            default: None,
            changed: None,
            hidden: Vec::new(),
            unread: Vec::new(),
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.setting)?;
        match &self.found {
            None => match (self.invalid, self.default) {
                (Some(origin), _) => write!(f, "invalid in {origin}")?,
                (None, Some(default)) => write!(f, "`{default}` by default")?,
                (None, None) => f.write_str("not set")?,
            },
            Some((origin, Shown::Text(text))) => write!(f, "`{text}` from {origin}")?,
            Some((origin, Shown::Length(bytes))) => write!(f, "{bytes} bytes from {origin}")?,
        }
        for (label, origins) in [("hides", &self.hidden), ("not read:", &self.unread)] {
            for (number, origin) in origins.iter().enumerate() {
                match number {
                    0 => write!(f, "; {label} {origin}")?,
                    _ => write!(f, ", {origin}")?,
                }
            }
        }
        Ok(())
    }
}
