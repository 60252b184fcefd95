//! Makes the fixtures of a vendor from its printed page, and tells how the two differ.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::openapi::Document;

mod build;
mod compare;
mod literal;
mod merge;
mod page;
mod row;

pub use compare::differences;
pub use merge::merge;

use row::cells;

/// Documents by service and version.
pub type Documents = BTreeMap<(String, String), Document>;

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
pub fn read_page(text: &str) -> Result<Documents, ImportError> {
    let mut documents = Documents::new();
    for service in page::parse(text)? {
        for document in build::documents(&service)? {
            let key = (document.sdk.service.clone(), document.info.version.clone());
            documents.insert(key, document);
        }
    }
    Ok(documents)
}

/// Reads the fixtures of a folder.
pub fn read_fixtures(folder: &Path) -> Result<Documents, Box<dyn Error>> {
    let mut documents = Documents::new();
    if !folder.exists() {
        return Ok(documents);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let document = Document::load(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let key = (document.sdk.service.clone(), document.info.version.clone());
            documents.insert(key, document);
        }
    }
    Ok(documents)
}

/// What differs between the page and the fixtures, one line each.
#[must_use]
pub fn all_differences(page: &Documents, fixtures: &Documents) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, document) in page {
        match fixtures.get(key) {
            Some(fixture) => lines.extend(differences(document, fixture)),
            None => lines.push(format!("{} {}: in the page, no fixture", key.0, key.1)),
        }
    }
    for key in fixtures.keys().filter(|key| !page.contains_key(*key)) {
        lines.push(format!("{} {}: fixture, not in the page", key.0, key.1));
    }
    lines
}

/// Writes `fixtures/scp` from the page, or with `check` prints what differs and fails if anything does.
pub fn run(root: &Path, page: &Path, check: bool) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(page).map_err(|error| format!("cannot read {}: {error}", page.display()))?;
    let folder = root.join("fixtures").join("scp");
    let fresh = read_page(&text)?;
    let fixtures = read_fixtures(&folder)?;
    if check {
        let lines = all_differences(&fresh, &fixtures);
        for line in &lines {
            println!("{line}");
        }
        return match lines.len() {
            0 => {
                println!("no differences");
                Ok(())
            }
            count => Err(format!("{count} differences between the page and the fixtures").into()),
        };
    }
    fs::create_dir_all(&folder)?;
    for ((service, version), document) in fresh {
        let merged = merge(document, ancestor(&fixtures, &service, &version));
        let path = folder.join(format!("{service}-{version}.json"));
        fs::write(&path, merged.to_json()?)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The fixture to take hand-written parts from: the same version, else the nearest older one.
fn ancestor<'a>(fixtures: &'a Documents, service: &str, version: &str) -> Option<&'a Document> {
    let number = |text: &str| -> Vec<u32> { text.split('.').map_while(|p| p.parse().ok()).collect() };
    let wanted = number(version);
    fixtures
        .iter()
        .filter(|((own, other), _)| own == service && number(other) <= wanted)
        .max_by_key(|((_, other), _)| number(other))
        .map(|(_, document)| document)
}

#[cfg(test)]
mod tests;
