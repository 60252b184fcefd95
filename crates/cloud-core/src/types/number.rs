//! Numbers that serde_json presents as an object, which it does if any crate enables `arbitrary_precision`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor};

/// The name of the only member; serde_json and other formats rely on it too.
const NAME: &str = "$serde_json::private::Number";

/// Passes the number to the visitor as serde_json does by default; any other object is an error.
///
/// Only numbers that are no 64-bit integer come this way.
#[cold]
pub(super) fn visit<'de, V: Visitor<'de>, A: MapAccess<'de>>(visitor: V, mut members: A) -> Result<V::Value, A::Error> {
    if members.next_key_seed(Name)? != Some(true) {
        return Err(A::Error::invalid_type(Unexpected::Map, &visitor));
    }
    match members.next_value::<String>()?.parse::<f64>() {
        Ok(number) if number.is_finite() => visitor.visit_f64(number),
        _ => Err(A::Error::invalid_value(Unexpected::Other("number"), &visitor)),
    }
}

/// Whether the key is [`NAME`].
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == NAME)
    }
}
