//! Checks every fixture: known keywords, examples that fit, descriptions, references and names.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::openapi::{Document, ReadError};

mod document;
mod example;
mod lifecycle;
mod marks;
mod models;
mod operations;

pub use lifecycle::ending;

/// One thing that is wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer to the place.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl Finding {
    fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl From<ReadError> for Finding {
    fn from(error: ReadError) -> Self {
        Self::new(error.pointer, error.message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

/// Checks one document as text.
#[must_use]
pub fn check_text(text: &str) -> Vec<Finding> {
    match Document::parse(text) {
        Ok(document) => check(&document),
        Err(error) => vec![error.into()],
    }
}

/// Checks one document.
#[must_use]
pub fn check(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    describe(&mut findings, "/info/description", document.info.description.as_deref());
    document::check(document, &mut findings);
    models::assumed(document.assumed.as_deref(), "", &mut findings);
    operations::check(document, &mut findings);
    models::check(document, &mut findings);
    findings
}

/// Checks every fixture below `root` and prints one line a finding.
pub fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    let files = fixture_files(&root.join("fixtures"))?;
    let mut count = 0_usize;
    for path in &files {
        let shown = path.strip_prefix(root).unwrap_or(path).display();
        let text = fs::read_to_string(path)?;
        let mut findings = check_text(&text);
        if let Ok(document) = Document::parse(&text) {
            document::placed(path, &document, &mut findings);
        }
        for finding in findings {
            println!("{shown}#{finding}");
            count += 1;
        }
    }
    match (files.len(), count) {
        (0, _) => Err("no fixtures found".into()),
        (files, 0) => {
            println!("{files} fixtures, no findings");
            Ok(())
        }
        (files, count) => Err(format!("{files} fixtures, {count} findings").into()),
    }
}

/// The JSON documents of every vendor folder, in a stable order.
fn fixture_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for vendor in fs::read_dir(folder)? {
        let vendor = vendor?.path();
        if !vendor.is_dir() {
            continue;
        }
        for entry in fs::read_dir(vendor)? {
            let path = entry?.path();
            if path.extension().is_some_and(|own| own == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Reports text that is absent or empty.
fn describe(findings: &mut Vec<Finding>, pointer: &str, text: Option<&str>) {
    if text.is_none_or(|text| text.trim().is_empty()) {
        let what = pointer.rsplit('/').next().unwrap_or_default();
        findings.push(Finding::new(pointer, format!("missing {what}")));
    }
}

#[cfg(test)]
mod tests;
