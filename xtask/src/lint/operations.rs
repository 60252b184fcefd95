//! Rules about operations: names, parameters, bodies, paging and splits.

use std::collections::BTreeSet;

use super::{Finding, describe, example, marks, models};
use crate::openapi::{Document, Map, MediaType, Operation, Parameter, Requirement, Schema, escape_pointer};

mod names;

/// Checks every operation of the document.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let mut names = BTreeSet::new();
    security(document, document.security.as_deref(), "/security", findings);
    for (path, method, operation) in document.operations() {
        let pointer = format!("/paths/{}/{method}", escape_pointer(path));
        let own = operation.security.as_deref();
        security(document, own, &format!("{pointer}/security"), findings);
        let mut check = Check { document, operation, pointer: &pointer, findings };
        check.names(&mut names);
        check.parameters(path);
        check.bodies();
        check.sdk();
    }
    if document.operations().next().is_none() {
        findings.push(Finding::new("/paths", "no operation"));
    }
}

fn security(document: &Document, requirements: Option<&[Requirement]>, pointer: &str, findings: &mut Vec<Finding>) {
    let schemes = &document.components.security_schemes;
    for name in requirements.unwrap_or_default().iter().flat_map(Map::keys) {
        if !schemes.contains_key(name) {
            let message = format!("`{name}` is not a security scheme");
            findings.push(Finding::new(pointer, message));
        }
    }
}

struct Check<'a, 'b> {
    document: &'a Document,
    operation: &'a Operation,
    pointer: &'b str,
    findings: &'b mut Vec<Finding>,
}

