//! Matches renamed models of two documents, and computes the Rust names of models.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::answer;
use super::uses::{model, named, operations};
use crate::lower::rust_name;

const PREFIX: &str = "#/components/schemas/";

/// The new name of each model that took the place of another: as a request, a response, or a field of both.
pub(super) fn of(old: &Value, new: &Value) -> BTreeMap<String, String> {
    let mut search = Search { old, new, seen: BTreeSet::new(), found: BTreeMap::new() };
    for (path, method, own) in operations(old) {
        let other = &new["paths"][path][method];
        search.schemas(&own["requestBody"], &other["requestBody"]);
        // The answer can have another status than before.
        search.schemas(answer::success(own), answer::success(other));
        search.schemas(&answer::of(old, own), &answer::of(new, other));
        search.schemas(&own["responses"], &other["responses"]);
        search.pair(&own["x-sdk"]["split"]["schema"], &other["x-sdk"]["split"]["schema"]);
        for parameter in own["parameters"].as_array().into_iter().flatten() {
            let same = |twin: &&Value| twin["name"] == parameter["name"] && twin["in"] == parameter["in"];
            if let Some(twin) = other["parameters"].as_array().into_iter().flatten().find(same) {
                search.schemas(&parameter["schema"], &twin["schema"]);
            }
        }
    }
    search.found
}

struct Search<'a> {
    old: &'a Value,
    new: &'a Value,
    seen: BTreeSet<(String, String)>,
    found: BTreeMap<String, String>,
}

impl Search<'_> {
    /// Every reference that both have at the same place.
    fn schemas(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(one), Value::Object(other)) => {
                for (key, member) in one {
                    match (key.as_str(), other.get(key)) {
                        ("$ref", Some(twin)) => self.pair(member, twin),
                        ("example" | "examples" | "default" | "enum", _) | (_, None) => {}
                        (_, Some(twin)) => self.schemas(member, twin),
                    }
                }
            }
            (Value::Array(one), Value::Array(other)) => {
                for (member, twin) in one.iter().zip(other) {
                    self.schemas(member, twin);
                }
            }
            _ => {}
        }
    }

    fn pair(&mut self, old: &Value, new: &Value) {
        let (Some(one), Some(other)) = (old.as_str().map(named), new.as_str().map(named)) else { return };
        if !self.seen.insert((one.to_owned(), other.to_owned())) {
            return;
        }
        let known = |document: &Value, name: &str| !model(document, name).is_null();
        if !known(self.old, one) || !known(self.new, other) {
            return;
        }
        let moved = !known(self.new, one) && !known(self.old, other);
        if one != other && (!moved || self.found.values().any(|own| own == other)) {
            return;
        }
        if one != other {
            self.found.entry(one.to_owned()).or_insert_with(|| other.to_owned());
        }
        let (old, new) = (self.old, self.new);
        self.schemas(model(old, one), model(new, other));
    }
}

/// The document with the new names of its models.
pub(super) fn renamed(document: &Value, names: &BTreeMap<String, String>) -> Value {
    let mut document = document.clone();
    if names.is_empty() {
        return document;
    }
    refer(&mut document, names);
    if let Some(Value::Object(models)) = document.pointer_mut("/components/schemas") {
        let own: Map<String, Value> = std::mem::take(models);
        *models = own.into_iter().map(|(name, own)| (names.get(&name).cloned().unwrap_or(name), own)).collect();
    }
    document
}

fn refer(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match (key.as_str(), member.as_str().and_then(|own| names.get(own.strip_prefix(PREFIX)?))) {
                    ("$ref" | "schema", Some(name)) => *member = format!("{PREFIX}{name}").into(),
                    ("example" | "examples" | "default", _) => {}
                    _ => refer(member, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|own| refer(own, names)),
        _ => {}
    }
}

/// The Rust name of each model that has a type, by the vendor's name.
pub(super) fn rust_names(document: &Value) -> BTreeMap<String, String> {
    let models = || document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    let typed = || models().filter(|(_, own)| own["x-sdk"]["envelope"] != true);
    let mut nested = BTreeSet::new();
    for (_, own) in typed() {
        nested.extend(super::uses::names(&own["properties"]));
    }
    let (mut sends, mut returns) = (BTreeMap::new(), BTreeMap::new());
    for (_, _, own) in operations(document) {
        let id = own["operationId"].as_str().unwrap_or_default();
        let body = own["requestBody"].pointer("/content/application~1json/schema/$ref").and_then(Value::as_str);
        add(&mut sends, body.map(named), id);
        add(&mut returns, answer::of(document, own)["$ref"].as_str().map(named), id);
        let second = own["x-sdk"]["split"]["operationId"].as_str().unwrap_or_default();
        add(&mut returns, answer::of_split(document, own)["$ref"].as_str().map(named), second);
    }
    let reached = super::uses::reached(document);
    let found = typed().filter(|(name, _)| reached.contains(*name)).map(|(name, own)| {
        let chosen = own["x-sdk"]["rust"].as_str();
        let (sends, returns) = (operations_of(&sends, name), operations_of(&returns, name));
        (name.clone(), rust_name(name, chosen, nested.contains(name), &sends, &returns))
    });
    found.collect()
}

fn operations_of<'a>(all: &BTreeMap<String, Vec<&'a str>>, model: &str) -> Vec<&'a str> {
    all.get(model).cloned().unwrap_or_default()
}

fn add<'a>(all: &mut BTreeMap<String, Vec<&'a str>>, model: Option<&str>, operation: &'a str) {
    if let Some(model) = model {
        let own = all.entry(model.to_owned()).or_default();
        if !own.contains(&operation) {
            own.push(operation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../tests/drift/keys-1.0.json");

    #[test]
    fn nested_models_are_paired_and_named() {
        let old: Value = serde_json::from_str(DOCUMENT).unwrap();
        let text = DOCUMENT.replace("schemas/Key\"", "schemas/KeyV1Dot3\"").replace("\"Key\": {", "\"KeyV1Dot3\": {");
        let text = text.replace("KeyKind\"", "KeySort\"");
        let new: Value = serde_json::from_str(&text).unwrap();
        let pairs = of(&old, &new);
        let names: Vec<(&str, &str)> = pairs.iter().map(|(one, other)| (one.as_str(), other.as_str())).collect();
        assert_eq!(names, [("Key", "KeyV1Dot3"), ("KeyKind", "KeySort")]);
        assert_eq!(renamed(&old, &pairs), new);
        let (before, after) = (rust_names(&old), rust_names(&new));
        assert_eq!(before["Key"], after["KeyV1Dot3"]);
        assert_eq!((before["KeyKind"].as_str(), after["KeySort"].as_str()), ("KeyKind", "KeySort"));
        assert_eq!(before["CreateKeyRequest"], "CreateKeyRequest");
    }
}
