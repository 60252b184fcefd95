//! Checks values against the schema subset that the fixtures use, strictly.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::spec::model::{Document, Operation, Parameter};
use crate::spec::schema::{Kinds, resolve};
use crate::spec::violation::{Rule, Violation};

/// The context of a check: what it may look up, and where findings go.
struct Walk<'a> {
    document: &'a Document,
    found: &'a mut Vec<Violation>,
}

/// Checks the texts of one path or query parameter by reading them as their type.
pub(super) fn text(operation: &Operation, parameter: &Parameter, values: &[&str], found: &mut Vec<Violation>) {
    let mut walk = Walk { document: &operation.document, found };
    let (schema, _) = resolve(operation.schemas(), &parameter.schema);
    let kinds = Kinds::of(schema);
    if values.len() > 1 && !kinds.allows("array") {
        walk.add(&parameter.name, Rule::Repeated);
        return;
    }
    let item = schema.get("items").filter(|_| kinds.allows("array"));
    let (schema, _) = item.map_or((schema, false), |item| resolve(operation.schemas(), item));
    for raw in values {
        match read(&Kinds::of(schema), raw) {
            Some(value) => walk.value(schema, &value, &parameter.name),
            None => walk.add(&parameter.name, Rule::Kind(Kinds::of(schema).to_string())),
        }
    }
}

/// Checks a JSON value.
pub(super) fn json(operation: &Operation, schema: &Value, value: &Value, found: &mut Vec<Violation>) {
    Walk { document: &operation.document, found }.value(schema, value, "");
}

/// Reads a text as the first type that takes it.
fn read(kinds: &Kinds<'_>, raw: &str) -> Option<Value> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if kinds.is_open() || kinds.allows("string") {
        return Some(Value::from(raw));
    }
    if kinds.allows("integer") && digits(raw.strip_prefix('-').unwrap_or(raw)) {
        return raw.parse::<i64>().ok().map(Value::from);
    }
    if kinds.allows("number") {
        return raw.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from);
    }
    if kinds.allows("boolean") {
        // Pages write the values of flags with a capital.
        return match raw {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        };
    }
    None
}

impl Walk<'_> {
    fn add(&mut self, at: &str, rule: Rule) {
        self.found.push(Violation::new(at, rule));
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        let (target, nullable) = resolve(&self.document.schemas, schema);
        if value.is_null() {
            if !nullable {
                self.add(at, Rule::Null);
            }
            return;
        }
        let kinds = Kinds::of(target);
        if !kinds.fits(value) {
            self.add(at, Rule::Kind(kinds.to_string()));
            return;
        }
        self.rules(target, value, at);
        // A rule beside a reference stands on the property, not on the model.
        let own = if std::ptr::eq(schema, target) { None } else { Some(schema) };
        for schema in [Some(target), own].into_iter().flatten() {
            let stricter = schema.pointer("/x-sdk/checked_by_server").and_then(Value::as_array);
            for rule in stricter.into_iter().flatten() {
                self.rules(rule, value, at);
            }
        }
        match value {
            Value::Object(map) => self.object(target, map, at),
            Value::Array(list) => {
                if let Some(items) = target.get("items") {
                    for (index, item) in list.iter().enumerate() {
                        self.value(items, item, &format!("{at}[{index}]"));
                    }
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &Value, map: &Map<String, Value>, at: &str) {
        let child = |name: &str| {
            if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
        };
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                self.add(&child(name), Rule::Required);
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (name, value) in map {
            match (properties.and_then(|known| known.get(name)), others) {
                (Some(property), _) => self.value(property, value, &child(name)),
                (None, Some(Value::Bool(true))) => {}
                (None, Some(other)) if other.is_object() => self.value(other, value, &child(name)),
                (None, None) if properties.is_none() => {}
                (None, _) => self.add(&child(name), Rule::Unknown),
            }
        }
    }

    fn rules(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            let list: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            self.add(at, Rule::OneOf(list.join(", ")));
        }
        if let Some(only) = schema.get("const")
            && only != value
        {
            self.add(at, Rule::OneOf(only.to_string()));
        }
        match value {
            Value::String(text) => self.string(schema, text, at),
            Value::Number(number) => {
                let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
                let (number, width) = (number.as_f64().unwrap_or(f64::NAN), schema.get("format"));
                let int32 = width.and_then(Value::as_str) == Some("int32");
                let lowest = bound("minimum").or(int32.then_some(f64::from(i32::MIN)));
                let highest = bound("maximum").or(int32.then_some(f64::from(i32::MAX)));
                if let Some(lowest) = lowest.filter(|&lowest| number < lowest) {
                    self.add(at, Rule::AtLeast(lowest));
                }
                if let Some(highest) = highest.filter(|&highest| number > highest) {
                    self.add(at, Rule::AtMost(highest));
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, schema: &Value, text: &str, at: &str) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let flag = |pointer: &str| schema.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        // A server rule stands bare in its list, a property keeps the flag in its own x-sdk.
        let bytes = flag("/x-sdk/byte_length") || flag("/byte_length");
        let length = if bytes { text.len() } else { text.chars().count() };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let (min, max) = (limit("minLength"), limit("maxLength"));
        if min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max) {
            self.add(at, Rule::Length { min, max, bytes });
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && self.document.patterns.get(pattern).is_some_and(|compiled| !compiled.is_match(text))
        {
            self.add(at, Rule::Pattern(pattern.to_owned()));
        }
        let format = schema.get("format").and_then(Value::as_str);
        if format == Some("date-time") && OffsetDateTime::parse(text, &Rfc3339).is_err() {
            self.add(at, Rule::Format("date-time".to_owned()));
        }
    }
}
