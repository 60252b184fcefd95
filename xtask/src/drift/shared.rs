//! Models that versions had alike, so that they shared a type, and no longer have.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde_json::Value;

use super::change::Change;
use super::rules::What;
use super::{Key, json, uses};
use crate::import::Fixtures;

/// The types that the version no longer shares with another compiled one.
pub(super) fn splits(
    before: &Fixtures,
    after: &Fixtures,
    key: &Key,
    compiled: &BTreeSet<Key>,
) -> Result<Vec<Change>, Box<dyn Error>> {
    let mut found = Vec::new();
    let others = compiled.iter().filter(|other| other.0 == key.0 && *other != key && compiled.contains(key));
    for other in others {
        let (Some(old), Some(new), Some(old_other), Some(new_other)) =
            (before.get(key), after.get(key), before.get(other), after.get(other))
        else {
            continue;
        };
        let (old, new) = (json(old)?, json(new)?);
        let (old_other, new_other) = (json(old_other)?, json(new_other)?);
        for name in old["components"]["schemas"].as_object().into_iter().flat_map(|own| own.keys()) {
            let shared = |one: &Value, two: &Value| parts(one, name) == parts(two, name);
            if shared(&old, &old_other) && !shared(&new, &new_other) && !uses::model(&new, name).is_null() {
                found.push(Change::new(What::TypeSplit, name.as_str(), format!("with {}", other.1)));
            }
        }
    }
    Ok(found)
}

/// The model and all that it is made of.
fn parts(document: &Value, name: &str) -> BTreeMap<String, Value> {
    let names = uses::reachable(document, vec![name.to_owned()]);
    names.into_iter().map(|name| (name.clone(), uses::model(document, &name).clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Marked;

    const DOCUMENT: &str = include_str!("../../tests/drift/keys-1.0.json");

    fn key(number: &str) -> Key {
        ("keys".to_owned(), number.to_owned())
    }

    #[test]
    fn models_that_hold_the_changed_one_are_split_too() {
        let marked = |text: &str| Marked::parse(text).unwrap();
        let before: Fixtures = ["1.0", "1.1"].into_iter().map(|number| (key(number), marked(DOCUMENT))).collect();
        let mut after = before.clone();
        after.insert(key("1.1"), marked(&DOCUMENT.replace("\"Last rotation.\"", "\"Time of the last rotation.\"")));
        let compiled: BTreeSet<Key> = before.keys().cloned().collect();
        let found = splits(&before, &after, &key("1.1"), &compiled).unwrap();
        let names: Vec<(&str, &str)> = found.iter().map(|own| (own.place.as_str(), own.how.as_str())).collect();
        assert_eq!(names, [("KeyList", "with 1.0"), ("Key", "with 1.0")]);
        assert_eq!(splits(&before, &before, &key("1.1"), &compiled).unwrap(), []);
        let drafts = [key("1.0")].into();
        assert_eq!(splits(&before, &after, &key("1.1"), &drafts).unwrap(), [], "a draft shares no type");
    }
}
