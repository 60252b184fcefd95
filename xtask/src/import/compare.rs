//! Names every fact that the page and a fixture state differently.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;

use crate::openapi::{Document, Header, Map, MediaType, Operation, Parameter, Place, Response, escape_pointer};

mod schema;

/// What the page's document and the fixture state differently, one line each.
#[must_use]
pub fn differences(page: &Document, fixture: &Document) -> Vec<String> {
    let mut report = Report { scope: format!("{} {}", page.sdk.service, page.info.version), lines: Vec::new() };
    report.document(page, fixture);
    report.paths(page, fixture);
    report.models(&page.components.schemas, &fixture.components.schemas);
    report.lines
}

struct Report {
    scope: String,
    lines: Vec<String>,
}

impl Report {
    fn line(&mut self, place: &str, what: impl Display) {
        let space = if place.is_empty() { "" } else { " " };
        self.lines.push(format!("{}{space}{place}: {what}", self.scope));
    }

    /// Compares one fact that may be absent on either side.
    fn fact<T: PartialEq>(
        &mut self,
        place: &str,
        name: &str,
        page: Option<T>,
        fixture: Option<T>,
        show: impl Fn(&T) -> String,
    ) {
        let side = |value: &Option<T>| match value {
            Some(value) => show(value),
            None => String::new(),
        };
        let text = match (&page, &fixture) {
            _ if page == fixture => return,
            (Some(_), None) => format!("{name} {} in the page, absent in the fixture", side(&page)),
            (None, _) => format!("{name} absent in the page, {} in the fixture", side(&fixture)),
            _ => format!("{name} {} in the page, {} in the fixture", side(&page), side(&fixture)),
        };
        self.line(place, text);
    }

    fn text(&mut self, place: &str, name: &str, page: Option<&str>, fixture: Option<&str>) {
        self.fact(place, name, page, fixture, |text| format!("`{text}`"));
    }

    fn flag(&mut self, place: &str, name: &str, page: bool, fixture: bool) {
        self.fact(place, name, Some(page), Some(fixture), bool::to_string);
    }

