//! Makes the fixtures of a vendor from its printed page, and tells how the two differ.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::moved::{self, Moved};
use crate::names;
use crate::openapi::Document;

mod build;
mod compare;
mod facts;
mod folder;
mod hand;
mod known;
mod limits;
mod literal;
mod location;
mod loose;
mod merge;
mod newer;
mod nhn;
mod page;
mod prose;
mod reconcile;
mod risken;
mod row;
mod usual;

pub use compare::differences;
pub use folder::{Group, groups};
pub use known::Known;
pub use merge::merge;

use merge::keep_order;
use prose::Prose;
use row::cells;

/// Documents by service and version.
pub type Fixtures = BTreeMap<(String, String), Document>;

/// A place in the page that the import does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    line: usize,
    message: String,
}

impl ImportError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the page: {}", self.line, self.message)
    }
}

impl Error for ImportError {}

/// The documents that the page alone gives: facts, and no prose.
pub fn read_page(text: &str) -> Result<Fixtures, ImportError> {
    Ok(read_with_prose(text)?.0)
}

/// The documents, and what the words of the page list.
fn read_with_prose(text: &str) -> Result<(Fixtures, Prose), ImportError> {
    let (mut documents, mut prose) = (Fixtures::new(), Prose::new());
    for service in page::parse(text)? {
        for document in build::documents(&service)? {
            let key = (document.sdk.service.clone(), document.info.version.clone());
            prose.insert(key.0.clone(), prose::of(&service));
            documents.insert(key, document);
        }
    }
    Ok((documents, prose))
}

/// Reads the fixtures of a folder.
pub fn read_fixtures(folder: &Path) -> Result<Fixtures, Box<dyn Error>> {
    let mut documents = Fixtures::new();
    if !folder.exists() {
        return Ok(documents);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path)?;
            let document = Document::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let key = (document.sdk.service.clone(), document.info.version.clone());
            documents.insert(key, document);
        }
    }
    Ok(documents)
}

/// What an import finds: how pages and fixtures differ, and the fixtures that would agree.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One line for each difference.
    pub lines: Vec<String>,
    /// Differences that are known and stay.
    pub known: BTreeSet<String>,
    /// The documents of the pages, with the hand-written parts of the fixtures.
    pub documents: Fixtures,
    /// The versions that a page lists, by service, where it says so.
    pub listed: BTreeMap<String, Listing>,
}

impl Outcome {
    /// Adds the lists of values that do not agree with the enumerations. What is known of one version is known of the
    /// next one, as long as it differs in the same way.
    fn compare_prose(&mut self, prose: &Prose, known: &Known) {
        let mut keys: Vec<(String, String)> = self.documents.keys().cloned().collect();
        keys.sort_by_key(|(service, version)| (service.clone(), names::version_parts(version)));
        let (mut last, mut settled) = (String::new(), BTreeSet::new());
        for key in keys {
            let Some(document) = self.documents.get(&key) else { continue };
            let (service, version) = key;
            let before = std::mem::take(&mut settled);
            let before = if last == service { before } else { BTreeSet::new() };
            for difference in prose::differences(prose.get(&service).map_or(&[], Vec::as_slice), document) {
                let line = format!("{service} {version} {difference}");
                let is_known = known.contains(&line);
                if !is_known && !before.contains(&difference) {
                    self.lines.push(line);
                    continue;
                }
                if is_known {
                    self.known.insert(line);
                }
                settled.insert(difference);
            }
            last = service;
        }
    }
}

/// The versions that a page lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Their numbers, oldest first.
    pub versions: Vec<String>,
    /// The one that is called current.
    pub current: Option<String>,
    /// Those that are called deprecated, and that the page does not describe.
    pub deprecated: Vec<String>,
    /// End dates of versions that the page does not describe.
    pub ends: BTreeMap<String, String>,
}

/// Compares pages of one vendor with its fixtures; several NHN pages can describe one version.
///
/// # Errors
/// A vendor without an import, or a page that the import does not understand.
pub fn compare(vendor: &str, pages: &[String], fixtures: &Fixtures, known: &Known) -> Result<Outcome, Box<dyn Error>> {
    match (vendor, pages) {
        ("scp", [page]) if page.trim_start().starts_with('{') => {
            let (fresh, stale, prose) = newer::read(page, fixtures, newer::FITS)?;
            let mut outcome = outcome(fresh, fixtures, false);
            outcome.lines.extend(stale);
            outcome.compare_prose(&prose, known);
            Ok(Outcome { listed: newer::listed(page)?, ..outcome })
        }
        ("scp", [page]) => {
            let (fresh, prose) = read_with_prose(page)?;
            let mut outcome = outcome(fresh, fixtures, true);
            outcome.compare_prose(&prose, known);
            Ok(outcome)
        }
        ("scp", _) => Err("import one page of Samsung Cloud Platform at a time".into()),
        ("nhn", pages) => {
            let read = each(pages, nhn::read)?;
            Ok(reconcile::outcome(read.into_iter().flatten().collect(), fixtures, known))
        }
        ("risken", pages) => Ok(reconcile::outcome(each(pages, risken::read)?, fixtures, known)),
        _ => Err(format!("no import for the pages of `{vendor}`").into()),
    }
}

