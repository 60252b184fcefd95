//! What the vendors leave open, and realms, as the end of a description.

use super::{Context, Problem};
use crate::ir::{Assumption, Place};
use crate::openapi::{Document, Schema};

/// The realms of a vendor, and what the documentation says of what only one of them has.
pub(crate) const REALMS: &[(&str, &str)] =
    &[("public", "Public cloud only."), ("government", "Government cloud only.")];

/// Every assumption of a document in its order: the version, operations, models, fields.
pub(super) fn all(document: &Document) -> Vec<Assumption> {
    let assumption = |place: Place, text: &Option<String>| Some(Assumption { place, text: text.clone()? });
    let mut found: Vec<Assumption> = assumption(Place::Version, &document.assumed).into_iter().collect();
    for (_, _, operation) in document.operations() {
        let split = operation.sdk.split.as_ref().map(|split| &split.operation_id);
        let names = std::iter::once(&operation.operation_id).chain(split);
        found.extend(names.filter_map(|name| assumption(Place::Operation(name.clone()), &operation.assumed)));
    }
    for (name, model) in &document.components.schemas {
        found.extend(assumption(Place::Model(name.clone()), &model.assumed));
        let fields = model.properties.iter();
        let fields = fields.map(|(field, own)| assumption(Place::Field(name.clone(), field.clone()), &own.assumed));
        found.extend(fields.flatten());
    }
    found
}

/// The assumption of a model or field, in a paragraph after its description.
pub(super) fn note(schema: &Schema) -> String {
    schema.assumed.as_ref().map(|text| format!("\n\nAssumption: {text}")).unwrap_or_default()
}

/// The only realm that has something, in a paragraph after its description.
pub(super) fn realm(context: &Context<'_>, realm: Option<&str>, pointer: &str) -> Result<String, Problem> {
    let Some(name) = realm else { return Ok(String::new()) };
    match REALMS.iter().find(|(own, _)| *own == name) {
        Some((_, words)) => Ok(format!("\n\n{words}")),
        None => Err(context.problem(&format!("{pointer}/x-realm"), format!("`{name}` is not a realm"))),
    }
}
