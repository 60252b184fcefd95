//! What differs between two states of the documents and of the table of vendors, by service and version.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use super::change::{self, Change, Versions};
use super::rules::What;
use super::{Version, lifecycle, shared};
use crate::import::Fixtures;
use crate::moved;
use crate::names;
use crate::openapi::Document;
use crate::vendors::{Service, Vendor, Vendors};

/// The documents of each vendor, and the table that lists the versions.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The table of vendors.
    pub vendors: Vendors,
    /// Documents by vendor.
    pub documents: BTreeMap<String, Fixtures>,
}

/// What differs, in the order of the table, the list of versions before the versions.
///
/// # Errors
/// A document that cannot be JSON, which does not happen.
pub fn judge(before: &Tree, after: &Tree) -> Result<Vec<Version>, Box<dyn Error>> {
    let mut found = Vec::new();
    for vendor in after.vendors.iter() {
        let documents = |tree: &Tree| tree.documents.get(&vendor.name).cloned().unwrap_or_default();
        let (one, other) = (documents(before), documents(after));
        for service in &vendor.services {
            let old = before.vendors.get(&vendor.name).and_then(|own| own.service(&service.name));
            let own = OneService { vendor, service, old: old.unwrap_or(service), before: &one, after: &other };
            found.extend(own.versions()?);
        }
    }
    Ok(found)
}

/// One service in both states.
struct OneService<'a> {
    vendor: &'a Vendor,
    service: &'a Service,
    old: &'a Service,
    before: &'a Fixtures,
    after: &'a Fixtures,
}

impl OneService<'_> {
    fn document<'b>(&self, all: &'b Fixtures, number: &str) -> Option<&'b Document> {
        all.get(&(self.service.name.clone(), number.to_owned()))
    }

    fn versions(&self) -> Result<Vec<Version>, Box<dyn Error>> {
        let own = self.before.keys().chain(self.after.keys()).filter(|(name, _)| *name == self.service.name);
        let mut numbers: Vec<&str> =
            own.map(|(_, number)| number.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        numbers.sort_by_key(|number| names::version_parts(number));
        let title = numbers.iter().rev().find_map(|number| self.document(self.after, number));
        let title = title.map_or_else(|| self.service.name.clone(), |own| own.info.title.clone());
        let version = |number: &str, changes: Vec<Change>| Version {
            vendor: self.vendor.name.clone(),
            package: self.vendor.package.clone(),
            service: self.service.name.clone(),
            title: title.clone(),
            number: number.to_owned(),
            changes,
        };
        let mut found =
            vec![version("", lifecycle::list(self.old.listed.as_ref(), self.service.listed.as_ref(), &numbers))];
        let mut moved: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
        let mut old = self.before.clone();
        for number in &numbers {
            let key = (self.service.name.clone(), (*number).to_owned());
            if let (Some(one), Some(other)) = (self.document(self.before, number), self.document(self.after, number)) {
                let (followed, paths) = moved::followed(one, &moved::calls(other));
                moved.insert(number, change::moves(one, &paths));
                old.insert(key, followed);
            }
        }
        let (before, after) = (self.json(&old, &numbers)?, self.json(self.after, &numbers)?);
        let splits = shared::splits(&before, &after);
        for number in numbers {
            let mut changes = moved.remove(number).unwrap_or_default();
            self.one(number, &before, &after, &mut changes);
            changes.extend(splits.get(number).cloned().unwrap_or_default());
            found.push(version(number, changes));
        }
        found.retain(|own| !own.changes.is_empty());
        Ok(found)
    }

    /// Adds what differs in one version, whose operations have the same paths in both states.
    fn one(&self, number: &str, before: &Versions, after: &Versions, changes: &mut Vec<Change>) {
        let (Some(old), Some(new)) = (before.get(number), after.get(number)) else {
            let count = self.document(self.after, number).map_or(0, |own| own.operations().count());
            if after.contains_key(number) {
                changes.push(Change::new(What::VersionAdded, "", format!("{count} operations")));
            }
            return;
        };
        changes.extend(change::changes(old, new, (before, after)));
        let state = |service, all| lifecycle::State::of(service, number, self.document(all, number));
        lifecycle::version(&state(self.old, self.before), &state(self.service, self.after), changes);
        // Two maps are equal in any order, so the written text is compared.
        let (one, other) = (old.to_string(), new.to_string());
        if changes.is_empty() && one != other {
            changes.push(Change::new(What::Documentation, "", "order"));
        }
    }

    /// The documents as committed, by version.
    fn json(&self, all: &Fixtures, numbers: &[&str]) -> Result<Versions, Box<dyn Error>> {
        let found = numbers.iter().filter_map(|number| Some((*number, self.document(all, number)?)));
        found.map(|(number, own)| Ok((number.to_owned(), serde_json::to_value(own)?))).collect()
    }
}
