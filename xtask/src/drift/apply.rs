//! Applies the differences to documents, lists of versions, changelog and generated code.

use std::error::Error;
use std::fs;
use std::path::Path;

use super::{Drift, changelog, listed};
use crate::vendors::TABLE;
use crate::{codegen, defaults, lint};

const CHANGELOG: &str = "CHANGELOG.md";

/// Writes everything that follows from the pages.
pub(super) fn run(root: &Path, drift: &Drift, as_of: Option<&str>) -> Result<(), Box<dyn Error>> {
    lists(root, drift, as_of)?;
    for (vendor, documents) in &drift.after.documents {
        for ((service, version), document) in documents {
            let path = format!("fixtures/{vendor}/{service}-{version}.json");
            let key = (service.clone(), version.clone());
            let old = drift.before.documents.get(vendor).and_then(|own| own.get(&key));
            let text = document.to_json()?;
            // Two maps are equal in any order, so the written text is compared.
            if old.map(crate::openapi::Document::to_json).transpose()?.as_ref() != Some(&text) {
                fs::write(root.join(&path), text)?;
                println!("wrote {path}");
            }
        }
    }
    let entry = changelog::entry(&drift.versions);
    if !entry.is_empty() {
        let path = root.join(CHANGELOG);
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {CHANGELOG}: {error}"))?;
        fs::write(&path, changelog::insert(&text, &entry)?)?;
        println!("wrote {CHANGELOG}");
    }
    finish(root)?;
    match drift.undecided.len() {
        0 => Ok(()),
        count => Err(format!("{count} differences are to be decided by hand, see above").into()),
    }
}

/// What follows from the documents, whether a page or a person changed them.
pub(super) fn finish(root: &Path) -> Result<(), Box<dyn Error>> {
    if let Some(text) = defaults::complete(root)? {
        fs::write(root.join(defaults::TABLE), text)?;
        println!("wrote {}: read the new rows", defaults::TABLE);
    }
    let complete = lint::run(root);
    codegen::run(root, false).map_err(|error| format!("{error}\nedit the documents, then run this command again"))?;
    println!("wrote what is generated");
    complete.map_err(|error| format!("{error}: write what is missing, then run this command again").into())
}

/// The lists of versions, which have the day of the page.
fn lists(root: &Path, drift: &Drift, as_of: Option<&str>) -> Result<(), Box<dyn Error>> {
    let path = root.join(TABLE);
    let before = fs::read_to_string(&path).map_err(|error| format!("cannot read {TABLE}: {error}"))?;
    let mut table = before.clone();
    for vendor in drift.after.vendors.iter() {
        let old = drift.before.vendors.get(&vendor.name);
        for service in &vendor.services {
            let known = old.and_then(|own| own.service(&service.name)).and_then(|own| own.listed.as_ref());
            let Some(list) = service.listed.as_ref().filter(|list| known != Some(list)) else { continue };
            as_of.ok_or("the page lists other versions: give its day, as `--as-of 2026-08-31`")?;
            table = listed::with_list(&table, &vendor.name, &service.name, list);
        }
    }
    if table != before {
        fs::write(&path, table)?;
        println!("wrote {TABLE}");
    }
    Ok(())
}
