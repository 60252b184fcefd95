//! Findings, tags and suspensions, stored as the service's tables store them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::{Request, Upsert};
use super::scan;
use crate::risken::error::Failure;

/// A finding; project, data source and the ID there identify it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: u64,
    pub(crate) description: String,
    pub(crate) data_source: String,
    pub(crate) data_source_id: String,
    pub(crate) resource_name: String,
    pub(crate) project_id: u32,
    pub(crate) original_score: f32,
    pub(crate) score: f32,
    pub(crate) data: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A tag of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) finding_id: u64,
    pub(crate) project_id: u32,
    pub(crate) tag: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A suspended finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pend {
    pub(crate) finding_id: u64,
    pub(crate) project_id: u32,
    pub(crate) note: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// The tables.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(crate) findings: Vec<Finding>,
    pub(crate) next_finding: u64,
    pub(crate) tags: Vec<Tag>,
    pub(crate) next_tag: u64,
    pub(crate) pends: Vec<Pend>,
}

impl Default for Store {
    /// What the scan of the seed's data source has found.
    fn default() -> Self {
        let mut store =
            Self { findings: Vec::new(), next_finding: 4001, tags: Vec::new(), next_tag: 5001, pends: Vec::new() };
        store.scanned(&scan::Ended::seed());
        store
    }
}

impl Store {
    pub(super) fn finding(&self, project: u32, id: u64) -> Option<&Finding> {
        self.findings.iter().find(|own| (own.project_id, own.id) == (project, id))
    }

    /// The findings that pass all filters, in the order that was asked for. One with two of the tags comes twice, since
    /// the service joins the tables.
    pub(super) fn list(&self, request: &Request) -> Vec<&Finding> {
        let most = if request.to_score == 0.0 { 1.0 } else { request.to_score };
        let begins =
            |text: &str, all: &[String]| all.is_empty() || all.iter().any(|part| text.starts_with(part.as_str()));
        let suspended = |own: &Finding| self.pends.iter().any(|pend| pend.finding_id == own.id);
        let passes = |own: &&Finding| {
            own.project_id == request.project_id
                && (request.from_score..=most).contains(&own.score)
                && (request.finding_id == 0 || own.id == request.finding_id)
                && begins(&own.data_source, &request.data_sources)
                && begins(&own.resource_name, &request.resource_names)
                && match request.status {
                    1 => !suspended(own),
                    2 => suspended(own),
                    _ => true,
                }
        };
        let times = |own: &Finding| match request.tags.is_empty() {
            true => 1,
            false => self.tags.iter().filter(|tag| tag.finding_id == own.id && request.tags.contains(&tag.tag)).count(),
        };
        let found = self.findings.iter().filter(passes);
        let mut found: Vec<&Finding> = found.flat_map(|own| std::iter::repeat_n(own, times(own))).collect();
        found.sort_by(|one, other| {
            let order = match &*request.sort {
                "description" => one.description.cmp(&other.description),
                "data_source" => one.data_source.cmp(&other.data_source),
                "resource_name" => one.resource_name.cmp(&other.resource_name),
                "score" => one.score.total_cmp(&other.score),
                "updated_at" => one.updated_at.cmp(&other.updated_at),
                _ => Ordering::Equal,
            };
            directed(order.then(one.id.cmp(&other.id)), &request.direction)
        });
        found
    }

    /// Stores a finding in place of the one with the same keys.
    pub(super) fn put(&mut self, wanted: &Upsert, now: i64) -> Result<&Finding, Failure> {
        let same = |own: &Finding| {
            (own.project_id, &own.data_source, &own.data_source_id)
                == (wanted.project_id, &wanted.data_source, &wanted.data_source_id)
        };
        let data = normalized(&wanted.data)?;
        let at = self.findings.iter().position(same);
        let (id, created_at) = match at.map(|at| &self.findings[at]) {
            Some(old) => (old.id, old.created_at),
            None => (self.next_finding, now),
        };
        let new = Finding {
            id,
            description: wanted.description.clone(),
            data_source: wanted.data_source.clone(),
            data_source_id: wanted.data_source_id.clone(),
            resource_name: wanted.resource_name.clone(),
            project_id: wanted.project_id,
            original_score: wanted.original_score,
            score: ratio(wanted.original_score, wanted.original_max_score),
            data,
            created_at,
            updated_at: now,
        };
        let at = match at {
            Some(at) => {
                self.findings[at] = new;
                at
            }
            None => {
                self.next_finding = self.next_finding.saturating_add(1);
                self.findings.push(new);
                self.findings.len() - 1
            }
        };
        Ok(&self.findings[at])
    }

