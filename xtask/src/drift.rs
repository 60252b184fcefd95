//! Compares all pages of a folder with the documents, and says what the differences mean for Rust users.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::import::{self, Fixtures, Known, Listing, Marked};
use crate::vendors::Vendors;

mod apply;
mod change;
mod changelog;
mod listed;
mod report;
mod rules;
mod shared;
mod uses;

pub use change::{Change, changes};
pub use rules::{Bump, Section, What};

/// Service and version, or vendor and service.
type Key = (String, String);

/// What differs in one version of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The vendor's name.
    pub vendor: String,
    /// The crate that contains the service, if one does.
    pub package: String,
    /// The service's name in requests.
    pub service: String,
    /// The name of the service for readers.
    pub title: String,
    /// The API version; empty for the list of versions.
    pub number: String,
    /// Whether the crate contains the version; a new one of a known service will be in it.
    pub compiled: bool,
    /// What differs, in the order of the document.
    pub changes: Vec<Change>,
}

impl Version {
    /// Service and version for readers.
    fn name(&self, service: &str) -> String {
        format!("{service} {}", self.number).trim_end().to_owned()
    }

    /// The release that the changes need.
    #[must_use]
    pub fn bump(&self) -> Bump {
        match self.compiled {
            true => self.changes.iter().map(Change::bump).max().unwrap_or(Bump::None),
            false => Bump::None,
        }
    }
}

/// What the pages of a folder and the documents state differently.
#[derive(Debug, Default)]
pub struct Drift {
    /// By vendor, service and version.
    pub versions: Vec<Version>,
    /// Differences that an import cannot settle: a line for `known-differences.toml`, or a fixture to edit.
    pub undecided: BTreeSet<String>,
    /// Files of the folder that no import reads.
    pub unread: Vec<PathBuf>,
    /// Documents that no page of the folder describes, such as `nhn secure-key-manager 1.3`.
    pub without_page: BTreeSet<String>,
    /// How many pages there are.
    pub pages: usize,
    documents: BTreeMap<(String, Key), Marked>,
    lists: BTreeMap<Key, Listing>,
}

impl Drift {
    /// Whether pages and documents agree.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.undecided.is_empty()
    }

    /// The release that the changes need.
    #[must_use]
    pub fn bump(&self) -> Bump {
        self.versions.iter().map(Version::bump).max().unwrap_or(Bump::None)
    }
}

/// What to do about the differences.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Writes documents, changelog and everything that is generated.
    pub apply: bool,
    /// The day of the pages, which the lists of versions take over.
    pub as_of: Option<&'a str>,
}

/// Compares the pages of a folder with the documents below `root`.
///
/// # Errors
/// A page that the import does not understand, or a document that cannot be read.
pub fn compare(root: &Path, folder: &Path) -> Result<Drift, Box<dyn Error>> {
    let (groups, unread) = import::groups(folder)?;
    let (vendors, known) = (Vendors::load(root)?, Known::load(root)?);
    let pages = groups.iter().map(|group| group.files.len()).sum();
    let mut drift = Drift { unread, pages, ..Drift::default() };
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    let mut described: BTreeSet<(&str, Key)> = BTreeSet::new();
    let texts = groups.iter().map(|group| Ok((group.vendor, group.read()?)));
    let texts: Vec<(&str, Vec<String>)> = texts.collect::<Result<_, Box<dyn Error>>>()?;
    for (vendor, pages) in &texts {
        let state = match states.entry(vendor) {
            std::collections::btree_map::Entry::Occupied(own) => own.into_mut(),
            std::collections::btree_map::Entry::Vacant(own) => own.insert(State::read(root, vendor)?),
        };
        let outcome =
            import::compare(vendor, pages, &state.after, &known).map_err(|error| format!("{vendor}: {error}"))?;
        described.extend(outcome.documents.keys().map(|key| (*vendor, key.clone())));
        state.after.extend(outcome.documents);
        drift.lists.extend(outcome.listed.into_iter().map(|(name, list)| (((*vendor).to_owned(), name), list)));
    }
    // What is still a difference then needs a person.
    for (vendor, pages) in &texts {
        if let Some(state) = states.get(vendor) {
            drift.undecided.extend(import::compare(vendor, pages, &state.after, &known)?.lines);
        }
    }
    for (vendor, state) in &states {
        drift.versions.extend(state.versions(vendor, &vendors)?);
        let changed = state.changed()?.into_iter();
        drift.documents.extend(changed.map(|(key, own)| (((*vendor).to_owned(), key.clone()), own.clone())));
    }
    for vendor in vendors.iter() {
        let documents = import::read_fixtures(&root.join("fixtures").join(&vendor.name))?;
        let missing = documents.into_keys().filter(|key| !described.contains(&(vendor.name.as_str(), key.clone())));
        drift.without_page.extend(missing.map(|(service, number)| format!("{} {service} {number}", vendor.name)));
    }
    let lists: Vec<Version> = listed::changes(&drift.lists, &vendors, &states);
    drift.versions.extend(lists);
    Ok(drift)
}

