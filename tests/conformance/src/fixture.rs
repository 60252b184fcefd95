//! The documented operations as tests read them, found by vendor, service, version and operation.
//!
//! They come from the sandbox's reader of fixtures, which shares no code with the generator, so that a mistake there is
//! not repeated here.

use std::collections::BTreeSet;
use std::io;
use std::sync::LazyLock;

use cloud_sandbox::spec::{Catalogue, Content, Operation, Parameter, Place, resolve};
use serde_json::{Value, json};

use crate::Entry;

static CATALOGUE: LazyLock<Result<Catalogue, String>> = LazyLock::new(Catalogue::embedded);

/// One documented operation.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// The operation; one that was split off shares it with the operation that it was split off.
    pub operation: &'static Operation,
    /// Whether this is the operation that was split off.
    pub is_split: bool,
}

/// Returns the documented operation of an entry.
///
/// # Errors
/// Returns an error if the fixtures cannot be read or do not hold the operation.
pub fn find(entry: &Entry) -> io::Result<Documented> {
    let catalogue = CATALOGUE.as_ref().map_err(|reason| io::Error::other(reason.as_str()))?;
    let mut operations = catalogue.operations().filter(|operation| {
        let document = &operation.document;
        (&*document.vendor, &*document.service, &*document.version) == (entry.vendor, entry.service, entry.version)
    });
    let found = operations.find_map(|operation| {
        let is_split = operation.split.as_ref().is_some_and(|split| split.name == entry.operation);
        (is_split || operation.name == entry.operation).then_some(Documented { operation, is_split })
    });
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{entry} is not in its fixture")))
}

/// Returns every documented operation as an entry displays itself, sorted.
///
/// # Errors
/// Returns an error if the fixtures cannot be read.
pub fn names() -> io::Result<Vec<String>> {
    let catalogue = CATALOGUE.as_ref().map_err(|reason| io::Error::other(reason.as_str()))?;
    let mut names = Vec::new();
    for operation in catalogue.operations() {
        let document = &operation.document;
        let own = [Some(&operation.name), operation.split.as_ref().map(|split| &split.name)];
        let version = [&*document.vendor, &*document.service, &*document.version].join(" ");
        names.extend(own.into_iter().flatten().map(|name| format!("{version} {name}")));
    }
    names.sort();
    Ok(names)
}

impl Documented {
    /// Returns the names of the sensitive fields that a value of the schema may hold.
    #[must_use]
    pub fn sensitive_fields(&self, schema: &'static Value) -> BTreeSet<&'static str> {
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![schema];
        while let Some(schema) = open.pop() {
            if let Some(pointer) = schema["$ref"].as_str() {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                let model: Option<&'static Value> = self.operation.document.schemas.get(name);
                open.extend(model.filter(|_| seen.insert(name)));
            }
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                if field["x-sdk"]["sensitive"] == true {
                    found.insert(name.as_str());
                }
                open.push(field);
            }
            open.extend(schema["oneOf"].as_array().into_iter().flatten().chain(schema.get("items")));
        }
        found
    }

    /// Returns the schema of the successful response's payload; none for an object whose fields are not documented.
    #[must_use]
    pub fn payload_schema(&self) -> Option<&'static Value> {
        let schema = self.response_schema()?;
        let payload = match self.operation.document.envelope.as_deref() {
            None | Some("*") => schema,
            Some(key) => self.resolve(schema)["properties"].get(key)?,
        };
        let shape = self.resolve(payload);
        // One without properties has no type in the SDK, and is always null where it may be.
        let is_object = [json!("object"), json!(["object", "null"])].contains(&shape["type"]);
        (!is_object || shape.get("properties").is_some()).then_some(payload)
    }

    /// Returns the parameters in one place.
    pub fn parameters(&self, place: Place) -> impl Iterator<Item = &'static Parameter> {
        self.operation.parameters_in(place)
    }

    /// Returns the query parameter that chooses this operation, if it was split off another.
    #[must_use]
    pub fn split_parameter(&self) -> Option<&'static str> {
        self.operation.split.as_ref().filter(|_| self.is_split).map(|split| &*split.parameter)
    }

    fn content(&self) -> Option<&'static Content> {
        match &self.operation.split {
            Some(split) if self.is_split => Some(&split.content),
            _ => self.operation.success.content.as_ref(),
        }
    }

    /// Returns status and example of the successful response; no example where there is no body.
    #[must_use]
    pub fn response(&self) -> (u16, Option<Value>) {
        (self.operation.success.status, self.content().map(|content| content.example.clone()))
    }

    /// Returns the schema of the successful response.
    #[must_use]
    pub fn response_schema(&self) -> Option<&'static Value> {
        let content = self.content()?;
        // Of the alternatives of a split operation, the one that belongs to this half.
        let other = self.operation.split.as_ref().filter(|_| !self.is_split).map(|split| &split.content.schema);
        let alternatives = other.and_then(|_| content.schema["oneOf"].as_array());
        match alternatives {
            Some(all) => all.iter().find(|one| other.is_none_or(|other| one["$ref"] != other["$ref"])),
            None => Some(&content.schema),
        }
    }

    /// Returns the schema of the request body.
    #[must_use]
    pub fn body_schema(&self) -> Option<&'static Value> {
        self.operation.body.as_ref().map(|body| &body.schema)
    }

    /// Returns the example of the request body, or null.
    #[must_use]
    pub fn body_example(&self) -> Value {
        self.operation.body.as_ref().map(|body| body.example.clone()).unwrap_or_default()
    }

    /// Returns the schema behind a reference, or the schema itself; of alternatives, the one that is not null.
    #[must_use]
    pub fn resolve(&self, schema: &'static Value) -> &'static Value {
        resolve(self.operation.schemas(), schema).0
    }

    /// Visits every value of a JSON value together with the property's schema, to change it.
    pub fn visit(&self, schema: &'static Value, value: &mut Value, change: &mut dyn FnMut(&Value, &mut Value)) {
        let shape = self.resolve(schema);
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let property = property(shape, name);
                    if !property.is_null() {
                        self.visit(property, member, change);
                        change(property, member);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.visit(&shape["items"], item, change);
                }
            }
            _ => {}
        }
    }
}

fn property<'a>(shape: &'a Value, name: &str) -> &'a Value {
    let exact = &shape["properties"][name];
    if !exact.is_null() {
        return exact;
    }
    let all = shape["properties"].as_object().into_iter().flatten();
    let alias = |property: &Value| property["x-sdk"]["alias"].as_array().is_some_and(|a| a.contains(&name.into()));
    all.map(|(_, property)| property).find(|property| alias(property)).unwrap_or(&Value::Null)
}
