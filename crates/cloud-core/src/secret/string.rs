//! Secret text.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde::de::{DeserializeOwned, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::json;
use crate::types::raw;

/// A string that is hidden from `Debug`, has no `Display` and no `Serialize`, and is wiped from memory when dropped.
///
/// ```
/// use cloud_core::SecretString;
///
/// let password = SecretString::from("correct horse");
/// assert_eq!(format!("{password:?}"), "SecretString([redacted])");
/// assert_eq!(password.expose_secret(), "correct horse");
/// ```
#[derive(Clone, Default)]
pub struct SecretString(secrecy::SecretString);

impl SecretString {
    /// Returns the text. Each use of a secret is visible in the code by this name.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads the text as JSON of your own type. All buffers are wiped that this needs; what the type keeps is wiped if
    /// its fields are, so use `SecretString` for passwords. Serde itself keeps copies, which are not wiped, for untagged
    /// and internally tagged enumerations and for flattened fields.
    ///
    /// ```
    /// use cloud_core::SecretString;
    /// use std::collections::BTreeMap;
    ///
    /// let login = SecretString::from(r#"{"user": "app", "password": "a\"b"}"#);
    /// let fields: BTreeMap<String, SecretString> = login.parse_json()?;
    /// assert_eq!(fields["password"].expose_secret(), "a\"b");
    /// # Ok::<(), cloud_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the text is not JSON or does not fit. It names the place, and
    /// shows no value.
    pub fn parse_json<T: DeserializeOwned>(&self) -> crate::Result<T> {
        json::from_secret_json(self.expose_secret())
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString([redacted])")
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        // Shrinking a buffer with spare capacity would leave a copy in freed memory.
        if text.len() == text.capacity() {
            return Self(text.into());
        }
        Self::from(Zeroizing::new(text).as_str())
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for SecretString {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for SecretString {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl<'de> Deserialize<'de> for SecretString {
    /// Reads a string. From JSON it takes the text with its escapes and decodes it in a buffer that is wiped; serde_json
    /// would leave a copy in its scratch space.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(raw::NAME, Read)
    }
}

/// Reads a secret from JSON text, or from the string of another format.
struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = SecretString;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<SecretString, D::Error> {
        deserializer.deserialize_string(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<SecretString, A::Error> {
        // Nothing is copied that a caller does not get.
        let (text, encloses) = match raw::Read.visit_map(members)? {
            Cow::Borrowed(json) => (json::unquoted(json), json.starts_with(['{', '['])),
            Cow::Owned(json) => {
                let json = Zeroizing::new(json);
                (json::unquoted(&json), json.starts_with(['{', '[']))
            }
        };
        let other = if encloses { "an object or array" } else { json::PLAIN_VALUE };
        let text = text.ok_or_else(|| A::Error::invalid_type(Unexpected::Other(other), &self))?;
        Ok(SecretString::from(text.as_str()))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<SecretString, E> {
        Ok(text.into())
    }
    fn visit_string<E: Error>(self, text: String) -> Result<SecretString, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn text_is_read_from_json_and_from_other_deserializers() {
        for text in ["", "plain", "a\"b\\\n", "é😀"] {
            let json = serde_json::to_string(&[text]).unwrap();
            let spaced = format!(" {} ", json.replace('[', "[ ").replace(']', " ]"));
            for json in [&json, &spaced] {
                assert_eq!(serde_json::from_str::<[SecretString; 1]>(json).unwrap()[0].expose_secret(), text);
                assert_eq!(
                    serde_json::from_slice::<[SecretString; 1]>(json.as_bytes()).unwrap()[0].expose_secret(),
                    text
                );
                let read = serde_json::from_reader::<_, [SecretString; 1]>(json.as_bytes());
                assert_eq!(read.unwrap()[0].expose_secret(), text);
            }
            let value = serde_json::to_value(BTreeMap::from([("a", text)])).unwrap();
            let map: BTreeMap<String, SecretString> = serde_json::from_value(value).unwrap();
            assert_eq!(map["a"].expose_secret(), text);
            let plain = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
            assert_eq!(SecretString::deserialize(plain).unwrap().expose_secret(), text);
            let option: Option<SecretString> = serde_json::from_str(&serde_json::to_string(text).unwrap()).unwrap();
            assert_eq!(option.unwrap().expose_secret(), text);
        }
        assert!(serde_json::from_str::<Option<SecretString>>("null").unwrap().is_none());
    }

    #[test]
    fn other_values_are_refused_without_being_quoted() {
        for json in [
            "73",
            "null",
            "true",
            "[\"73\"]",
            r#"{"$serde_json::private::RawValue":"73"}"#,
            r#"{"a":"73"}"#,
            r#""\ud800""#,
        ] {
            let error = serde_json::from_str::<SecretString>(json).unwrap_err();
            assert!(
                error.to_string().contains("expected a string") && !error.to_string().contains("73"),
                "{json}: {error}"
            );
        }
        #[derive(Debug, Deserialize)]
        struct Login {
            #[allow(dead_code, reason = "only read")]
            password: SecretString,
        }
        for second in
            [r#""password":73"#, r#""a":{},"password" : null "#, r#""password":[73],"b":1"#, r#""password":73,"b":{}"#]
        {
            let text = format!(r#"[{{"password":"x"}},{{{second}}},{{}}]"#);
            let error = json::from_json::<Vec<Login>>(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("`[1].password` is not a string"), "{text}: {error}");
        }
        let error = json::from_json::<[SecretString; 2]>(br#"["x",73]"#).unwrap_err();
        assert!(error.to_string().contains("`[1]` is not a string"), "{error}");
    }
}
