//! Masks secrets in the log and in the state.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::http::percent_decode;
use crate::spec::schema::{Kinds, resolve};

/// The value that replaces a secret.
pub(crate) const MASK: &str = "***";

/// Longer texts are cut here, lists and objects after so many entries.
const LONGEST_TEXT: usize = 200;
const MOST_ENTRIES: usize = 50;

/// Words in a name under which the state may hold a secret, whatever the pages say of that name.
const SECRETIVE: [&str; 13] = [
    "secret",
    "private",
    "token",
    "password",
    "plaintext",
    "material",
    "value",
    "pem",
    "pkcs",
    "hash",
    "seed",
    "credential",
    "der",
];

/// Names of what callers prove themselves with, although the pages show it.
const CREDENTIALS: [&str; 2] = ["access_key", "vault_token_id"];

/// A segment of a path that no operation has may be a credential in the wrong place from this length on.
const LONG_SEGMENT: usize = 12;

/// The names under which the state shows its strings.
pub(crate) type PublicNames = HashSet<String>;

/// Keeps of a body what its schema names and does not call sensitive.
pub(crate) fn body(models: &Map<String, Value>, schema: &Value, value: &Value) -> Value {
    let (resolved, _) = resolve(models, schema);
    match value {
        Value::Object(map) => {
            let known = resolved.get("properties").and_then(Value::as_object);
            let shown = map.iter().take(MOST_ENTRIES).map(|(name, value)| {
                let property = known.and_then(|known| known.get(name));
                let plain = |property: &&Value| !is_sensitive(property) && !CREDENTIALS.contains(&&**name);
                let value = match property.filter(plain) {
                    Some(property) => body(models, property, value),
                    None => mask(value),
                };
                (shorten(name), value)
            });
            Value::Object(shown.collect())
        }
        Value::Array(list) => {
            let items = resolved.get("items").unwrap_or(&Value::Null);
            cut(list.len(), list.iter().map(|item| body(models, items, item)))
        }
        Value::String(text) if is_scalar(resolved) => Value::String(shorten(text)),
        Value::String(_) => Value::from(MASK),
        plain => plain.clone(),
    }
}

fn is_scalar(schema: &Value) -> bool {
    let kinds = Kinds::of(schema);
    ["string", "integer", "number", "boolean"].iter().any(|kind| kinds.allows(kind))
}

fn is_sensitive(property: &Value) -> bool {
    property.pointer("/x-sdk/sensitive").and_then(Value::as_bool).unwrap_or(false)
}

/// Keeps the shape and masks every value.
pub(crate) fn mask(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ => Value::from(MASK),
    }
}

/// Cuts long texts and lists of a response that holds no secrets, such as a refusal.
pub(crate) fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let shown = map.iter().take(MOST_ENTRIES).map(|(name, value)| (shorten(name), plain(value)));
            Value::Object(shown.collect())
        }
        Value::Array(list) => cut(list.len(), list.iter().map(plain)),
        Value::String(text) => Value::String(shorten(text)),
        scalar => scalar.clone(),
    }
}

fn cut(length: usize, items: impl Iterator<Item = Value>) -> Value {
    let mut shown: Vec<_> = items.take(MOST_ENTRIES).collect();
    if length > MOST_ENTRIES {
        shown.push(Value::from(format!("… {} more", length - MOST_ENTRIES)));
    }
    Value::Array(shown)
}

pub(crate) fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST_TEXT {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST_TEXT).collect();
    format!("{start}… ({count} characters)")
}

/// A request target without appkeys, and without the values of parameters that are not documented. Where a path leads to
/// no operation, long segments that no operation has are left out too.
pub(crate) fn target(
    path: &str,
    query: &str,
    is_known: impl Fn(&str) -> bool,
    is_segment: impl Fn(&str) -> bool,
) -> String {
    let mut after_appkey = false;
    let segments = path.split('/').map(|segment| {
        let hidden = after_appkey || (segment.len() >= LONG_SEGMENT && !is_segment(segment));
        let shown = if hidden && !segment.is_empty() { MASK.to_owned() } else { shorten(segment) };
        let names_appkey = || percent_decode(segment).is_some_and(|name| name.eq_ignore_ascii_case("appkey"));
        after_appkey = (after_appkey && segment.is_empty()) || names_appkey();
        shown
    });
    let path = segments.take(MOST_ENTRIES).collect::<Vec<_>>().join("/");
    if query.is_empty() {
        return path;
    }
    let pieces = query.split('&').take(MOST_ENTRIES).map(|piece| {
        let (name, _) = piece.split_once('=').unwrap_or((piece, ""));
        let known = percent_decode(&name.replace('+', " ")).is_some_and(|name| is_known(&name));
        if known { shorten(piece) } else { format!("{}={MASK}", shorten(name)) }
    });
    format!("{path}?{}", pieces.collect::<Vec<_>>().join("&"))
}

/// Keeps the values whose names the pages document as not sensitive; strings under other names are masked.
pub(crate) fn state(public: &HashSet<String>, value: &Value) -> Value {
    match value {
        Value::Object(map) => entries(public, map, false),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_number) => Value::from(MASK),
        Value::Array(list) => list.iter().map(|item| state(public, item)).collect(),
        Value::String(_) => Value::from(MASK),
        plain => plain.clone(),
    }
}

fn entries(public: &HashSet<String>, map: &Map<String, Value>, are_credentials: bool) -> Value {
    let shown = map.iter().map(|(name, value)| {
        let name_shown = state_name(name, are_credentials || holds_secret(value));
        (name_shown, field(public, name, value))
    });
    Value::Object(shown.collect())
}

