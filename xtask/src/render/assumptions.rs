//! What the vendors leave open, as lists of documents.

use super::{escape, line, plain};
use crate::emit::wrap;
use crate::ir::{Assumption, Place, Service, Version};

/// A section of a service; empty where nothing is assumed.
pub(super) fn section(service: &Service) -> String {
    let list = list(service);
    if list.is_empty() { list } else { format!("\nAssumptions, where the vendor leaves something open:\n\n{list}") }
}

/// The lists of several services, for a guide.
pub(super) fn every(services: &[&Service]) -> String {
    let named = services.iter().map(|service| (plain(&service.title), list(service)));
    let named = named.filter(|(_, list)| !list.is_empty());
    let parts: Vec<String> = named.map(|(title, list)| format!("{title}:\n\n{list}")).collect();
    parts.join("\n")
}

/// One item for each version and reason, with the places that share it.
pub(super) fn list(service: &Service) -> String {
    let mut text = String::new();
    for version in &service.versions {
        for (reason, places) in grouped(version) {
            let names: Vec<String> = places.iter().filter_map(|place| name(place)).collect();
            let of = if names.is_empty() { String::new() } else { format!(", {}", names.join(", ")) };
            let item = format!("{}{of}: {}", version.number, escape(reason));
            for (index, part) in wrap(&item, 98).into_iter().enumerate() {
                line(&mut text, format_args!("{} {part}", if index == 0 { "-" } else { " " }));
            }
        }
    }
    text
}

/// Each reason once, in the order of first appearance.
fn grouped(version: &Version) -> Vec<(&str, Vec<&Place>)> {
    let mut groups: Vec<(&str, Vec<&Place>)> = Vec::new();
    for Assumption { place, text } in &version.assumptions {
        match groups.iter_mut().find(|(reason, _)| reason == text) {
            Some((_, places)) => places.push(place),
            None => groups.push((text, vec![place])),
        }
    }
    groups
}

fn name(place: &Place) -> Option<String> {
    match place {
        Place::Version => None,
        Place::Operation(name) | Place::Model(name) => Some(format!("`{name}`")),
        Place::Field(model, field) => Some(format!("`{model}.{field}`")),
    }
}
