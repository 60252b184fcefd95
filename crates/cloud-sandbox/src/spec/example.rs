//! Turns a documented example into the response that a test asked for.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::model::{Content, Document};
use super::schema::{Kinds, resolve};

/// Name and value that [`Answers::ExamplesPlusUnknown`] puts into every object that has members.
const UNKNOWN: (&str, &str) = ("xSandboxUnknown", "a field that no page documents");

/// How much of the documented example a response holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Answers {
    /// The example word for word, contradictions included.
    #[default]
    Examples,
    /// Required fields only, and null wherever null is allowed.
    RequiredOnly,
    /// The example with one undocumented field in every object.
    ExamplesPlusUnknown,
}

impl FromStr for Answers {
    type Err = UnknownAnswers;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "examples" => Ok(Self::Examples),
            "required" => Ok(Self::RequiredOnly),
            "unknown" => Ok(Self::ExamplesPlusUnknown),
            _ => Err(UnknownAnswers),
        }
    }
}

/// The error of reading [`Answers`] from a string that names none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownAnswers;

impl fmt::Display for UnknownAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown answers: use examples, required or unknown")
    }
}

impl std::error::Error for UnknownAnswers {}

/// Makes the response body from the example and its schema.
pub(crate) fn render(answers: Answers, document: &Document, content: &Content) -> Value {
    match answers {
        Answers::Examples => content.example.clone(),
        Answers::ExamplesPlusUnknown => with_unknown(&content.example),
        Answers::RequiredOnly => {
            let reduce = Reduce { document };
            let mut body = reduce.value(&content.schema, &content.example);
            // The envelope is there even when everything in it is absent.
            if let (Some(name), Some(map)) = (&document.envelope, body.as_object_mut())
                && let Some(payload) = content.example.get(name)
                && !map.contains_key(name)
            {
                let schema = reduce.property(&content.schema, name);
                map.insert(name.clone(), reduce.value(schema, payload));
            }
            body
        }
    }
}

fn with_unknown(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(with_unknown).collect(),
        // An answer that is documented as empty says that there is no payload.
        Value::Object(map) if map.is_empty() => value.clone(),
        Value::Object(map) => {
            let mut more: Map<_, _> = map.iter().map(|(name, value)| (name.clone(), with_unknown(value))).collect();
            more.insert(UNKNOWN.0.to_owned(), Value::from(UNKNOWN.1));
            Value::Object(more)
        }
        plain => plain.clone(),
    }
}

struct Reduce<'a> {
    document: &'a Document,
}

impl<'a> Reduce<'a> {
    fn property(&self, schema: &'a Value, name: &str) -> &'a Value {
        let (schema, _) = resolve(&self.document.schemas, schema);
        schema.get("properties").and_then(|known| known.get(name)).unwrap_or(&Value::Null)
    }

    /// Drops what the schema does not require and nulls what may be null.
    fn value(&self, schema: &Value, example: &Value) -> Value {
        let (schema, _) = resolve(&self.document.schemas, schema);
        match example {
            Value::Array(list) => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                list.iter().map(|item| self.value(items, item)).collect()
            }
            Value::Object(map) => {
                let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                    return example.clone();
                };
                let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
                let mut kept = Map::new();
                for (name, property) in properties {
                    let Some(shown) = map.get(name) else { continue };
                    let needed = required.iter().any(|wanted| wanted.as_str() == Some(name));
                    if needed && self.nullable(property) {
                        kept.insert(name.clone(), Value::Null);
                    } else if needed || self.is_row_list(property) {
                        kept.insert(name.clone(), self.value(property, shown));
                    }
                }
                Value::Object(kept)
            }
            plain => plain.clone(),
        }
    }

    fn nullable(&self, schema: &Value) -> bool {
        resolve(&self.document.schemas, schema).1
    }

    /// RISKEN requires nothing; its rows stay as empty shells so that absent fields get read at all.
    fn is_row_list(&self, schema: &Value) -> bool {
        let (schema, _) = resolve(&self.document.schemas, schema);
        self.document.vendor == "risken" && Kinds::of(schema).allows("array")
    }
}