/// Reads every page; an error of several pages tells which one.
fn each<T>(pages: &[String], read: impl Fn(&str) -> Result<T, ImportError>) -> Result<Vec<T>, Box<dyn Error>> {
    let mut found = Vec::new();
    for (index, page) in pages.iter().enumerate() {
        let page = read(page).map_err(|error| match pages.len() {
            1 => error.to_string(),
            _ => format!("page {}, {error}", index + 1),
        })?;
        found.push(page);
    }
    Ok(found)
}

/// Lays what pages say over the fixtures. `whole` pages list every version that a fixture may have.
fn outcome(fresh: Fixtures, fixtures: &Fixtures, whole: bool) -> Outcome {
    let mut outcome = Outcome::default();
    // A new version starts from the one before, which can be new as well.
    let mut known = fixtures.clone();
    for (key, page) in fresh {
        match fixtures.get(&key) {
            Some(fixture) => {
                let (fixture, moved) = moved::followed(fixture, &moved::calls(&page));
                let line = |own: &Moved| format!("{} {} {} {}: {}", key.0, key.1, own.method, own.from, own.told());
                outcome.lines.extend(moved.iter().map(line));
                outcome.lines.extend(differences(&page, &fixture));
                outcome.lines.extend(location::differences(&page, &fixture));
            }
            None => outcome.lines.push(format!("{} {}: in the page, no fixture", key.0, key.1)),
        }
        let old = ancestor(&known, &key.0, &key.1).map(|old| moved::followed(old, &moved::calls(&page)).0);
        let mut page = page;
        if let (false, Some(old)) = (whole, &old) {
            keep_order(&mut page, old);
        }
        let mut merged = merge(page, old.as_ref());
        usual::add_effects(&mut merged);
        known.insert(key.clone(), merged.clone());
        outcome.documents.insert(key, merged);
    }
    if whole {
        // What is newer than all that the page lists comes from a newer page.
        let newer = |key: &(String, String)| {
            let older = |own: &(String, String)| names::version_parts(&own.1) < names::version_parts(&key.1);
            let mut listed = outcome.documents.keys().filter(|own| own.0 == key.0).peekable();
            listed.peek().is_some() && listed.all(older)
        };
        let absent = |key: &&(String, String)| !outcome.documents.contains_key(*key) && !newer(key);
        let lines = fixtures.keys().filter(absent).map(|key| format!("{} {}: fixture, not in the page", key.0, key.1));
        outcome.lines.extend(lines.collect::<Vec<_>>());
    }
    outcome
}

/// Writes the fixtures of a vendor from its pages, or with `check` prints what differs and fails if anything does.
///
/// # Errors
/// See [`compare`]; with `check`, any difference.
pub fn run(root: &Path, vendor: &str, pages: &[&str], check: bool) -> Result<(), Box<dyn Error>> {
    let read = |page: &&str| fs::read_to_string(page).map_err(|error| format!("cannot read {page}: {error}"));
    let pages: Vec<String> = pages.iter().map(read).collect::<Result<_, _>>()?;
    let folder = root.join("fixtures").join(vendor);
    let fixtures = read_fixtures(&folder)?;
    let outcome = compare(vendor, &pages, &fixtures, &Known::load(root)?)?;
    if check {
        for line in &outcome.lines {
            println!("{line}");
        }
        return match outcome.lines.len() {
            0 => {
                match outcome.known.len() {
                    0 => println!("no differences"),
                    known => println!("no differences but {known} known ones, see {}", known::FILE),
                }
                Ok(())
            }
            count => Err(format!("{count} differences between the page and the fixtures").into()),
        };
    }
    fs::create_dir_all(&folder)?;
    for ((service, version), document) in outcome.documents {
        let path = folder.join(format!("{service}-{version}.json"));
        fs::write(&path, document.to_json()?)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The fixture to take hand-written parts from: the same version, else the nearest older one.
fn ancestor<'a>(fixtures: &'a Fixtures, service: &str, version: &str) -> Option<&'a Document> {
    let wanted = names::version_parts(version);
    fixtures
        .iter()
        .filter(|((own, other), _)| own == service && names::version_parts(other) <= wanted)
        .max_by_key(|((_, other), _)| names::version_parts(other))
        .map(|(_, document)| document)
}

#[cfg(test)]
mod tests;
