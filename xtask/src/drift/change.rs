//! Compares two states of a document, and names each difference by its rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::{Map, Value};

use super::pairs;
use super::rules::{Bump, Section, What};
use super::uses::{Uses, operations};
use crate::moved::{self, Moved};
use crate::openapi::Document;

mod models;
mod operation;
mod parameters;
mod roles;
mod schema;

/// Documents of a service as JSON, by version.
pub type Versions = BTreeMap<String, Value>;

/// One difference between a page and the committed documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The kind, which decides the release.
    pub what: What,
    /// Where it is: an operation, a model, a field.
    pub place: String,
    /// How it changed: both values where there are two.
    pub how: String,
}

impl Change {
    pub(super) fn new(what: What, place: impl Into<String>, how: impl Into<String>) -> Self {
        Self { what, place: place.into(), how: how.into() }
    }

    /// The release that it needs.
    #[must_use]
    pub fn bump(&self) -> Bump {
        self.what.bump()
    }

    /// What changed, as a part of a sentence.
    #[must_use]
    pub fn text(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!("`{}`: ", self.place) };
        let how = if self.how.is_empty() { String::new() } else { format!(", {}", self.how) };
        format!("{place}{}{how}", self.what.words())
    }

    pub(super) fn section(&self) -> Section {
        self.what.section()
    }
}

/// What the new paths of operations change. The document still has the old ones.
pub(super) fn moves(document: &Document, moved: &[Moved]) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, method, own) in document.operations() {
        let Some(to) = moved.iter().find(|own| own.method == method && own.from == path) else { continue };
        let how = format!("{} {}", method.to_uppercase(), arrow(path, &to.to));
        found.push(Change::new(What::Protocol, &own.operation_id, how));
        // Placeholders are arguments in the order of the path; their names are no names of the Rust interface.
        let is_config = |name: &str| {
            let mut own = own.parameters.iter().filter(|own| own.place == "path");
            own.any(|own| own.name == name && own.sdk.source.as_deref() == Some("config"))
        };
        let names = |own: &str, other: &str| -> Vec<String> {
            let (own, rest) = (moved::placeholders(own), moved::placeholders(other));
            own.into_iter().filter(|name| rest.contains(name) && !is_config(name)).map(str::to_owned).collect()
        };
        let (one, other) = (names(path, &to.to), names(&to.to, path));
        if one != other {
            found.push(Change::new(What::ArgumentOrder, &own.operation_id, arrow(one.join(", "), other.join(", "))));
        }
    }
    found
}

/// What differs between two states of a version, whose operations have the same paths. `versions` are both states of
/// all versions of the service, because versions share types.
#[must_use]
pub fn changes(old: &Value, new: &Value, versions: (&Versions, &Versions)) -> Vec<Change> {
    let pairs = pairs::of(old, new);
    let mut found = Vec::new();
    names(old, new, &pairs, &mut found);
    let before = Uses::among(old, versions.0.values()).renamed(&pairs);
    let after = Uses::among(new, versions.1.values());
    let old = &pairs::renamed(old, &pairs);
    let mut walk = Walk { before, after, found };
    walk.document(old, new);
    walk.operations(old, new);
    walk.models(&old["components"]["schemas"], &new["components"]["schemas"]);
    walk.roles(old, new);
    walk.found
}

/// Models with another name than before; what counts is that of the Rust type.
fn names(old: &Value, new: &Value, pairs: &BTreeMap<String, String>, found: &mut Vec<Change>) {
    let (before, after) = (pairs::rust_names(old), pairs::rust_names(new));
    for (model, one) in &before {
        let now = pairs.get(model).unwrap_or(model);
        match after.get(now) {
            Some(other) if one != other => found.push(Change::new(What::ModelRenamed, one, arrow(one, other))),
            Some(_) if model != now => found.push(Change::new(What::Documentation, model, format!("now {now}"))),
            _ => {}
        }
    }
}

struct Walk {
    before: Uses,
    after: Uses,
    found: Vec<Change>,
}

impl Walk {
    fn add(&mut self, what: What, place: impl Into<String>, how: impl Into<String>) {
        let change = Change::new(what, place, how);
        if !self.found.contains(&change) {
            self.found.push(change);
        }
    }

