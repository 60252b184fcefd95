//! A JSON object whose values are secret.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::secret::SecretString;

/// A JSON object as text: the value of a secret, usually pairs of a name and a string.
///
/// It is built from pairs or from your own type, so that quotes and backslashes in a password are escaped. The text
/// is kept as it is; `Debug` does not show it.
///
/// ```
/// use cloud_core::SecretJson;
///
/// let value = SecretJson::from_pairs([("username", "app"), ("password", "a\"b")])?;
/// assert_eq!(value.get("password").unwrap().expose_secret(), "a\"b");
/// assert!(value.get("token").is_none());
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SecretJson(SecretString);

impl SecretJson {
    /// Creates an object from names and values.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if a name comes twice.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: Into<String>,
        V: Into<SecretString>,
    {
        let pairs = Pairs(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        let mut names = HashSet::new();
        if !pairs.0.iter().all(|(name, _)| names.insert(name)) {
            // The name is not shown: a caller may have swapped names and values.
            return Err(Error::request("a secret has two values for one name"));
        }
        Self::from_serialize(&pairs)
    }

    /// Creates an object from a type that serializes to one.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if it cannot be written as JSON, or not as an object.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let bytes = crate::codegen::json(value)?;
        std::str::from_utf8(&bytes).unwrap_or_default().parse()
    }

    /// Returns the value under the name if it is a string.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<SecretString> {
        crate::json::from_secret_json(self.members()?.get(name)?.get()).ok()
    }

    /// Returns the names, in alphabetical order. They are not secret.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.members().into_iter().flatten().map(|(name, _)| name.into_owned()).collect();
        names.sort_unstable();
        names
    }

    fn members(&self) -> Option<HashMap<Cow<'_, str>, &RawValue>> {
        serde_json::from_str(self.0.expose_secret()).ok()
    }

    /// Reads the object as your own type, as [`SecretString::parse_json`] does.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) names the place that does not fit, and shows no value.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        self.0.parse_json()
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for SecretJson {
    type Err = Error;

    /// Takes JSON text as it is.
    fn from_str(text: &str) -> Result<Self> {
        if serde_json::from_str::<Object>(text).is_err() {
            return Err(Error::request("the value of a secret must be a JSON object, such as `{\"password\": \"…\"}`"));
        }
        Ok(Self(text.into()))
    }
}

/// Any object; its members are skipped.
#[derive(Deserialize)]
struct Object {}

/// Names and values in their order.
struct Pairs(Vec<(String, SecretString)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value.expose_secret())?;
        }
        map.end()
    }
}

/// The number of members, if the text is an object.
pub(crate) fn members(text: &str) -> Option<usize> {
    let members: HashMap<Cow<'_, str>, serde::de::IgnoredAny> = serde_json::from_str(text).ok()?;
    Some(members.len())
}
