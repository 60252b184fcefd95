//! Reads pages of NHN Cloud: Secure Key Manager from 1.0 to 1.3 in both realms, Security Advisor, Server Security
//! Check.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{self, Body, Page, Realm, Row, Stated};
use super::limits;
use super::{ImportError, loose};

mod address;
mod cells;
mod layout;
mod spaced;

use address::{SELECTORS, check_listed, described, expand, host_of, parameters, service_of, split_query, version_of};
use cells::{flag, type_name};
use layout::{Mark, Part, Table};

/// What a page says, one entry for each version that it describes.
pub(super) fn read(text: &str) -> Result<Vec<Page>, ImportError> {
    let parts = layout::parts(&spaced::lines(text))?;
    let mut reader = Reader::default();
    reader.common(&parts);
    for (line, part) in parts {
        reader.part(line, part)?;
    }
    reader.finish()?;
    reader.pages()
}

#[derive(Default)]
struct Reader {
    realm: Option<Realm>,
    hosts: BTreeSet<String>,
    whole: bool,
    header: Option<Value>,
    heading: Option<String>,
    listed: Vec<(usize, String, String)>,
    section: Option<Mark>,
    open: Option<Open>,
    found: Vec<Found>,
}

/// A call whose parts are still read.
#[derive(Default)]
struct Open {
    line: usize,
    method: String,
    url: String,
    request: Option<String>,
    answers: Vec<(usize, String)>,
    parameter_rows: Vec<Row>,
    places: Vec<String>,
    request_line: usize,
    request_rows: Vec<Row>,
    answer_rows: Vec<Row>,
}

struct Found {
    version: String,
    stated: Stated,
    repaired: bool,
}

impl Reader {
    /// Host and common header, which later parts refer to.
    fn common(&mut self, parts: &[(usize, Part)]) {
        let first_call = parts.iter().position(|(_, part)| matches!(part, Part::Call { .. })).unwrap_or(parts.len());
        for (index, (_, part)) in parts.iter().enumerate() {
            match part {
                Part::Json(text) if index < first_call && self.header.is_none() => {
                    self.header = loose::read(text).ok().and_then(|own| own.value.get("header").cloned());
                    self.whole = self.header.is_some();
                }
                Part::Call { url, .. } | Part::Host(url) if url.starts_with("https://") => {
                    self.hosts.insert(host_of(url));
                    let government = url.contains("gov-") || url.contains(".gov");
                    self.realm.get_or_insert(if government { Realm::Government } else { Realm::Public });
                }
                Part::Table { kind: Table::Hosts, rows } => {
                    self.hosts.extend(rows.iter().map(|(_, row)| host_of(&row[1])));
                    self.whole = true;
                }
                _ => {}
            }
        }
    }

    fn part(&mut self, line: usize, part: Part) -> Result<(), ImportError> {
        match part {
            Part::Heading(text) => {
                self.finish()?;
                self.heading = Some(text);
            }
            Part::Call { method, url } => {
                self.finish()?;
                if !matches!(method.as_str(), "get" | "post" | "put" | "delete") {
                    return Err(ImportError::new(line, format!("`{method}` is not a known method")));
                }
                self.open = Some(Open { line, method, url, ..Open::default() });
                self.section = None;
            }
            Part::Mark(mark) => self.section = Some(mark),
            Part::Host(_) => {}
            Part::Json(text) => self.json(line, text)?,
            Part::Table { kind: Table::Calls, rows } => {
                for (line, row) in rows {
                    self.listed.push((line, row[0].to_lowercase(), row[1].clone()));
                }
            }
            Part::Table { kind: Table::Hosts, .. } => {}
            Part::Table { kind, rows } => self.rows(kind, rows)?,
        }
        Ok(())
    }

    fn json(&mut self, line: usize, text: String) -> Result<(), ImportError> {
        match (&mut self.open, self.section) {
            (None, _) => Ok(()),
            (Some(open), Some(Mark::Request)) if open.request.is_none() => {
                (open.request, open.request_line) = (Some(text), line);
                Ok(())
            }
            (Some(_), Some(Mark::Request | Mark::Common)) => Err(ImportError::new(line, "example out of place")),
            (Some(open), _) => {
                open.answers.push((line, text));
                Ok(())
            }
        }
    }

    fn rows(&mut self, kind: Table, rows: Vec<(usize, Vec<String>)>) -> Result<(), ImportError> {
        let Some(open) = &mut self.open else {
            // The tables of what all calls share come before the first call.
            return Ok(());
        };
        for (line, row) in rows {
            let (kind_cell, required) = match kind {
                Table::Parameters => (&row[2], flag(&row[3], line)?),
                Table::BodyFields => (&row[2], None),
                Table::RequiredFields => (&row[1], flag(&row[2], line)?),
                _ => (&row[1], None),
            };
            let description = row.last().map_or("", String::as_str);
            let kind_name = type_name(kind_cell, line)?;
            let limits = limits::read(description, kind_name);
            let own = Row {
                line,
                name: row[0].clone(),
                kind: kind_name,
                required: required.or(limits.required.then_some(true)),
                limits,
            };
            match (kind, self.section) {
                (Table::Parameters, _) => {
                    open.places.push(row[1].clone());
                    open.parameter_rows.push(own);
                }
                (Table::Fields, Some(Mark::Parameters)) => open.parameter_rows.push(own),
                (Table::Fields, Some(Mark::Request)) => open.request_rows.push(own),
                (Table::BodyFields | Table::RequiredFields, _) | (Table::Fields, Some(Mark::Response)) => {
                    open.answer_rows.push(own);
                }
                _ => return Err(ImportError::new(line, "table out of place")),
            }
        }
        Ok(())
    }

