//! The table that states how often each operation is sent when it fails: a row for each operation of the documents.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use crate::import;
use crate::names::version_parts;
use crate::openapi::Document;
use crate::vendors::Vendors;

/// Where the table is, relative to the root.
pub(crate) const TABLE: &str = "tests/conformance/tests/defaults.txt";

/// The operations of one document in order: name and idempotency.
type Operations = Vec<(String, Option<String>)>;

/// The table with a row for each new operation and without those that are gone, if that changes it.
///
/// A new row has the value of the same operation in an older version if that one is as idempotent, or else the usual
/// value of such operations. Whether that is what users should get is for a person to read.
pub(crate) fn complete(root: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let path = root.join(TABLE);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {TABLE}: {error}"))?;
    let mut lists: Vec<(String, String, Operations)> = Vec::new();
    for vendor in Vendors::load(root)?.iter() {
        let documents = import::read_fixtures(&root.join("fixtures").join(&vendor.name))?;
        for service in &vendor.services {
            let own = documents.iter().filter(|((name, _), _)| *name == service.name);
            let mut own: Vec<(&String, &Document)> = own.map(|((_, version), document)| (version, document)).collect();
            own.sort_by_key(|(version, _)| version_parts(version));
            let place = format!("{} {}", vendor.name, service.name);
            lists.extend(
                own.into_iter().map(|(number, document)| (place.clone(), number.clone(), operations(document))),
            );
        }
    }
    let completed = Rows::of(&text).completed(&lists);
    Ok((completed != text).then_some(completed))
}

fn operations(document: &Document) -> Operations {
    let all = document.operations().flat_map(|(_, _, own)| {
        let second = own.sdk.split.as_ref().map(|split| split.operation_id.clone());
        let names = [Some(own.operation_id.clone()), second];
        names.into_iter().flatten().map(|name| (name, own.sdk.idempotency.clone()))
    });
    all.collect()
}

/// The lines of the table.
struct Rows(Vec<String>);

impl Rows {
    fn of(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    }

    fn completed(mut self, lists: &[(String, String, Operations)]) -> String {
        let usual = self.usual(lists);
        let key = |place: &str, number: &str, name: &str| format!("{place} {number} {name}");
        let known = |line: &str| {
            let own = line.split(": ").next().unwrap_or_default();
            lists.iter().any(|(place, number, all)| all.iter().any(|(name, _)| key(place, number, name) == own))
        };
        self.0.retain(|line| line.starts_with('#') || line.is_empty() || known(line));
        for (index, (place, number, all)) in lists.iter().enumerate() {
            let mut last = None;
            for (name, idempotency) in all {
                let own = key(place, number, name);
                if let Some(at) = self.0.iter().position(|line| line.starts_with(&format!("{own}: "))) {
                    last = Some(at);
                    continue;
                }
                let older = lists[..index].iter().rev().filter(|(other, ..)| other == place);
                let as_idempotent = |all: &Operations| all.iter().any(|own| own.0 == *name && own.1 == *idempotency);
                let mut older = older.filter(|(.., all)| as_idempotent(all));
                let before = older.find_map(|(_, number, _)| self.value(&key(place, number, name)));
                let value = before.or_else(|| usual.get(idempotency.as_deref()?).map(String::as_str));
                // Without an idempotency, lint asks for it first.
                let Some(value) = value else { continue };
                let row = format!("{own}: {value}");
                let at = last.map_or_else(|| self.end(place, number), |at| at + 1);
                self.0.insert(at, row);
                last = Some(at);
            }
        }
        self.0.join("\n") + "\n"
    }

    /// Where the rows of a version that has none begin: after the older versions, else the service, else the vendor.
    fn end(&self, place: &str, number: &str) -> usize {
        let vendor = place.split(' ').next().unwrap_or_default();
        let parts = |line: &str| {
            let own = line.strip_prefix(place)?.strip_prefix(' ')?;
            Some(version_parts(own.split(' ').next()?))
        };
        let last = |keep: &dyn Fn(&str) -> bool| self.0.iter().rposition(|line| keep(line)).map(|at| at + 1);
        let first = |keep: &dyn Fn(&str) -> bool| self.0.iter().position(|line| keep(line));
        first(&|line| parts(line).is_some_and(|own| own == version_parts(number)))
            .or_else(|| last(&|line| parts(line).is_some_and(|own| own < version_parts(number))))
            .or_else(|| first(&|line| parts(line).is_some()))
            .or_else(|| last(&|line| line.starts_with(&format!("{vendor} "))))
            .unwrap_or(self.0.len())
    }

    /// The most frequent value of each idempotency.
    fn usual(&self, lists: &[(String, String, Operations)]) -> BTreeMap<String, String> {
        let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (place, number, all) in lists {
            for (name, idempotency) in all {
                let value = self.value(&format!("{place} {number} {name}"));
                if let (Some(own), Some(value)) = (idempotency, value) {
                    *counts.entry(own).or_default().entry(value).or_default() += 1;
                }
            }
        }
        let found = counts.into_iter().filter_map(|(own, values)| {
            let (most, _) = values.into_iter().max_by_key(|(_, count)| *count)?;
            Some((own.to_owned(), most.to_owned()))
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Why.\na keys 1.0 list: 3 3\na keys 1.0 find: 3 3\na keys 1.0 make: 3 1\n\
        a keys 1.0 gone: 3 1\na locks 1.0 turn: 9 9\nb locks 1 list: 3 2\n";

    fn list(place: &str, number: &str, operations: &[(&str, Option<&str>)]) -> (String, String, Operations) {
        let all = operations.iter().map(|(name, own)| ((*name).to_owned(), own.map(str::to_owned))).collect();
        (place.to_owned(), number.to_owned(), all)
    }

    #[test]
    fn rows_follow_the_documents() {
        let (safe, other) = (Some("safe"), Some("unsafe"));
        let lists = [
            list("a keys", "1.0", &[("list", safe), ("find", safe), ("show", safe), ("make", other)]),
            list("a keys", "1.1", &[("make", safe), ("list", safe), ("drop", other), ("open", None)]),
            // The nearest version that is as idempotent counts: its value need not be the usual one.
            list("a keys", "1.2", &[("make", other), ("list", safe)]),
            list("a locks", "1.0", &[("turn", safe)]),
            list("a locks", "1.1", &[("turn", safe)]),
            list("a locks", "1.2", &[("turn", other)]),
            list("a new", "1.0", &[("list", safe)]),
            list("b locks", "1", &[("list", safe)]),
        ];
        assert_eq!(
            Rows::of(TABLE).completed(&lists),
            "# Why.\na keys 1.0 list: 3 3\na keys 1.0 find: 3 3\na keys 1.0 show: 3 3\na keys 1.0 make: 3 1\n\
             a keys 1.1 make: 3 3\na keys 1.1 list: 3 3\na keys 1.1 drop: 3 1\n\
             a keys 1.2 make: 3 1\na keys 1.2 list: 3 3\n\
             a locks 1.0 turn: 9 9\na locks 1.1 turn: 9 9\na locks 1.2 turn: 3 1\na new 1.0 list: 3 3\n\
             b locks 1 list: 3 2\n"
        );
    }

    #[test]
    fn committed_table_is_complete() {
        assert_eq!(complete(&crate::root()).unwrap(), None);
    }
}
