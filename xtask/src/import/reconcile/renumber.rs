//! Starts a new version from the one before.

use super::super::facts::{Page, Stated};
use crate::openapi::{Document, Map, Operation, Schema, model_name};

/// The document with another version in its paths.
pub(super) fn renumbered(old: &Document, version: &str) -> Document {
    let mut document = old.clone();
    let before = std::mem::replace(&mut document.info.version, version.to_owned());
    let (from, to) = (format!("/v{before}/"), format!("/v{version}/"));
    let paths = std::mem::take(&mut document.paths).into_iter();
    document.paths = paths.map(|(path, item)| (path.replace(&from, &to), item)).collect();
    document
}

/// The operation of an older version, with the models that the newer one lacks.
pub(super) fn borrowed(old: &Document, stated: &Stated, document: &Document) -> Option<(Operation, Map<Schema>)> {
    let (from, to) = (format!("/v{}/", old.info.version), format!("/v{}/", document.info.version));
    let same = |(path, method, _): &(&str, &str, &Operation)| {
        *method == stated.method && path.replace(&from, &to) == stated.path
    };
    let operation = old.operations().find(same).map(|(.., own)| own)?;
    let mut models = Map::new();
    let bodies = operation.request_body.iter().flat_map(|own| own.content.values());
    let answers = operation.responses.values().flat_map(|own| own.content.values());
    let mut open: Vec<&Schema> = bodies.chain(answers).map(|media| &media.schema).collect();
    open.extend(operation.parameters.iter().map(|own| &own.schema));
    let split = operation.sdk.split.as_ref().and_then(|own| model_name(&own.schema));
    open.extend(split.and_then(|name| old.components.schemas.get(name)));
    models.extend(split.and_then(|name| Some((name.to_owned(), old.components.schemas.get(name)?.clone()))));
    while let Some(schema) = open.pop() {
        open.extend(schema.properties.values().chain(&schema.one_of).chain(schema.items.as_deref()));
        if let Some((name, model)) = schema.model().and_then(|name| old.components.schemas.get_key_value(name))
            && !models.contains_key(name)
        {
            models.insert(name.clone(), model.clone());
            open.push(model);
        }
    }
    // In the order of the older document.
    let place = |name: &String| old.components.schemas.get_index_of(name);
    models.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    Some((operation.clone(), models))
}

/// Adds what was borrowed; a model that is there stays.
pub(super) fn add(document: &mut Document, stated: &Stated, operation: Operation, models: Map<Schema>) {
    if let Some(slot) = document.paths.entry(stated.path.clone()).or_default().slot(&stated.method) {
        *slot = Some(operation);
    }
    for (name, model) in models {
        document.components.schemas.entry(name).or_insert(model);
    }
}

/// Gives paths the order of the pages.
pub(super) fn keep_order(document: &mut Document, pages: &[Page]) {
    let order: Vec<&str> = pages.iter().flat_map(|page| &page.operations).map(|own| own.path.as_str()).collect();
    document.paths.sort_by_cached_key(|path, _| order.iter().position(|own| own == path).unwrap_or(order.len()));
}
