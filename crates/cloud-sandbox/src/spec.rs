//! The documented operations, read from the embedded fixtures and matched against requests.
//!
//! The conformance tests and the fuzz targets read fixtures through this module too. It is not part of the public
//! interface.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fixtures::FIXTURES;
use crate::http::percent_decode;

pub(crate) mod example;
mod load;
pub(crate) mod model;
pub(crate) mod project;
pub(crate) mod schema;
pub(crate) mod validate;
pub(crate) mod violation;

pub(crate) use model::Hit;
pub use model::{Content, Document, Operation, Page, Parameter, Place, RequestBody, Segment, Split, Success};
pub use schema::resolve;

/// All operations of all vendors.
#[derive(Debug)]
pub struct Catalogue {
    operations: Vec<Operation>,
}

/// What a method and a path lead to.
#[derive(Debug)]
pub(crate) enum Match<'a> {
    /// The operations of every version that serve this path, best template only.
    Found(Vec<Hit<'a>>),
    /// The path is served, the method is not.
    WrongMethod,
    Nothing,
}

impl Catalogue {
    /// Reads every embedded fixture.
    ///
    /// # Errors
    /// Returns the fixture and the place in it that cannot be read.
    pub fn embedded() -> Result<Self, String> {
        let mut operations = Vec::new();
        for (name, text) in FIXTURES {
            let read = load::document(text);
            operations.extend(read.map_err(|reason| format!("fixture {name}: {reason}"))?);
        }
        supersede(&mut operations);
        Ok(Self { operations })
    }

    /// Returns every operation of every version.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// Finds what serves a path; literal segments win over parameters.
    pub(crate) fn find(&self, vendor: &str, method: &str, path: &str) -> Match<'_> {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let serving: Vec<_> = self
            .operations
            .iter()
            .filter(|operation| operation.document.vendor == vendor)
            .filter_map(|operation| Some((operation, arguments(&operation.template, &segments)?)))
            .collect();
        if serving.is_empty() {
            return Match::Nothing;
        }
        let allowed: Vec<_> = serving.into_iter().filter(|(operation, _)| operation.method == method).collect();
        let best = allowed.iter().map(|(operation, _)| literals(&operation.template)).max();
        let hits: Vec<_> = allowed
            .into_iter()
            .filter(|(operation, _)| Some(literals(&operation.template)) == best)
            .map(|(operation, arguments)| Hit { operation, arguments })
            .collect();
        if hits.is_empty() { Match::WrongMethod } else { Match::Found(hits) }
    }
}

/// Only the newest version of a service is current: a document of an older page still says so of itself.
fn supersede(operations: &mut [Operation]) {
    let mut newest: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
    for document in operations.iter().map(|operation| &operation.document).filter(|document| document.is_current()) {
        let highest = newest.entry((document.vendor.clone(), document.service.clone())).or_default();
        *highest = document.numbers().max(std::mem::take(highest));
    }
    let mut replaced: Vec<(Arc<Document>, Arc<Document>)> = Vec::new();
    for operation in operations {
        let document = &operation.document;
        let key = (document.vendor.clone(), document.service.clone());
        if !document.is_current() || newest.get(&key) == Some(&document.numbers()) {
            continue;
        }
        let known = replaced.iter().find(|(old, _)| Arc::ptr_eq(old, document)).map(|(_, new)| Arc::clone(new));
        let new = known.unwrap_or_else(|| {
            let new = Arc::new(Document { status: Some("SUPPORTED".to_owned()), ..(**document).clone() });
            replaced.push((Arc::clone(document), Arc::clone(&new)));
            new
        });
        operation.document = new;
    }
}

/// For each segment whether it is literal; sorts literal-first templates highest.
fn literals(template: &[Segment]) -> Vec<bool> {
    template.iter().map(|segment| matches!(segment, Segment::Literal(_))).collect()
}

/// The decoded parameters when the raw segments fit the template.
fn arguments<'a>(template: &'a [Segment], segments: &[&str]) -> Option<Vec<(&'a str, String)>> {
    if segments.len() != template.len() {
        return None;
    }
    let mut arguments = Vec::new();
    for (wanted, &got) in template.iter().zip(segments) {
        match wanted {
            Segment::Literal(text) if text == got => {}
            Segment::Literal(_) => return None,
            Segment::Param(_) if got.is_empty() => return None,
            Segment::Param(name) => arguments.push((&**name, percent_decode(got)?)),
        }
    }
    Some(arguments)
}
