//! Lays the page's facts over a fixture and keeps what was written by hand.

use std::collections::BTreeMap;

use super::hand;
use crate::openapi::{Document, Map, MediaType, Operation, Parameter, Schema};

/// The page's document with the hand-written parts of an older fixture.
#[must_use]
pub fn merge(mut page: Document, old: Option<&Document>) -> Document {
    let Some(old) = old else {
        return page;
    };
    page.info.description.clone_from(&old.info.description);
    for (server, old) in page.servers.iter_mut().zip(&old.servers) {
        server.description.clone_from(&old.description);
        for (name, variable) in &mut server.variables {
            if let Some(old) = old.variables.get(name) {
                variable.description.clone_from(&old.description);
                if variable.allowed.contains(&old.default) {
                    variable.default.clone_from(&old.default);
                }
            }
        }
    }
    page.sdk.source.clone_from(&old.sdk.source);
    page.sdk.success_code = old.sdk.success_code;
    page.sdk.envelope.clone_from(&old.sdk.envelope);
    page.sdk.errors.clone_from(&old.sdk.errors);
    for (path, item) in &mut page.paths {
        for method in ["get", "post", "put", "delete"] {
            let old = old.operations().find(|(p, m, _)| p == path && *m == method);
            let fresh = item.slot(method).and_then(Option::as_mut);
            if let (Some(fresh), Some((.., old))) = (fresh, old) {
                operation(fresh, old);
            }
        }
    }
    let before = predecessors(&page, old);
    for (name, model) in &mut page.components.schemas {
        let before = before.get(name).unwrap_or(name);
        if let Some(old) = old.components.schemas.get(before) {
            schema(model, old);
        }
    }
    for (name, scheme) in &mut page.components.security_schemes {
        if let Some(old) = old.components.security_schemes.get(name) {
            scheme.description.clone_from(&old.description);
        }
    }
    hand::keep_enumerations(&mut page, old);
    page
}

/// Gives paths and models the order of the older fixture; what is new comes last.
pub(super) fn keep_order(page: &mut Document, old: &Document) {
    let place = |keys: &[String], own: &str| keys.iter().position(|key| key == own).unwrap_or(keys.len());
    let paths: Vec<String> = old.paths.keys().cloned().collect();
    page.paths.sort_by_cached_key(|own, _| place(&paths, own));
    let models: Vec<String> = old.components.schemas.keys().cloned().collect();
    page.components.schemas.sort_by_cached_key(|own, _| place(&models, own));
}

/// The older model whose place each new one takes.
fn predecessors(page: &Document, old: &Document) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, method, fresh) in page.operations() {
        let Some((.., older)) = old.operations().find(|(p, m, _)| *p == path && *m == method) else {
            continue;
        };
        let first = |content: &Map<MediaType>| content.values().next().map(|media| media.schema.clone());
        let body = |own: &Operation| own.request_body.as_ref().and_then(|body| first(&body.content));
        // The answer can have another status than before.
        let answer = |own: &Operation| own.answer().map(|(_, media)| media.schema.clone());
        let rest = fresh.responses.iter().filter_map(|(status, own)| {
            let other = older.responses.get(status)?;
            first(&own.content).zip(first(&other.content))
        });
        let both = [body(fresh).zip(body(older)), answer(fresh).zip(answer(older))];
        for (fresh, older) in both.into_iter().flatten().chain(rest) {
            pair(page, old, &fresh, &older, &mut found);
        }
    }
    found
}

fn pair(page: &Document, old: &Document, fresh: &Schema, older: &Schema, found: &mut BTreeMap<String, String>) {
    if let (Some(fresh), Some(older)) = (&fresh.items, &older.items) {
        return pair(page, old, fresh, older, found);
    }
    let (Some(name), Some(before)) = (fresh.model(), older.model()) else {
        return;
    };
    let known = old.components.schemas.contains_key(name);
    if known && name != before || found.contains_key(name) {
        return;
    }
    found.insert(name.to_owned(), before.to_owned());
    let models = (page.components.schemas.get(name), old.components.schemas.get(before));
    if let (Some(fresh), Some(older)) = models {
        for (field, schema) in &fresh.properties {
            if let Some(other) = older.properties.get(field) {
                pair(page, old, schema, other, found);
            }
        }
    }
}

fn operation(fresh: &mut Operation, old: &Operation) {
    fresh.operation_id.clone_from(&old.operation_id);
    fresh.summary.clone_from(&old.summary);
    fresh.description.clone_from(&old.description);
    fresh.deprecated = old.deprecated;
    fresh.sdk.idempotency.clone_from(&old.sdk.idempotency);
    fresh.sdk.effect.clone_from(&old.sdk.effect);
    fresh.sdk.reveals_secrets = old.sdk.reveals_secrets;
    fresh.sdk.page.clone_from(&old.sdk.page);
    fresh.sdk.split.clone_from(&old.sdk.split);
    fresh.sdk.lost_response.clone_from(&old.sdk.lost_response);
    fresh.sdk.already_deleted.clone_from(&old.sdk.already_deleted);
    fresh.sdk.success_example_status = old.sdk.success_example_status;
    for parameter in &mut fresh.parameters {
        let same = |old: &&Parameter| old.name == parameter.name && old.place == parameter.place;
        if let Some(old) = old.parameters.iter().find(same) {
            parameter.description.clone_from(&old.description);
            parameter.style.clone_from(&old.style);
            let source = parameter.sdk.source.take();
            parameter.sdk.clone_from(&old.sdk);
            parameter.sdk.source = parameter.sdk.source.take().or(source);
            schema(&mut parameter.schema, &old.schema);
        }
    }
    if let (Some(body), Some(old)) = (&mut fresh.request_body, &old.request_body) {
        body.description.clone_from(&old.description);
    }
    let first = |own: &Operation| own.good().next().map(|(status, _)| status.clone());
    let (now, before) = (first(fresh), first(old).and_then(|status| old.responses.get(&status)));
    for (status, response) in &mut fresh.responses {
        // A success under another status is still the same one.
        let moved = before.filter(|_| now.as_ref() == Some(status));
        if let Some(old) = old.responses.get(status).or(moved) {
            response.description.clone_from(&old.description);
        }
    }
}

fn schema(fresh: &mut Schema, old: &Schema) {
    hand::keep(fresh, old);
    fresh.description.clone_from(&old.description);
    let unused = fresh.sdk.unused;
    fresh.sdk.clone_from(&old.sdk);
    fresh.sdk.unused = unused;
    for (name, property) in &mut fresh.properties {
        if let Some(old) = old.properties.get(name) {
            schema(property, old);
        }
    }
    if let (Some(items), Some(old)) = (&mut fresh.items, &old.items) {
        schema(items, old);
    }
}