fn field(public: &HashSet<String>, name: &str, value: &Value) -> Value {
    let lower = name.to_ascii_lowercase();
    let secretive = SECRETIVE.iter().any(|word| lower.contains(word));
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        // A token's id is the other half of a credential.
        Value::Object(map) if lower.contains("token") && map.values().all(Value::is_string) => {
            entries(public, map, true)
        }
        Value::Object(_) | Value::Array(_) => state(public, value),
        Value::String(_) if secretive || !public.contains(name) => Value::from(MASK),
        _ => value.clone(),
    }
}

/// Whether an entry is the secret of the credential under whose name it is kept.
fn holds_secret(value: &Value) -> bool {
    value.get("secret").is_some_and(Value::is_string)
}

/// Names may be tokens themselves, where a store is keyed by them.
fn state_name(name: &str, is_credential: bool) -> String {
    if name.len() <= 40 && !is_credential {
        return name.to_owned();
    }
    let start: String = name.chars().take(8).collect();
    format!("{start}{MASK}")
}

/// The property names of all models that are nowhere sensitive.
pub(crate) fn public_names<'a>(models: impl Iterator<Item = &'a Map<String, Value>>) -> PublicNames {
    let (mut public, mut sensitive) = (HashSet::new(), HashSet::new());
    for model in models.flat_map(Map::values) {
        for (name, property) in model.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if is_sensitive(property) { &mut sensitive } else { &mut public }.insert(name.clone());
        }
    }
    public.retain(|name| !sensitive.contains(name));
    public
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn models() -> Map<String, Value> {
        let models = json!({
            "Key": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "plaintext": { "type": "string", "x-sdk": { "sensitive": true } },
                    "tags": { "type": "array", "items": { "$ref": "#/components/schemas/Tag" } },
                    "free": { "type": "object" },
                },
            },
            "Tag": { "type": "object", "properties": { "size": { "type": "integer" }, "label": { "type": "string" } } },
        });
        models.as_object().cloned().unwrap()
    }

    #[test]
    fn body_shows_the_fields_of_its_schema() {
        let schema = json!({ "$ref": "#/components/schemas/Key" });
        let sent = json!({
            "name": "n", "plaintext": "secret", "access_key": "half of it", "tags": [{ "size": 3, "label": "l", "other": "secret" }],
            "free": { "a": "secret" }, "undocumented": ["secret"],
        });
        let shown = body(&models(), &schema, &sent);
        let expected = json!({
            "name": "n", "plaintext": MASK, "access_key": MASK, "tags": [{ "size": 3, "label": "l", "other": MASK }],
            "free": { "a": MASK }, "undocumented": MASK,
        });
        assert_eq!(shown, expected);
        // What is not of the documented kind could be anything.
        for odd in [json!({ "name": { "x": "secret" } }), json!(["secret"]), json!({ "tags": ["secret"] })] {
            let shown = body(&models(), &schema, &odd).to_string();
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn long_bodies_are_truncated() {
        let schema = json!({ "type": "array", "items": { "type": "string" } });
        let long: Value = (0..60).map(|_| "x".repeat(300)).collect();
        let shown = body(&Map::new(), &schema, &long);
        let list = shown.as_array().unwrap();
        assert_eq!(list.len(), MOST_ENTRIES + 1);
        assert_eq!(list.last().unwrap(), "… 10 more");
        assert!(list[0].as_str().unwrap().ends_with("… (300 characters)"));
    }

    #[test]
    fn target_shows_no_appkey_and_no_undocumented_value() {
        let known = |name: &str| name == "na me";
        let all = |_: &str| true;
        let query = "na+me=1&x=secret&y";
        assert_eq!(target("/a/appKey/secret/b", query, known, all), "/a/appKey/***/b?na+me=1&x=***&y=***");
        assert_eq!(target("/v1/kms", "", known, all), "/v1/kms");
        for (path, shown) in [
            ("/a/app%4Bey/secret/b", "/a/app%4Bey/***/b"),
            ("/a/APPKEY//secret/b", "/a/APPKEY//***/b"),
            ("/a/inspection_results/b", "/a/inspection_results/b"),
            ("/a/sandboxKeyManagerKey/b", "/a/***/b"),
        ] {
            assert_eq!(target(path, "", known, |segment| segment == "inspection_results"), shown);
        }
        assert_eq!(target(&"/a".repeat(1000), "", known, all).len(), 2 * MOST_ENTRIES - 2);
    }

    #[test]
    fn state_shows_public_names_only() {
        let names = public_names([&models()].into_iter());
        assert!(names.contains("name") && names.contains("label") && !names.contains("plaintext"));
        let state_of = json!({
            "keys": { "id1": { "name": "n", "material": [1, 2, 3], "inner": "secret", "size": 2 } },
            "ends": { "0123456789012345678901234567890123456789x": true },
            "tokens": { "5a4db0c5-1111": "secret" },
            "access": { "5a4db0c51e2f": { "secret": "secret" } },
            "token_name": "secret",
        });
        let shown = state(&names, &state_of);
        let expected = json!({
            "keys": { "id1": { "name": "n", "material": MASK, "inner": MASK, "size": 2 } },
            "ends": { "01234567***": true },
            "tokens": { "5a4db0c5***": MASK },
            "access": { "5a4db0c5***": { "secret": MASK } },
            "token_name": MASK,
        });
        assert_eq!(shown, expected);
    }
}
