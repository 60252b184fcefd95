//! The documented operations as types, read from the fixtures.

use std::collections::HashMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What all operations of one fixture share.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name in the vendor table.
    pub vendor: String,
    /// The service's name in the fixture, such as `kms`.
    pub service: String,
    /// The API version, such as `1.2`.
    pub version: String,
    /// The lifecycle state, such as `CURRENT`, where the vendor has one.
    pub status: Option<String>,
    /// The day until which the version is guaranteed, as `YYYY-MM-DD`.
    pub sunset: Option<String>,
    /// Where the payload is in a response: `body`, `data`, `*` (at the top, beside a header) or none.
    pub envelope: Option<String>,
    /// The schemas by name.
    pub schemas: Map<String, Value>,
    /// The compiled patterns of all schemas.
    pub(crate) patterns: HashMap<String, Regex>,
}

/// One operation of one version.
#[derive(Debug)]
pub struct Operation {
    /// The fixture that holds the operation.
    pub document: Arc<Document>,
    /// The name, which is the same in all versions.
    pub name: String,
    /// The HTTP method in capitals.
    pub method: String,
    /// The path with its placeholders, as documented.
    pub path: String,
    /// The path in pieces.
    pub template: Vec<Segment>,
    /// The path, query and header parameters.
    pub parameters: Vec<Parameter>,
    /// The documented request headers by name: those of the operation, else those of the document.
    pub headers: Vec<(String, String)>,
    /// The request body.
    pub body: Option<RequestBody>,
    /// The security schemes that the operation asks for together.
    pub schemes: Vec<String>,
    /// The documented successful response.
    pub success: Success,
    /// The operation that shares method and path with this one.
    pub split: Option<Split>,
    /// How the list is paged.
    pub page: Option<Page>,
}

/// How a list is read in pages; paths are dotted and start at the top of the response.
#[derive(Debug)]
pub struct Page {
    /// The query parameter that selects the page.
    pub index: String,
    /// Its value for the first page, where that is a number.
    pub first: Option<u64>,
    /// Where the items are.
    pub items: String,
    /// Where the total number of items is.
    pub total: Option<String>,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text that is the same in every request.
    Literal(String),
    /// The name of a path parameter.
    Param(String),
}

/// Where a parameter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// A path, query or header parameter.
#[derive(Debug)]
pub struct Parameter {
    /// The name as it is sent.
    pub name: String,
    /// Where it is sent.
    pub place: Place,
    /// Whether the page says that it is required.
    pub documented_required: bool,
    /// Whether the page or the server requires it.
    pub required: bool,
    /// The schema of its value.
    pub schema: Value,
    /// The documented example, or null.
    pub example: Value,
    /// Whether clients take the value from their settings.
    pub from_settings: bool,
}

/// A documented request body.
#[derive(Debug)]
pub struct RequestBody {
    /// Whether it may not be left out.
    pub required: bool,
    /// Its schema.
    pub schema: Value,
    /// The documented example, or null.
    pub example: Value,
}

/// The documented successful response.
#[derive(Debug)]
pub struct Success {
    /// The HTTP status.
    pub status: u16,
    /// Its body, where it has one.
    pub content: Option<Content>,
}

/// A documented body.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its schema.
    pub schema: Value,
    /// The documented example.
    pub example: Value,
}

/// A second operation on the same method and path, chosen by a query parameter.
#[derive(Debug)]
pub struct Split {
    /// The name of the second operation.
    pub name: String,
    /// The query parameter that chooses it.
    pub parameter: String,
    /// The value that chooses it; any value if there is none.
    pub value: Option<String>,
    /// Its response.
    pub content: Content,
}

impl Split {
    /// Whether a query chooses the second operation.
    pub(crate) fn is_chosen(&self, query: &[(String, String)]) -> bool {
        let fits = |value: &str| self.value.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
        query.iter().any(|(name, value)| *name == self.parameter && fits(value))
    }
}

/// An operation that serves a request.
#[derive(Debug)]
pub(crate) struct Hit<'a> {
    pub(crate) operation: &'a Operation,
    /// The decoded path parameters, in the order of the template.
    pub(crate) arguments: Vec<(&'a str, String)>,
}

impl Document {
    /// Returns whether the vendor lists the version as current.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.status.as_deref() == Some("CURRENT")
    }

    /// Returns the version's numbers, which compare as versions do.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    }
}

impl Operation {
    /// Returns the parameter of this name.
    #[must_use]
    pub fn parameter(&self, place: Place, name: &str) -> Option<&Parameter> {
        self.parameters_in(place).find(|parameter| parameter.name == name)
    }

    /// Returns the parameters that are sent in one place.
    pub fn parameters_in(&self, place: Place) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }

    /// Returns the schemas to which references of this operation point.
    #[must_use]
    pub fn schemas(&self) -> &Map<String, Value> {
        &self.document.schemas
    }
}
