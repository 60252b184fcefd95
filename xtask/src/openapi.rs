//! The subset of OpenAPI 3.1 that the fixtures use, as order-preserving types that refuse anything else.

use std::fs;
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

mod operation;
mod schema;
mod sdk;

pub use operation::{Example, MediaType, Operation, Parameter, RequestBody, Response};
pub use schema::{Additional, Schema, TypeSet};
pub use sdk::{DocumentSdk, Header, OperationSdk, PageRule, ParameterSdk, Place, Rule, SchemaSdk, Split};

/// A map that keeps the order of the document.
pub type Map<T> = IndexMap<String, T>;

/// What a security requirement names: scheme to scopes.
pub type Requirement = Map<Vec<String>>;

/// One API version of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of OpenAPI, `3.1.0`.
    pub openapi: String,
    /// Title and API version.
    pub info: Info,
    /// Hosts that serve the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Server>,
    /// Schemes that every operation needs unless it says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<Vec<Requirement>>,
    /// What OpenAPI cannot say about the document.
    #[serde(rename = "x-sdk", default, skip_serializing_if = "is_default")]
    pub sdk: DocumentSdk,
    /// Operations by path template.
    pub paths: Map<PathItem>,
    /// Models and security schemes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub components: Components,
    /// What the vendor leaves open about the whole version, and how it is read here.
    #[serde(rename = "x-assumed", default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
}

/// Title and API version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// Name of the service as its page prints it.
    pub title: String,
    /// API version as requests spell it.
    pub version: String,
    /// What the service is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// URL, possibly with variables in braces.
    pub url: String,
    /// What the host is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Variables of the URL.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<ServerVariable>,
}

/// A variable of a server URL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerVariable {
    /// Value used when nothing is chosen.
    pub default: String,
    /// Every value that exists.
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// What the variable chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The operations of one path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathItem {
    /// GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get: Option<Operation>,
    /// POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<Operation>,
    /// PUT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Operation>,
    /// DELETE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<Operation>,
}

impl PathItem {
    /// The operations that exist, with their method in lower case.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        [("get", &self.get), ("post", &self.post), ("put", &self.put), ("delete", &self.delete)]
            .into_iter()
            .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    }

    /// The same, to be changed.
    pub fn operations_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Operation)> {
        [("get", &mut self.get), ("post", &mut self.post), ("put", &mut self.put), ("delete", &mut self.delete)]
            .into_iter()
            .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    }

    /// The place of one method, or nothing when the subset has no such method.
    pub fn slot(&mut self, method: &str) -> Option<&mut Option<Operation>> {
        match method {
            "get" => Some(&mut self.get),
            "post" => Some(&mut self.post),
            "put" => Some(&mut self.put),
            "delete" => Some(&mut self.delete),
            _ => None,
        }
    }
}

/// Models and security schemes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Components {
    /// Models by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub schemas: Map<Schema>,
    /// Security schemes by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub security_schemes: Map<SecurityScheme>,
}

/// How a request proves who sends it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SecurityScheme {
    /// `apiKey` or `http`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Name of the header of an `apiKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Place of an `apiKey`.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// HTTP scheme such as `bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Hint at the token's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_format: Option<String>,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct ReadError {
    /// JSON pointer to the place.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl Document {
    /// Reads a document and refuses every keyword outside the subset.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let document = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| ReadError { pointer: pointer(error.path()), message: error.inner().to_string() })?;
        json.end().map_err(|error| ReadError { pointer: "/".to_owned(), message: error.to_string() })?;
        Ok(document)
    }

    /// Reads a document from a file.
    pub fn load(path: &Path) -> Result<Self, ReadError> {
        let text = fs::read_to_string(path).map_err(|error| ReadError {
            pointer: "/".to_owned(),
            message: format!("cannot read {}: {error}", path.display()),
        })?;
        Self::parse(&text)
    }

    /// The document as committed: two spaces, stable key order, a newline at the end.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Every operation with its path and lower-case method, in document order.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &'static str, &Operation)> {
        self.paths.iter().flat_map(|(path, item)| {
            item.operations().map(move |(method, operation)| (path.as_str(), method, operation))
        })
    }

    /// The operation of a path and lower-case method.
    #[must_use]
    pub fn operation(&self, path: &str, method: &str) -> Option<&Operation> {
        let item = self.paths.get(path)?;
        item.operations().find(|(own, _)| *own == method).map(|(_, operation)| operation)
    }

    /// The same, to be changed.
    pub fn operation_mut(&mut self, path: &str, method: &str) -> Option<&mut Operation> {
        self.paths.get_mut(path)?.slot(method)?.as_mut()
    }

    /// The model that a `$ref` such as `#/components/schemas/Key` names.
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<&Schema> {
        self.components.schemas.get(model_name(reference)?)
    }

    /// Models without fields that lead back to themselves, so that no type stands for them.
    #[must_use]
    pub fn circular(&self) -> Vec<&str> {
        let schemas = &self.components.schemas;
        let leads_back = |start: &str| {
            let (mut seen, mut open) = (std::collections::BTreeSet::new(), vec![start]);
            while let Some(model) = open.pop().and_then(|name| schemas.get(name)).map(aliased) {
                for name in model {
                    if name == start {
                        return true;
                    }
                    if seen.insert(name) {
                        open.push(name);
                    }
                }
            }
            false
        };
        schemas.keys().map(String::as_str).filter(|name| leads_back(name)).collect()
    }
}

/// The models that a schema stands for: none for one with fields, which is a type of its own.
fn aliased(schema: &Schema) -> Vec<&str> {
    if !schema.properties.is_empty() || !schema.allowed.is_empty() {
        return Vec::new();
    }
    let inner = schema.one_of.iter().chain(schema.items.as_deref()).flat_map(aliased);
    schema.reference.as_deref().and_then(model_name).into_iter().chain(inner).collect()
}

/// The model name in a `$ref`.
#[must_use]
pub fn model_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// One key or index as a segment of a JSON pointer.
#[must_use]
pub fn escape_pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        let key = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape_pointer(key),
            Segment::Enum { variant } => escape_pointer(variant),
            Segment::Unknown => "?".to_owned(),
        };
        pointer.push('/');
        pointer.push_str(&key);
    }
    if pointer.is_empty() {
        pointer.push('/');
    }
    pointer
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