    /// Closes the open call.
    fn finish(&mut self) -> Result<(), ImportError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let fail = |line, what: String| ImportError::new(line, what);
        let address = open.url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        let (path, query) = split_query(address.unwrap_or(&open.url));
        let version = version_of(&path).ok_or_else(|| fail(open.line, format!("no version in `{path}`")))?;
        let (_, _, payload) =
            service_of(&path).ok_or_else(|| fail(open.line, format!("unknown service of `{path}`")))?;
        let mut repaired = false;
        let mut json = |line: usize, text: &str| -> Result<Value, ImportError> {
            let example = loose::read(text).map_err(|message| ImportError::new(line, message))?;
            repaired |= example.repaired;
            Ok(example.value)
        };
        let mut stated = Stated {
            line: open.line,
            title: self.heading.take(),
            method: open.method.clone(),
            path: path.clone(),
            select: query.iter().map(|(name, _)| name).find(|name| SELECTORS.contains(&name.as_str())).cloned(),
            parameters: parameters(&open, &path, &query)?,
            ..Stated::default()
        };
        if let Some(text) = &open.request {
            let value = json(open.request_line, text)?;
            let fields = facts::tree(Some(&value), &open.request_rows)?;
            stated.request = Some(Body { example: Some(value), fields });
        } else if let Some(row) = open.request_rows.first() {
            return Err(fail(row.line, "a request body without an example".to_owned()));
        }
        let mut shown = Vec::new();
        for (line, text) in &open.answers {
            shown.push(self.with_header(json(*line, text)?));
        }
        let Some(example) = shown.first().cloned() else {
            return Err(fail(open.line, "no example of a response".to_owned()));
        };
        let payloads: Vec<Value> = shown.iter().map(|own| payload_of(own, payload)).collect();
        let fields = facts::tree(Some(&merged(payloads)), &open.answer_rows)?;
        stated.answer = Some(Body { example: Some(example), fields });
        self.found.push(Found { version, stated, repaired });
        Ok(())
    }

    fn with_header(&self, mut example: Value) -> Value {
        if let (Some(header), Some(slot)) = (&self.header, example.get_mut("header"))
            && slot.as_object().is_some_and(serde_json::Map::is_empty)
        {
            slot.clone_from(header);
        }
        example
    }

    fn pages(self) -> Result<Vec<Page>, ImportError> {
        let listed = expand(&self.listed);
        let versions: BTreeSet<String> = match listed.is_empty() {
            true => self.found.iter().map(|own| own.version.clone()).collect(),
            false => listed.iter().filter_map(|(_, _, path)| version_of(&split_query(path).0)).collect(),
        };
        let realm = self.realm.unwrap_or(Realm::Public);
        let mut pages: Vec<Page> = Vec::new();
        for mut own in self.found {
            let mut faults = Vec::new();
            let line = own.stated.line;
            if !versions.contains(&own.version) {
                let [version] = versions.iter().collect::<Vec<_>>()[..] else {
                    return Err(ImportError::new(line, format!("version {} is not in the list of calls", own.version)));
                };
                let printed = std::mem::replace(&mut own.version, version.clone());
                faults.push((own.stated.key(), format!("path is printed with v{printed}")));
                own.stated.path = own.stated.path.replacen(&format!("/v{printed}/"), &format!("/v{version}/"), 1);
            }
            if own.repaired {
                faults.push((own.stated.key(), "an example is not JSON".to_owned()));
            }
            check_listed(&own.stated, &listed)?;
            let (_, service, envelope) =
                service_of(&own.stated.path).ok_or_else(|| ImportError::new(line, "unknown service"))?;
            let at = pages.iter().position(|page| page.version == own.version).unwrap_or_else(|| {
                pages.push(Page {
                    vendor: "nhn",
                    envelope,
                    service: service.to_owned(),
                    version: own.version.clone(),
                    realm,
                    hosts: self.hosts.clone(),
                    whole: self.whole,
                    operations: Vec::new(),
                    faults: Vec::new(),
                });
                pages.len() - 1
            });
            pages[at].faults.extend(faults);
            pages[at].operations.push(own.stated);
        }
        described(&listed, &pages)?;
        match pages.is_empty() {
            true => Err(ImportError::new(1, "no call such as `GET https://…`")),
            false => Ok(pages),
        }
    }
}

impl Stated {
    /// How messages name it.
    pub(super) fn key(&self) -> String {
        let select = self.select.as_ref().map(|name| format!("?{name}=")).unwrap_or_default();
        format!("{} {}{select}", self.method, self.path)
    }
}

/// Every format of an answer in one, so that all of their fields are seen.
fn merged(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

fn payload_of(example: &Value, payload: &str) -> Value {
    match (payload, example) {
        ("*", Value::Object(members)) => Value::Object(
            members.iter().filter(|(key, _)| *key != "header").map(|(k, v)| (k.clone(), v.clone())).collect(),
        ),
        (field, _) => example.get(field).cloned().unwrap_or(Value::Null),
    }
}