    fn document(&mut self, old: &Value, new: &Value) {
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "info" | "tags" | "x-assumed" => self.add(What::Documentation, key, ""),
                "servers" => self.servers(one, other),
                "security" => self.add(What::Protocol, key, ""),
                "x-sdk" => self.sdk(one, other),
                // Both are walked on their own.
                "paths" => {}
                "components" if one["securitySchemes"] != other["securitySchemes"] => {
                    self.add(What::Protocol, "security schemes", "");
                }
                "components" => {}
                _ => self.add(What::Unknown, key, ""),
            }
        }
    }

    fn servers(&mut self, old: &Value, new: &Value) {
        let hosts = |own: &Value| -> BTreeSet<String> {
            let own = own.as_array().into_iter().flatten();
            own.filter_map(|server| server["url"].as_str().map(str::to_owned)).collect()
        };
        let (one, other) = (hosts(old), hosts(new));
        for host in other.difference(&one) {
            self.add(What::Endpoint, host, "new");
        }
        for host in one.difference(&other) {
            self.add(What::Endpoint, host, "removed");
        }
        if one == other {
            self.add(What::Endpoint, "servers", "variables or descriptions");
        }
    }

    fn sdk(&mut self, old: &Value, new: &Value) {
        for (key, one, other) in different(old, new) {
            let how = from_to(one, other);
            match key.as_str() {
                "status" if *other == "DEPRECATED" => self.add(What::VersionDeprecated, "", how),
                "status" => self.add(What::VersionState, "", how),
                "sunset" => self.add(What::LifecycleDate, "", how),
                "regions" => self.add(What::Endpoint, "regions", ""),
                "headers" => self.add(What::Protocol, "headers", ""),
                "enums" => self.enums(one, other),
                "source" | "errors" => self.add(What::Documentation, key, ""),
                _ => self.add(What::Unknown, key, how),
            }
        }
    }

    /// Enumerations that strings belong to: each is a type of its own.
    fn enums(&mut self, old: &Value, new: &Value) {
        for (name, one, other) in different(old, new) {
            match (one.is_null(), other.is_null()) {
                (true, _) => self.add(What::ModelAdded, name, ""),
                (_, true) => self.add(What::ModelRemoved, name, ""),
                _ => {
                    for (key, before, after) in different(one, other) {
                        match key.as_str() {
                            "values" => self.values(&name, before, after),
                            "description" => self.add(What::Documentation, &name, key),
                            _ => self.add(What::Unknown, &name, key),
                        }
                    }
                }
            }
        }
    }

    fn operations(&mut self, old: &Value, new: &Value) {
        let (before, after) = (operations(old), operations(new));
        let find = |all: &[(&str, &str, &Value)], path: &str, method: &str| {
            all.iter().find(|(p, m, _)| *p == path && *m == method).map(|(.., own)| (*own).clone())
        };
        for (path, method, own) in &before {
            match find(&after, path, method) {
                Some(other) => self.operation((old, own), (new, &other)),
                None => self.add(What::OperationRemoved, name(own), format!("{} {path}", method.to_uppercase())),
            }
        }
        for (path, method, own) in after {
            if find(&before, path, method).is_none() {
                self.add(What::OperationAdded, name(own), format!("{} {path}", method.to_uppercase()));
            }
        }
    }
}

/// The Rust name of an operation.
fn name(operation: &Value) -> String {
    operation["operationId"].as_str().unwrap_or_default().to_owned()
}

/// The members that two objects have differently; an absent one is null.
fn different<'a>(old: &'a Value, new: &'a Value) -> Vec<(String, &'a Value, &'a Value)> {
    let members = |own: &'a Value| own.as_object().into_iter().flat_map(Map::keys);
    let mut keys: Vec<&String> = members(old).collect();
    keys.extend(members(new).filter(|key| !members(old).any(|own| own == *key)));
    keys.into_iter().map(|key| (key.clone(), &old[key], &new[key])).filter(|(_, one, other)| one != other).collect()
}

/// Both values, for a reader.
fn from_to(old: &Value, new: &Value) -> String {
    let show = |own: &Value| -> String {
        match own {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    };
    arrow(show(old), show(new))
}

pub(super) fn arrow(old: impl Display, new: impl Display) -> String {
    format!("{old} -> {new}")
}
