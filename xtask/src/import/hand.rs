//! The parts of a fixture that pages do not state, beyond descriptions and `x-sdk`: what a string stands for.

use std::collections::BTreeSet;

use crate::openapi::{Document, Schema};

/// Formats that are ours; the others are the pages'.
const FORMATS: [&str; 2] = ["ciphertext", "signature"];

/// The format, if a page could state it.
pub(super) fn stated_format(schema: &Schema) -> Option<&str> {
    schema.format.as_deref().filter(|own| !FORMATS.contains(own))
}

/// Takes over what the older schema says the string stands for.
pub(super) fn keep(fresh: &mut Schema, old: &Schema) {
    fresh.content_encoding.clone_from(&old.content_encoding);
    fresh.content_media_type.clone_from(&old.content_media_type);
    if fresh.format.is_none() && stated_format(old).is_none() {
        fresh.format.clone_from(&old.format);
    }
}

/// Removes it.
pub(super) fn remove(schema: &mut Schema) {
    (schema.content_encoding, schema.content_media_type) = (None, None);
    schema.format = stated_format(schema).map(str::to_owned);
}

/// The enumerations that strings of the document belong to.
pub(super) fn enumerations(document: &Document) -> BTreeSet<String> {
    let mut open: Vec<&Schema> = document.components.schemas.values().collect();
    let mut found = BTreeSet::new();
    while let Some(schema) = open.pop() {
        found.extend(schema.sdk.enumeration.clone());
        open.extend(schema.properties.values().chain(&schema.one_of).chain(schema.items.as_deref()));
    }
    found
}

/// Takes over the enumerations that the document refers to.
pub(super) fn keep_enumerations(document: &mut Document, old: &Document) {
    let wanted = enumerations(document);
    for (name, own) in old.sdk.enums.iter().filter(|(name, _)| wanted.contains(*name)) {
        document.sdk.enums.entry(name.clone()).or_insert_with(|| own.clone());
    }
}
