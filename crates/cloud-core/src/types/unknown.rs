//! Values of enumerations that this version of the crates does not know.

use std::fmt;

/// The text of an unknown value. Only decoding a response creates one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownText(pub(crate) String);

impl UnknownText {
    /// Returns the text as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of an unknown value. Only decoding a response creates one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownInteger(pub(crate) i64);

impl UnknownInteger {
    /// Returns the number as received.
    #[must_use]
    pub fn as_i64(&self) -> i64 {
        self.0
    }
}

impl fmt::Display for UnknownInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Keeps the text of an unknown value; for decoding.
#[must_use]
pub fn unknown_text(text: &str) -> UnknownText {
    UnknownText(text.to_owned())
}

/// Keeps the number of an unknown value; for decoding.
#[must_use]
pub fn unknown_integer(number: i64) -> UnknownInteger {
    UnknownInteger(number)
}

/// The error of a text that names no value of an enumeration.
#[must_use]
pub fn unknown_value(name: &str, known: &[&str]) -> crate::Error {
    crate::Error::request(format!("not a value of {name}: expected one of `{}`", known.join("`, `")))
}
