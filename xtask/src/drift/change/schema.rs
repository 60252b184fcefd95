//! Compares the type, limits and default of a field or parameter.

use serde_json::{Value, json};

use super::super::rules::What;
use super::super::uses::named;
use super::{Walk, arrow, different, from_to};

const LIMITS: [&str; 6] = ["minLength", "maxLength", "minimum", "maximum", "pattern", "const"];

impl Walk {
    /// A value that callers send.
    pub(super) fn sent(&mut self, place: &str, old: &Value, new: &Value, what: What) {
        self.schema(place, old, new, what);
        for (key, one, other) in limits(old, new) {
            let what = if tightens(&key, &one, &other) { What::LimitTightened } else { What::LimitLoosened };
            self.add(what, place, format!("{key} {}", from_to(&one, &other)));
        }
    }

    /// A value of a response, which no limit rejects.
    pub(super) fn received(&mut self, place: &str, old: &Value, new: &Value) {
        self.schema(place, old, new, What::FieldType);
        for (key, one, other) in limits(old, new) {
            self.add(What::ResponseLimit, place, format!("{key} {}", from_to(&one, &other)));
        }
    }

    fn schema(&mut self, place: &str, old: &Value, new: &Value, what: What) {
        let (one, other) = (shape(old), shape(new));
        if one != other {
            self.add(what, place, arrow(words(&one), words(&other)));
        }
        for (key, before, after) in different(old, new) {
            match key.as_str() {
                "default" => self.add(What::Default, place, from_to(before, after)),
                "enum" if is_open(old) && is_open(new) => self.values(place, before, after),
                // Part of the shape, or of the limits.
                "type" | "format" | "$ref" | "oneOf" | "items" | "contentEncoding" | "contentMediaType" | "enum" => {}
                key if LIMITS.contains(&key) => {}
                "description" | "examples" | "x-assumed" | "x-realm" => self.add(What::Documentation, place, key),
                "x-sdk" if one != other => {}
                _ => self.add(What::Unknown, place, key),
            }
        }
    }
}

/// What decides the Rust type, without null.
pub(super) fn shape(schema: &Value) -> Value {
    if schema.is_null() {
        return Value::Null;
    }
    let reference = |own: &Value| own["$ref"].as_str().map(|own| named(own).to_owned());
    let mut alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let model = reference(schema).or_else(|| alternatives.find_map(reference));
    let names: Vec<&Value> = match &schema["type"] {
        Value::Array(names) => names.iter().filter(|name| **name != "null").collect(),
        Value::Null => Vec::new(),
        name => vec![name],
    };
    let sdk = &schema["x-sdk"];
    let date = schema["format"] == "date-time" || sdk["type"] == "timestamp";
    let hints = ["sensitive", "type", "enum", "unit"].map(|key| match key {
        // Said already, or about the presence alone.
        "type" if date || sdk["type"] == "optional" && schema["type"] != "boolean" => Value::Null,
        _ => sdk[key].clone(),
    });
    json!([model, names, date, schema["contentEncoding"], schema["contentMediaType"], hints, shape(&schema["items"])])
}

/// The type for a reader.
pub(super) fn words(shape: &Value) -> String {
    let names = shape[1].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ");
    let name = shape[0].as_str().map_or(names, str::to_owned);
    let date = if shape[2] == true { " (date-time)" } else { "" };
    match shape[6].is_null() {
        true => format!("{name}{date}"),
        false => format!("{name}[{}]", words(&shape[6])),
    }
}

/// Whether the values make an enumeration of their own, which keeps others.
fn is_open(schema: &Value) -> bool {
    schema["x-sdk"]["type"] == "open_enum"
}

/// The limits that differ, those of an array's items included.
fn limits(old: &Value, new: &Value) -> Vec<(String, Value, Value)> {
    let closed = !is_open(old) && !is_open(new);
    let own =
        different(old, new).into_iter().filter(|(key, ..)| LIMITS.contains(&key.as_str()) || key == "enum" && closed);
    let own = own.map(|(key, one, other)| (key, one.clone(), other.clone()));
    let items = (!old["items"].is_null() && !new["items"].is_null()).then(|| limits(&old["items"], &new["items"]));
    own.chain(items.into_iter().flatten()).collect()
}

/// Whether a value can be rejected that was accepted before; of a pattern nobody can say.
fn tightens(key: &str, old: &Value, new: &Value) -> bool {
    let list = |own: &Value| own.as_array().cloned().unwrap_or_default();
    match (key, old.as_f64(), new.as_f64()) {
        _ if new.is_null() => false,
        ("minLength" | "minimum", Some(old), Some(new)) => new > old,
        ("maxLength" | "maximum", Some(old), Some(new)) => new < old,
        ("enum", ..) => old.is_null() || list(old).iter().any(|value| !list(new).contains(value)),
        _ => true,
    }
}
