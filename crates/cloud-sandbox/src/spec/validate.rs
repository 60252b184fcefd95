//! Compares a request with what its operation documents, and lists what is wrong.

use serde_json::Value;

use super::model::{Hit, Operation, Place};
use super::violation::{Rule, Violation};
use crate::http::HttpRequest;

mod value;

/// Why a body is refused.
#[derive(Debug)]
pub(crate) enum BadBody {
    /// There is a body and its content type is not JSON.
    MediaType,
    /// The operation requires a body and there is none.
    Missing,
    /// The text is not JSON, or is there where none is documented.
    Unreadable(&'static str),
    Invalid(Vec<Violation>),
}

/// Checks path and query parameters.
pub(crate) fn parameters(hit: &Hit<'_>, request: &HttpRequest) -> Vec<Violation> {
    let operation = hit.operation;
    let mut found = Vec::new();
    for (name, value) in &hit.arguments {
        if let Some(parameter) = operation.parameter(Place::Path, name) {
            value::text(operation, parameter, &[value], &mut found);
        }
    }
    let pairs = match request.query_pairs() {
        Ok(pairs) => pairs,
        // The name alone: a response must not repeat a value that may be a secret.
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
    for parameter in operation.parameters_in(Place::Query) {
        let values: Vec<&str> =
            pairs.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| &**value).collect();
        match values.len() {
            0 if parameter.required => found.push(Violation::new(&parameter.name, Rule::Required)),
            0 => {}
            _ => value::text(operation, parameter, &values, &mut found),
        }
    }
    found
}

/// Checks the body and hands it out when the operation has one.
pub(crate) fn body(operation: &Operation, request: &HttpRequest) -> Result<Option<Value>, BadBody> {
    body_after(operation, request, |_| ())
}

/// The same for a body that is changed before it is checked.
pub(crate) fn body_after(
    operation: &Operation,
    request: &HttpRequest,
    change: impl FnOnce(&mut Value),
) -> Result<Option<Value>, BadBody> {
    let Some(documented) = &operation.body else {
        let stray = !request.body.is_empty();
        return if stray { Err(BadBody::Unreadable("no body is documented here")) } else { Ok(None) };
    };
    if request.body.is_empty() {
        return if documented.required { Err(BadBody::Missing) } else { Ok(None) };
    }
    if !request.is_json() {
        return Err(BadBody::MediaType);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&request.body) else {
        return Err(BadBody::Unreadable("the body is not valid JSON"));
    };
    change(&mut value);
    let found = json(operation, &value);
    if found.is_empty() { Ok(Some(value)) } else { Err(BadBody::Invalid(found)) }
}

/// Checks a body that was read elsewhere.
pub(crate) fn json(operation: &Operation, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(documented) = &operation.body {
        value::json(operation, &documented.schema, value, &mut found);
    }
    found
}
