//! Types that versions had in common, and no longer have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Versions};
use super::rules::What;
use super::{pairs, uses};

/// For each version, the types that it no longer shares with another one.
///
/// Versions share a type by the name of its model: where the shapes differ, so do the names.
pub(super) fn splits(before: &Versions, after: &Versions) -> BTreeMap<String, Vec<Change>> {
    let both = before.iter().filter_map(|(number, old)| Some((number, old, after.get(number)?)));
    let states: Vec<(&String, &Value, BTreeMap<String, String>)> =
        both.map(|(number, old, new)| (number, old, pairs::of(old, new))).collect();
    let mut found: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for (number, old, pairs) in states.iter().filter(|(.., pairs)| !pairs.is_empty()) {
        let reached = uses::reached(old);
        for (name, now) in pairs.iter().filter(|(name, _)| reached.contains(*name)) {
            let apart = states.iter().filter(|(other, document, renamed)| {
                let shared = other != number && uses::reached(document).contains(name);
                shared && renamed.get(name) != Some(now)
            });
            let others: Vec<&str> = apart.map(|(other, ..)| other.as_str()).collect();
            if !others.is_empty() {
                let change = Change::new(What::TypeSplit, name, format!("with {}", others.join(", ")));
                found.entry((*number).clone()).or_default().push(change);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../tests/drift/keys-1.0.json");

    fn documents(newest: &str) -> BTreeMap<String, Value> {
        let read = |text: &str| serde_json::from_str(text).unwrap();
        BTreeMap::from([("1.0".to_owned(), read(DOCUMENT)), ("1.1".to_owned(), read(newest))])
    }

    #[test]
    fn type_is_split_only_by_its_name() {
        let before = documents(DOCUMENT);
        let words = DOCUMENT.replace("\"Last rotation.\"", "\"Time of the last rotation.\"");
        assert_eq!(splits(&before, &documents(&words)), BTreeMap::new(), "words alone split nothing");
        let named = DOCUMENT.replace("schemas/Key\"", "schemas/KeyV1Dot1\"").replace("\"Key\": {", "\"KeyV1Dot1\": {");
        let found = splits(&before, &documents(&named));
        let split = Change::new(What::TypeSplit, "Key", "with 1.0");
        assert_eq!(found, BTreeMap::from([("1.1".to_owned(), vec![split])]));
        let mut both = documents(&named);
        both.insert("1.0".to_owned(), both["1.1"].clone());
        assert_eq!(splits(&before, &both), BTreeMap::new(), "both have the new name");
    }
}
