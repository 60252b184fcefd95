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
use xtask::import::{self, Fixtures, Known, Marked};
use xtask::lint;

/// The fixtures of a vendor and their drafts.
fn fixtures(vendor: &str) -> Fixtures {
    let read = |folder: &str| import::read_fixtures(&xtask::root().join(folder).join(vendor)).unwrap();
    read("fixtures").into_iter().chain(read("xtask/drafts")).collect()
}

fn json(marked: &Marked) -> Value {
    serde_json::from_str(&marked.to_json().unwrap()).unwrap()
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

/// What `lint` says of a fixture without its marks, and the marks themselves.
#[test]
fn marks_of_fixtures_are_of_the_known_forms() {
    let mut count = 0;
    for vendor in ["scp", "nhn", "risken"] {
        for (key, marked) in fixtures(vendor) {
            let findings: Vec<String> =
                lint::check_text(&marked.to_json().unwrap()).iter().map(ToString::to_string).collect();
            assert_eq!(findings, Vec::<String>::new(), "{vendor} {key:?}");
            let document = json(&marked);
            for (mark, allowed) in [
                ("x-realm", Some(&["public", "government"][..])),
                ("x-style", Some(&["comma"][..])),
                ("effect", Some(&["read", "mutate", "destroy"][..])),
                ("x-assumed", None),
            ] {
                for (pointer, value) in marked.marks.of(mark) {
                    let text = value.as_str().unwrap_or_default();
                    let good = allowed.map_or(text.ends_with('.'), |values| values.contains(&text));
                    assert!(good, "{vendor} {key:?} {pointer}/{mark}: {value}");
                    assert!(document.pointer(pointer).is_some(), "{vendor} {key:?}: nothing at {pointer}");
                    count += 1;
                }
            }
            if marked.marks.names_effects() {
                for (path, method, _) in marked.document.operations() {
                    assert!(marked.marks.effect_of(path, method).is_some(), "{vendor} {key:?} {method} {path}");
                }
            }
        }
    }
    assert!(count > 0);
}
