//! The fixtures as tests read them: plain JSON, found by vendor, service, version and operation.
//!
//! It reads the files anew and shares no code with the generator, so that a mistake there is not repeated here.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use crate::Entry;

/// One documented operation.
#[derive(Clone, Debug)]
pub struct Documented {
    /// The whole document.
    pub document: Value,
    /// The path with its placeholders.
    pub path: String,
    /// The method, in capitals.
    pub method: String,
    /// The operation.
    pub operation: Value,
    /// The parameter that splits this operation off another, if it was split off.
    pub split: Option<Value>,
}

/// The operation of an entry.
///
/// # Errors
/// If the fixture cannot be read or does not hold it.
pub fn find(entry: &Entry) -> io::Result<Documented> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(entry.vendor);
    let file = folder.join(format!("{}-{}.json", entry.service, entry.version));
    let document: Value = serde_json::from_slice(&fs::read(file)?)?;
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let split = &operation["x-sdk"]["split"];
            let split = (split["operationId"] == entry.operation).then(|| split.clone());
            if operation["operationId"] == entry.operation || split.is_some() {
                return Ok(Documented {
                    path: path.clone(),
                    method: method.to_uppercase(),
                    operation: operation.clone(),
                    split,
                    document: document.clone(),
                });
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{entry} is not in its fixture")))
}

/// Every documented operation as an entry displays itself, sorted.
///
/// # Errors
/// If a fixture cannot be read.
pub fn names() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for vendor in fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"))? {
        let vendor = vendor?.path();
        if !vendor.is_dir() {
            continue;
        }
        for file in fs::read_dir(vendor)? {
            let document: Value = serde_json::from_slice(&fs::read(file?.path())?)?;
            let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let version = [text("/x-sdk/vendor"), text("/x-sdk/service"), text("/info/version")].join(" ");
            let methods = document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object());
            for operation in methods.flat_map(|methods| methods.values()) {
                let own = [&operation["operationId"], &operation["x-sdk"]["split"]["operationId"]];
                names.extend(own.into_iter().filter_map(Value::as_str).map(|name| format!("{version} {name}")));
            }
        }
    }
    names.sort();
    Ok(names)
}

impl Documented {
    /// Whether a value of the schema may hold a field marked as sensitive.
    #[must_use]
    pub fn holds_secret(&self, schema: &Value) -> bool {
        let mut seen = Vec::new();
        self.search_secret(schema, &mut seen)
    }

    fn search_secret<'a>(&'a self, schema: &'a Value, seen: &mut Vec<&'a str>) -> bool {
        if let Some(pointer) = schema["$ref"].as_str() {
            if seen.contains(&pointer) {
                return false;
            }
            seen.push(pointer);
            return self.resolve_pointer(pointer).is_some_and(|model| self.search_secret(model, seen));
        }
        let shapes = schema["oneOf"].as_array().into_iter().flatten();
        let fields = schema["properties"].as_object().into_iter().flatten().map(|(_, field)| field);
        schema["x-sdk"]["sensitive"] == true
            || shapes.chain(fields).chain(schema.get("items")).any(|inner| self.search_secret(inner, seen))
    }

    /// The parameters in a place: `path`, `query` or `header`.
    pub fn parameters<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.operation["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// The documented request headers: those of the operation, else those of the document.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let own = &self.operation["x-sdk"]["headers"];
        let headers = if own.is_array() { own } else { &self.document["x-sdk"]["headers"] };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        headers.as_array().into_iter().flatten().map(|h| (text(&h["name"]), text(&h["value"]))).collect()
    }

    /// The status and example of a good answer; no example where there is no body.
    #[must_use]
    pub fn answer(&self) -> (u16, Option<Value>) {
        let responses = self.operation["responses"].as_object().into_iter().flatten();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        let wanted = self.operation["x-sdk"]["success_example_status"].as_u64();
        let mut found: Vec<_> = good.map(|(status, response)| (status.parse().unwrap_or(0), response)).collect();
        found.sort_by_key(|(status, _)| (wanted.is_some_and(|wanted| wanted != u64::from(*status)), *status));
        let Some((status, response)) = found.first() else { return (0, None) };
        let content = &response["content"]["application/json"];
        let example = match &self.split {
            Some(split) => &content["examples"][split["example"].as_str().unwrap_or_default()]["value"],
            None if content["examples"].is_object() => {
                let others = self.operation["x-sdk"]["split"]["example"].as_str();
                let mut all = content["examples"].as_object().into_iter().flatten();
                all.find(|(name, _)| others != Some(name)).map_or(&Value::Null, |(_, example)| &example["value"])
            }
            None => &content["example"],
        };
        (*status, (!example.is_null()).then(|| example.clone()))
    }

    /// The schema of a good answer, and of the request body.
    #[must_use]
    pub fn answer_schema(&self) -> Option<&Value> {
        if let Some(split) = &self.split {
            return self.resolve_pointer(split["schema"].as_str()?);
        }
        let (status, _) = self.answer();
        let schema = &self.operation["responses"][status.to_string()]["content"]["application/json"]["schema"];
        match schema["oneOf"].as_array() {
            Some(shapes) if self.operation["x-sdk"]["split"].is_object() => {
                let other = &self.operation["x-sdk"]["split"]["schema"];
                shapes.iter().find(|shape| shape["$ref"] != *other)
            }
            _ => (!schema.is_null()).then_some(schema),
        }
    }

    /// The schema of the request body.
    #[must_use]
    pub fn body_schema(&self) -> Option<&Value> {
        let schema = &self.operation["requestBody"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then_some(schema)
    }

    /// The schema behind a reference, or the schema itself; of alternatives, the one that is not null.
    #[must_use]
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(pointer) = schema["$ref"].as_str() {
            return self.resolve_pointer(pointer).unwrap_or(&Value::Null);
        }
        let shapes = schema["oneOf"].as_array().into_iter().flatten();
        match shapes.into_iter().find(|shape| shape["$ref"].is_string()) {
            Some(shape) => self.resolve(shape),
            None => schema,
        }
    }

    fn resolve_pointer(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer.strip_prefix('#')?)
    }

    /// Visits every value of a JSON value together with the property's schema, to change it.
    pub fn visit(&self, schema: &Value, value: &mut Value, change: &mut dyn FnMut(&Value, &mut Value)) {
        let shape = self.resolve(schema);
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let property = self.property(shape, name);
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

    fn property<'a>(&self, shape: &'a Value, name: &str) -> &'a Value {
        let exact = &shape["properties"][name];
        if !exact.is_null() {
            return exact;
        }
        let all = shape["properties"].as_object().into_iter().flatten();
        let alias = |property: &Value| property["x-sdk"]["alias"].as_array().is_some_and(|a| a.contains(&name.into()));
        all.map(|(_, property)| property).find(|property| alias(property)).unwrap_or(&Value::Null)
    }
}
