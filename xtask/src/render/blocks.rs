//! The generated lines of hand-written files: version tables, feature lists, module lists.

use super::lifecycle::{self, ENDED};
use super::{assumptions, client_name, line, plain};
use crate::ir::{Service, Version};

/// The lines of a block by its name; `None` for a name that does not exist.
///
/// `versions` and `fixtures` take the name of a vendor to list that vendor alone.
pub(crate) fn block(services: &[Service], name: &str) -> Option<String> {
    let (kind, vendor) = name.split_once(' ').map_or((name, None), |(kind, vendor)| (kind, Some(vendor)));
    let chosen: Vec<&Service> =
        services.iter().filter(|service| vendor.is_none_or(|vendor| service.vendor.name == vendor)).collect();
    if chosen.is_empty() {
        return None;
    }
    match (kind, vendor) {
        ("versions", None) => Some(all_versions(&chosen)),
        ("versions", Some(_)) => Some(versions(&chosen)),
        ("fixtures", None) => Some(fixtures(&chosen)),
        ("embedded", None) => Some(embedded(&chosen)),
        ("features", Some(_)) => Some(features(&chosen)),
        ("feature-table", Some(_)) => Some(feature_table(&chosen)),
        ("assumptions", Some(_)) => Some(assumptions::every(&chosen)),
        ("modules", Some(_)) => Some(modules(&chosen)),
        _ => None,
    }
}

/// Every version of every vendor.
fn all_versions(services: &[&Service]) -> String {
    let mut text =
        String::from("| crate | service | version | state | feature | accessor |\n|---|---|---|---|---|---|\n");
    let mut last = "";
    for service in services {
        let package = service.vendor.package.as_str();
        for (index, version) in newest_first(service).enumerate() {
            let first = index == 0;
            let shown = if package == last { String::new() } else { format!("`{package}` ") };
            let (title, feature) = match first {
                true => (format!("{} ", plain(&service.title)), format!("`{}` ", service.feature)),
                false => (String::new(), String::new()),
            };
            let (number, state, accessors) = (&version.number, state(service, version), accessors(service, version));
            line(&mut text, format_args!("| {shown}| {title}| {number} | {state}| {feature}| {accessors} |"));
            last = package;
        }
    }
    text + &lifecycle::as_of(services)
}

/// Every version of one vendor.
fn versions(services: &[&Service]) -> String {
    let has_state = |service: &Service| service.versions.iter().any(|own| !lifecycle::full(service, own).is_empty());
    let lifecycle = services.iter().any(|service| has_state(service));
    let mut text = match lifecycle {
        true => String::from("| service | version | state | accessor |\n|---|---|---|---|\n"),
        false => String::from("| service | version | accessor |\n|---|---|---|\n"),
    };
    for service in services {
        for (index, version) in newest_first(service).enumerate() {
            let title = if index == 0 { format!("{} ", plain(&service.title)) } else { String::new() };
            let state = if lifecycle { format!(" {}|", state(service, version)) } else { String::new() };
            let (number, accessors) = (&version.number, accessors(service, version));
            line(&mut text, format_args!("| {title}| {number} |{state} {accessors} |"));
        }
    }
    text + &lifecycle::as_of(services)
}

/// The documents with the pages that they describe.
fn fixtures(services: &[&Service]) -> String {
    let mut text = String::from("| document | service | operations |\n|---|---|---:|\n");
    for service in services {
        let (vendor, title, page) = (plain(&service.vendor.title), plain(&service.title), &service.page);
        for version in &service.versions {
            let file = version.source.strip_prefix("fixtures/").unwrap_or(&version.source);
            let (number, count) = (&version.number, version.operations.len());
            line(&mut text, format_args!("| `{file}` | [{vendor}, {title}]({page}) {number} | {count} |"));
        }
    }
    text
}

/// The documents that the sandbox embeds.
fn embedded(services: &[&Service]) -> String {
    let mut text = String::new();
    for source in services.iter().flat_map(|service| &service.sources) {
        line(&mut text, format_args!("    \"{}\",", source.strip_prefix("fixtures/").unwrap_or(source)));
    }
    text
}

/// The crypto provider of a default build; each manifest defines the feature by hand.
const PROVIDER: &str = "ring";

/// The features of a manifest.
fn features(services: &[&Service]) -> String {
    let usual = services.iter().filter(|service| !service.optional);
    let names = usual.map(|service| service.feature.as_str()).chain([ENDED, PROVIDER]);
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    let mut text = format!("default = [{}]\n", quoted.join(", "));
    for service in services {
        line(&mut text, format_args!("## {} {}.\n{} = []", service.title, numbers(service, false), service.feature));
    }
    line(
        &mut text,
        format_args!("## Versions that have ended, of the enabled services: {}.\n{ENDED} = []", ended(services)),
    );
    text
}

/// The features of services for a README.
fn feature_table(services: &[&Service]) -> String {
    let mut text = String::from("| feature | service |\n|---|---|\n");
    for service in services {
        let (feature, title) = (&service.feature, plain(&service.title));
        let note = if service.optional { "; not a default feature" } else { "" };
        line(&mut text, format_args!("| `{feature}` | {title} {}{note} |", numbers(service, false)));
    }
    line(&mut text, format_args!("| `{ENDED}` | ended: {} |", plain(&ended(services))));
    text
}

/// The modules of a crate's root, and the clients of their default versions.
fn modules(services: &[&Service]) -> String {
    let mut sorted = services.to_vec();
    sorted.sort_by_key(|service| &service.module);
    let mut text = String::new();
    for service in &sorted {
        line(&mut text, format_args!("#[cfg(feature = \"{}\")]\npub mod {};", service.feature, service.module));
    }
    for service in sorted {
        let (feature, module, client) = (&service.feature, &service.module, client_name(service));
        line(&mut text, format_args!("#[cfg(feature = \"{feature}\")]\npub use {module}::{client};"));
    }
    text
}

fn newest_first(service: &Service) -> impl Iterator<Item = &Version> {
    service.versions.iter().rev()
}

fn accessors(service: &Service, version: &Version) -> String {
    let (module, number) = (&service.module, &version.module);
    match version.number == service.default {
        true => format!("`{module}()`, `{module}_{number}()`"),
        false => format!("`{module}_{number}()`"),
    }
}

/// The lifecycle state for a cell, with a space after it where there is one.
fn state(service: &Service, version: &Version) -> String {
    let text = lifecycle::full(service, version);
    if text.is_empty() { text } else { format!("{text} ") }
}

/// The versions that have ended, by service.
fn ended(services: &[&Service]) -> String {
    let having = services.iter().filter(|service| service.versions.iter().any(|version| version.ended));
    let list: Vec<String> = having.map(|service| format!("{} {}", service.title, numbers(service, true))).collect();
    if list.is_empty() { "none yet".to_owned() } else { list.join(", ") }
}

/// `1.0`, `1.0 and 1.1`, `1.0, 1.1 and 1.2`: the versions that have ended, or the others.
fn numbers(service: &Service, ended: bool) -> String {
    let versions = service.versions.iter().filter(|version| version.ended == ended);
    let numbers: Vec<&str> = versions.map(|version| version.number.as_str()).collect();
    match numbers.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
