//! Any JSON value, for the few fields whose shape the vendors leave open.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A JSON value of a shape that the vendor does not document.
///
/// ```
/// use cloud_core::Json;
///
/// let link: Json = r#"{"href": "https://example.com/v1/keys?marker=7", "rel": "next"}"#.parse()?;
/// assert_eq!(link.get_str("rel"), Some("next"));
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(serde_json::Value);

impl Json {
    /// Reads JSON text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is not JSON.
    pub fn parse(text: &str) -> Result<Self> {
        crate::json::from_json(text.as_bytes())
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        self.0.get(name).cloned().map(Self)
    }

    /// The text of a member of an object, if both are there.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The elements of an array, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<Vec<Self>> {
        self.0.as_array().map(|elements| elements.iter().cloned().map(Self).collect())
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// The integer, if this is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The value as JSON text.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// The value as a type of the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the shape differs.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        crate::json::from_json(self.to_text().as_bytes())
    }
}

impl FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Debug for Json {
    /// Shows the shape only: the value of an open field is unknown, so it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            serde_json::Value::Null => f.write_str("null"),
            serde_json::Value::Bool(_) => f.write_str("boolean"),
            serde_json::Value::Number(_) => f.write_str("number"),
            serde_json::Value::String(_) => f.write_str("text"),
            serde_json::Value::Array(values) => write!(f, "list of {}", values.len()),
            serde_json::Value::Object(members) => {
                f.write_str("object with ")?;
                f.debug_list().entries(members.keys()).finish()
            }
        }
    }
}
