//! Findings, tags and suspensions, stored as the service's tables store them.

use std::cmp::Ordering;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::Upsert;
use super::scan;
use crate::risken::error::Failure;
use crate::state::table::{self, Compare, Place, Row, Table};

mod list;

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
    #[serde(with = "table::list")]
    pub(crate) findings: Table<Finding>,
    pub(crate) next_finding: u64,
    #[serde(with = "table::list")]
    pub(crate) tags: Table<Tag>,
    pub(crate) next_tag: u64,
    #[serde(with = "table::list")]
    pub(crate) pends: Table<Pend>,
}

/// The places of the orders in [`Finding::ORDERS`], all of them by project first and by ID last.
mod of_findings {
    pub(super) const ID: usize = 0;
    pub(super) const KEY: usize = 1;
    pub(super) const DESCRIPTION: usize = 2;
    pub(super) const SOURCE: usize = 3;
    pub(super) const RESOURCE: usize = 4;
    pub(super) const SCORE: usize = 5;
    pub(super) const UPDATED: usize = 6;
}

impl Row for Finding {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| by(one, other, Ordering::Equal),
        |one, other| one.key().cmp(&other.key()),
        |one, other| by(one, other, one.description.cmp(&other.description)),
        |one, other| by(one, other, one.data_source.cmp(&other.data_source)),
        |one, other| by(one, other, one.resource_name.cmp(&other.resource_name)),
        |one, other| by(one, other, one.score.total_cmp(&other.score)),
        |one, other| by(one, other, one.updated_at.cmp(&other.updated_at)),
    ];
}

fn by(one: &Finding, other: &Finding, field: Ordering) -> Ordering {
    one.project_id.cmp(&other.project_id).then(field).then(one.id.cmp(&other.id))
}

impl Finding {
    /// What identifies it.
    fn key(&self) -> (u32, &str, &str) {
        (self.project_id, &self.data_source, &self.data_source_id)
    }
}

/// The places of the orders in [`Tag::ORDERS`].
mod of_tags {
    pub(super) const ID: usize = 0;
    pub(super) const TEXT: usize = 1;
    pub(super) const TEXT_ALONE: usize = 2;
    pub(super) const LISTED_BY_ID: usize = 3;
    pub(super) const LISTED_BY_TEXT: usize = 4;
    pub(super) const LISTED_BY_UPDATE: usize = 5;
}

impl Row for Tag {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| (one.project_id, one.id).cmp(&(other.project_id, other.id)),
        |one, other| (one.finding_id, &one.tag).cmp(&(other.finding_id, &other.tag)),
        |one, other| one.tag.cmp(&other.tag),
        |one, other| listed(one, other, Ordering::Equal),
        |one, other| listed(one, other, one.tag.cmp(&other.tag)),
        |one, other| listed(one, other, one.updated_at.cmp(&other.updated_at)),
    ];
}

fn listed(one: &Tag, other: &Tag, field: Ordering) -> Ordering {
    let finding = (one.finding_id, one.project_id).cmp(&(other.finding_id, other.project_id));
    finding.then(field).then(one.id.cmp(&other.id))
}

/// The order of suspensions by finding.
const FINDING: usize = 0;

impl Row for Pend {
    const ORDERS: &'static [Compare<Self>] = &[|one, other| one.finding_id.cmp(&other.finding_id)];
}

impl Default for Store {
    /// What the scan of the seed's data source has found.
    fn default() -> Self {
        let mut store = Self {
            findings: Table::default(),
            next_finding: 4001,
            tags: Table::default(),
            next_tag: 5001,
            pends: Table::default(),
        };
        store.scanned(&scan::Ended::seed());
        store
    }
}

impl Store {
    pub(super) fn finding(&self, project: u32, id: u64) -> Option<&Finding> {
        self.findings.get(self.place(project, id)?)
    }

    fn place(&self, project: u32, id: u64) -> Option<Place> {
        self.findings.find(of_findings::ID, |own| (own.project_id, own.id).cmp(&(project, id)))
    }