    /// Removes a finding with its tags, and says whether the project had it; its suspension stays.
    pub(super) fn delete(&mut self, project: u32, id: u64) -> bool {
        let was_there = self.finding(project, id).is_some();
        self.findings.retain(|own| (own.project_id, own.id) != (project, id));
        self.tags.retain(|own| (own.project_id, own.finding_id) != (project, id));
        was_there
    }

    pub(super) fn tags(&self, request: &Request) -> Vec<&Tag> {
        let here = |own: &&Tag| (own.project_id, own.finding_id) == (request.project_id, request.finding_id);
        let mut found: Vec<&Tag> = self.tags.iter().filter(here).collect();
        found.sort_by(|one, other| {
            let order = match &*request.sort {
                "finding_tag_id" => Ordering::Equal,
                "updated_at" => one.updated_at.cmp(&other.updated_at),
                _ => one.tag.cmp(&other.tag),
            };
            directed(order.then(one.id.cmp(&other.id)), &request.direction)
        });
        found
    }

    /// Adds a tag; one that the finding has stays as it is.
    pub(super) fn tag(&mut self, project: u32, finding: u64, text: &str, now: i64) -> Result<&Tag, Failure> {
        if self.finding(project, finding).is_none() {
            return Err(Failure(format!("Failed to GetFinding, finding_id={finding}, err=record not found")));
        }
        let known = self.tags.iter().position(|own| (own.finding_id, &*own.tag) == (finding, text));
        let at = known.unwrap_or_else(|| {
            let id = self.next_tag;
            self.next_tag = self.next_tag.saturating_add(1);
            let tag = text.to_owned();
            self.tags.push(Tag { id, finding_id: finding, project_id: project, tag, created_at: now, updated_at: now });
            self.tags.len() - 1
        });
        Ok(&self.tags[at])
    }

    pub(super) fn untag(&mut self, project: u32, id: u64) -> bool {
        let before = self.tags.len();
        self.tags.retain(|own| (own.project_id, own.id) != (project, id));
        self.tags.len() < before
    }

    pub(super) fn pend(&self, project: u32, finding: u64) -> Option<&Pend> {
        self.pends.iter().find(|own| (own.project_id, own.finding_id) == (project, finding))
    }

    /// Suspends a finding, or replaces the note.
    pub(super) fn put_pend(&mut self, project: u32, finding: u64, note: &str, now: i64) -> Result<&Pend, Failure> {
        if self.finding(project, finding).is_none() {
            return Err(Failure("record not found".to_owned()));
        }
        if note.chars().count() > NOTE {
            return Err(Failure("Error 1406 (22001): Data too long for column 'note' at row 1".to_owned()));
        }
        let at = match self.pends.iter().position(|own| own.finding_id == finding) {
            Some(at) => {
                let own = &mut self.pends[at];
                // A row that is written as it was keeps its time.
                if own.note != note {
                    (own.note, own.updated_at) = (note.to_owned(), now);
                }
                at
            }
            None => {
                let note = note.to_owned();
                self.pends.push(Pend {
                    finding_id: finding,
                    project_id: project,
                    note,
                    created_at: now,
                    updated_at: now,
                });
                self.pends.len() - 1
            }
        };
        Ok(&self.pends[at])
    }

    pub(super) fn delete_pend(&mut self, project: u32, finding: u64) -> bool {
        let before = self.pends.len();
        self.pends.retain(|own| (own.project_id, own.finding_id) != (project, finding));
        self.pends.len() < before
    }

    /// Stores what a scan has found, with its tags; a scan that finds the same again stores it again.
    pub(in crate::risken) fn scanned(&mut self, ended: &scan::Ended) {
        for found in ended.findings() {
            // All of it is valid.
            let Ok(id) = self.put(&found.finding, ended.at).map(|own| own.id) else { continue };
            for tag in found.tags {
                let _ = self.tag(ended.project_id, id, &tag, ended.at);
            }
        }
    }
}

/// Characters of a note.
const NOTE: usize = 128;

fn directed(order: Ordering, direction: &str) -> Ordering {
    if direction == "desc" { order.reverse() } else { order }
}

/// The score from 0 to 1, with two digits.
fn ratio(score: f32, most: f32) -> f32 {
    (score / most * 100.0).round() / 100.0
}

/// JSON as the database writes it: keys by length and then by bytes, a blank after each comma and colon.
fn normalized(text: &str) -> Result<String, Failure> {
    let invalid = || Failure("Error 3140 (22032): Invalid JSON text: \"The document is empty.\"".to_owned());
    let value: Value = serde_json::from_str(text).map_err(|_| invalid())?;
    let mut out = String::with_capacity(text.len());
    write(&value, &mut out);
    Ok(out)
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then(one.cmp(other)));
            out.push('{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(": ");
                write(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests;
