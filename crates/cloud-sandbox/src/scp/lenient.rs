//! What the services take although their pages do not document it.

use serde_json::Value;

use crate::spec::Operation;
use crate::spec::schema::{Kinds, resolve};

/// Query parameters that an operation takes beyond the documented ones.
const PARAMETERS: &[(&str, &str, &[&str])] = &[("secretvault", "list_secret_vaults", &["page", "size"])];

/// Whether an operation takes a query parameter that its page does not list.
pub(super) fn takes(operation: &Operation, name: &str) -> bool {
    let here =
        |(service, own, _): &&(&str, &str, &[&str])| operation.document.service == *service && operation.name == *own;
    PARAMETERS.iter().find(here).is_some_and(|(_, _, names)| names.contains(&name))
}

/// Replaces quoted numbers and booleans of a body by what they stand for, where the schema wants no string.
pub(super) fn unquote(operation: &Operation, body: &mut Value) {
    if let Some(documented) = &operation.body {
        walk(operation, &documented.schema, body);
    }
}

fn walk(operation: &Operation, schema: &Value, value: &mut Value) {
    let (schema, _) = resolve(operation.schemas(), schema);
    match value {
        Value::String(text) => {
            if let Some(meant) = meant(&Kinds::of(schema), text) {
                *value = meant;
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                list.iter_mut().for_each(|item| walk(operation, items, item));
            }
        }
        Value::Object(map) => {
            let Some(properties) = schema.get("properties") else { return };
            for (name, inner) in map {
                if let Some(property) = properties.get(name) {
                    walk(operation, property, inner);
                }
            }
        }
        _ => {}
    }
}

/// The value that a string stands for; nothing where a string is wanted or it stands for none.
fn meant(kinds: &Kinds<'_>, text: &str) -> Option<Value> {
    if kinds.allows("string") {
        return None;
    }
    if kinds.allows("boolean") {
        let flags = [("true", true), ("false", false)];
        return flags.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, flag)| flag.into());
    }
    kinds.allows("integer").then(|| text.parse::<i64>().ok().map(Value::from)).flatten()
}
