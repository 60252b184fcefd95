//! Compares a request with what its operation documents, and lists what is wrong.

use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, Hit, Operation, Parameter, Place};
use crate::wire::Received;

mod schema;

pub(crate) use schema::{Kinds, resolve};

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    /// The name of the parameter or the path of the field, such as `tags[0].key`.
    pub(crate) field: String,
    pub(crate) rule: Rule,
}

/// What the field breaks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    Required,
    Unknown,
    Repeated,
    Unreadable,
    Kind(String),
    Null,
    Format(String),
    Pattern(String),
    Length { min: Option<u64>, max: Option<u64>, bytes: bool },
    AtLeast(f64),
    AtMost(f64),
    OneOf(String),
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Unknown => f.write_str("is not documented"),
            Self::Repeated => f.write_str("must not be repeated"),
            Self::Unreadable => f.write_str("cannot be decoded"),
            Self::Kind(wanted) => write!(f, "must be of type {wanted}"),
            Self::Null => f.write_str("must not be null"),
            Self::Format(format) => write!(f, "must have the format {format}"),
            Self::Pattern(pattern) => write!(f, "must match {pattern}"),
            Self::Length { min, max, bytes } => {
                let unit = if *bytes { "bytes" } else { "characters" };
                match (min, max) {
                    (Some(min), Some(max)) => write!(f, "must have {min} to {max} {unit}"),
                    (Some(min), None) => write!(f, "must have at least {min} {unit}"),
                    (None, Some(max)) => write!(f, "must have at most {max} {unit}"),
                    (None, None) => write!(f, "has a wrong number of {unit}"),
                }
            }
            Self::AtLeast(bound) => write!(f, "must be at least {bound}"),
            Self::AtMost(bound) => write!(f, "must be at most {bound}"),
            Self::OneOf(values) => write!(f, "must be one of {values}"),
        }
    }
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, rule: Rule) -> Self {
        Self { field: field.into(), rule }
    }
}

/// Why a body is refused.
#[derive(Debug)]
pub(crate) enum BadBody {
    /// There is a body and its content type is not JSON.
    MediaType,
    /// The text is not JSON, is absent, or is there where none is documented.
    Unreadable(&'static str),
    Invalid(Vec<Violation>),
}

/// Checks path and query parameters.
pub(crate) fn parameters(catalogue: &Catalogue, hit: &Hit<'_>, received: &Received) -> Vec<Violation> {
    let operation = hit.operation;
    let mut found = Vec::new();
    for (name, value) in &hit.arguments {
        if let Some(parameter) = operation.parameter(Place::Path, name) {
            schema::text(catalogue, operation, parameter, &[value], &mut found);
        }
    }
    let pairs = match received.query_pairs() {
        Ok(pairs) => pairs,
        // The name alone: an answer must not repeat a value that may be a secret.
        Err(piece) => {
            let name = piece.split('=').next().unwrap_or_default();
            return vec![Violation::new(name, Rule::Unreadable)];
        }
    };
    let split = operation.split.as_ref().map(|split| &*split.parameter);
    for (name, _) in &pairs {
        let known = operation.parameter(Place::Query, name).is_some() || split == Some(name);
        let listed = found.iter().any(|violation| violation.field == *name && violation.rule == Rule::Unknown);
        if !known && !listed {
            found.push(Violation::new(name, Rule::Unknown));
        }
    }
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
        let values: Vec<&str> =
            pairs.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| &**value).collect();
        match values.len() {
            0 if parameter.required => found.push(Violation::new(&parameter.name, Rule::Required)),
            0 => {}
            _ => schema::text(catalogue, operation, parameter, &values, &mut found),
        }
    }
    found
}

/// Checks the body and hands it out when the operation has one.
pub(crate) fn body(
    catalogue: &Catalogue,
    operation: &Operation,
    received: &Received,
) -> Result<Option<Value>, BadBody> {
    let Some(documented) = &operation.body else {
        let stray = !received.body.is_empty();
        return if stray { Err(BadBody::Unreadable("no body is documented here")) } else { Ok(None) };
    };
    if received.body.is_empty() {
        let missing = documented.required;
        return if missing { Err(BadBody::Unreadable("a body is required")) } else { Ok(None) };
    }
    if !received.is_json() {
        return Err(BadBody::MediaType);
    }
    let Ok(value) = serde_json::from_slice::<Value>(&received.body) else {
        return Err(BadBody::Unreadable("the body is not valid JSON"));
    };
    let found = self::value(catalogue, operation, &value);
    if found.is_empty() { Ok(Some(value)) } else { Err(BadBody::Invalid(found)) }
}

/// Checks a body that was read elsewhere.
pub(crate) fn value(catalogue: &Catalogue, operation: &Operation, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(documented) = &operation.body {
        schema::value(catalogue, operation, &documented.schema, value, &mut found);
    }
    found
}

impl Operation {
    fn parameter(&self, place: Place, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.place == place && parameter.name == name)
    }

    /// The models that references of this operation point to.
    pub(crate) fn models(&self) -> &Map<String, Value> {
        &self.document.schemas
    }
}