    /// Names what only one side has.
    fn sets<'a>(&mut self, what: &str, page: impl Iterator<Item = &'a str>, fixture: impl Iterator<Item = &'a str>) {
        let page: Vec<&str> = page.collect();
        let fixture: Vec<&str> = fixture.collect();
        for name in page.iter().filter(|name| !fixture.contains(name)) {
            self.line(name, format!("{what} in the page, absent in the fixture"));
        }
        for name in fixture.iter().filter(|name| !page.contains(name)) {
            self.line(name, format!("{what} absent in the page, in the fixture"));
        }
    }

    fn document(&mut self, page: &Document, fixture: &Document) {
        let (own, other) = (&page.sdk, &fixture.sdk);
        self.text("", "title", Some(&page.info.title), Some(&fixture.info.title));
        self.text("", "state", own.status.as_deref(), other.status.as_deref());
        self.text("", "sunset date", own.sunset.as_deref(), other.sunset.as_deref());
        let url = |document: &Document| document.servers.first().map(|server| server.url.clone());
        self.text("", "URL", url(page).as_deref(), url(fixture).as_deref());
        let variables = |document: &Document| -> Vec<(String, BTreeSet<String>)> {
            let servers = document.servers.iter();
            servers
                .flat_map(|server| &server.variables)
                .map(|(name, variable)| (name.clone(), variable.allowed.iter().cloned().collect()))
                .collect()
        };
        if variables(page) != variables(fixture) {
            self.line("", "server variables differ from the region table");
        }
        let pairs = |places: &[Place]| -> Vec<String> {
            places.iter().map(|place| format!("{}/{}", place.environment, place.region)).collect()
        };
        let (mine, theirs) = (pairs(&own.regions), pairs(&other.regions));
        self.sets("environment and region", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
        self.headers("", &own.headers, &other.headers);
        if page.security != fixture.security {
            self.line("", "security differs");
        }
        let schemes = |document: &Document| -> Vec<String> {
            let schemes = document.components.security_schemes.iter();
            schemes
                .map(|(name, scheme)| {
                    let header = scheme.name.as_deref().unwrap_or_default();
                    let place = scheme.place.as_deref().unwrap_or_default();
                    format!("{name} ({} {place} {header})", scheme.kind)
                })
                .collect()
        };
        let (mine, theirs) = (schemes(page), schemes(fixture));
        self.sets("security scheme", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
    }

    fn headers(&mut self, place: &str, page: &[Header], fixture: &[Header]) {
        let value = |headers: &[Header], name: &str| {
            let found = headers.iter().find(|header| header.name == name);
            found.map(|header| header.value.clone())
        };
        let names: BTreeSet<&str> = page.iter().chain(fixture).map(|header| header.name.as_str()).collect();
        for name in names {
            self.text(place, &format!("header {name}"), value(page, name).as_deref(), value(fixture, name).as_deref());
        }
    }

    fn paths(&mut self, page: &Document, fixture: &Document) {
        let names = |document: &Document| -> Vec<String> {
            let operations = document.operations();
            operations.map(|(path, method, _)| format!("{method} {path}")).collect()
        };
        let (mine, theirs) = (names(page), names(fixture));
        self.sets("operation", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
        for (path, method, operation) in page.operations() {
            let mut others = fixture.operations();
            let other = others.find(|(p, m, _)| *p == path && *m == method);
            if let Some((.., other)) = other {
                self.operation(operation, other);
            }
        }
    }

    fn operation(&mut self, page: &Operation, fixture: &Operation) {
        let place = fixture.operation_id.as_str();
        let (own, other) = (&page.sdk, &fixture.sdk);
        self.text(place, "title", own.title.as_deref(), other.title.as_deref());
        self.text(place, "state", own.state.as_deref(), other.state.as_deref());
        self.headers(place, &own.headers, &other.headers);
        if page.security != fixture.security {
            self.line(place, "security differs");
        }
        self.parameters(place, &page.parameters, &fixture.parameters);
        match (&page.request_body, &fixture.request_body) {
            (None, None) => {}
            (Some(_), None) => self.line(place, "body in the page, absent in the fixture"),
            (None, Some(_)) => self.line(place, "body absent in the page, in the fixture"),
            (Some(body), Some(other)) => {
                self.flag(place, "body required", body.required, other.required);
                self.content(place, "body", &body.content, &other.content);
            }
        }
        self.responses(place, &page.responses, &fixture.responses);
    }

    fn parameters(&mut self, place: &str, page: &[Parameter], fixture: &[Parameter]) {
        let names = |parameters: &[Parameter]| -> Vec<String> {
            let name = |own: &Parameter| format!("{place} {} {}", own.place, own.name);
            parameters.iter().map(name).collect()
        };
        let (mine, theirs) = (names(page), names(fixture));
        self.sets("parameter", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
        self.order(place, "parameters", &mine, &theirs);
        for (own, name) in page.iter().zip(&mine) {
            let Some(other) = theirs.iter().position(|other| other == name) else {
                continue;
            };
            let other = &fixture[other];
            self.flag(name, "required", own.required, other.required);
            self.text(name, "source", own.sdk.source.as_deref(), other.sdk.source.as_deref());
            self.value(name, "example", own.example.as_ref(), other.example.as_ref());
            self.schema(name, &own.schema, &other.schema);
        }
    }

    fn responses(&mut self, place: &str, page: &Map<Response>, fixture: &Map<Response>) {
        let names = |responses: &Map<Response>| -> Vec<String> {
            let statuses = responses.keys();
            statuses.map(|status| format!("{place} {status}")).collect()
        };
        let (mine, theirs) = (names(page), names(fixture));
        self.sets("status", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
        for (status, own) in page {
            if let Some(other) = fixture.get(status) {
                self.content(place, status, &own.content, &other.content);
            }
        }
    }

    fn content(&mut self, place: &str, what: &str, page: &Map<MediaType>, fixture: &Map<MediaType>) {
        let place = format!("{place} {what}");
        self.sets_at(&place, "media type", page, fixture);
        for (kind, own) in page {
            if let Some(other) = fixture.get(kind) {
                self.schema(&place, &own.schema, &other.schema);
                self.example(&place, own.example.as_ref(), other.example.as_ref());
            }
        }
    }

    fn sets_at<T>(&mut self, place: &str, what: &str, page: &Map<T>, fixture: &Map<T>) {
        let label = |map: &Map<T>| -> Vec<String> { map.keys().map(|key| format!("{place} {key}")).collect() };
        let (mine, theirs) = (label(page), label(fixture));
        self.sets(what, mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
    }

    /// Example bodies are long, so only the first place that differs is named.
    fn example(&mut self, place: &str, page: Option<&Value>, fixture: Option<&Value>) {
        match (page, fixture) {
            (None, None) => {}
            (Some(_), None) => self.line(place, "example in the page, absent in the fixture"),
            (None, Some(_)) => self.line(place, "example absent in the page, in the fixture"),
            (Some(own), Some(other)) => {
                if let Some(pointer) = first_difference(own, other) {
                    self.line(place, format!("example differs at `{pointer}`"));
                }
            }
        }
    }

    fn value(&mut self, place: &str, name: &str, page: Option<&Value>, fixture: Option<&Value>) {
        self.fact(place, name, page, fixture, |value| value.to_string());
    }

    fn order(&mut self, place: &str, what: &str, page: &[String], fixture: &[String]) {
        let shared = |own: &[String], other: &[String]| -> Vec<String> {
            let both = own.iter().filter(|name| other.contains(name));
            both.cloned().collect()
        };
        if shared(page, fixture) != shared(fixture, page) {
            self.line(place, format!("{what} stand in another order in the page"));
        }
    }
}

/// Pointer to the first place where two examples differ, the order of keys included.
fn first_difference(page: &Value, fixture: &Value) -> Option<String> {
    match (page, fixture) {
        (Value::Object(own), Value::Object(other)) => {
            if !own.keys().eq(other.keys()) {
                return Some(String::new());
            }
            own.iter().find_map(|(key, value)| {
                let inner = first_difference(value, other.get(key)?)?;
                Some(format!("/{}{inner}", escape_pointer(key)))
            })
        }
        (Value::Array(own), Value::Array(other)) => {
            if own.len() != other.len() {
                return Some(String::new());
            }
            own.iter()
                .zip(other)
                .enumerate()
                .find_map(|(index, (a, b))| first_difference(a, b).map(|inner| format!("/{index}{inner}")))
        }
        _ => (page != fixture).then(String::new),
    }
}
