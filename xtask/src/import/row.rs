//! Reads one row of a field or parameter table: name, type, limits, default and example.

use serde_json::{Number, Value};

use super::ImportError;
use super::literal::literal;
use super::prose::values;
use crate::openapi::{Schema, TypeSet};

/// A field of a model or a parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
    /// Values that its description lists.
    pub(super) listed: Vec<String>,
}

/// Cells of a row; a `|` inside a pattern has no spaces around it and does not separate.
pub(super) fn cells(row: &str) -> Vec<String> {
    let inner = row.trim_start_matches("| ");
    let inner = inner.trim_end_matches(['|', ' ']);
    inner.split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

/// Puts a row back together that broke inside a backticked example.
pub(super) fn join_broken_rows(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut rows: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for &(line, text) in lines {
        let odd = text.matches('`').count() % 2 == 1;
        match rows.last_mut() {
            Some((_, row)) if open => {
                row.truncate(row.trim_end_matches(['|', ' ']).len());
                row.push('\n');
                row.push_str(text.trim_start_matches("| "));
            }
            _ => rows.push((line, text.to_owned())),
        }
        open ^= odd;
    }
    rows
}

/// Reads `name required`, an optional description, the type and an optional default.
pub(super) fn field(cells: &[String], line: usize) -> Result<Field, ImportError> {
    let (head, text, kind, default) = match cells {
        [head, kind] => (head, "", kind, None),
        [head, text, kind] => (head, text.as_str(), kind, None),
        [head, text, kind, default] => (head, text.as_str(), kind, Some(default.as_str())),
        _ => return Err(ImportError::new(line, "a row needs two to four cells")),
    };
    let (name, required) = match head.split_once(' ') {
        Some((name, "required")) => (name, true),
        Some((name, "optional")) => (name, false),
        _ => {
            return Err(ImportError::new(line, format!("`{head}` does not say required or optional")));
        }
    };
    let mut schema = schema_of(kind, line)?;
    let example = limits(text, &mut schema, line)?;
    schema.examples = example.and_then(|text| value_of(text, &schema)).into_iter().collect();
    schema.default = default.and_then(|text| default_of(text, &schema));
    Ok(Field { name: name.to_owned(), required, schema, listed: values(text) })
}

const MARKS: [&str; 5] = ["Pattern : ", "Minimum length : ", "Maximum length : ", "Minimum : ", "Maximum : "];

/// Takes the limits that are glued to the description and returns the example's text.
fn limits<'a>(text: &'a str, schema: &mut Schema, line: usize) -> Result<Option<&'a str>, ImportError> {
    let mut found: Vec<(usize, &str)> = MARKS.iter().flat_map(|mark| text.match_indices(mark)).collect();
    found.sort_unstable();
    let mut end = text.len();
    for &(start, mark) in found.iter().rev() {
        let value = text[start + mark.len()..end].trim();
        let wrong = || ImportError::new(line, format!("`{mark}{value}` is not a limit"));
        let length = || value.parse::<u64>().map(Some).map_err(|_| wrong());
        let number = || value.parse::<Number>().map(Some).map_err(|_| wrong());
        match mark {
            "Pattern : " => schema.pattern = Some(value.to_owned()),
            "Minimum length : " => schema.min_length = length()?,
            "Maximum length : " => schema.max_length = length()?,
            "Minimum : " => schema.minimum = number()?,
            _ => schema.maximum = number()?,
        }
        end = start;
    }
    let example = text[..end].split_once("Example :").map(|(_, example)| example);
    Ok(example.map(|example| example.trim().trim_matches('`')).filter(|example| !example.is_empty()))
}

/// The schema of `string`, `any of [array[Tag], null]`, `string (date-time)` or a model's name.
pub(super) fn schema_of(kind: &str, line: usize) -> Result<Schema, ImportError> {
    if let Some(inner) = kind.strip_prefix("any of [").and_then(|rest| rest.strip_suffix(']')) {
        return alternatives(inner, line);
    }
    if let Some(inner) = kind.strip_prefix("array[").and_then(|rest| rest.strip_suffix(']')) {
        return Ok(Schema {
            types: Some(TypeSet::One("array".to_owned())),
            items: Some(Box::new(schema_of(inner, line)?)),
            ..Schema::default()
        });
    }
    if let Some(inner) = kind.strip_prefix("enum (").and_then(|rest| rest.strip_suffix(')')) {
        return Ok(Schema {
            types: Some(TypeSet::One("string".to_owned())),
            allowed: inner.split(", ").map(Value::from).collect(),
            ..Schema::default()
        });
    }
    match kind {
        "string" | "integer" | "boolean" | "number" | "object" | "null" => {
            Ok(Schema { types: Some(TypeSet::One(kind.to_owned())), ..Schema::default() })
        }
        "string (date-time)" => Ok(Schema {
            types: Some(TypeSet::One("string".to_owned())),
            format: Some("date-time".to_owned()),
            ..Schema::default()
        }),
        _ if kind.starts_with(|first: char| first.is_ascii_uppercase())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Ok(Schema::reference_to(kind))
        }
        _ => Err(ImportError::new(line, format!("`{kind}` is not a known type"))),
    }
}

fn alternatives(inner: &str, line: usize) -> Result<Schema, ImportError> {
    let mut depth = 0_u32;
    let separates = |character| {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    let schemas: Vec<Schema> =
        inner.split(separates).map(|kind| schema_of(kind.trim(), line)).collect::<Result<_, _>>()?;
    if schemas.iter().any(|schema| schema.reference.is_some()) {
        return Ok(Schema { one_of: schemas, ..Schema::default() });
    }
    let mut merged = Schema::default();
    let mut names = Vec::new();
    for schema in schemas {
        for name in schema.type_names().map(str::to_owned) {
            // `array[Model], array[object]` is an array of the model: all fields of such a model are optional.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        merged.format = merged.format.or(schema.format);
        merged.allowed.extend(schema.allowed);
        merged.items = merged.items.or(schema.items);
    }
    if !merged.allowed.is_empty() && names.iter().any(|name| name == "null") {
        merged.allowed.push(Value::Null);
    }
    merged.types = Some(TypeSet::of(names));
    Ok(merged)
}

/// The example as JSON of the declared type where it can be that, else as the text that it is.
pub(super) fn value_of(text: &str, schema: &Schema) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    if let Some(list) = literal(text).filter(Value::is_array) {
        return Some(list);
    }
    let scalar = scalar_of(text, schema);
    Some(scalar.unwrap_or_else(|| Value::String(text.to_owned())))
}

/// The default as JSON; another column's text that slipped in is not a default.
pub(super) fn default_of(text: &str, schema: &Schema) -> Option<Value> {
    match text {
        "" | "None" => None,
        _ => scalar_of(text, schema),
    }
}

fn scalar_of(text: &str, schema: &Schema) -> Option<Value> {
    schema.type_names().find_map(|name| match name {
        "integer" => text.parse::<i64>().ok().map(Value::from),
        "number" => text.parse::<Number>().ok().map(Value::Number),
        "boolean" => match text {
            "True" | "true" => Some(Value::Bool(true)),
            "False" | "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "string" => Some(Value::String(text.to_owned())),
        _ => None,
    })
}
