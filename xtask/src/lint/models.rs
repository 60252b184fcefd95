//! Rules about models: references, required fields, descriptions, patterns, use.

use std::collections::BTreeSet;

use regex::Regex;

use super::{Finding, describe, example, marks};
use crate::lower::REALMS;
use crate::openapi::{Additional, Document, Schema, escape_pointer, model_name};

/// Checks every model of the document.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let reached = reached(document);
    for name in document.circular() {
        let pointer = format!("/components/schemas/{}", escape_pointer(name));
        findings.push(Finding::new(pointer, "leads back to itself, so no value fits"));
    }
    for (name, model) in &document.components.schemas {
        let pointer = format!("/components/schemas/{}", escape_pointer(name));
        describe(findings, &format!("{pointer}/description"), model.description.as_deref());
        schema(document, model, &pointer, findings);
        let used = reached.contains(name.as_str());
        if !used && !model.sdk.unused {
            findings.push(Finding::new(pointer, "no operation reaches it; mark it `x-sdk.unused` or drop it"));
        } else if used && model.sdk.unused {
            findings
                .push(Finding::new(format!("{pointer}/x-sdk/unused"), "marked as unused, but an operation reaches it"));
        }
    }
}

/// Checks a schema and everything inside it.
pub(super) fn schema(document: &Document, own: &Schema, pointer: &str, findings: &mut Vec<Finding>) {
    if let Some(reference) = &own.reference {
        if document.resolve(reference).is_none() {
            findings.push(Finding::new(
                format!("{pointer}/$ref"),
                format!("`{reference}` is not a model of this document"),
            ));
        }
        let allowed = Schema {
            reference: own.reference.clone(),
            description: own.description.clone(),
            default: own.default.clone(),
            sdk: own.sdk.clone(),
            assumed: own.assumed.clone(),
            realm: own.realm.clone(),
            ..Schema::default()
        };
        if *own != allowed {
            let message = "only `description`, `default`, `x-sdk`, `x-assumed` and `x-realm` may stand beside `$ref`";
            findings.push(Finding::new(pointer, message));
        }
    }
    if let Some(pattern) = &own.pattern
        && let Err(error) = Regex::new(pattern)
    {
        findings.push(Finding::new(format!("{pointer}/pattern"), format!("no regular expression: {error}")));
    }
    required(own, pointer, findings);
    assumed(own.assumed.as_deref(), pointer, findings);
    realm(own.realm.as_deref(), pointer, findings);
    for (index, value) in own.examples.iter().enumerate() {
        let place = format!("{pointer}/examples/{index}");
        example::check(document, own, value, &place, findings);
    }
    if let Some(value) = &own.default {
        example::check(document, own, value, &format!("{pointer}/default"), findings);
    }
    for (name, property) in &own.properties {
        let place = format!("{pointer}/properties/{}", escape_pointer(name));
        // A bare reference says what the model says.
        if property.reference.is_none() {
            describe(findings, &format!("{place}/description"), property.description.as_deref());
        }
        if let Some(mark) = marks::missing(property.description.as_deref(), property) {
            findings.push(Finding::new(format!("{place}/description"), mark));
        }
        if property.realm.is_some() && own.requires(name) {
            findings.push(Finding::new(&place, "what only one realm has cannot be required"));
        }
        schema(document, property, &place, findings);
    }
    if let Some(items) = &own.items {
        schema(document, items, &format!("{pointer}/items"), findings);
    }
    for (index, one) in own.one_of.iter().enumerate() {
        schema(document, one, &format!("{pointer}/oneOf/{index}"), findings);
    }
    if let Some(Additional::Schema(inner)) = &own.additional_properties {
        let place = format!("{pointer}/additionalProperties");
        schema(document, inner, &place, findings);
    }
}

/// An assumption is a sentence.
pub(super) fn assumed(text: Option<&str>, pointer: &str, findings: &mut Vec<Finding>) {
    if text.is_some_and(|text| !text.ends_with('.') || text.trim() != text) {
        findings.push(Finding::new(format!("{pointer}/x-assumed"), "not a sentence with a full stop"));
    }
}

/// A realm is one that the generator has words for.
pub(super) fn realm(name: Option<&str>, pointer: &str, findings: &mut Vec<Finding>) {
    if let Some(name) = name.filter(|name| REALMS.iter().all(|(own, _)| own != name)) {
        findings.push(Finding::new(format!("{pointer}/x-realm"), format!("`{name}` is not a realm")));
    }
}

fn required(own: &Schema, pointer: &str, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (index, name) in own.required.iter().enumerate() {
        let message = if !own.properties.contains_key(name) {
            format!("`{name}` is required but is not a property")
        } else if !seen.insert(name) {
            format!("`{name}` is required twice")
        } else {
            continue;
        };
        findings.push(Finding::new(format!("{pointer}/required/{index}"), message));
    }
}

/// The models that some operation leads to.
fn reached(document: &Document) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (.., operation) in document.operations() {
        for parameter in &operation.parameters {
            reach(document, &parameter.schema, &mut names);
        }
        let bodies = operation.request_body.iter().map(|body| &body.content);
        let answers = operation.responses.values().map(|response| &response.content);
        for content in bodies.chain(answers) {
            for media in content.values() {
                reach(document, &media.schema, &mut names);
            }
        }
        if let Some(split) = &operation.sdk.split {
            reach_name(document, &split.schema, &mut names);
        }
    }
    names
}

fn reach<'a>(document: &'a Document, schema: &'a Schema, names: &mut BTreeSet<&'a str>) {
    if let Some(reference) = &schema.reference {
        reach_name(document, reference, names);
    }
    let extra = match &schema.additional_properties {
        Some(Additional::Schema(inner)) => Some(&**inner),
        _ => None,
    };
    let inner = schema.properties.values().chain(&schema.one_of).chain(schema.items.as_deref()).chain(extra);
    for schema in inner {
        reach(document, schema, names);
    }
}

fn reach_name<'a>(document: &'a Document, reference: &'a str, names: &mut BTreeSet<&'a str>) {
    if let (Some(name), Some(model)) = (model_name(reference), document.resolve(reference))
        && names.insert(name)
    {
        reach(document, model, names);
    }
}