/// Prints what differs, or with `apply` writes it.
///
/// # Errors
/// See [`compare`]; without `apply`, any difference; with it, what a person must still decide or write.
pub fn run(root: &Path, folder: &Path, options: Options<'_>) -> Result<(), Box<dyn Error>> {
    if let Some(day) = options.as_of.filter(|day| !crate::names::is_day(day)) {
        return Err(format!("`{day}` is not a day such as `2026-08-31`").into());
    }
    let drift = compare(root, folder)?;
    print!("{}", report::text(&drift));
    match (drift.is_empty(), options.apply) {
        (true, _) => {}
        (false, true) => apply::run(root, &drift, options.as_of)?,
        (false, false) => return Err("pages and documents differ; `--apply` applies the differences".into()),
    }
    match drift.without_page.len() {
        0 => Ok(()),
        count => Err(format!("{count} documents were not compared: the folder has no page of them").into()),
    }
}

/// The documents of one vendor before and after the import.
struct State {
    before: Fixtures,
    after: Fixtures,
    /// Those that the crate contains.
    compiled: BTreeSet<Key>,
}

impl State {
    fn read(root: &Path, vendor: &str) -> Result<Self, Box<dyn Error>> {
        let fixtures = import::read_fixtures(&root.join("fixtures").join(vendor))?;
        let compiled = fixtures.keys().cloned().collect();
        let mut before = import::read_fixtures(&root.join(apply::DRAFTS).join(vendor))?;
        before.extend(fixtures);
        Ok(Self { after: before.clone(), before, compiled })
    }

    /// The documents whose text changed. Two maps are equal in any order, so the written text is compared.
    fn changed(&self) -> Result<Vec<(&Key, &Marked)>, Box<dyn Error>> {
        let mut found = Vec::new();
        for (key, own) in &self.after {
            let before = self.before.get(key).map(Marked::to_json).transpose()?;
            if before != Some(own.to_json()?) {
                found.push((key, own));
            }
        }
        Ok(found)
    }

    fn versions(&self, vendor: &str, vendors: &Vendors) -> Result<Vec<Version>, Box<dyn Error>> {
        let known = vendors.get(vendor);
        let mut found = Vec::new();
        for (key, marked) in self.changed()? {
            let (name, number) = key;
            let service = known.and_then(|own| own.service(name));
            let as_of = service.and_then(|own| own.listed.as_ref()).map(|own| own.as_of.as_str());
            let (changes, compiled) = match self.before.get(key) {
                Some(old) => (self.of_version(key, (old, marked), as_of)?, self.compiled.contains(key)),
                None => {
                    let count = marked.document.operations().count();
                    (vec![Change::new(What::VersionAdded, "", format!("{count} operations"))], service.is_some())
                }
            };
            found.push(Version {
                vendor: vendor.to_owned(),
                package: known.map(|own| own.package.clone()).unwrap_or_default(),
                service: name.clone(),
                title: marked.document.info.title.clone(),
                number: number.clone(),
                compiled,
                changes,
            });
        }
        Ok(found)
    }

    /// What differs in a version that had a document before.
    fn of_version(
        &self,
        key: &Key,
        (old, new): (&Marked, &Marked),
        as_of: Option<&str>,
    ) -> Result<Vec<Change>, Box<dyn Error>> {
        let mut found = changes(&json(old)?, &json(new)?, as_of);
        if found.is_empty() {
            found.push(Change::new(What::Documentation, "", "order"));
        }
        found.extend(shared::splits(&self.before, &self.after, key, &self.compiled)?);
        Ok(found)
    }
}

/// The document as committed.
fn json(marked: &Marked) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(&marked.to_json()?)?)
}

#[cfg(test)]
mod tests;
