//! Models that share a name with a model of another shape in an older version. Versions share their types, so the
//! newer one gets the suffix that the vendor uses elsewhere.

use std::collections::BTreeSet;

use super::super::{Fixtures, page};
use super::{Assumptions, Location, bare};
use crate::lower::versioned;
use crate::names;
use crate::openapi::Schema;

/// The models that calls lead to.
pub(super) fn reached(page: &page::Service) -> BTreeSet<String> {
    let bodies = page.calls.iter().filter_map(|call| call.body.as_ref()).map(|body| &body.schema);
    let answers = page.calls.iter().flat_map(|call| &call.responses).filter_map(|(_, schema)| schema.as_ref());
    let mut open: Vec<&Schema> = bodies.chain(answers).collect();
    let mut found = BTreeSet::new();
    while let Some(schema) = open.pop() {
        open.extend(schema.one_of.iter().chain(schema.items.as_deref()));
        let model = schema.model().and_then(|name| page.models.iter().find(|own| own.name == name));
        if let Some(model) = model.filter(|own| !found.contains(&own.name)) {
            found.insert(model.name.clone());
            open.extend(model.fields.iter().map(|field| &field.schema));
        }
    }
    found
}

/// Renames such models wherever they are used.
pub(super) fn apply(service: &str, page: &mut page::Service, fixtures: &Fixtures) -> Assumptions {
    let versions = || page.versions.iter().map(|own| own.version.as_str());
    let Some(oldest) = versions().min_by_key(|own| names::version_parts(own)).map(str::to_owned) else {
        return Assumptions::new();
    };
    let before = names::version_parts(&oldest);
    let older = fixtures.iter().filter(|((own, version), _)| own == service && names::version_parts(version) < before);
    let older: Vec<_> = older.map(|((_, version), document)| (version, &document.components.schemas)).collect();
    let mut names: Vec<(String, String, String)> = Vec::new();
    // A model of a renamed one has another shape as well.
    loop {
        let fresh = page.models.iter().filter(|model| !names.iter().any(|(from, ..)| *from == model.name));
        let fresh = fresh.filter_map(|model| {
            let differs = |own: &Schema| !same_shape(model, own, &names);
            let (version, _) = older.iter().find(|(_, models)| models.get(&model.name).is_some_and(differs))?;
            let taken = |name: &str| {
                let is = |own: &page::Model| own.name == name;
                page.models.iter().any(is) || older.iter().any(|(_, models)| models.contains_key(name))
            };
            Some((model.name.clone(), versioned(&model.name, &oldest, taken), (*version).clone()))
        });
        let fresh: Vec<_> = fresh.collect();
        if fresh.is_empty() {
            break;
        }
        names.extend(fresh);
    }
    for (from, to, _) in &names {
        rename(page, from, to);
    }
    let mut assumptions = Assumptions::new();
    for version in page.versions.iter().map(|own| &own.version) {
        for (from, to, older) in &names {
            let reason =
                format!("The reference calls this model `{from}`, which is a model of another shape in {older}.");
            assumptions.push((version.clone(), Location::model(to), reason));
        }
    }
    assumptions
}

fn same_shape(model: &page::Model, older: &Schema, names: &[(String, String, String)]) -> bool {
    let facts = |schema: &Schema| Schema { examples: Vec::new(), ..bare(schema) };
    let renamed = |schema: &Schema| {
        let mut own = facts(schema);
        names.iter().for_each(|(from, to, _)| refer(&mut own, from, to));
        own
    };
    let one = model.fields.iter().map(|own| (own.name.as_str(), own.required, renamed(&own.schema)));
    let other = older.properties.iter().map(|(name, own)| (name.as_str(), older.requires(name), facts(own)));
    one.eq(other)
}

fn rename(page: &mut page::Service, from: &str, to: &str) {
    for model in &mut page.models {
        if model.name == from {
            to.clone_into(&mut model.name);
        }
        model.fields.iter_mut().for_each(|field| refer(&mut field.schema, from, to));
    }
    for call in &mut page.calls {
        let answers = call.responses.iter_mut().filter_map(|(_, schema)| schema.as_mut());
        answers.chain(call.body.as_mut().map(|body| &mut body.schema)).for_each(|schema| refer(schema, from, to));
    }
}

fn refer(schema: &mut Schema, from: &str, to: &str) {
    if schema.reference.is_some() && schema.model() == Some(from) {
        schema.reference = Schema::reference_to(to).reference;
    }
    for inner in schema.one_of.iter_mut().chain(schema.items.as_deref_mut()) {
        refer(inner, from, to);
    }
}
