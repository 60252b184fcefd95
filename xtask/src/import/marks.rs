//! The keys of a fixture that the subset does not have: assumptions, realms, styles of parameters, effects.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::openapi::{Document, ReadError, escape_pointer};

/// Keys beside those of the subset, at any place of a document.
const PLAIN: [&str; 3] = ["x-assumed", "x-realm", "x-style"];

/// What an operation does to what the service keeps: `read`, `mutate` or `destroy`, inside `x-sdk`.
const EFFECT: &str = "effect";

/// Marks by JSON pointer to the object and name of the key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks(BTreeMap<(String, String), Value>);

/// A document with the marks that stand in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marked {
    /// The document in the subset.
    pub document: Document,
    /// The keys beside it.
    pub marks: Marks,
}

impl Marked {
    /// Reads a fixture.
    ///
    /// # Errors
    /// Text that is not JSON, or a keyword outside the subset that is no mark either.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let mut value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            // The document's own parser names the place.
            Err(_) => return Document::parse(text).map(|document| Self { document, marks: Marks::default() }),
        };
        let mut marks = Marks::default();
        marks.take(&mut value, "", false);
        match marks.0.is_empty() {
            true => Ok(Self { document: Document::parse(text)?, marks }),
            false => Ok(Self { document: Document::parse(&value.to_string())?, marks }),
        }
    }

    /// The fixture as committed.
    ///
    /// # Errors
    /// A document that cannot be JSON, which does not happen.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut value = serde_json::to_value(&self.document)?;
        self.marks.put(&mut value);
        let mut text = serde_json::to_string_pretty(&value)?;
        text.push('\n');
        Ok(text)
    }
}

impl Marks {
    /// Sets a mark.
    pub fn set(&mut self, pointer: impl Into<String>, key: &str, value: impl Into<Value>) {
        self.0.insert((pointer.into(), key.to_owned()), value.into());
    }

    /// Removes a mark.
    pub fn remove(&mut self, pointer: &str, key: &str) {
        self.0.remove(&(pointer.to_owned(), key.to_owned()));
    }

    /// A mark, if it is set.
    #[must_use]
    pub fn get(&self, pointer: &str, key: &str) -> Option<&Value> {
        self.0.get(&(pointer.to_owned(), key.to_owned()))
    }

    /// The marks of one key: pointer and value.
    pub fn of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().filter(move |((_, own), _)| own == key).map(|((pointer, _), value)| (pointer.as_str(), value))
    }

    /// Adds the marks of a page, which replace those that stand at the same places.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Drops the marks of what the document does not have.
    pub fn retain_in(&mut self, document: &Document) {
        let value = serde_json::to_value(document).unwrap_or_default();
        self.0.retain(|(pointer, _), _| value.pointer(pointer).is_some());
    }

    /// Whether any operation says what it does.
    #[must_use]
    pub fn names_effects(&self) -> bool {
        self.of(EFFECT).next().is_some()
    }

    /// The marks with a part of their pointers replaced.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        let mark = |((pointer, key), value): (&(String, String), &Value)| {
            ((pointer.replace(from, to), key.clone()), value.clone())
        };
        Self(self.0.iter().map(mark).collect())
    }

    /// Drops what pages state, so that only what was written by hand is left, and says what each operation does.
    pub fn retain_effects(&mut self, document: &Document) {
        self.0.retain(|(_, key), _| key == EFFECT);
        self.add_effects(document);
    }

    /// Says what each operation does where nobody has written it.
    pub fn add_effects(&mut self, document: &Document) {
        for (path, method, own) in document.operations() {
            if let Some(effect) = usual_effect(method, own.sdk.idempotency.as_deref()) {
                self.effect(path, method, effect);
            }
            if own.sdk.split.is_some() {
                let place = (format!("{}/x-sdk/split", operation(path, method)), EFFECT.to_owned());
                self.0.entry(place).or_insert_with(|| "read".into());
            }
        }
    }

    /// Says what an operation does, unless that is written already.
    pub fn effect(&mut self, path: &str, method: &str, usual: &str) {
        let place = (format!("{}/x-sdk", operation(path, method)), EFFECT.to_owned());
        self.0.entry(place).or_insert_with(|| usual.into());
    }

    /// What an operation does, if it is written.
    #[must_use]
    pub fn effect_of(&self, path: &str, method: &str) -> Option<&str> {
        self.get(&format!("{}/x-sdk", operation(path, method)), EFFECT).and_then(Value::as_str)
    }

    /// The keys of a map of models, paths or fields are `names`, whatever they are.
    fn take(&mut self, value: &mut Value, pointer: &str, names: bool) {
        match value {
            Value::Object(members) if names => {
                for (key, member) in members.iter_mut() {
                    self.take(member, &format!("{pointer}/{}", escape_pointer(key)), false);
                }
            }
            Value::Object(members) => {
                for key in PLAIN {
                    if let Some(mark) = members.shift_remove(key) {
                        self.set(pointer, key, mark);
                    }
                }
                if let Some(Value::Object(sdk)) = members.get_mut("x-sdk") {
                    self.take_effect(sdk, pointer);
                }
                for (key, member) in members.iter_mut().filter(|(key, _)| !holds_values(key)) {
                    let names = matches!(key.as_str(), "properties" | "schemas" | "paths" | "responses");
                    self.take(member, &format!("{pointer}/{}", escape_pointer(key)), names);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.take(item, &format!("{pointer}/{index}"), false);
                }
            }
            _ => {}
        }
    }

    fn take_effect(&mut self, sdk: &mut Map<String, Value>, pointer: &str) {
        if let Some(Value::Object(split)) = sdk.get_mut("split")
            && let Some(mark) = split.shift_remove(EFFECT)
        {
            self.set(format!("{pointer}/x-sdk/split"), EFFECT, mark);
        }
        if let Some(mark) = sdk.shift_remove(EFFECT) {
            self.set(format!("{pointer}/x-sdk"), EFFECT, mark);
        }
    }

    fn put(&self, value: &mut Value) {
        for ((pointer, key), mark) in &self.0 {
            if let Some(Value::Object(members)) = value.pointer_mut(pointer) {
                members.insert(key.clone(), mark.clone());
            }
        }
    }
}

