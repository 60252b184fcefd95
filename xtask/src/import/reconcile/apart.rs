//! Renames a model that changed in one version only, because versions share types by name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Fixtures;
use crate::ir::TypeDef;
use crate::lower;
use crate::names::version_parts;
use crate::openapi::{Document, Schema};

/// Types by model.
type Shapes = BTreeMap<String, TypeDef>;

/// Renames such models in the documents of one service that pages changed.
pub(super) fn apart(service: &str, before: &Fixtures, documents: &mut Fixtures) {
    // A model that holds a renamed one has another shape as well, so there are as many rounds as models are deep.
    while let Some((version, model, name)) = conflict(service, before, documents) {
        let key = (service.to_owned(), version);
        let Some(document) = documents.get_mut(&key) else { return };
        rename(document, &model, &name);
    }
}

/// The first model that is to have another name: its version, and both names.
fn conflict(service: &str, before: &Fixtures, documents: &Fixtures) -> Option<(String, String, String)> {
    let of_service = |own: &Fixtures| -> Vec<(String, Document)> {
        let own = own.iter().filter(|((name, _), _)| name == service);
        own.map(|((_, version), document)| (version.clone(), document.clone())).collect()
    };
    let mut all: BTreeMap<String, Document> = of_service(before).into_iter().collect();
    let old: BTreeMap<String, Shapes> = all.iter().map(|(version, own)| (version.clone(), shapes(own))).collect();
    all.extend(of_service(documents));
    let new: BTreeMap<String, Shapes> = all.iter().map(|(version, own)| (version.clone(), shapes(own))).collect();
    let mut versions: Vec<&String> = new.keys().collect();
    versions.sort_by_key(|version| version_parts(version));
    let models: BTreeSet<&String> = new.values().flat_map(BTreeMap::keys).collect();
    for model in models {
        let having: Vec<(&String, &TypeDef)> =
            versions.iter().filter_map(|version| Some((*version, new.get(*version)?.get(model)?))).collect();
        let unchanged =
            |(version, own): &&(&String, &TypeDef)| old.get(*version).and_then(|shapes| shapes.get(model)) == Some(own);
        let kept = having.iter().find(unchanged).or(having.first()).map(|(_, own)| *own);
        let changed = having.iter().find(|(version, own)| {
            Some(*own) != kept && documents.contains_key(&(service.to_owned(), (*version).clone()))
        });
        let Some((version, shape)) = changed else { continue };
        // Versions that changed alike go on sharing the type.
        let oldest = having.iter().find(|(_, own)| own == shape).map_or(*version, |(version, _)| *version);
        let name = lower::versioned(model, oldest, |name| {
            all.get(*version).is_some_and(|own| own.components.schemas.contains_key(name))
        });
        return Some(((*version).clone(), model.clone(), name));
    }
    None
}

/// The types of the document's models; none if it is not complete yet.
fn shapes(document: &Document) -> Shapes {
    let models = &document.components.schemas;
    lower::shapes(document)
        .into_iter()
        .filter(|own| models.contains_key(&own.name))
        .map(|own| (own.name.clone(), own))
        .collect()
}

fn rename(document: &mut Document, from: &str, to: &str) {
    let schemas = std::mem::take(&mut document.components.schemas);
    let named = schemas.into_iter().map(|(name, own)| (if name == from { to.to_owned() } else { name }, own));
    document.components.schemas = named.collect();
    document.components.schemas.values_mut().for_each(|own| refer(own, from, to));
    let operations = document.paths.values_mut().flat_map(|item| item.operations_mut());
    for (_, operation) in operations {
        operation.parameters.iter_mut().for_each(|own| refer(&mut own.schema, from, to));
        let bodies = operation.request_body.iter_mut().flat_map(|own| own.content.values_mut());
        let answers = operation.responses.values_mut().flat_map(|own| own.content.values_mut());
        bodies.chain(answers).for_each(|media| refer(&mut media.schema, from, to));
        if let Some(split) = operation.sdk.split.as_mut() {
            refer_text(&mut split.schema, from, to);
        }
    }
}

fn refer(schema: &mut Schema, from: &str, to: &str) {
    if let Some(reference) = &mut schema.reference {
        refer_text(reference, from, to);
    }
    let inner = schema.properties.values_mut().chain(&mut schema.one_of).chain(schema.items.as_deref_mut());
    inner.for_each(|own| refer(own, from, to));
}

fn refer_text(reference: &mut String, from: &str, to: &str) {
    if crate::openapi::model_name(reference) == Some(from) {
        *reference = Schema::reference_to(to).reference.unwrap_or_default();
    }
}
