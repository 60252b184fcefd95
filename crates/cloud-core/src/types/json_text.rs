//! A JSON document in a string, which is not secret.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::Json;
use crate::error::{Error, Result};

/// A JSON document as text, exactly as received.
///
/// Decoding a response never fails because of the text; it is parsed on request. A request is checked before it is
/// sent: the text must be JSON. `Debug` shows the shape alone.
///
/// ```
/// use cloud_core::JsonText;
///
/// let data = JsonText::from(r#"{"port": 22, "open": true}"#);
/// assert_eq!(data.parse()?.get("port").and_then(|port| port.as_i64()), Some(22));
/// assert_eq!(data.as_str(), r#"{"port": 22, "open": true}"#);
/// assert!(JsonText::from("port 22").parse().is_err());
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(String);

impl JsonText {
    /// Creates the text from a type that serializes to JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if it cannot be written as JSON.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        // Serde's message could quote a value.
        serde_json::to_string(value).map(Self).map_err(|_| Error::request("the value cannot be written as JSON"))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is not JSON.
    pub fn parse(&self) -> Result<Json> {
        Json::parse(&self.0)
    }

    /// Parses the text as your own type.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) names the place that does not fit, and shows no value.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        crate::json::from_json(self.0.as_bytes())
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Ok(json) => f.debug_tuple("JsonText").field(&json).finish(),
            Err(_) => f.write_str("JsonText([redacted: not JSON])"),
        }
    }
}

impl From<&str> for JsonText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for JsonText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Json> for JsonText {
    fn from(json: &Json) -> Self {
        Self(json.to_text())
    }
}

impl FromStr for JsonText {
    type Err = Error;

    /// Takes JSON text as it is.
    fn from_str(text: &str) -> Result<Self> {
        if is_json(text) { Ok(Self(text.to_owned())) } else { Err(Error::request("the text is not JSON")) }
    }
}

/// Whether the text is one JSON document.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_and_parsed_on_request() {
        for text in ["{\"b\": 1,  \"a\": [null]}", "3", "\"S3CRET\"", "", "{\"a\": ", "S3CRET"] {
            let wire = serde_json::to_string(text).unwrap();
            let read: JsonText = serde_json::from_str(&wire).unwrap();
            assert_eq!(read.as_str(), text);
            assert_eq!(serde_json::to_string(&read).unwrap(), wire);
            assert_eq!(read.parse().is_ok(), is_json(text), "{text}");
            assert_eq!(text.parse::<JsonText>().is_ok(), is_json(text), "{text}");
            let shown = format!("{read:?} {:?} {:?}", read.parse(), read.decode::<Vec<u8>>());
            assert!(!shown.contains("S3CRET"), "{shown}");
        }
        assert!(serde_json::from_str::<JsonText>("{}").is_err());
    }

    #[test]
    fn value_becomes_text_and_back() {
        let text = JsonText::from_serialize(&[1, 2]).unwrap();
        assert_eq!(text.as_str(), "[1,2]");
        assert_eq!(text.decode::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(JsonText::from(&text.parse().unwrap()), text);
        let odd = std::collections::BTreeMap::from([([1_u8, 2], "S3CRET")]);
        let error = JsonText::from_serialize(&odd).unwrap_err();
        assert_eq!(error.to_string(), "the value cannot be written as JSON");
    }
}