/// What is assumed on one side only, one line each.
#[must_use]
pub(super) fn differences(page: &Marked, fixture: &Marked) -> Vec<String> {
    let scope = format!("{} {}", page.document.sdk.service, page.document.info.version);
    let key = "x-assumed";
    let missing = page.marks.of(key).filter(|(pointer, reason)| fixture.marks.get(pointer, key) != Some(*reason));
    let stale = fixture.marks.of(key).filter(|(pointer, _)| page.marks.get(pointer, key).is_none());
    let missing = missing.map(|(pointer, _)| format!("{scope} {pointer}: assumed for lack of a page, not so marked"));
    missing
        .chain(stale.map(|(pointer, _)| format!("{scope} {pointer}: marked as assumed, the page states it")))
        .collect()
}

/// Whether the member is the vendor's JSON, in which a key means nothing to us.
fn holds_values(key: &str) -> bool {
    matches!(key, "example" | "examples" | "default" | "enum" | "const")
}

/// Pointer to an operation.
#[must_use]
pub(super) fn operation(path: &str, method: &str) -> String {
    format!("/paths/{}/{method}", escape_pointer(path))
}

/// Pointer to a model.
#[must_use]
pub(super) fn model(name: &str) -> String {
    format!("/components/schemas/{}", escape_pointer(name))
}

/// Pointer to a field of a model.
#[must_use]
pub(super) fn field(model_name: &str, name: &str) -> String {
    format!("{}/properties/{}", model(model_name), escape_pointer(name))
}

/// What an operation does if nobody has written it: reading needs no words. Of all else, lint asks a person.
#[must_use]
pub(super) fn usual_effect(method: &str, idempotency: Option<&str>) -> Option<&'static str> {
    matches!((method, idempotency), ("get", _) | ("post", Some("safe"))).then_some("read")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"{
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1.0"},
        "paths": {"/a": {"get": {
            "operationId": "a",
            "responses": {"200": {"description": "d", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/M"},
                "example": {"x-realm": "a key of the vendor's"}
            }}}},
            "x-sdk": {"title": "A", "effect": "read"},
            "x-assumed": "why"
        }}},
        "components": {"schemas": {"M": {"type": "object", "properties": {
            "example": {"type": "string", "x-realm": "government"}
        }}}}
    }"##;

    #[test]
    fn marks_are_read_apart_and_written_back() {
        let marked = Marked::parse(TEXT).unwrap();
        assert_eq!(marked.marks.effect_of("/a", "get"), Some("read"));
        assert_eq!(marked.marks.get("/paths/~1a/get", "x-assumed"), Some(&"why".into()));
        let again = Marked::parse(&marked.to_json().unwrap()).unwrap();
        assert_eq!(again, marked);
        let value: Value = serde_json::from_str(&marked.to_json().unwrap()).unwrap();
        let original: Value = serde_json::from_str(TEXT).unwrap();
        assert_eq!(value, original);
    }

    #[test]
    fn unknown_key_is_still_refused() {
        let error = Marked::parse(&TEXT.replace("x-assumed", "x-other")).unwrap_err();
        assert!(error.to_string().contains("x-other"), "{error}");
        assert!(Marked::parse("{").is_err());
    }

    #[test]
    fn only_reading_needs_no_words() {
        for (method, idempotency, effect) in [
            ("get", None, Some("read")),
            ("post", Some("safe"), Some("read")),
            ("post", None, None),
            ("put", Some("idempotent"), None),
            ("delete", Some("idempotent"), None),
        ] {
            assert_eq!(usual_effect(method, idempotency), effect, "{method} {idempotency:?}");
        }
    }
}
