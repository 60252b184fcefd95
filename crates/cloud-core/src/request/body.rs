//! Request bodies: JSON in a buffer that is wiped when dropped.

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::secret::{SecretString, ZeroizingBuf};
use crate::validate::Validator;

/// A request body: it knows its JSON and its documented limits.
pub trait Body {
    /// The body as JSON. The only place where a type that holds a secret is written out.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if a value cannot be written as JSON.
    fn encode(&self) -> Result<Bytes>;

    /// Returns the names of the members that hold a secret, at any depth. A service's error text that repeats part of
    /// one is not shown.
    fn secret_fields(&self) -> &'static [&'static str] {
        &[]
    }

    /// Reports every value that breaks a documented rule.
    fn validate(&self, validator: &mut Validator) {
        let _ = validator;
    }
}

/// A value as JSON, in a buffer that is wiped from memory when it is dropped.
///
/// # Errors
/// [`ErrorKind::Request`](crate::ErrorKind::Request) if the value cannot be written as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Bytes> {
    let mut bytes = ZeroizingBuf::default();
    serde_json::to_writer(&mut bytes, value).map_err(|_| Error::request("the body cannot be written as json"))?;
    Ok(bytes.freeze())
}

/// A secret on its way into a request body; the request path is the only user.
#[derive(Debug)]
pub struct Exposed<'a>(pub &'a SecretString);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// An optional secret on its way into a request body.
#[derive(Debug)]
pub struct ExposedOption<'a>(pub &'a Option<SecretString>);

impl Serialize for ExposedOption<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Exposed).serialize(serializer)
    }
}
