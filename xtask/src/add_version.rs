//! Starts a new API version from the document of an existing one.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::defaults;
use crate::names;
use crate::vendors::{TABLE, Vendors};

const CHANGELOG: &str = "CHANGELOG.md";

/// Which version to add.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The vendor's name, such as `scp`.
    pub vendor: &'a str,
    /// The service's name in requests, such as `kms`.
    pub service: &'a str,
    /// The new version, such as `1.3`.
    pub version: &'a str,
    /// The version to copy, such as `1.2`.
    pub from: &'a str,
    /// Whether the accessor without a number returns the new version; a major release alone may do that.
    pub move_default: bool,
}

/// Copies the document and adapts what follows from the number; returns the files that changed, relative to `root`.
///
/// A copy of the vendor's current version becomes the current one.
///
/// # Errors
/// A vendor, service or version that does not exist, a version that exists already, a file that cannot be read or
/// written.
pub fn run(root: &Path, request: Request<'_>) -> Result<Vec<String>, Box<dyn Error>> {
    let Request { vendor, service, version, from, move_default } = request;
    let vendors = Vendors::load(root)?;
    let known = vendors.get(vendor).ok_or_else(|| format!("{TABLE} has no vendor `{vendor}`"))?;
    known.service(service).ok_or_else(|| format!("{TABLE} has no service `{service}` of `{vendor}`"))?;
    if let Some(wrong) = [version, from].into_iter().find(|number| !names::is_version(number)) {
        return Err(format!("`{wrong}` is not a version number such as `1.2`").into());
    }
    let path = |number: &str| format!("fixtures/{vendor}/{service}-{number}.json");
    let (old, new) = (path(from), path(version));
    if root.join(&new).exists() {
        return Err(format!("{new} exists already").into());
    }
    let text = read(root, &old)?;
    let mut document: Value = serde_json::from_str(&text).map_err(|error| format!("{old}: {error}"))?;
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or(service).to_owned();
    let current = document.pointer("/x-sdk/status").and_then(Value::as_str) == Some("CURRENT");
    renumber(&mut document, service, from, version);
    let mut changed = vec![new.clone()];
    fs::write(root.join(&new), serde_json::to_string_pretty(&document)? + "\n")?;
    if current {
        fs::write(root.join(&old), text.replacen("\"status\": \"CURRENT\"", "\"status\": \"SUPPORTED\"", 1))?;
        changed.push(old);
    }
    if move_default {
        fs::write(root.join(TABLE), with_default(&read(root, TABLE)?, vendor, service, version))?;
        changed.push(TABLE.to_owned());
    }
    for (path, edited) in
        [(defaults::TABLE, defaults::complete(root)?), (CHANGELOG, note(root, &known.package, &title, version))]
    {
        if let Some(text) = edited {
            fs::write(root.join(path), text)?;
            changed.push(path.to_owned());
        }
    }
    Ok(changed)
}

/// What is left to do, for the person at the terminal.
#[must_use]
pub fn next_steps(request: Request<'_>, changed: &[String]) -> String {
    let Request { vendor, service, version, from, .. } = request;
    let files: String = changed.iter().map(|path| format!("  {path}\n")).collect();
    format!(
        "changed:\n{files}next:\n  \
         1. edit fixtures/{vendor}/{service}-{version}.json until it says what the vendor's page says\n  \
         2. set the end date of {from} (`x-sdk.sunset`) if the vendor names one\n  \
         3. cargo xtask lint && cargo xtask codegen\n  \
         4. cargo test -p conformance; add a handler to the sandbox for each new operation\n"
    )
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}

/// Replaces the number where a document repeats it: the version, headers, a path segment, the name of the page.
fn renumber(document: &mut Value, service: &str, from: &str, version: &str) {
    if let Some(number) = document.pointer_mut("/info/version") {
        *number = version.into();
    }
    if let Some(Value::String(source)) = document.pointer_mut("/x-sdk/source")
        && let Some(page) = source.strip_suffix(&format!("v{from}"))
    {
        *source = format!("{page}v{version}");
    }
    rename_headers(document, &format!("{service} {from}"), &format!("{service} {version}"));
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        let segment = |number: &str| format!("/v{number}/");
        // A major number alone is part of the interface's address, not of the version.
        if from.contains('.') {
            let renamed = std::mem::take(paths).into_iter();
            *paths = renamed.map(|(path, item)| (path.replace(&segment(from), &segment(version)), item)).collect();
        }
    }
}

/// Replaces the value of every documented header that names the version.
fn rename_headers(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let headers = (key == "headers").then(|| member.as_array_mut()).flatten();
                match headers {
                    Some(headers) => {
                        let values = headers.iter_mut().filter_map(|header| header.get_mut("value"));
                        values.filter(|value| *value == from).for_each(|value| *value = to.into());
                    }
                    None => rename_headers(member, from, to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_headers(item, from, to)),
        _ => {}
    }
}

/// The table with another default version; comments and order stay.
fn with_default(table: &str, vendor: &str, service: &str, version: &str) -> String {
    let (mut in_vendor, mut in_service) = (false, false);
    let mut service_table = false;
    let mut lines = Vec::new();
    for line in table.lines() {
        match line.trim() {
            "[[vendor]]" => (service_table, in_service) = (false, false),
            "[[vendor.service]]" => (service_table, in_service) = (true, false),
            name if name.starts_with("name = ") => {
                let is = |wanted: &str| name == format!("name = \"{wanted}\"");
                if service_table {
                    in_service = in_vendor && is(service);
                } else {
                    in_vendor = is(vendor);
                }
            }
            _ => {}
        }
        match in_service && line.starts_with("default = ") {
            true => lines.push(format!("default = \"{version}\"")),
            false => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

/// The changelog with a line about the version under the first `### Added`.
fn note(root: &Path, package: &str, title: &str, version: &str) -> Option<String> {
    let text = read(root, CHANGELOG).ok()?;
    let (before, after) = text.split_once("### Added\n\n")?;
    Some(format!("{before}### Added\n\n- `{package}`: {title} {version}.\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_moves_only_in_the_named_service() {
        let table = "[[vendor]]\nname = \"scp\"\n\n[[vendor.service]]\nname = \"kms\"\ndefault = \"1.2\"\n\n\
                     [[vendor.service]]\nname = \"vault\"\ndefault = \"1.2\"\n\n[[vendor]]\nname = \"nhn\"\n\n\
                     [[vendor.service]]\nname = \"kms\"\ndefault = \"1.2\"\n";
        let moved = with_default(table, "scp", "kms", "1.3");
        assert_eq!(moved, table.replacen("default = \"1.2\"", "default = \"1.3\"", 1));
    }

    #[test]
    fn number_is_replaced_where_a_document_repeats_it() {
        let mut document = serde_json::json!({
            "info": {"version": "1.0"},
            "x-sdk": {"source": "API guide, v1.0", "headers": [{"name": "V", "value": "kms 1.0"}]},
            "paths": {"/a/v1.0/b": {"get": {"x-sdk": {"headers": [{"name": "V", "value": "kms 1.0"}]}}}},
        });
        renumber(&mut document, "kms", "1.0", "1.1");
        assert!(!document.to_string().contains("1.0"), "{document}");
    }
}
