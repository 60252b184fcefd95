//! Applies the differences to documents, lists of versions, changelog and generated code.

use std::error::Error;
use std::fs;
use std::path::Path;

use super::{Drift, changelog, listed};
use crate::vendors::{TABLE, Vendors};
use crate::{codegen, lint};

/// Documents that the crates do not contain yet.
pub(super) const DRAFTS: &str = "xtask/drafts";
const CHANGELOG: &str = "CHANGELOG.md";

/// Writes everything that follows from the pages.
pub(super) fn run(root: &Path, drift: &Drift, as_of: Option<&str>) -> Result<(), Box<dyn Error>> {
    let vendors = Vendors::load(root)?;
    lists(root, drift, &vendors, as_of)?;
    for ((vendor, (service, version)), marked) in &drift.documents {
        let file = format!("{vendor}/{service}-{version}.json");
        let draft = root.join(DRAFTS).join(&file);
        // Without a row in the table, the generator does not know the service.
        let unknown = vendors.get(vendor).and_then(|own| own.service(service)).is_none();
        let path = if draft.exists() || unknown { draft } else { root.join("fixtures").join(&file) };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, marked.to_json()?)?;
        println!("wrote {}", path.strip_prefix(root).unwrap_or(&path).display());
    }
    let entry = changelog::entry(&drift.versions);
    if !entry.is_empty() {
        let path = root.join(CHANGELOG);
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {CHANGELOG}: {error}"))?;
        fs::write(&path, changelog::insert(&text, &entry)?)?;
        println!("wrote {CHANGELOG}");
    }
    let complete = lint::run(root);
    codegen::run(root, false)
        .map_err(|error| format!("{error}\nedit the documents, then run `cargo xtask codegen`"))?;
    println!("wrote what is generated");
    complete.map_err(|error| format!("{error}: write what is missing, then run `cargo xtask codegen`"))?;
    match drift.undecided.len() {
        0 => Ok(()),
        count => Err(format!("{count} differences are to be decided by hand, see above").into()),
    }
}

/// The lists of versions, which have the day of the page.
fn lists(root: &Path, drift: &Drift, vendors: &Vendors, as_of: Option<&str>) -> Result<(), Box<dyn Error>> {
    let path = root.join(TABLE);
    let mut table = fs::read_to_string(&path).map_err(|error| format!("cannot read {TABLE}: {error}"))?;
    let changed = drift.lists.iter().filter(|((vendor, name), list)| {
        let service = vendors.get(vendor).and_then(|own| own.service(name));
        service.is_some_and(|service| listed::differs(list, service))
    });
    for ((vendor, name), list) in changed {
        let day = as_of.ok_or("the page lists other versions: give its day, as `--as-of 2026-08-31`")?;
        table = listed::with_list(&table, vendor, name, list, day);
    }
    fs::write(&path, table)?;
    Ok(())
}
