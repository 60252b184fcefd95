//! The list of API versions at the root of each service's host, which needs no signature.

use serde_json::{Value, json};

use super::numbers;
use crate::http::{HttpRequest, HttpResponse};
use crate::spec::Catalogue;
use crate::spec::model::Document;

/// Where the list is.
pub(super) const PATH: &str = "/";

/// Lists the versions of the service that the host names, oldest first.
///
/// A host that names none is shared by all services: each version is listed once, as the service that guarantees it
/// the longest lists it.
pub(super) fn list(catalogue: &Catalogue, request: &HttpRequest) -> HttpResponse {
    let documents = || catalogue.operations().map(|one| &*one.document).filter(|document| document.vendor == "scp");
    let host = request.header("host").unwrap_or_default();
    let named = host.split(['.', ':']).next().unwrap_or_default();
    let is_named = |document: &&Document| document.service.eq_ignore_ascii_case(named);
    let shared = !documents().any(|document| is_named(&document));
    // A document of an older page still calls its version current.
    let superseded = |document: &Document| {
        let newer = |other: &Document| other.is_current() && numbers(&other.version) > numbers(&document.version);
        documents().any(|other| other.service == document.service && newer(other))
    };
    let mut listed: Vec<(&Document, bool)> = Vec::new();
    for document in documents().filter(|document| shared || is_named(document)) {
        let entry = (document, document.is_current() && !superseded(document));
        match listed.iter_mut().find(|(known, _)| known.version == document.version) {
            Some(known) if (end(known.0), known.1) < (end(document), entry.1) => *known = entry,
            Some(_) => {}
            None => listed.push(entry),
        }
    }
    listed.sort_by_key(|(document, _)| numbers(&document.version));
    let href = format!("{}/v1", request.origin());
    let versions: Vec<_> = listed.into_iter().map(|(document, current)| entry(document, current, &href)).collect();
    HttpResponse::json(200, json!({ "versions": versions }))
}

/// The day until which a version is guaranteed; one without a day outlasts all others.
fn end(document: &Document) -> (bool, &str) {
    (document.sunset.is_none(), document.sunset.as_deref().unwrap_or_default())
}

fn entry(document: &Document, current: bool, href: &str) -> Value {
    let status = if document.is_current() && !current { Some("SUPPORTED") } else { document.status.as_deref() };
    json!({
        "id": format!("v{}", document.version),
        "links": [{ "href": href, "rel": "self" }],
        "not_before": document.sunset.as_deref().unwrap_or_default(),
        "status": status,
    })
}
