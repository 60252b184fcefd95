//! Compares all pages of a folder with the documents, and says what the differences mean for Rust users.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use crate::import::{self, Known, Listing};
use crate::names;
use crate::vendors::{TABLE, Vendors};

mod answer;
mod apply;
mod change;
mod changelog;
mod judge;
mod lifecycle;
mod listed;
mod pairs;
mod report;
mod rules;
mod shared;
mod uses;

pub use change::{Change, Versions, changes};
pub use judge::{Tree, judge};
pub use rules::{Bump, Section, What};

/// What differs in one version of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The vendor's name.
    pub vendor: String,
    /// The crate that contains the service.
    pub package: String,
    /// The service's name in requests.
    pub service: String,
    /// The name of the service for readers.
    pub title: String,
    /// The API version; empty for the list of versions.
    pub number: String,
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
        self.changes.iter().map(Change::bump).max().unwrap_or(Bump::None)
    }
}

/// What the pages of a folder and the documents state differently.
#[derive(Debug)]
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
    before: Tree,
    after: Tree,
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

/// Compares the pages of a folder with the documents below `root`. `as_of` is the day of the pages.
///
/// # Errors
/// A page that the import does not understand, a service that is not in the table, a document that cannot be read or
/// that each import changes, or a day before that of a list.
pub fn compare(root: &Path, folder: &Path, as_of: Option<&str>) -> Result<Drift, Box<dyn Error>> {
    let (groups, unread) = import::groups(folder)?;
    let (vendors, known) = (Vendors::load(root)?, Known::load(root)?);
    let pages = groups.iter().map(|group| group.files.len()).sum();
    let mut documents = BTreeMap::new();
    for vendor in vendors.iter() {
        documents.insert(vendor.name.clone(), import::read_fixtures(&root.join("fixtures").join(&vendor.name))?);
    }
    let before = Tree { vendors, documents };
    let mut after = before.clone();
    let (mut described, mut lists) = (BTreeSet::new(), BTreeMap::new());
    let texts = groups.iter().map(|group| Ok((group.vendor, group.read()?)));
    let texts: Vec<(&str, Vec<String>)> = texts.collect::<Result<_, Box<dyn Error>>>()?;
    for (vendor, pages) in &texts {
        let own = after.documents.entry((*vendor).to_owned()).or_default();
        let outcome = import::compare(vendor, pages, own, &known).map_err(|error| format!("{vendor}: {error}"))?;
        for (service, number) in outcome.documents.keys() {
            if before.vendors.get(vendor).and_then(|own| own.service(service)).is_none() {
                return Err(unknown(vendor, service).into());
            }
            described.insert(((*vendor).to_owned(), service.clone(), number.clone()));
        }
        own.extend(outcome.documents);
        lists.extend(outcome.listed.into_iter().map(|(name, list)| (((*vendor).to_owned(), name), list)));
    }
    let undecided = settle(&texts, &mut after, |vendor, pages, own| import::compare(vendor, pages, own, &known))?;
    let seen: BTreeSet<(&str, &str)> = described.iter().map(|(own, name, _)| (own.as_str(), name.as_str())).collect();
    take_lists(&mut after.vendors, &seen, &lists, as_of)?;
    let keys = |(vendor, own): (&String, &import::Fixtures)| -> Vec<(String, String, String)> {
        own.keys().map(|(service, number)| (vendor.clone(), service.clone(), number.clone())).collect()
    };
    let missing = before.documents.iter().flat_map(keys).filter(|key| !described.contains(key));
    let without_page = missing.map(|(vendor, service, number)| format!("{vendor} {service} {number}")).collect();
    Ok(Drift { versions: judge(&before, &after)?, undecided, unread, without_page, pages, before, after })
}

/// How often the pages are imported at most, until the documents stay as they are.
const ROUNDS: usize = 3;

/// Imports again until nothing changes, because a page is read with what the documents know. What is still a
/// difference then needs a person. A document that each import changes is an error: no run could apply it.
fn settle(
    texts: &[(&str, Vec<String>)],
    after: &mut Tree,
    import: impl Fn(&str, &[String], &import::Fixtures) -> Result<import::Outcome, Box<dyn Error>>,
) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut moving = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut undecided = BTreeSet::new();
        moving.clear();
        for (vendor, pages) in texts {
            let Some(own) = after.documents.get_mut(*vendor) else { continue };
            let outcome = import(vendor, pages, own)?;
            let changed = outcome.documents.iter().filter(|(key, document)| own.get(key) != Some(document));
            moving.extend(changed.map(|((service, number), _)| format!("{vendor} {service} {number}")));
            own.extend(outcome.documents);
            undecided.extend(outcome.lines);
        }
        if moving.is_empty() {
            return Ok(undecided);
        }
    }
    let names = moving.into_iter().collect::<Vec<_>>().join(", ");
    Err(format!("each import of the same pages gives another document: {names}").into())
}

fn unknown(vendor: &str, service: &str) -> String {
    format!(
        "{vendor}: {TABLE} has no service `{service}`; add it as CONTRIBUTING.md describes under `A new service`, or \
         take its page out of the folder"
    )
}

/// Gives each service what its page lists, and the day of the pages to every list that they are about.
fn take_lists(
    vendors: &mut Vendors,
    described: &BTreeSet<(&str, &str)>,
    lists: &BTreeMap<(String, String), Listing>,
    as_of: Option<&str>,
) -> Result<(), String> {
    let mut taken = Vec::new();
    for vendor in vendors.iter() {
        for service in &vendor.services {
            let list = lists.get(&(vendor.name.clone(), service.name.clone()));
            let mut own = match (&service.listed, list) {
                (None, None) => continue,
                (old, list) => {
                    let old = old.clone().unwrap_or_default();
                    list.map_or_else(|| old.clone(), |list| listed::with(&old, list))
                }
            };
            let is_described = list.is_some() || described.contains(&(vendor.name.as_str(), service.name.as_str()));
            if let Some(day) = as_of.filter(|_| is_described) {
                if day < own.as_of.as_str() {
                    let name = format!("{} {}", vendor.name, service.name);
                    return Err(format!("`--as-of {day}` is before {}, the day of the list of {name}", own.as_of));
                }
                day.clone_into(&mut own.as_of);
            }
            taken.push((vendor.name.clone(), service.name.clone(), own));
        }
    }
    for (vendor, service, own) in taken {
        vendors.set_listed(&vendor, &service, own);
    }
    Ok(())
}

/// Prints what differs, or with `apply` writes it.
///
/// # Errors
/// See [`compare`]; without `apply`, any difference; with it, what a person must still decide or write.
pub fn run(root: &Path, folder: &Path, options: Options<'_>) -> Result<(), Box<dyn Error>> {
    if let Some(day) = options.as_of.filter(|day| !names::is_day(day)) {
        return Err(format!("`{day}` is not a day such as `2026-08-31`").into());
    }
    let drift = compare(root, folder, options.as_of)?;
    print!("{}", report::text(&drift));
    match (drift.is_empty(), options.apply) {
        (true, true) => apply::finish(root)?,
        (true, false) => {}
        (false, true) => apply::run(root, &drift, options.as_of)?,
        (false, false) => return Err("pages and documents differ; `--apply` applies the differences".into()),
    }
    match drift.without_page.len() {
        0 => Ok(()),
        count => Err(format!("{count} documents were not compared: the folder has no page of them").into()),
    }
}

#[cfg(test)]
mod tests;
