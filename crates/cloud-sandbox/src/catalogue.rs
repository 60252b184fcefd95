//! The documented operations, read from the embedded fixtures and matched against requests.

use std::collections::HashMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::fixtures::FIXTURES;
use crate::wire::percent_decode;

mod load;

/// Whose API a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    Scp,
    Nhn,
    Risken,
}

/// What all operations of one fixture share.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) vendor: Vendor,
    pub(crate) service: String,
    pub(crate) version: String,
    pub(crate) current: bool,
    /// Where the payload stands in an answer: `body`, `data`, `*` or nowhere.
    pub(crate) envelope: Option<String>,
    /// The models by name.
    pub(crate) schemas: Map<String, Value>,
}

/// One operation of one version.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) document: Arc<Document>,
    /// The same in all versions.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) template: Vec<Segment>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    /// The security schemes that the operation asks for together.
    pub(crate) schemes: Vec<String>,
    pub(crate) success: Success,
    pub(crate) split: Option<Split>,
    pub(crate) page: Option<Page>,
}

/// How a list is read in pages; paths are dotted and start at the top of the answer.
#[derive(Debug)]
pub(crate) struct Page {
    /// The query parameter that moves on, and its value for the first page where that is a number.
    pub(crate) index: String,
    pub(crate) first: Option<u64>,
    pub(crate) items: String,
    pub(crate) total: Option<String>,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Param(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

/// The documented good answer.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) content: Option<Content>,
}

#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) schema: Value,
    pub(crate) example: Value,
}

/// Another answer of the same path, given when a query parameter is there.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) name: String,
    pub(crate) parameter: String,
    pub(crate) content: Content,
}

/// All operations of all vendors, and the compiled patterns of their schemas.
#[derive(Debug)]
pub(crate) struct Catalogue {
    operations: Vec<Operation>,
    patterns: HashMap<String, Regex>,
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

#[derive(Debug)]
pub(crate) struct Hit<'a> {
    pub(crate) operation: &'a Operation,
    /// The decoded path parameters, in the order of the template.
    pub(crate) arguments: Vec<(&'a str, String)>,
}

impl Catalogue {
    /// Reads every embedded fixture.
    pub(crate) fn embedded() -> Result<Self, String> {
        let mut operations = Vec::new();
        let mut patterns = HashMap::new();
        for (name, text) in FIXTURES {
            let read = load::document(text, &mut patterns);
            operations.extend(read.map_err(|reason| format!("fixture {name}: {reason}"))?);
        }
        Ok(Self { operations, patterns })
    }

    /// Every operation of every version.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    pub(crate) fn pattern(&self, text: &str) -> Option<&Regex> {
        self.patterns.get(text)
    }

    /// Finds what serves a path; literal segments win over parameters.
    pub(crate) fn find(&self, vendor: Vendor, method: &str, path: &str) -> Match<'_> {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let serving: Vec<_> = self
            .operations
            .iter()
            .filter(|operation| operation.document.vendor == vendor)
            .filter_map(|operation| Some((operation, operation.arguments(&segments)?)))
            .collect();
        if serving.is_empty() {
            return Match::Nothing;
        }
        let allowed: Vec<_> = serving.into_iter().filter(|(operation, _)| operation.method == method).collect();
        let best = allowed.iter().map(|(operation, _)| operation.literals()).max();
        let hits: Vec<_> = allowed
            .into_iter()
            .filter(|(operation, _)| Some(operation.literals()) == best)
            .map(|(operation, arguments)| Hit { operation, arguments })
            .collect();
        if hits.is_empty() { Match::WrongMethod } else { Match::Found(hits) }
    }
}

impl Operation {
    /// For each segment whether it is literal; sorts literal-first templates highest.
    fn literals(&self) -> Vec<bool> {
        self.template.iter().map(|segment| matches!(segment, Segment::Literal(_))).collect()
    }

    /// The decoded parameters when the raw segments fit the template.
    fn arguments(&self, segments: &[&str]) -> Option<Vec<(&str, String)>> {
        if segments.len() != self.template.len() {
            return None;
        }
        let mut arguments = Vec::new();
        for (wanted, &got) in self.template.iter().zip(segments) {
            match wanted {
                Segment::Literal(text) if text == got => {}
                Segment::Literal(_) => return None,
                Segment::Param(_) if got.is_empty() => return None,
                Segment::Param(name) => arguments.push((&**name, percent_decode(got)?)),
            }
        }
        Some(arguments)
    }
}
