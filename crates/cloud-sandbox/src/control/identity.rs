//! Tells which operation a request is for before anything is checked, for faults and the log.

use serde_json::Value;

use super::redact;
use crate::catalogue::{Catalogue, Content, Match, Operation, Page, Place, Segment, Vendor};
use crate::scp;
use crate::wire::Received;

/// Stands for what could not be told.
const UNKNOWN: &str = "-";

/// The operation of a request, as far as path, method and version header tell.
#[derive(Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) vendor: Option<Vendor>,
    /// `vendor/service/operation/version`.
    pub(crate) name: String,
    catalogue: &'a Catalogue,
    operation: Option<&'a Operation>,
    /// The documented answer, of a split operation the half that is meant.
    content: Option<&'a Content>,
}

impl<'a> Identity<'a> {
    pub(crate) fn of(catalogue: &'a Catalogue, received: &Received) -> Self {
        let path = received.path();
        let Some(vendor) = vendor_of(path) else {
            return Self { vendor: None, name: [UNKNOWN; 4].join("/"), catalogue, operation: None, content: None };
        };
        let vendor_name = match vendor {
            Vendor::Scp => "scp",
            Vendor::Nhn => "nhn",
            Vendor::Risken => "risken",
        };
        let Some(operation) = find(catalogue, vendor, received) else {
            // What belongs to a vendor's gateway stands on no page of a service.
            let (service, operation) = match without_slash(path) {
                "/oauth2/token/create" => ("oauth", "create_token"),
                "/oauth2/token/revoke" => ("oauth", "revoke_token"),
                "/api/v1/signin" => ("gateway", "signin"),
                "/api/v1/signout" => ("gateway", "signout"),
                "/healthz" => ("gateway", "healthz"),
                _ => (UNKNOWN, UNKNOWN),
            };
            let name = [vendor_name, service, operation, UNKNOWN].join("/");
            return Self { vendor: Some(vendor), name, catalogue, operation: None, content: None };
        };
        let pairs = received.query_pairs().unwrap_or_default();
        let split = operation.split.as_ref().filter(|split| pairs.iter().any(|(name, _)| *name == split.parameter));
        let own = split.map_or(&operation.name, |split| &split.name);
        let document = &operation.document;
        Self {
            vendor: Some(vendor),
            name: [vendor_name, &document.service, own, &document.version].join("/"),
            catalogue,
            operation: Some(operation),
            content: split.map(|split| &split.content).or(operation.success.content.as_ref()),
        }
    }

    pub(crate) fn page(&self) -> Option<&'a Page> {
        self.operation.and_then(|operation| operation.page.as_ref())
    }

    /// Whether the request asks for the start of a list.
    pub(crate) fn is_first_page(&self, received: &Received) -> bool {
        let Some(page) = self.page() else { return false };
        let pairs = received.query_pairs().unwrap_or_default();
        let asked = pairs.iter().find(|(name, value)| *name == page.index && !value.is_empty());
        asked.is_none_or(|(_, value)| page.first.is_some_and(|first| value.parse() == Ok(first)))
    }

    /// The target as people may see it.
    pub(crate) fn target(&self, received: &Received) -> String {
        self.shown(received.path(), received.query())
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

    /// The body that was sent, as people may see it.
    pub(crate) fn request(&self, body: &[u8]) -> Value {
        if body.is_empty() {
            return Value::Null;
        }
        let documented = self.operation.and_then(|operation| Some((operation, operation.body.as_ref()?)));
        match (documented, serde_json::from_slice(body)) {
            (Some((operation, documented)), Ok(value)) => redact::body(operation.models(), &documented.schema, &value),
            _ => Value::from(redact::MASK),
        }
    }

    /// The body that was answered, as people may see it.
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
            (Some(operation), Some(content)) => redact::body(operation.models(), &content.schema, body),
            _ => redact::body(&serde_json::Map::new(), &Value::Null, body),
        }
    }
}

/// Whose request it is; the prefixes of the vendors do not overlap.
pub(super) fn vendor_of(path: &str) -> Option<Vendor> {
    let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
    if below(&["/v1/"]) {
        Some(Vendor::Scp)
    } else if below(&["/advisor/", "/ssc/", "/keymanager/", "/oauth2/"]) {
        Some(Vendor::Nhn)
    } else if is_for_risken(path) {
        Some(Vendor::Risken)
    } else {
        None
    }
}

/// Paths that miss RISKEN's by a slash or by case are its own to refuse.
fn is_for_risken(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    first.eq_ignore_ascii_case("api") || first.eq_ignore_ascii_case("healthz")
}

/// A path without the one slash at its end that RISKEN does not mind.
fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

fn find<'a>(catalogue: &'a Catalogue, vendor: Vendor, received: &Received) -> Option<&'a Operation> {
    let path = match vendor {
        Vendor::Risken => without_slash(received.path()).strip_prefix("/api/v1")?,
        Vendor::Scp | Vendor::Nhn => received.path(),
    };
    let Match::Found(hits) = catalogue.find(vendor, &received.method, path) else {
        return None;
    };
    let hit = if vendor == Vendor::Scp { scp::choose_version(hits, received) } else { hits.into_iter().next() };
    hit.map(|hit| hit.operation)
}
