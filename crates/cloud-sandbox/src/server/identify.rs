//! Tells which operation a request is for before anything is checked, for faults and the log.

use serde_json::Value;

use crate::admin::redact;
use crate::engine::UNKNOWN;
use crate::http::HttpRequest;
use crate::spec::{Catalogue, Content, Operation, Page, Place, Segment};
use crate::vendor::Vendor;
use crate::vendors;

/// The operation that the path, the method and the version header select.
pub(crate) struct Identity<'a> {
    pub(crate) vendor: Option<&'static dyn Vendor>,
    /// `vendor/service/operation/version`.
    pub(crate) name: String,
    catalogue: &'a Catalogue,
    operation: Option<&'a Operation>,
    /// The documented response; of a split operation, that of the half that is meant.
    content: Option<&'a Content>,
}

impl<'a> Identity<'a> {
    pub(crate) fn of(catalogue: &'a Catalogue, request: &HttpRequest) -> Self {
        let Some(vendor) = vendors::serving(request.path()) else {
            return Self { vendor: None, name: [UNKNOWN; 4].join("/"), catalogue, operation: None, content: None };
        };
        let Some(operation) = vendor.operation(catalogue, request) else {
            let (service, operation) = vendor.gateway_operation(request.path()).unwrap_or((UNKNOWN, UNKNOWN));
            let name = [vendor.name(), service, operation, UNKNOWN].join("/");
            return Self { vendor: Some(vendor), name, catalogue, operation: None, content: None };
        };
        let pairs = request.query_pairs().unwrap_or_default();
        let split = operation.split.as_ref().filter(|split| pairs.iter().any(|(name, _)| *name == split.parameter));
        let own = split.map_or(&operation.name, |split| &split.name);
        let document = &operation.document;
        Self {
            vendor: Some(vendor),
            name: [vendor.name(), &document.service, own, &document.version].join("/"),
            catalogue,
            operation: Some(operation),
            content: split.map(|split| &split.content).or(operation.success.content.as_ref()),
        }
    }

    pub(crate) fn page(&self) -> Option<&'a Page> {
        self.operation.and_then(|operation| operation.page.as_ref())
    }

    /// Whether the request asks for the start of a list.
    pub(crate) fn is_first_page(&self, request: &HttpRequest) -> bool {
        let Some(page) = self.page() else { return false };
        let pairs = request.query_pairs().unwrap_or_default();
        let asked = pairs.iter().find(|(name, value)| *name == page.index && !value.is_empty());
        asked.is_none_or(|(_, value)| page.first.is_some_and(|first| value.parse() == Ok(first)))
    }

    /// The target, with secrets masked.
    pub(crate) fn target(&self, request: &HttpRequest) -> String {
        self.shown(request.path(), request.query())
    }

    fn shown(&self, path: &str, query: &str) -> String {
        let known = |name: &str| {
            self.operation.is_some_and(|operation| {
                let documented = operation.parameters.iter();
                let mut documented = documented.filter(|one| one.place == Place::Query).map(|one| &one.name);
                documented.any(|one| one == name) || operation.split.as_ref().is_some_and(|one| one.parameter == name)
            })
        };
        let segment = |text: &str| {
            let literal = |one: &Segment| matches!(one, Segment::Literal(own) if own.eq_ignore_ascii_case(text));
            self.operation.is_some() || self.catalogue.operations().any(|known| known.template.iter().any(literal))
        };
        redact::target(path, query, known, segment)
    }

    /// The request body, with secrets masked.
    pub(crate) fn request(&self, body: &[u8]) -> Value {
        if body.is_empty() {
            return Value::Null;
        }
        let documented = self.operation.and_then(|operation| Some((operation, operation.body.as_ref()?)));
        match (documented, serde_json::from_slice(body)) {
            (Some((operation, documented)), Ok(value)) => redact::body(operation.schemas(), &documented.schema, &value),
            _ => Value::from(redact::MASK),
        }
    }

    /// The response body, with secrets masked.
    pub(crate) fn response(&self, status: u16, body: Option<&Value>) -> Value {
        let Some(body) = body else { return Value::Null };
        if !(200..300).contains(&status) {
            let mut plain = redact::plain(body);
            // A gateway that does not know a path repeats it.
            if let Some(Value::String(path)) = plain.get_mut("path") {
                *path = self.shown(path, "");
            }
            return plain;
        }
        match (self.operation, self.content) {
            (Some(operation), Some(content)) => redact::body(operation.schemas(), &content.schema, body),
            _ => redact::body(&serde_json::Map::new(), &Value::Null, body),
        }
    }
}
