//! References and types in the schema subset that the fixtures use.

use serde_json::{Map, Value};

/// Follows references and the *schema or null* form; also returns whether null is allowed.
#[must_use]
pub fn resolve<'a>(models: &'a Map<String, Value>, schema: &'a Value) -> (&'a Value, bool) {
    let (mut schema, mut nullable) = (schema, false);
    // A chain longer than the number of models would be a circle.
    for _ in 0..=models.len() {
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            let is_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
            nullable |= choices.iter().any(|choice| is_null(&choice));
            match choices.iter().find(|choice| !is_null(choice)) {
                Some(choice) => schema = choice,
                None => break,
            }
        } else if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            match target.rsplit_once('/').and_then(|(_, name)| models.get(name)) {
                Some(model) => schema = model,
                None => break,
            }
        } else {
            break;
        }
    }
    let nullable = nullable || Kinds::of(schema).allows("null");
    (schema, nullable)
}

/// The type names that a schema allows.
#[derive(Debug)]
pub(crate) struct Kinds<'a>(Vec<&'a str>);

impl<'a> Kinds<'a> {
    pub(crate) fn of(schema: &'a Value) -> Self {
        match schema.get("type") {
            Some(Value::String(one)) => Self(vec![one]),
            Some(Value::Array(several)) => Self(several.iter().filter_map(Value::as_str).collect()),
            _ => Self(Vec::new()),
        }
    }

    /// Whether the schema names no type, and so allows every one.
    pub(super) fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn allows(&self, kind: &str) -> bool {
        self.0.contains(&kind)
    }

    pub(super) fn fits(&self, value: &Value) -> bool {
        let fits = |kind: &&str| match *kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        };
        self.0.is_empty() || self.0.iter().any(fits)
    }
}

impl std::fmt::Display for Kinds<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}
