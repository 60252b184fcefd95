//! The vendors' pages import to the committed fixtures. The pages are not ours to publish, so the test needs them in
//! the folder that `PAGES_DIR` names; without it, it says so and does nothing. The gate reads small pages of our own
//! in the same layouts, beside the sources of the import.
#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "the folder of the pages comes from the environment")]

use std::collections::BTreeSet;
use std::env;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use xtask::import::{self, Fixtures, Known};
use xtask::openapi::Document;

fn fixtures(vendor: &str) -> Fixtures {
    import::read_fixtures(&xtask::root().join("fixtures").join(vendor)).unwrap()
}

fn json(document: &Document) -> Value {
    serde_json::from_str(&document.to_json().unwrap()).unwrap()
}

#[test]
fn pages_import_to_the_committed_fixtures() {
    let Ok(folder) = env::var("PAGES_DIR") else {
        // Not through the macro, whose output a test that passes does not show.
        let text =
            "\nSKIPPED pages_import_to_the_committed_fixtures: PAGES_DIR names no folder with the vendors' pages\n\n";
        std::io::stderr().write_all(text.as_bytes()).unwrap();
        return;
    };
    let known = Known::load(&xtask::root()).unwrap();
    let (mut lines, mut used, mut covered) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for group in import::groups(Path::new(&folder)).unwrap().0 {
        let vendor = group.vendor;
        let fixtures = fixtures(vendor);
        let outcome = import::compare(vendor, &group.read().unwrap(), &fixtures, &known).unwrap();
        lines.extend(outcome.lines);
        used.extend(outcome.known);
        for (key, imported) in outcome.documents {
            if let Some(fixture) = fixtures.get(&key) {
                assert_eq!(json(&imported), json(fixture), "{vendor} {key:?}");
            }
            covered.insert((vendor, key));
        }
    }
    assert!(lines.is_empty(), "{} differences:\n{}", lines.len(), lines.join("\n"));
    let stale: Vec<&str> = known.lines().filter(|line| !used.contains(*line)).collect();
    assert!(stale.is_empty(), "no longer differences:\n{}", stale.join("\n"));
    for vendor in ["scp", "nhn", "risken"] {
        for key in fixtures(vendor).into_keys() {
            assert!(covered.contains(&(vendor, key.clone())), "no page describes {vendor} {key:?}");
        }
    }
}
