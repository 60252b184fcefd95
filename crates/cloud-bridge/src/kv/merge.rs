//! JSON merge patches (RFC 7396) on the text of secrets, without a copy that is not wiped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use cloud_core::{SecretString, secret};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::failure::{Failure, Result};

/// How deep objects of a patch may be.
const DEEPEST: usize = 32;

/// The members of an object in their order, and the place of each name.
#[derive(Default)]
struct Members<'a> {
    all: Vec<(Cow<'a, str>, &'a RawValue)>,
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.places.get(name).and_then(|place| self.all.get(*place)).map(|(_, value)| *value)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    if members.places.insert(name.clone(), members.all.len()).is_some() {
                        return Err(serde::de::Error::custom("a name twice"));
                    }
                    members.all.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Applies a patch to an object. Both are JSON.
pub(super) fn merge(target: &str, patch: &str) -> Result<SecretString> {
    merged(Some(target), patch, DEEPEST)
}

fn merged(target: Option<&str>, patch: &str, depth: usize) -> Result<SecretString> {
    if depth == 0 {
        return Err(Failure::invalid("the patch is too deep"));
    }
    let invalid = |_| Failure::invalid("the patch is not a JSON object, or has a name twice");
    if !patch.trim_start().starts_with('{') {
        return Ok(patch.into());
    }
    let changes: Members<'_> = serde_json::from_str(patch).map_err(invalid)?;
    // What is no object is replaced.
    let before: Members<'_> = target.and_then(|target| serde_json::from_str(target).ok()).unwrap_or_default();
    let mut members: Vec<(Cow<'_, str>, SecretString)> = Vec::new();
    for (name, value) in &before.all {
        match changes.get(name).map(RawValue::get) {
            None => members.push((name.clone(), value.get().into())),
            Some("null") => {}
            Some(change) => members.push((name.clone(), merged(Some(value.get()), change, depth - 1)?)),
        }
    }
    for (name, change) in &changes.all {
        if change.get() != "null" && before.get(name).is_none() {
            members.push((name.clone(), merged(None, change.get(), depth - 1)?));
        }
    }
    Ok(object(&members))
}

/// An object from its members, in a buffer of its own size.
fn object(members: &[(Cow<'_, str>, SecretString)]) -> SecretString {
    // Strings can always be written.
    let names: Vec<String> = members.iter().map(|(name, _)| serde_json::to_string(name).unwrap_or_default()).collect();
    let mut parts = vec!["{"];
    for (index, (name, (_, value))) in names.iter().zip(members).enumerate() {
        parts.extend([if index == 0 { "" } else { "," }, name, ":", value.expose_secret()]);
    }
    parts.push("}");
    secret::join(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_rfc_hold() {
        for (target, patch, wanted) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
            (r#"{"a\"b":1.50}"#, r#"{"é":2e0}"#, r#"{"a\"b":1.50,"é":2e0}"#),
        ] {
            assert_eq!(merge(target, patch).unwrap().expose_secret(), wanted, "{target} {patch}");
        }
    }

    #[test]
    fn patch_that_is_too_deep_or_ambiguous_is_rejected() {
        let deep = format!("{}1{}", "{\"a\":".repeat(DEEPEST), "}".repeat(DEEPEST));
        assert!(merge("{}", &deep).is_err());
        assert!(merge("{}", r#"{"a":1,"a":2}"#).is_err());
    }
}
