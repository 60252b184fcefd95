//! Takes secrets out of what people get to see: requests, answers and the state.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::check::{Kinds, resolve};
use crate::wire;

/// What stands in place of a secret.
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

/// Keeps of a body what its schema names and does not call sensitive.
pub(crate) fn body(models: &Map<String, Value>, schema: &Value, value: &Value) -> Value {
    let (resolved, _) = resolve(models, schema);
    match value {
        Value::Object(map) => {
            let known = resolved.get("properties").and_then(Value::as_object);
            let shown = map.iter().take(MOST_ENTRIES).map(|(name, value)| {
                let property = known.and_then(|known| known.get(name));
                let value = match property.filter(|property| !is_sensitive(property)) {
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

/// Keeps the shape and nothing of the content.
pub(crate) fn mask(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ => Value::from(MASK),
    }
}

/// Cuts long texts and lists of an answer that holds no secrets, such as a refusal.
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

fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST_TEXT {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST_TEXT).collect();
    format!("{start}… ({count} characters)")
}

/// A request target without appkeys, and without the values of parameters that are not documented.
pub(crate) fn target(path: &str, query: &str, is_known: impl Fn(&str) -> bool) -> String {
    let mut after_appkey = false;
    let segments = path.split('/').map(|segment| {
        let shown = if after_appkey { MASK.to_owned() } else { shorten(segment) };
        after_appkey = segment.eq_ignore_ascii_case("appkey");
        shown
    });
    let path = segments.collect::<Vec<_>>().join("/");
    if query.is_empty() {
        return path;
    }
    let pieces = query.split('&').take(MOST_ENTRIES).map(|piece| {
        let (name, _) = piece.split_once('=').unwrap_or((piece, ""));
        let known = wire::percent_decode(&name.replace('+', " ")).is_some_and(|name| is_known(&name));
        if known { shorten(piece) } else { format!("{}={MASK}", shorten(name)) }
    });
    format!("{path}?{}", pieces.collect::<Vec<_>>().join("&"))
}

/// Keeps of the state what the pages name and nobody calls secret: texts under other names are masked.
pub(crate) fn state(public: &HashSet<String>, value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (state_name(name), field(public, name, value))).collect(),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_number) => Value::from(MASK),
        Value::Array(list) => list.iter().map(|item| state(public, item)).collect(),
        Value::String(_) => Value::from(MASK),
        plain => plain.clone(),
    }
}

fn field(public: &HashSet<String>, name: &str, value: &Value) -> Value {
    let lower = name.to_ascii_lowercase();
    let secretive = SECRETIVE.iter().any(|word| lower.contains(word));
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Object(_) | Value::Array(_) => state(public, value),
        Value::String(_) if secretive || !public.contains(name) => Value::from(MASK),
        _ => value.clone(),
    }
}

/// Names may be tokens themselves, where a store is keyed by them.
fn state_name(name: &str) -> String {
    if name.len() <= 40 {
        return name.to_owned();
    }
    let start: String = name.chars().take(8).collect();
    format!("{start}{MASK}")
}

/// The property names of all models that are nowhere sensitive.
pub(crate) fn public_names<'a>(models: impl Iterator<Item = &'a Map<String, Value>>) -> HashSet<String> {
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
    fn a_body_shows_what_its_schema_names() {
        let schema = json!({ "$ref": "#/components/schemas/Key" });
        let sent = json!({
            "name": "n", "plaintext": "secret", "tags": [{ "size": 3, "label": "l", "other": "secret" }],
            "free": { "a": "secret" }, "undocumented": ["secret"],
        });
        let shown = body(&models(), &schema, &sent);
        let expected = json!({
            "name": "n", "plaintext": MASK, "tags": [{ "size": 3, "label": "l", "other": MASK }],
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
    fn long_bodies_are_cut() {
        let schema = json!({ "type": "array", "items": { "type": "string" } });
        let long: Value = (0..60).map(|_| "x".repeat(300)).collect();
        let shown = body(&Map::new(), &schema, &long);
        let list = shown.as_array().unwrap();
        assert_eq!(list.len(), MOST_ENTRIES + 1);
        assert_eq!(list.last().unwrap(), "… 10 more");
        assert!(list[0].as_str().unwrap().ends_with("… (300 characters)"));
    }

    #[test]
    fn a_target_shows_no_appkey_and_no_undocumented_value() {
        let known = |name: &str| name == "na me";
        assert_eq!(target("/a/appKey/secret/b", "na+me=1&x=secret&y", known), "/a/appKey/***/b?na+me=1&x=***&y=***");
        assert_eq!(target("/v1/kms", "", known), "/v1/kms");
    }

    #[test]
    fn the_state_shows_public_names_only() {
        let names = public_names([&models()].into_iter());
        assert!(names.contains("name") && names.contains("label") && !names.contains("plaintext"));
        let state_of = json!({
            "keys": { "id1": { "name": "n", "material": [1, 2, 3], "inner": "secret", "size": 2 } },
            "tokens": { "0123456789012345678901234567890123456789x": true },
            "token_name": "secret",
        });
        let shown = state(&names, &state_of);
        let expected = json!({
            "keys": { "id1": { "name": "n", "material": MASK, "inner": MASK, "size": 2 } },
            "tokens": { "01234567***": true },
            "token_name": MASK,
        });
        assert_eq!(shown, expected);
    }
}