    /// Stores a finding in place of the one with the same keys.
    pub(super) fn put(&mut self, wanted: &Upsert, now: i64) -> Result<Finding, Failure> {
        let same = |own: &Finding| own.key().cmp(&(wanted.project_id, &*wanted.data_source, &*wanted.data_source_id));
        let data = normalized(&wanted.data)?;
        let known = self.findings.find(of_findings::KEY, same);
        let (id, created_at) = match known.and_then(|place| self.findings.get(place)) {
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
        if let Some(mut old) = known.and_then(|place| self.findings.get_mut(place)) {
            old.clone_from(&new);
        } else {
            self.next_finding = self.next_finding.saturating_add(1);
            self.findings.insert(new.clone());
        }
        Ok(new)
    }

    /// Removes a finding with its tags, and says whether the project had it; its suspension stays.
    pub(super) fn delete(&mut self, project: u32, id: u64) -> bool {
        let was_there = self.finding(project, id).is_some();
        let findings = self.findings.span(of_findings::ID, |own| (own.project_id, own.id).cmp(&(project, id)));
        self.findings.remove_range(of_findings::ID, findings);
        let tags = self.tags_of(id);
        let own = |place: &Place| self.tags.get(*place).is_some_and(|tag| tag.project_id == project);
        let tags: Vec<_> = self.tags.places(of_tags::TEXT, tags).filter(own).collect();
        for place in tags {
            self.tags.remove(place);
        }
        was_there
    }

    fn tags_of(&self, finding: u64) -> Range<usize> {
        self.tags.span(of_tags::TEXT, |tag| tag.finding_id.cmp(&finding))
    }

    /// Adds a tag; one that the finding has stays as it is.
    pub(super) fn tag(&mut self, project: u32, finding: u64, text: &str, now: i64) -> Result<Tag, Failure> {
        if self.finding(project, finding).is_none() {
            return Err(Failure(format!("Failed to GetFinding, finding_id={finding}, err=record not found")));
        }
        let known = self.tags.find(of_tags::TEXT, |own| (own.finding_id, &*own.tag).cmp(&(finding, text)));
        if let Some(known) = known.and_then(|place| self.tags.get(place)) {
            return Ok(known.clone());
        }
        let (id, tag) = (self.next_tag, text.to_owned());
        self.next_tag = self.next_tag.saturating_add(1);
        let tag = Tag { id, finding_id: finding, project_id: project, tag, created_at: now, updated_at: now };
        self.tags.insert(tag.clone());
        Ok(tag)
    }

    pub(super) fn untag(&mut self, project: u32, id: u64) -> bool {
        let tags = self.tags.span(of_tags::ID, |own| (own.project_id, own.id).cmp(&(project, id)));
        self.tags.remove_range(of_tags::ID, tags) > 0
    }

    pub(super) fn pend(&self, project: u32, finding: u64) -> Option<&Pend> {
        self.pends.rows(FINDING, self.pends_of(finding)).find(|own| own.project_id == project)
    }

    fn pends_of(&self, finding: u64) -> Range<usize> {
        self.pends.span(FINDING, |own| own.finding_id.cmp(&finding))
    }

    /// Suspends a finding, or replaces the note.
    pub(super) fn put_pend(&mut self, project: u32, finding: u64, note: &str, now: i64) -> Result<Pend, Failure> {
        if self.finding(project, finding).is_none() {
            return Err(Failure("record not found".to_owned()));
        }
        if note.chars().count() > NOTE {
            return Err(Failure("Error 1406 (22001): Data too long for column 'note' at row 1".to_owned()));
        }
        let known = self.pends.find(FINDING, |own| own.finding_id.cmp(&finding));
        if let Some(mut own) = known.and_then(|place| self.pends.get_mut(place)) {
            // A row that is written as it was keeps its time.
            if own.note != note {
                note.clone_into(&mut own.note);
                own.updated_at = now;
            }
            return Ok(own.clone());
        }
        let note = note.to_owned();
        let pend = Pend { finding_id: finding, project_id: project, note, created_at: now, updated_at: now };
        self.pends.insert(pend.clone());
        Ok(pend)
    }

    pub(super) fn delete_pend(&mut self, project: u32, finding: u64) -> bool {
        let own = |place: &Place| self.pends.get(*place).is_some_and(|own| own.project_id == project);
        let found: Vec<_> = self.pends.places(FINDING, self.pends_of(finding)).filter(own).collect();
        found.into_iter().filter_map(|place| self.pends.remove(place)).count() > 0
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
