//! Makes a version's response of a handler's payload: the table of versions is the schemas themselves.
//!
//! A handler gives the fullest payload of its operation. Each version's schema lists what that version shows, so
//! cutting a payload down to the listed properties gives the version's form, and no second table can disagree.

use serde_json::{Map, Value};

use super::model::{Content, Document};
use super::schema::resolve;

/// The whole response: the payload in the document's envelope, without what the schema does not list.
pub(crate) fn response(document: &Document, content: &Content, payload: Value) -> Value {
    project(&document.schemas, &content.schema, envelope(document, content, payload))
}

/// Puts a payload where the vendor shows it; the header is that of the documented example.
fn envelope(document: &Document, content: &Content, payload: Value) -> Value {
    let Some(place) = &document.envelope else {
        return payload;
    };
    let mut whole = Map::new();
    if let Some(header) = content.example.get("header") {
        whole.insert("header".to_owned(), header.clone());
    }
    match (&**place, payload) {
        ("*", Value::Object(fields)) => whole.extend(fields),
        (place, payload) => {
            whole.insert(place.to_owned(), payload);
        }
    }
    Value::Object(whole)
}

/// Drops properties that the schema does not know, at every depth; adds nothing.
fn project(models: &Map<String, Value>, schema: &Value, value: Value) -> Value {
    let (schema, _) = resolve(models, schema);
    match value {
        Value::Array(list) => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            list.into_iter().map(|item| project(models, items, item)).collect()
        }
        Value::Object(mut map) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                return Value::Object(map);
            };
            let mut kept = Map::new();
            for (name, property) in properties {
                if let Some(value) = map.remove(name) {
                    kept.insert(name.clone(), project(models, property, value));
                }
            }
            match schema.get("additionalProperties") {
                None | Some(Value::Bool(false)) => {}
                Some(other) => kept.extend(map.into_iter().map(|(name, value)| (name, project(models, other, value)))),
            }
            Value::Object(kept)
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn models() -> Map<String, Value> {
        let models = json!({
            "Page": {"properties": {
                "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                "one": {"oneOf": [{"$ref": "#/components/schemas/Row"}, {"type": "null"}]},
                "any": {"type": "object"},
                "more": {"type": "object", "properties": {"a": {}}, "additionalProperties": {"$ref": "#/components/schemas/Row"}}
            }},
            "Row": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
        });
        models.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn projection_drops_unlisted_fields_at_every_depth() {
        let full = json!({
            "any": {"x": 1}, "one": {"id": "2", "new": 1},
            "rows": [{"name": "n", "id": "1", "new": true}, {"id": "3"}],
            "more": {"a": 1, "b": {"id": "4", "new": 1}}, "new": []
        });
        let schema = json!({"$ref": "#/components/schemas/Page"});
        let cut = project(&models(), &schema, full);
        let expected = json!({
            "rows": [{"id": "1", "name": "n"}, {"id": "3"}], "one": {"id": "2"}, "any": {"x": 1},
            "more": {"a": 1, "b": {"id": "4"}}
        });
        assert_eq!(cut, expected);
        assert_eq!(project(&models(), &schema, json!({"one": null})), json!({"one": null}));
    }
}