impl<'a> Check<'a, '_> {
    fn at(&mut self, inside: &str, message: impl Into<String>) {
        let pointer = format!("{}{inside}", self.pointer);
        self.findings.push(Finding::new(pointer, message));
    }

    fn described(&mut self, inside: &str, text: Option<&str>) {
        describe(self.findings, &format!("{}{inside}", self.pointer), text);
    }

    fn parameters(&mut self, path: &str) {
        let operation = self.operation;
        let mut seen = BTreeSet::new();
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let inside = format!("/parameters/{index}");
            let name = parameter.name.as_str();
            self.described(&format!("{inside}/description"), parameter.description.as_deref());
            if !seen.insert((parameter.place.as_str(), name)) {
                self.at(&inside, format!("`{name}` stands twice"));
            }
            match parameter.place.as_str() {
                "query" | "header" => {}
                "path" => {
                    if !parameter.required {
                        self.at(&inside, format!("`{name}` is in the path but not required"));
                    }
                    if !path.contains(&format!("{{{name}}}")) {
                        self.at(&inside, format!("`{name}` is not in the path template"));
                    }
                }
                other => self.at(&format!("{inside}/in"), format!("`{other}` is not a place")),
            }
            self.parameter_schema(parameter, &inside);
        }
        for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            if !seen.contains(&("path", name)) {
                self.at("/parameters", format!("`{{{name}}}` of the path is not described"));
            }
        }
    }

    fn parameter_schema(&mut self, parameter: &Parameter, inside: &str) {
        let pointer = format!("{}{inside}", self.pointer);
        let place = format!("{pointer}/schema");
        models::schema(self.document, &parameter.schema, &place, self.findings);
        if let (Some(value), None) = (&parameter.example, &parameter.sdk.deviation) {
            let place = format!("{pointer}/example");
            example::check(self.document, &parameter.schema, value, &place, self.findings);
        }
        self.realm(inside, parameter.realm.as_deref());
        if parameter.realm.is_some() && parameter.required {
            self.at(inside, "what only one realm has cannot be required");
        }
        match parameter.style.as_deref() {
            None => {}
            Some("comma") if parameter.place == "query" && parameter.schema.has_type("array") => {}
            Some("comma") => self.at(&format!("{inside}/x-style"), "only an array of the query has a style"),
            Some(other) => self.at(&format!("{inside}/x-style"), format!("`{other}` is not a style")),
        }
        if let Some(mark) = marks::missing_of_parameter(parameter) {
            self.at(&format!("{inside}/description"), mark);
        }
        self.filter(parameter, inside);
    }

    /// A filter says what it compares, and a zero ID is none.
    fn filter(&mut self, parameter: &Parameter, inside: &str) {
        let told = parameter.description.as_deref().unwrap_or_default();
        let optional = parameter.place == "query" && !parameter.required && !parameter.sdk.required_by_server;
        if !optional || !told.starts_with("Returns only ") {
            return;
        }
        let schema = &parameter.schema;
        if schema.has_type("integer") {
            let limits = schema.sdk.checked_by_server.iter().filter_map(|rule| rule.minimum.as_ref());
            if !limits.chain(&schema.minimum).any(|least| least.as_i64().is_some_and(|least| least > 0)) {
                self.at(&format!("{inside}/schema"), "a filter by number needs a `minimum` above 0");
            }
        } else if parameter.sdk.matching.is_none() && schema.reference.is_none() {
            self.at(&format!("{inside}/x-sdk"), "missing match: `equal`, `contains` or `undocumented`");
        }
    }

    fn bodies(&mut self) {
        let operation = self.operation;
        if let Some(body) = &operation.request_body {
            self.described("/requestBody/description", body.description.as_deref());
            self.content(&body.content, "/requestBody");
        }
        if !operation.responses.keys().any(|status| status.starts_with('2')) {
            self.at("/responses", "no success status");
        }
        for (status, response) in &operation.responses {
            let inside = format!("/responses/{}", escape_pointer(status));
            self.described(&format!("{inside}/description"), Some(&response.description));
            self.content(&response.content, &inside);
        }
    }

    fn content(&mut self, content: &Map<MediaType>, inside: &str) {
        for (kind, media) in content {
            let inside = format!("{inside}/content/{}", escape_pointer(kind));
            if kind != "application/json" {
                self.at(&inside, "only `application/json` is known");
            }
            let pointer = format!("{}{inside}", self.pointer);
            let place = format!("{pointer}/schema");
            models::schema(self.document, &media.schema, &place, self.findings);
            if let Some(value) = &media.example {
                let place = format!("{pointer}/example");
                example::check(self.document, &media.schema, value, &place, self.findings);
            }
            let split = self.operation.sdk.split.as_ref();
            for (name, shown) in &media.examples {
                let place = format!("{pointer}/examples/{}/value", escape_pointer(name));
                let schema = match split.filter(|split| split.example.as_ref() == Some(name)) {
                    Some(split) => Schema { reference: Some(split.schema.clone()), ..Schema::default() },
                    None => media.schema.clone(),
                };
                example::check(self.document, &schema, &shown.value, &place, self.findings);
            }
        }
    }

    fn sdk(&mut self) {
        let operation = self.operation;
        match operation.sdk.idempotency.as_deref() {
            Some("safe" | "idempotent" | "unsafe") => {}
            Some(other) => self.at("/x-sdk/idempotency", format!("`{other}` is not safe, idempotent or unsafe")),
            None => self.at("/x-sdk", "missing idempotency"),
        }
        self.effect("/x-sdk", operation.sdk.effect.as_deref());
        if let Some(split) = &operation.sdk.split {
            self.effect("/x-sdk/split", split.effect.as_deref());
            self.realm("/x-sdk/split", split.realm.as_deref());
        }
        self.reveals_secrets();
        self.realm("", operation.realm.as_deref());
        models::assumed(operation.assumed.as_deref(), self.pointer, self.findings);
        self.page();
        self.split();
    }

    fn effect(&mut self, inside: &str, effect: Option<&str>) {
        match effect {
            None => self.at(inside, "missing effect"),
            Some("read" | "mutate" | "destroy") => {}
            Some(other) => {
                self.at(&format!("{inside}/effect"), format!("`{other}` is not read, mutate or destroy"));
            }
        }
    }

    /// A person says whether what is marked as sensitive is returned in plaintext.
    fn reveals_secrets(&mut self) {
        let operation = self.operation;
        let mut answers = operation.good().flat_map(|(_, response)| response.content.values());
        let own = answers.any(|media| self.is_sensitive(&media.schema, &mut BTreeSet::new()));
        self.reveals("/x-sdk", operation.sdk.reveals_secrets, "reveals_secrets", own);
        if let Some(split) = &operation.sdk.split {
            let schema = Schema { reference: Some(split.schema.clone()), ..Schema::default() };
            let sensitive = self.is_sensitive(&schema, &mut BTreeSet::new());
            self.reveals("/x-sdk/split", split.reveals_secrets, "revealsSecrets", sensitive);
        }
    }

    fn reveals(&mut self, inside: &str, stated: Option<bool>, key: &str, sensitive: bool) {
        match stated {
            None if sensitive => self.at(inside, format!("missing {key}: the response has a sensitive property")),
            Some(true) if !sensitive => self.at(&format!("{inside}/{key}"), "the response has no sensitive property"),
            _ => {}
        }
    }

    /// Whether a value of this schema can hold a property that is marked as sensitive.
    fn is_sensitive(&self, schema: &Schema, seen: &mut BTreeSet<String>) -> bool {
        if let Some(name) = schema.model() {
            let model = self.document.components.schemas.get(name);
            return seen.insert(name.to_owned()) && model.is_some_and(|model| self.is_sensitive(model, seen));
        }
        let mut inside = schema.properties.values().chain(schema.items.as_deref());
        schema.sdk.sensitive || inside.any(|part| self.is_sensitive(part, seen))
    }

    fn realm(&mut self, inside: &str, realm: Option<&str>) {
        models::realm(realm, &format!("{}{inside}", self.pointer), self.findings);
    }

    fn page(&mut self) {
        let Some(page) = &self.operation.sdk.page else {
            return;
        };
        if !matches!(page.style.as_str(), "page" | "marker" | "offset") {
            self.at("/x-sdk/page/style", format!("`{}` is not a style", page.style));
        }
        for (key, name) in [("index", &page.index), ("size", &page.size)] {
            if !self.has_query(name) {
                self.at(&format!("/x-sdk/page/{key}"), format!("`{name}` is not a query parameter"));
            }
        }
        let Some(payload) = self.payload() else {
            self.at("/x-sdk/page", "no answer to find the items in");
            return;
        };
        if let Some(id) = &page.id
            && id != "*"
            && self.field(payload, &page.items).and_then(|items| self.field(items.items.as_deref()?, id)).is_none()
        {
            self.at("/x-sdk/page/id", format!("`{id}` is not a field of the items"));
        }
        match self.field(payload, &page.items) {
            Some(field) if field.has_type("array") => {}
            Some(_) => self.at("/x-sdk/page/items", format!("`{}` is not an array", page.items)),
            None => self.at("/x-sdk/page/items", format!("`{}` is not a field", page.items)),
        }
        if let Some(total) = &page.total
            && self.field(payload, total).is_none()
        {
            self.at("/x-sdk/page/total", format!("`{total}` is not a field"));
        }
    }

    fn split(&mut self) {
        let operation = self.operation;
        let Some(split) = &operation.sdk.split else {
            return;
        };
        self.described("/x-sdk/split/summary", split.summary.as_deref());
        self.described("/x-sdk/split/description", split.description.as_deref());
        if !self.has_query(&split.parameter) {
            self.at("/x-sdk/split/parameter", format!("`{}` is not a query parameter", split.parameter));
        }
        for name in split.only.iter().filter(|name| !operation.parameters.iter().any(|own| own.name == **name)) {
            self.at("/x-sdk/split/only", format!("`{name}` is not a query parameter"));
        }
        if self.document.resolve(&split.schema).is_none() {
            self.at("/x-sdk/split/schema", format!("`{}` is not a model of this document", split.schema));
        }
        let mut content = operation.responses.values().flat_map(|response| response.content.values());
        if let Some(name) = &split.example
            && !content.any(|media| media.examples.contains_key(name))
        {
            self.at("/x-sdk/split/example", format!("`{name}` is not an example"));
        }
    }

    fn has_query(&self, name: &str) -> bool {
        let parameters = &self.operation.parameters;
        parameters.iter().any(|own| own.place == "query" && own.name == name)
    }

    /// The schema of the success answer, out of its envelope.
    fn payload(&self) -> Option<&'a Schema> {
        let success = self
            .operation
            .responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .find_map(|(_, response)| response.content.values().next())?;
        let whole = &success.schema;
        match self.document.sdk.envelope.as_deref() {
            None | Some("*") => Some(whole),
            Some(name) => self.field(whole, name),
        }
    }

    /// The field at a dotted path such as `page.totalCount`.
    fn field(&self, schema: &'a Schema, path: &str) -> Option<&'a Schema> {
        let mut found = schema;
        for name in path.split('.') {
            if let Some(model) = found.model() {
                found = self.document.components.schemas.get(model)?;
            }
            found = found.properties.get(name)?;
        }
        Some(found)
    }
}
