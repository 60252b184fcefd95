//! Operations whose path is written otherwise than before, in documents as JSON.

use serde_json::{Map, Value};

use super::change::arrow;
use super::uses::operations;
use crate::moved::{self, Call, Moved};

/// The old document with the paths of the new one; and each operation that has moved, with both paths.
pub(super) fn followed(old: &Value, new: &Value) -> (Value, Vec<(String, String)>) {
    let calls = |document: &Value| -> Vec<Call> {
        let all = operations(document).into_iter();
        all.map(|(path, method, own)| Call::new(method, path, own["x-sdk"]["title"].as_str())).collect()
    };
    let moved = moved::between(&calls(old), &calls(new));
    let mut document = old.clone();
    if moved.is_empty() {
        return (document, Vec::new());
    }
    let (mut paths, mut told) = (Map::new(), Vec::new());
    for (path, item) in old["paths"].as_object().into_iter().flatten() {
        for (key, own) in item.as_object().into_iter().flatten() {
            let here = |moved: &&Moved| moved.method == *key && moved.from == *path;
            let to = moved.iter().find(here).map_or(path, |moved| &moved.to);
            if to != path {
                let name = own["operationId"].as_str().unwrap_or_default().to_owned();
                told.push((name, format!("{} {}", key.to_uppercase(), arrow(path, to))));
            }
            let slot = paths.entry(to.clone()).or_insert_with(|| Value::Object(Map::new()));
            slot[key] = readdressed(own, path, to);
        }
    }
    document["paths"] = Value::Object(paths);
    (document, told)
}

/// The operation with the placeholders of its new path, which are no names of the Rust interface.
fn readdressed(own: &Value, from: &str, to: &str) -> Value {
    let (mut own, names) = (own.clone(), moved::renamed(from, to));
    for parameter in own["parameters"].as_array_mut().into_iter().flatten() {
        let name = parameter["name"].as_str().and_then(|name| names.get(name)).filter(|_| parameter["in"] == "path");
        if let Some(name) = name {
            parameter["name"] = (*name).into();
        }
    }
    own
}
