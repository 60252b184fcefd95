//! Checks an example against its schema, for the subset of JSON Schema that the fixtures use.

use regex::Regex;
use serde_json::{Map, Number, Value};

use super::Finding;
use crate::openapi::{Additional, Document, Schema, escape_pointer};

/// Reports where the example contradicts the schema, unless a `deviation` on the property says so.
pub(super) fn check(document: &Document, schema: &Schema, value: &Value, pointer: &str, findings: &mut Vec<Finding>) {
    // A model that leads back to itself is a finding of its own, and no value can be compared with it.
    if document.circular().is_empty() {
        Checker { document, findings }.value(schema, value, pointer, false);
    }
}

struct Checker<'a> {
    document: &'a Document,
    findings: &'a mut Vec<Finding>,
}

impl Checker<'_> {
    fn report(&mut self, pointer: &str, message: impl Into<String>) {
        self.findings.push(Finding::new(pointer, message));
    }

    /// `excused` means that the property which holds the value has a deviation.
    fn value(&mut self, schema: &Schema, value: &Value, pointer: &str, excused: bool) {
        let excused = excused || schema.sdk.deviation.is_some();
        if let Some(reference) = &schema.reference {
            // A dangling reference is a finding of its own.
            if let Some(model) = self.document.resolve(reference) {
                self.value(model, value, pointer, excused);
            }
            return;
        }
        if !schema.one_of.is_empty() {
            if !value.is_null() || !schema.nullable() {
                let model = schema.one_of.iter().find(|one| !one.has_type("null"));
                if let Some(model) = model {
                    self.value(model, value, pointer, excused);
                }
            }
            return;
        }
        if let Some(message) = contradiction(schema, value) {
            if !excused {
                self.report(pointer, message);
            }
            return;
        }
        match value {
            Value::Array(items) => {
                if let Some(inner) = &schema.items {
                    for (index, item) in items.iter().enumerate() {
                        self.value(inner, item, &format!("{pointer}/{index}"), excused);
                    }
                }
            }
            Value::Object(fields) => self.object(schema, fields, pointer),
            _ => {}
        }
    }

    fn object(&mut self, schema: &Schema, fields: &Map<String, Value>, pointer: &str) {
        for (name, property) in &schema.properties {
            let spellings = [name].into_iter().chain(&property.sdk.alias);
            let shown = spellings.filter_map(|spelling| Some((spelling, fields.get(spelling)?)));
            let mut absent = true;
            for (spelling, value) in shown {
                absent = false;
                let place = format!("{pointer}/{}", escape_pointer(spelling));
                self.value(property, value, &place, false);
            }
            if absent && schema.requires(name) && property.sdk.deviation.is_none() {
                self.report(pointer, format!("example lacks the required field `{name}`"));
            }
        }
        // An object without properties stands for any JSON.
        if schema.properties.is_empty() && schema.additional_properties.is_none() {
            return;
        }
        for (key, value) in fields {
            let known = |(name, property): (&String, &Schema)| name == key || property.sdk.alias.contains(key);
            if schema.properties.iter().any(known) {
                continue;
            }
            let place = format!("{pointer}/{}", escape_pointer(key));
            match &schema.additional_properties {
                Some(Additional::Allowed(true)) => {}
                Some(Additional::Schema(inner)) => self.value(inner, value, &place, false),
                _ => self.report(&place, "example shows a field that the schema lacks"),
            }
        }
    }
}

fn with_article(name: &str) -> String {
    match name {
        "null" => name.to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// Why the value itself, without what it holds, breaks the schema.
fn contradiction(schema: &Schema, value: &Value) -> Option<String> {
    if schema.types.is_some() && !schema.type_names().any(|name| is_of_type(value, name)) {
        let names: Vec<String> = schema.type_names().map(with_article).collect();
        return Some(format!("example {value} is not {}", names.join(" or ")));
    }
    if !schema.allowed.is_empty() && !schema.allowed.contains(value) {
        return Some(format!("example {value} is not in `enum`"));
    }
    if schema.constant.as_ref().is_some_and(|own| own != value) {
        return Some(format!("example {value} is not the `const`"));
    }
    match value {
        Value::String(text) => text_contradiction(schema, text),
        Value::Number(number) => {
            let below = schema.minimum.as_ref().is_some_and(|least| less(number, least));
            let above = schema.maximum.as_ref().is_some_and(|most| less(most, number));
            (below || above).then(|| format!("example {number} is out of bounds"))
        }
        _ => None,
    }
}

fn text_contradiction(schema: &Schema, text: &str) -> Option<String> {
    if schema.format.as_deref() == Some("date-time") && !is_date_time(text) {
        return Some(format!("example `{text}` is not an RFC 3339 date-time"));
    }
    if let Some(pattern) = &schema.pattern {
        // A pattern that is not a regular expression is a finding of its own.
        if Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
            return Some(format!("example `{text}` does not match `{pattern}`"));
        }
    }
    let length = match schema.sdk.byte_length {
        true => text.len(),
        false => text.chars().count(),
    } as u64;
    let short = schema.min_length.is_some_and(|least| length < least);
    let long = schema.max_length.is_some_and(|most| length > most);
    (short || long).then(|| format!("example `{text}` is {length} long, out of bounds"))
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn less(one: &Number, other: &Number) -> bool {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_f64() < other.as_f64(),
    }
}

/// Whether the text has the form `2024-05-17T00:23:17.5Z` or the same with an offset.
fn is_date_time(text: &str) -> bool {
    const FORM: &str = r"(?x)^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])
        [Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$";
    Regex::new(FORM).is_ok_and(|regex| regex.is_match(text))
}
