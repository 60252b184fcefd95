//! The list of API versions at the root of each service's host, which needs no signature.

use serde_json::{Value, json};

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
    let mut listed: Vec<&Document> = Vec::new();
    for document in documents().filter(|document| shared || is_named(document)) {
        let rank = |document: &Document| (document.sunset.is_none(), document.sunset.clone(), document.is_current());
        match listed.iter_mut().find(|known| known.version == document.version) {
            Some(known) if rank(known) < rank(document) => *known = document,
            Some(_) => {}
            None => listed.push(document),
        }
    }
    listed.sort_by_key(|document| document.numbers());
    let href = format!("{}/v1", request.origin());
    let versions: Vec<_> = listed.into_iter().map(|document| entry(document, &href)).collect();
    HttpResponse::json(200, json!({ "versions": versions }))
}

fn entry(document: &Document, href: &str) -> Value {
    json!({
        "id": format!("v{}", document.version),
        "links": [{ "href": href, "rel": "self" }],
        "not_before": document.sunset.as_deref().unwrap_or_default(),
        "status": document.status,
    })
}
