//! The names of a secret without its values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// An object reduced to its names. Leaves are null, and so is an object without members.
#[derive(Debug)]
pub(super) enum Subkeys {
    Leaf,
    Object(Vec<(String, Self)>),
}

impl Subkeys {
    /// The same with what is deeper than `depth` as leaves; 0 is no limit.
    pub(super) fn limited(self, depth: u64) -> Self {
        match self {
            Self::Object(members) if depth != 1 => {
                let limit = |(name, inner): (String, Self)| (name, inner.cut(depth));
                Self::Object(members.into_iter().map(limit).collect())
            }
            // The outermost object is always shown.
            Self::Object(members) => Self::Object(members.into_iter().map(|(name, _)| (name, Self::Leaf)).collect()),
            Self::Leaf => Self::Leaf,
        }
    }

    fn cut(self, depth: u64) -> Self {
        match depth {
            0 => self,
            1 => Self::Leaf,
            depth => self.limited(depth - 1),
        }
    }
}

impl Serialize for Subkeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf => serializer.serialize_unit(),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, inner) in members {
                    map.serialize_entry(name, inner)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Subkeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Subkeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_str<E>(self, _: &str) -> Result<Subkeys, E> {
        Ok(Subkeys::Leaf)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Subkeys, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Subkeys::Leaf)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Subkeys, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(if members.is_empty() { Subkeys::Leaf } else { Subkeys::Object(members) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_null_at_every_depth() {
        let text = r#"{"foo":"abc","bar":{"baz":{"qux":[1,{"a":2}]}},"quux":{},"n":1.5,"t":true}"#;
        for (depth, wanted) in [
            (0, r#"{"foo":null,"bar":{"baz":{"qux":null}},"quux":null,"n":null,"t":null}"#),
            (1, r#"{"foo":null,"bar":null,"quux":null,"n":null,"t":null}"#),
            (2, r#"{"foo":null,"bar":{"baz":null},"quux":null,"n":null,"t":null}"#),
            (3, r#"{"foo":null,"bar":{"baz":{"qux":null}},"quux":null,"n":null,"t":null}"#),
        ] {
            let subkeys: Subkeys = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&subkeys.limited(depth)).unwrap(), wanted, "{depth}");
        }
    }
}
