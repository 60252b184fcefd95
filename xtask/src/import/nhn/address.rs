//! Addresses of calls: service, version, parameters, and the list of calls that a page begins with.

use std::collections::BTreeSet;

use super::super::ImportError;
use super::super::facts::{Page, Parameter, Stated};
use super::super::limits::Limits;
use super::Open;
use crate::names;

/// First segment of the paths, the service, and the field with the payload.
const SERVICES: [(&str, &str, &str); 3] = [
    ("keymanager", "secure-key-manager", "body"),
    ("advisor", "security-advisor", "body"),
    ("ssc", "server-security-check", "*"),
];

/// Query parameters that make two operations of one path.
pub(super) const SELECTORS: [&str; 2] = ["detail", "value"];

/// Scheme and host.
pub(super) fn host_of(url: &str) -> String {
    let host = url.split_once("://").and_then(|(scheme, rest)| Some(format!("{scheme}://{}", rest.split('/').next()?)));
    host.unwrap_or_else(|| url.to_owned())
}

pub(super) fn split_query(url: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let pair = |own: &str| {
        let (name, value) = own.split_once('=').unwrap_or((own, ""));
        (name.to_owned(), value.trim_matches(['{', '}']).to_owned())
    };
    (path.to_owned(), query.split('&').filter(|own| !own.is_empty()).map(pair).collect())
}

pub(super) fn version_of(path: &str) -> Option<String> {
    path.split('/').find_map(|part| part.strip_prefix('v').filter(|own| names::is_version(own))).map(str::to_owned)
}

pub(super) fn service_of(path: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let first = path.trim_start_matches('/').split('/').next()?;
    SERVICES.into_iter().find(|(segment, ..)| *segment == first)
}

pub(super) fn parameters(open: &Open, path: &str, query: &[(String, String)]) -> Result<Vec<Parameter>, ImportError> {
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    let row = |name: &str| open.parameter_rows.iter().position(|row| row.name == name);
    let mut add = |name: &str, place: &'static str, at: Option<usize>| {
        used.extend(at);
        let row = at.and_then(|at| open.parameter_rows.get(at));
        found.push(Parameter {
            name: name.to_owned(),
            place,
            kind: row.map(|row| row.kind),
            required: row.and_then(|row| row.required),
            limits: row.map_or_else(Limits::default, |row| row.limits.clone()),
        });
    };
    for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        add(name, "path", row(name));
    }
    for (name, placeholder) in query {
        add(name, "query", row(placeholder).or_else(|| row(name)));
    }
    for (at, own) in open.parameter_rows.iter().enumerate().filter(|(at, _)| open.places.get(*at).is_some()) {
        match open.places[at].as_str() {
            "Query" if query.iter().all(|(name, _)| *name != own.name) => add(&own.name, "query", Some(at)),
            "Query" | "URL" | "URL Path" | "Header" => {}
            other => return Err(ImportError::new(own.line, format!("`{other}` is not a known place"))),
        }
    }
    let headers = |at: usize| open.places.get(at).is_some_and(|place| place == "Header");
    match (0..open.parameter_rows.len()).find(|at| !used.contains(at) && !headers(*at)) {
        Some(at) => {
            let row = &open.parameter_rows[at];
            Err(ImportError::new(row.line, format!("`{}` is not in the address", row.name)))
        }
        None => Ok(found),
    }
}

/// The calls of the list, with `{a|b}` as one call each.
pub(super) fn expand(listed: &[(usize, String, String)]) -> Vec<(usize, String, String)> {
    let mut calls = Vec::new();
    for (line, method, path) in listed {
        let group = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).find(|inner| inner.contains('|'));
        match group {
            Some(inner) => {
                let one = |own: &str| (*line, method.clone(), path.replace(&format!("{{{inner}}}"), own));
                calls.extend(inner.split('|').map(one));
            }
            None => calls.push((*line, method.clone(), path.clone())),
        }
    }
    calls
}

/// A described call must be in the list; a format that the query selects may be listed under its path.
pub(super) fn check_listed(own: &Stated, listed: &[(usize, String, String)]) -> Result<(), ImportError> {
    let same = |(_, method, path): &(usize, String, String)| *method == own.method && split_query(path).0 == own.path;
    match listed.is_empty() || listed.iter().any(same) {
        true => Ok(()),
        false => Err(ImportError::new(own.line, format!("{} {} is not in the list of calls", own.method, own.path))),
    }
}

/// Every call of the list must be described.
pub(super) fn described(listed: &[(usize, String, String)], pages: &[Page]) -> Result<(), ImportError> {
    for (line, method, path) in listed {
        let (path, query) = split_query(path);
        let select = query.first().map(|(name, _)| name);
        let same = |own: &Stated| own.method == *method && own.path == path && own.select.as_ref() == select;
        if !pages.iter().flat_map(|page| &page.operations).any(same) {
            return Err(ImportError::new(*line, format!("{method} {path} is in the list of calls, and not described")));
        }
    }
    Ok(())
}
