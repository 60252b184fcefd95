//! What the routes of KV version 2 respond with.

use std::collections::BTreeMap;

use cloud_core::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::secrets::{Description, Version};

/// A time that a cloud does not say: Go's zero, which Vault's clients read.
const UNKNOWN: &str = "0001-01-01T00:00:00Z";

/// A time as Vault writes it.
pub(super) fn written(time: Option<OffsetDateTime>) -> String {
    let text = time.and_then(|time| time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc3339).ok());
    text.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Labels that were stored as the description of a secret.
pub(super) type Labels = BTreeMap<String, String>;

/// A version in the response of a read or a write.
#[derive(Debug, Serialize)]
pub(super) struct About {
    created_time: String,
    custom_metadata: Option<Labels>,
    deletion_time: String,
    destroyed: bool,
    version: u64,
}

impl About {
    pub(super) fn new(version: &Version) -> Self {
        Self {
            created_time: written(version.created),
            custom_metadata: None,
            deletion_time: String::new(),
            destroyed: false,
            version: version.number,
        }
    }

    pub(super) fn deleted(description: &Description) -> Self {
        let deletion_time = written(description.deletion);
        Self { deletion_time, ..Self::new(&description.current()) }
    }
}

/// The response of a read.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    pub(super) data: Option<&'a RawValue>,
    pub(super) metadata: About,
}

/// The response of the metadata of a secret.
#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    cas_required: bool,
    created_time: String,
    current_version: u64,
    custom_metadata: Option<Labels>,
    delete_version_after: &'static str,
    max_versions: u64,
    oldest_version: u64,
    updated_time: String,
    versions: BTreeMap<u64, Made>,
}

#[derive(Debug, Serialize)]
struct Made {
    created_time: String,
    deletion_time: String,
    destroyed: bool,
}

impl Metadata {
    pub(super) fn new(description: &Description) -> Self {
        let deletion_time = description.deletion.map_or_else(String::new, |time| written(Some(time)));
        let made = |version: &Version| {
            let created_time = written(version.created);
            (version.number, Made { created_time, deletion_time: deletion_time.clone(), destroyed: false })
        };
        Self {
            cas_required: false,
            created_time: written(description.created),
            current_version: description.current,
            custom_metadata: description.text.as_deref().and_then(labels),
            delete_version_after: "0s",
            max_versions: 0,
            oldest_version: description.versions.first().map_or(0, |version| version.number),
            updated_time: written(description.updated),
            versions: description.versions.iter().map(made).collect(),
        }
    }
}

/// The labels that a description holds, if it was written by this bridge.
fn labels(description: &str) -> Option<Labels> {
    serde_json::from_str(description).ok()
}

/// The JSON object of a secret. Text that is no object becomes the member `value`.
pub(super) fn object(value: &str) -> Result<std::borrow::Cow<'_, RawValue>, serde_json::Error> {
    match raw_object(value) {
        Some(raw) => Ok(std::borrow::Cow::Borrowed(raw)),
        None => {
            #[derive(Serialize)]
            struct Plain<'a> {
                value: &'a str,
            }
            serde_json::value::to_raw_value(&Plain { value }).map(std::borrow::Cow::Owned)
        }
    }
}

/// The text as raw JSON, if it is an object.
pub(super) fn raw_object(text: &str) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// The text to store for an object: that of the only member `value`, if reading it makes the same object again.
pub(super) fn stored(object: &str, plain_text: bool) -> SecretString {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Plain {
        value: SecretString,
    }
    let whole = SecretString::from(object);
    match whole.parse_json::<Plain>() {
        Ok(Plain { value }) if plain_text && raw_object(value.expose_secret()).is_none() => value,
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_that_is_no_object_is_a_member_and_is_stored_as_it_was() {
        for (text, shown) in [
            ("plain", r#"{"value":"plain"}"#),
            ("", r#"{"value":""}"#),
            ("[1,2]", r#"{"value":"[1,2]"}"#),
            ("\"quoted\"", r#"{"value":"\"quoted\""}"#),
            ("{\"broken\":", r#"{"value":"{\"broken\":"}"#),
            (r#"{"a":1.50,"b":{}}"#, r#"{"a":1.50,"b":{}}"#),
        ] {
            let object = object(text).unwrap();
            assert_eq!(object.get(), shown);
            assert_eq!(stored(object.get(), true).expose_secret(), text);
        }
        for text in [r#"{"value":"{\"a\":1}"}"#, r#"{"value":1}"#, r#"{"value":"a","b":"c"}"#] {
            assert_eq!(stored(text, true).expose_secret(), text);
        }
        assert_eq!(stored(r#"{"value":"a"}"#, false).expose_secret(), r#"{"value":"a"}"#);
    }

    #[test]
    fn unknown_time_is_one_that_clients_can_read() {
        assert_eq!(written(None), UNKNOWN);
        assert_eq!(written(Some(time::macros::datetime!(2026-01-02 9:00 +9))), "2026-01-02T00:00:00Z");
    }
}
