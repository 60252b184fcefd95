//! Values that a page lists in its words about a field or parameter, such as `State(Active, Stop)`. The enumerations of
//! the fixtures are written by hand, so only a person can follow what such a list changes.

use std::collections::{BTreeMap, BTreeSet};

use super::page;
use super::row::Field;
use crate::openapi::{Document, Schema};

/// The lists of each service.
pub(super) type Prose = BTreeMap<String, Vec<Listed>>;

/// Values that the page lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    place: Place,
    values: Vec<String>,
    /// Whether the page also states values as the type, which is compared like any other type.
    typed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Model and field.
    Field(String, String),
    /// Version, method, path, and the name of the parameter.
    Parameter([String; 4]),
}

/// The values in parentheses: those of the first list, else of the first word, or none.
pub(super) fn values(text: &str) -> Vec<String> {
    let is_value = |value: &String| {
        !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let groups = text.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
    let lists = groups.map(|(inner, _)| {
        let inner = inner.replace(" or ", ",").replace(" \u{b610}\u{b294} ", ",");
        inner.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>()
    });
    let lists: Vec<Vec<String>> = lists.filter(|list| list.iter().all(is_value)).collect();
    let found = lists.iter().find(|list| list.len() > 1).or(lists.first());
    found.cloned().unwrap_or_default()
}

/// What the page lists about each of its fields and parameters, also where it lists nothing.
pub(super) fn of(service: &page::Service) -> Vec<Listed> {
    let fields = service.models.iter().flat_map(|model| model.fields.iter().map(move |field| (model, field)));
    let fields = fields.map(|(model, field)| Listed {
        place: Place::Field(model.name.clone(), field.name.clone()),
        values: field.listed.clone(),
        typed: is_typed(field),
    });
    let parameters = service.calls.iter().flat_map(|call| call.parameters.iter().map(move |own| (call, own)));
    let parameters = parameters.map(|(call, own)| {
        let place = [&call.lifecycle.version, &call.method, &call.path, &own.field.name].map(String::clone);
        Listed { place: Place::Parameter(place), values: own.field.listed.clone(), typed: is_typed(&own.field) }
    });
    fields.chain(parameters).collect()
}

fn is_typed(field: &Field) -> bool {
    !field.schema.allowed.is_empty() || field.schema.items.as_ref().is_some_and(|own| !own.allowed.is_empty())
}

/// The lists that do not have the values of the enumeration, one line each, without service and version.
pub(super) fn differences(listed: &[Listed], document: &Document) -> Vec<String> {
    let version = &document.info.version;
    let lines = listed.iter().filter_map(|own| {
        let (place, schema) = match &own.place {
            Place::Field(model, field) => {
                (format!("{model}.{field}"), document.components.schemas.get(model)?.properties.get(field)?)
            }
            Place::Parameter([number, method, path, name]) => {
                let operation = document.operation(path, method).filter(|_| number == version)?;
                let parameter = operation.parameters.iter().find(|own| own.name == *name)?;
                (format!("{}.{name}", operation.operation_id), &parameter.schema)
            }
        };
        let Some((name, known)) = enumeration(schema, document) else {
            // One word in parentheses is seldom a value.
            let stated = (own.values.len() > 1).then(|| own.values.join(", "))?;
            return Some(format!("{place}: values only in the description, which no enumeration has: {stated}"));
        };
        if own.values.is_empty() {
            return (!own.typed).then(|| format!("{place}: no values in the description, but in {name}"));
        }
        let stated: BTreeSet<&str> = own.values.iter().map(String::as_str).collect();
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| -> String {
            let own: Vec<&str> = one.difference(other).copied().collect();
            if own.is_empty() { "none".to_owned() } else { own.join(", ") }
        };
        let (page, fixture) = (only(&stated, &known), only(&known, &stated));
        (stated != known)
            .then(|| format!("{place}: values differ; only in the description: {page}; only in {name}: {fixture}"))
    });
    lines.collect()
}

/// The enumeration of a string or of a list of strings, with its values.
fn enumeration(schema: &Schema, document: &Document) -> Option<(String, Vec<String>)> {
    let model = schema.model().and_then(|name| document.components.schemas.get_key_value(name));
    if let Some((name, model)) = model {
        return texts(model).map(|values| (format!("`{name}`"), values));
    }
    if let Some(name) = &schema.sdk.enumeration {
        return Some((format!("`{name}`"), document.sdk.enums.get(name)?.values.clone()));
    }
    let own = texts(schema).map(|values| ("the fixture".to_owned(), values));
    own.or_else(|| enumeration(schema.items.as_deref()?, document))
}

fn texts(schema: &Schema) -> Option<Vec<String>> {
    let values = schema.allowed.iter().filter_map(|value| value.as_str().map(str::to_owned));
    (!schema.allowed.is_empty()).then(|| values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_parentheses_are_read() {
        for (text, expected) in [
            (
                "\u{d0a4} \u{c0c1}\u{d0dc}(Creating, Active, To_Be_Terminated)",
                &["Creating", "Active", "To_Be_Terminated"][..],
            ),
            ("State (see below) of a key (Active,Stop)", &["Active", "Stop"]),
            ("State of key(Creating, Active) Example : Active (now, soon)", &["Creating", "Active"]),
            ("Purpose(aes256-gcm96, rsa.2048)", &["aes256-gcm96", "rsa.2048"]),
            ("Key type( plaintext or wrapped )", &["plaintext", "wrapped"]),
            ("Kind(y \u{b610}\u{b294} n)", &["y", "n"]),
            ("Key(s) by state(Active, Stop)", &["Active", "Stop"]),
            ("State(Active)", &["Active"]),
            ("Name (two words, or more)", &[]),
            ("State(Active, )", &[]),
            ("State(Active, Stop", &[]),
            ("", &[]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }
}
