//! A value of a response whose format the vendor documents, and may not keep to.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserializer, Serialize, Serializer, ser};
use serde_json::value::RawValue;

use super::format::TextFormat;
use super::raw;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretString;

/// A value of a response in a documented format, or what the service sent instead.
///
/// A value in another format does not fail the response: it is kept as received, and only reading it is an error.
/// `Debug` does not show it.
///
/// ```
/// use cloud_core::Lenient;
///
/// let flag = Lenient::from(true);
/// assert!(*flag.value()?);
/// assert!(flag.raw().is_none(), "it is in the documented format");
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Lenient<T>(State<T>);

#[derive(Clone)]
enum State<T> {
    Read(T),
    /// Other JSON, as text, and the format that it should have.
    Other(SecretString, &'static str),
}

impl<T> Lenient<T> {
    /// Returns the value.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the service sent another format; [`raw`](Self::raw) returns what it sent.
    pub fn value(&self) -> Result<&T> {
        self.named("the value")
    }

    /// Returns the value, without the reason if there is none.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            State::Read(value) => Some(value),
            State::Other(..) => None,
        }
    }

    /// Returns what the service sent, as JSON text, if it is not in the documented format.
    #[must_use]
    pub fn raw(&self) -> Option<&str> {
        match &self.0 {
            State::Read(_) => None,
            State::Other(json, _) => Some(json.expose_secret()),
        }
    }

    /// Returns the value, with an error that begins with this name.
    pub(crate) fn named(&self, name: impl fmt::Display) -> Result<&T> {
        match &self.0 {
            State::Read(value) => Ok(value),
            State::Other(_, format) => Err(Error::new(ErrorKind::Decode, format!("{name} is not {format}"))),
        }
    }

    pub(super) fn write<F: TextFormat<T>, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            State::Read(value) if F::BARE => raw(&F::write(value), serializer),
            State::Read(value) => serializer.serialize_str(&F::write(value)),
            State::Other(json, _) => raw(json.expose_secret(), serializer),
        }
    }

    pub(super) fn read<'de, F: TextFormat<T>, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_newtype_struct(raw::NAME, raw::Read)? {
            // Nothing is copied that a caller does not get: the text may be a secret.
            Cow::Borrowed(json) => match raw::plain(json).and_then(F::read) {
                Some(value) => Ok(Self(State::Read(value))),
                None => Ok(Self::from_json::<F>(json.to_owned())),
            },
            Cow::Owned(json) => Ok(Self::from_json::<F>(json)),
        }
    }

    fn from_json<F: TextFormat<T>>(json: String) -> Self {
        // The text goes into a buffer that is wiped, whatever it is.
        let json = SecretString::from(json);
        // A string with half a surrogate is JSON, and no text.
        let text = crate::json::unquoted(json.expose_secret());
        let bare = || if F::BARE { F::read(json.expose_secret()) } else { None };
        let value = text.map_or_else(bare, |text| F::read(&text));
        Self(value.map_or_else(|| State::Other(json, F::NAME), State::Read))
    }
}

/// Writes JSON text as it is.
fn raw<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(json).map_err(ser::Error::custom)?;
    raw.serialize(serializer)
}

impl<T> From<T> for Lenient<T> {
    fn from(value: T) -> Self {
        Self(State::Read(value))
    }
}

impl<T: PartialEq> PartialEq for Lenient<T> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (State::Read(one), State::Read(other)) => one == other,
            (State::Other(..), State::Other(..)) => self.raw() == other.raw(),
            _ => false,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Lenient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Read(value) => value.fmt(f),
            State::Other(_, format) => write!(f, "[redacted: not {format}]"),
        }
    }
}

/// Reads a field of a response in the documented format. The error names the field.
///
/// # Errors
/// [`ErrorKind::Decode`] if the service sent another format.
pub fn field<'a, T>(name: &'static str, value: &'a Lenient<T>) -> Result<&'a T> {
    value.named(format_args!("`{name}`"))
}

/// Like [`field`], for a field that can be missing.
///
/// # Errors
/// [`ErrorKind::Decode`] if the service sent another format.
pub fn optional_field<'a, T>(name: &'static str, value: &'a Option<Lenient<T>>) -> Result<Option<&'a T>> {
    value.as_ref().map(|value| field(name, value)).transpose()
}
