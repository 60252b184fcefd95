//! What an operation returns, by the rules of the generator: the payload of its first success with JSON.

use serde_json::{Value, json};

use super::uses::{model, named};

/// The schema of what the operation returns; null if it returns nothing.
pub(super) fn of(document: &Value, operation: &Value) -> Value {
    returned(document, success(operation))
}

/// The same of the operation's second format.
pub(super) fn of_split(document: &Value, operation: &Value) -> Value {
    let reference = &operation["x-sdk"]["split"]["schema"];
    if reference.is_null() { Value::Null } else { returned(document, &json!({"$ref": reference})) }
}

/// The body of the first success with JSON, its envelope included.
pub(super) fn success(operation: &Value) -> &Value {
    let mut good = operation["responses"].as_object().into_iter().flatten().filter(|(status, _)| is_good(status));
    good.find_map(|(_, own)| own.pointer("/content/application~1json/schema")).unwrap_or(&Value::Null)
}

/// Whether the status means success.
pub(super) fn is_good(status: &str) -> bool {
    status.starts_with('2')
}

fn returned(document: &Value, schema: &Value) -> Value {
    let target = |schema: &Value| schema["$ref"].as_str().map(|own| model(document, named(own)));
    let mut payload = match document["x-sdk"]["envelope"].as_str() {
        None | Some("*") => schema,
        Some(key) => target(schema).map_or(&Value::Null, |own| &own["properties"][key]),
    };
    // A model without fields is another name for a type.
    let has_type = |own: &Value| {
        own["properties"].is_object() || own["enum"].is_array() || own["x-sdk"]["vendor_type"].is_string()
    };
    if let Some(own) = target(payload).filter(|own| own.is_object() && !has_type(own)) {
        payload = own;
    }
    // An object without fields has nothing to hand over.
    let empty = payload["type"] == "object" && payload["properties"].is_null();
    if empty { Value::Null } else { payload.clone() }
}
