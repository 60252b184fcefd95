//! Which models requests and responses are made of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer;
use crate::ir::Role;

/// The models of one document by their use.
#[derive(Debug, Default)]
pub(super) struct Uses {
    requests: BTreeSet<String>,
    /// Bodies of updates, where null and absent differ.
    updates: BTreeSet<String>,
    /// What operations return.
    responses: BTreeSet<String>,
    reached: BTreeSet<String>,
    /// What holds a secret or an authentication code.
    secrets: BTreeSet<String>,
}

impl Uses {
    pub(super) fn of(document: &Value) -> Self {
        let bodies = |update: bool| -> BTreeSet<String> {
            let found = operations(document).into_iter().filter(|(_, method, _)| !update || *method == "put");
            let schemas = found.flat_map(|(.., operation)| names(&operation["requestBody"]));
            reachable(document, schemas.collect())
        };
        let returned = operations(document).into_iter().flat_map(|(.., operation)| {
            [answer::of(document, operation), answer::of_split(document, operation)].map(|own| names(&own)).concat()
        });
        let responses = reachable(document, returned.collect());
        let models = document.pointer("/components/schemas").and_then(Value::as_object);
        let names: Vec<&String> = models.into_iter().flat_map(|models| models.keys()).collect();
        let holds = |name: &&&String| {
            reachable(document, vec![(**name).clone()])
                .iter()
                .any(|inner| is_secret(&model(document, inner)["properties"]))
        };
        let secrets = names.iter().filter(holds).map(|name| (*name).clone()).collect();
        let (requests, updates) = (bodies(false), bodies(true));
        Self { requests, updates, responses, reached: reached(document), secrets }
    }

    /// The uses in one of several versions: a type that they share is used in one way.
    pub(super) fn among<'a>(document: &Value, versions: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut own = Self::of(document);
        for other in versions.into_iter().map(Self::of) {
            own.requests.extend(other.requests);
            own.updates.extend(other.updates);
            own.responses.extend(other.responses);
        }
        own
    }

    /// The same with the new names of models.
    pub(super) fn renamed(mut self, names: &BTreeMap<String, String>) -> Self {
        let Self { requests, updates, responses, reached, secrets } = &mut self;
        for set in [requests, updates, responses, reached, secrets] {
            let new: Vec<String> = set.iter().filter_map(|name| names.get(name).cloned()).collect();
            set.extend(new);
        }
        self
    }

    /// How the type of the model is used.
    pub(super) fn role(&self, model: &str) -> Role {
        let is = |of: &BTreeSet<String>| of.contains(model);
        let (request, response, update) = (is(&self.requests), is(&self.responses), is(&self.updates));
        Role { request, response, update, secret: is(&self.secrets), page: None }
    }

    /// Whether an operation leads to the model, so that it has a Rust type.
    pub(super) fn is_reached(&self, model: &str) -> bool {
        self.reached.contains(model)
    }

    pub(super) fn is_request(&self, model: &str) -> bool {
        self.requests.contains(model)
    }

    pub(super) fn is_update(&self, model: &str) -> bool {
        self.updates.contains(model)
    }

    pub(super) fn is_secret(&self, model: &str) -> bool {
        self.secrets.contains(model)
    }
}

/// The models that operations lead to.
pub(super) fn reached(document: &Value) -> BTreeSet<String> {
    let parts = |operation: &Value| {
        let split = operation["x-sdk"]["split"]["schema"].as_str().map(|own| named(own).to_owned());
        let schemas = ["parameters", "requestBody", "responses"].map(|part| names(&operation[part]));
        schemas.concat().into_iter().chain(split).collect::<Vec<_>>()
    };
    let open = operations(document).into_iter().flat_map(|(.., operation)| parts(operation)).collect();
    reachable(document, open)
}

/// Path, method and description of each operation.
pub(super) fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object();
    let items = paths.into_iter().flatten().filter_map(|(path, item)| Some((path.as_str(), item.as_object()?)));
    items
        .flat_map(|(path, item)| item.iter().map(move |(method, operation)| (path, method.as_str(), operation)))
        .filter(|(_, method, _)| matches!(*method, "get" | "post" | "put" | "delete"))
        .collect()
}

pub(super) fn model<'a>(document: &'a Value, name: &str) -> &'a Value {
    &document["components"]["schemas"][name]
}

/// The model that a `$ref` names.
pub(super) fn named(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// Every model that a value refers to.
pub(super) fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, member)| match (key.as_str(), member) {
                ("$ref", Value::String(reference)) => vec![named(reference).to_owned()],
                // An example can have a member of any name.
                ("example" | "examples" | "default", _) => Vec::new(),
                _ => names(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn reachable(document: &Value, mut open: Vec<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            open.extend(names(model(document, &name)));
        }
    }
    seen
}

/// Whether one of the properties takes the traits of a secret.
fn is_secret(properties: &Value) -> bool {
    let secret = |property: &Value| {
        let bytes = property["contentEncoding"] == "base64" || property["contentMediaType"] == "application/json";
        property["x-sdk"]["sensitive"] == true || property["x-sdk"]["type"] == "hmac" || bytes
    };
    properties.as_object().is_some_and(|own| own.values().any(|own| secret(own) || secret(&own["items"])))
}
