//! `cargo xtask drift` on small pages of our own: what it reports, and what it writes.
#![cfg(test)]

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};
use xtask::drift::{self, Bump, Options, What};
use xtask::{codegen, import, lint};

const PAGE: &str = include_str!("../src/import/reconcile/tests/risken.md");
const OLDER: &str = include_str!("../src/import/tests/page.txt");
const NEWER: &str = include_str!("../src/import/newer/tests.json");

const SCP_TABLE: &str = r#"[[vendor]]
name = "scp"
title = "Samsung Cloud Platform"
crate = "scp-security"
handle = "Scp"

[[vendor.service]]
name = "keys"
module = "keys"
default = "1.1"
page = "https://example.com/keys"
"#;

const RISKEN_TABLE: &str = r#"[[vendor]]
name = "risken"
title = "RISKEN"
crate = "risken-aws"
handle = "Risken"

[[vendor.service]]
name = "thing"
module = "thing"
default = "1"
page = "https://example.com/thing"
"#;

const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A line.\n";

/// The page with a filter by text, since the generator has no list of numbers in place.
fn page() -> String {
    PAGE.replace(
        "| `status` | number | query | | `1`: active, `2`: pending |",
        "| `status` | string | query | | `on`, `off` |",
    )
}

/// A workspace with documents that agree with their pages; gone when the test ends.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, table: &str) -> Self {
        let tree = Self(env::temp_dir().join(format!("xtask-page-drift-{}-{name}", std::process::id())));
        let _ = fs::remove_dir_all(&tree.0);
        tree.write("fixtures/vendors.toml", table);
        tree.write("CHANGELOG.md", CHANGELOG);
        tree
    }

    /// A tree whose document was made from the page, with what only a person writes.
    fn risken(name: &str) -> Self {
        let tree = Self::new(name, RISKEN_TABLE);
        tree.write("pages/risken-thing.md", &page());
        let page = tree.0.join("pages/risken-thing.md");
        import::run(&tree.0, "risken", &[&page.to_string_lossy()], false).unwrap();
        let mut document = tree.document("risken/thing-1");
        complete(&mut document);
        tree.write("fixtures/risken/thing-1.json", &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
        codegen::run(&tree.0, false).unwrap();
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn document(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(&format!("fixtures/{name}.json"))).unwrap()
    }

    fn change(&self, edits: &[(&str, &str)]) {
        let mut text = page();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        self.write("pages/risken-thing.md", &text);
    }

    fn drift(&self) -> drift::Drift {
        drift::compare(&self.0, &self.0.join("pages"), None).unwrap()
    }

    fn run(&self, options: Options<'_>) -> Result<(), String> {
        drift::run(&self.0, &self.0.join("pages"), options).map_err(|error| error.to_string())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes what an import leaves to a person: descriptions, and whether a call may be repeated.
fn complete(document: &mut Value) {
    document["info"]["description"] = json!("Things.");
    for (_, item) in document["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            operation["summary"] = json!("Lists things");
            operation["description"] = json!("Lists things.");
            operation["x-sdk"]["idempotency"] = json!("safe");
            operation["x-sdk"]["effect"] = json!("read");
            for part in ["parameters", "responses"] {
                if let Some(parts) = operation.get_mut(part) {
                    describe(parts);
                }
            }
            if let Some(body) = operation.get_mut("requestBody") {
                body["description"] = json!("The request.");
            }
        }
    }
    for (_, model) in document["components"]["schemas"].as_object_mut().unwrap() {
        model["description"] = json!("A model.");
        if let Some(properties) = model.get_mut("properties") {
            describe(properties);
        }
    }
}

fn describe(parts: &mut Value) {
    let describe = |own: &mut Value| own["description"] = json!("A part.");
    match parts {
        Value::Object(members) => members.values_mut().for_each(describe),
        Value::Array(items) => items.iter_mut().for_each(describe),
        _ => {}
    }
}

fn told(drift: &drift::Drift) -> Vec<(What, String)> {
    let changes = drift.versions.iter().flat_map(|version| &version.changes);
    changes.map(|change| (change.what, change.place.clone())).collect()
}

#[test]
fn unchanged_pages_have_no_drift_and_other_files_are_named() {
    let tree = Tree::risken("none");
    tree.write("pages/notes.md", "notes");
    let drift = tree.drift();
    assert!(drift.is_empty(), "{drift:#?}");
    assert_eq!((drift.pages, drift.unread.len()), (1, 1));
    tree.run(Options::default()).unwrap();
    let error = drift::compare(&tree.0, &tree.0.join("fixtures"), None).unwrap_err().to_string();
    assert!(error.starts_with("no page in "), "{error}");
}

#[test]
fn changes_are_grouped_with_the_release_that_they_need() {
    let tree = Tree::risken("grouped");
    for (edits, expected, release) in [
        (
            &[("\"score\": 1}], \"total\": 1}", "\"score\": 1, \"note\": \"a\"}], \"total\": 1}")][..],
            vec![(What::ResponseFieldAdded, "note")],
            Bump::Minor,
        ),
        (
            &[("| `name` | []string | query | | |", "| `name` | []string | query | yes | |")],
            vec![(What::ParameterRequired, "name")],
            Bump::Major,
        ),
        (
            &[("| `thing.score` | number | body | | |", "| `thing.score` | number | body | yes | |")],
            vec![(What::FieldPresence, "score")],
            Bump::Major,
        ),
        (&[("`on`, `off`", "`on`, `off`, `lost`")], vec![(What::LimitLoosened, "status")], Bump::Patch),
        (&[("\"total\": 1}", "\"total\": 2}")], vec![(What::Documentation, "")], Bump::Patch),
    ] {
        tree.change(edits);
        let drift = tree.drift();
        let found = told(&drift);
        assert_eq!(drift.versions.len(), 1);
        assert_eq!((drift.versions[0].package.as_str(), drift.versions[0].number.as_str()), ("risken-aws", "1"));
        for (what, place) in expected {
            assert!(found.iter().any(|own| own.0 == what && own.1.ends_with(place)), "{what:?} {place}: {found:?}");
        }
        assert_eq!(drift.bump(), release, "{found:?}");
        assert!(tree.run(Options::default()).unwrap_err().contains("--apply"));
    }
    assert_eq!(tree.read("CHANGELOG.md"), CHANGELOG, "nothing is written without --apply");
}

#[test]
fn apply_writes_everything_and_then_nothing_differs() {
    let tree = Tree::risken("apply");
    tree.change(&[
        ("| `name` | []string | query | | |", "| `name` | string | query | | |"),
        ("| `status` | string | query | |", "| `status` | string | query | yes |"),
    ]);
    tree.run(Options { apply: true, as_of: None }).unwrap();
    let parameters = &tree.document("risken/thing-1")["paths"]["/thing/list-thing/"]["get"]["parameters"];
    assert_eq!((&parameters[1]["schema"]["type"], &parameters[3]["required"]), (&json!("string"), &json!(true)));
    let changelog = tree.read("CHANGELOG.md");
    let entry = "### Changed\n\n- `risken-aws`, ";
    assert!(changelog.starts_with(CHANGELOG) && changelog.contains(entry), "{changelog}");
    codegen::run(&tree.0, true).unwrap();
    lint::run(&tree.0).unwrap();
    assert!(tree.read("crates/risken-aws/src/generated/thing/v1.rs").contains("status: "));
    assert!(tree.drift().is_empty());
    tree.run(Options { apply: true, as_of: None }).unwrap();
    assert_eq!(tree.read("CHANGELOG.md"), changelog);
}

#[test]
fn what_a_person_must_write_is_named() {
    let tree = Tree::risken("unwritten");
    tree.change(&[("| `name` | []string |", "| `more` | string | query | | |\n| `name` | []string |")]);
    let error = tree.run(Options { apply: true, as_of: None }).unwrap_err();
    assert!(error.contains("1 findings: write what is missing"), "{error}");
}

#[test]
fn document_without_a_page_is_named() {
    let tree = Tree::risken("uncovered");
    let mut other = tree.document("risken/thing-1");
    other["info"]["version"] = json!("2");
    tree.write("fixtures/risken/thing-2.json", &(serde_json::to_string_pretty(&other).unwrap() + "\n"));
    assert_eq!(Vec::from_iter(tree.drift().without_page), ["risken thing 2"]);
    let error = tree.run(Options::default()).unwrap_err();
    assert!(error.contains("1 documents were not compared"), "{error}");
}

#[test]
fn whether_a_new_operation_can_be_repeated_is_for_a_person_to_say() {
    let tree = Tree::risken("repeatable");
    let mut document = tree.document("risken/thing-1");
    document["paths"].as_object_mut().unwrap().remove("/thing/put-thing/").unwrap();
    tree.write("fixtures/risken/thing-1.json", &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
    let error = tree.run(Options { apply: true, as_of: None }).unwrap_err();
    assert!(error.contains("~1put-thing~1/post/x-sdk/idempotency"), "{error}");
    let added = &tree.document("risken/thing-1")["paths"]["/thing/put-thing/"]["post"]["x-sdk"];
    assert_eq!((&added["idempotency"], &added["effect"]), (&Value::Null, &Value::Null));
}

#[test]
fn page_that_is_not_understood_stops_with_its_line() {
    let tree = Tree::risken("refused");
    tree.change(&[("Status: 200 OK", "Status: maybe")]);
    let error = drift::compare(&tree.0, &tree.0.join("pages"), None).unwrap_err().to_string();
    assert!(error.starts_with("risken: line ") && error.contains("Status: maybe"), "{error}");
}

/// Documents of both references, as imported.
fn scp(name: &str) -> Tree {
    let tree = Tree::new(name, SCP_TABLE);
    tree.write("pages/scp-old.txt", OLDER);
    let page = tree.0.join("pages/scp-old.txt");
    import::run(&tree.0, "scp", &[&page.to_string_lossy()], false).unwrap();
    tree
}

#[test]
fn new_versions_and_their_list_are_reported() {
    let tree = scp("listed");
    assert!(tree.drift().is_empty(), "{:#?}", told(&tree.drift()));
    // The assumption about a model that no operation leads to belongs to the vendor's own services.
    tree.write("pages/scp-newer.json", NEWER);
    let drift = tree.drift();
    let rows: Vec<(&str, What)> = drift.versions.iter().map(|own| (own.number.as_str(), own.changes[0].what)).collect();
    assert_eq!(
        rows,
        [
            ("", What::VersionsListed),
            ("1.0", What::VersionEnded),
            ("1.1", What::VersionUnlisted),
            ("1.2", What::VersionAdded),
            ("1.3", What::VersionAdded)
        ]
    );
    assert_eq!(drift.bump(), Bump::Major, "a build without `ended-versions` loses 1.0");
    let error = tree.run(Options { apply: true, as_of: None }).unwrap_err();
    assert!(error.contains("--as-of"), "{error}");
    assert!(!tree.0.join("fixtures/scp/keys-1.3.json").exists(), "nothing is written before the day is known");
    let error = tree.run(Options { apply: true, as_of: Some("2026-9-18") }).unwrap_err();
    assert!(error.contains("is not a day"), "{error}");
    // The small page has no descriptions, so a person has something to write.
    let _ = tree.run(Options { apply: true, as_of: Some("2026-09-18") });
    let table = tree.read("fixtures/vendors.toml");
    let list = "[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.2\", \"1.3\"]\ncurrent = \"1.3\"\n";
    assert!(table.contains(list), "{table}");
    assert!(tree.0.join("fixtures/scp/keys-1.3.json").exists());
    assert!(tree.drift().versions.is_empty(), "{:#?}", told(&tree.drift()));
}

#[test]
fn version_that_leaves_the_list_has_ended() {
    let tree = scp("ended");
    let list = "\n[vendor.service.listed]\nas_of = \"2026-01-01\"\nversions = [\"1.0\", \"1.2\", \"1.3\"]\ncurrent = \"1.3\"\n";
    tree.write(
        "fixtures/vendors.toml",
        &SCP_TABLE.replacen("example.com/keys\"\n", &format!("example.com/keys\"\n{list}"), 1),
    );
    tree.write("pages/scp-newer.json", NEWER);
    let found = tree.drift();
    let ended: Vec<&str> = found
        .versions
        .iter()
        .filter(|own| own.changes.iter().any(|change| change.what == What::VersionEnded))
        .map(|own| own.number.as_str())
        .collect();
    assert_eq!(ended, ["1.0"]);
}

/// What is told of each version, after the newer reference has been taken over.
fn lists(name: &str, edits: &[(&str, &str)], as_of: Option<&str>) -> (Tree, drift::Drift) {
    let tree = scp(name);
    tree.write("pages/scp-newer.json", NEWER);
    // The small page has no descriptions, so a person would have something to write.
    let _ = tree.run(Options { apply: true, as_of: Some("2026-09-18") });
    let mut text = NEWER.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    tree.write("pages/scp-newer.json", &text);
    let drift = drift::compare(&tree.0, &tree.0.join("pages"), as_of).unwrap();
    (tree, drift)
}

#[test]
fn dates_and_states_of_listed_versions_are_differences() {
    const LAST: &str = "\"date\": \"2027-01-31\"}";
    const DATED: &str =
        "\"date\": \"2027-01-31\"},\n {\"version\": \"1.1\", \"status\": \"SUPPORTED\", \"date\": \"2027-02-28\"}";
    const OLD: &str =
        "\"date\": \"2027-01-31\"},\n {\"version\": \"1.0\", \"status\": \"DEPRECATED\", \"date\": \"2027-05-31\"}";
    let day = Some("2027-02-01");
    for (index, (edits, as_of, expected, release)) in [
        (
            &[(LAST, "\"date\": \"2027-03-31\"}")][..],
            None,
            &[("1.2", "end date, 2027-01-31 -> 2027-03-31")][..],
            Bump::Patch,
        ),
        (&[(LAST, "\"date\": null}")], None, &[("1.2", "end date, 2027-01-31 -> none")], Bump::Patch),
        (
            &[("\"SUPPORTED\"", "\"DEPRECATED\"")],
            None,
            &[("1.2", "version deprecated, SUPPORTED -> DEPRECATED")],
            Bump::Minor,
        ),
        (
            &[(LAST, DATED)],
            None,
            &[
                ("", "listed versions, 1.2, 1.3, current 1.3 -> 1.1, 1.2, 1.3, current 1.3"),
                ("1.1", "end date, none -> 2027-02-28"),
            ],
            Bump::Patch,
        ),
        (
            &[(LAST, OLD)],
            None,
            &[
                ("", "listed versions, 1.2, 1.3, current 1.3 -> 1.0, 1.2, 1.3, current 1.3"),
                ("1.0", "end date, 2026-05-31 -> 2027-05-31"),
                ("1.0", "version no longer ended"),
            ],
            Bump::Minor,
        ),
        (
            &[],
            day,
            &[("", "day of the list, 2026-09-18 -> 2027-02-01"), ("1.2", "version ended, on 2027-01-31")],
            Bump::Major,
        ),
        (&[], Some("2027-01-31"), &[("", "day of the list, 2026-09-18 -> 2027-01-31")], Bump::Patch),
        (&[], Some("2026-09-18"), &[], Bump::None),
    ]
    .into_iter()
    .enumerate()
    {
        let (_tree, drift) = lists(&format!("dates-{index}"), edits, as_of);
        let told: Vec<(&str, String)> = drift
            .versions
            .iter()
            .flat_map(|own| own.changes.iter().map(|change| (own.number.as_str(), change.text())))
            .collect();
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(number, text)| (*number, (*text).to_owned())).collect();
        assert_eq!((told, drift.bump()), (expected, release), "{edits:?} {as_of:?}");
    }
}

/// Such a version has no accessor, so nothing but the list states its date and state.
#[test]
fn dates_and_states_of_versions_without_a_document_are_differences() {
    const LAST: &str = "\"date\": \"2027-01-31\"}";
    let tree = scp("undocumented");
    let page = |row: &str| {
        assert!(NEWER.contains(LAST));
        tree.write("pages/scp-newer.json", &NEWER.replacen(LAST, &format!("{LAST},\n {row}"), 1));
    };
    let apply = |day| tree.run(Options { apply: true, as_of: Some(day) });
    let told = || {
        let versions = tree.drift().versions;
        let changes =
            versions.iter().flat_map(|own| own.changes.iter().map(|change| (own.number.clone(), change.text())));
        changes.collect::<Vec<_>>()
    };
    page("{\"version\": \"0.9\", \"status\": \"SUPPORTED\", \"date\": null}");
    // The small page has no descriptions, so a person would have something to write.
    let _ = apply("2026-09-18");
    assert_eq!(told(), []);
    for (status, date, expected, written) in [
        (
            "DEPRECATED",
            "\"2027-02-28\"",
            &["`0.9`: state, supported -> deprecated", "`0.9`: end date, none -> 2027-02-28"][..],
            "deprecated = [\"0.9\"]\nends = { \"0.9\" = \"2027-02-28\" }\n",
        ),
        (
            "DEPRECATED",
            "\"2027-03-31\"",
            &["`0.9`: end date, 2027-02-28 -> 2027-03-31"],
            "deprecated = [\"0.9\"]\nends = { \"0.9\" = \"2027-03-31\" }\n",
        ),
        (
            "SUPPORTED",
            "null",
            &["`0.9`: state, deprecated -> supported", "`0.9`: end date, 2027-03-31 -> none"],
            "current = \"1.3\"\n",
        ),
    ] {
        page(&format!("{{\"version\": \"0.9\", \"status\": \"{status}\", \"date\": {date}}}"));
        let expected: Vec<(String, String)> = expected.iter().map(|text| (String::new(), (*text).to_owned())).collect();
        assert_eq!(told(), expected);
        assert_eq!(tree.drift().bump(), Bump::Patch);
        let _ = apply("2026-09-19");
        let table = tree.read("fixtures/vendors.toml");
        assert!(table.ends_with(written), "{table}");
        assert_eq!(told(), []);
    }
}

#[test]
fn day_of_the_pages_is_written_and_never_goes_back() {
    let (tree, _) = lists("day", &[], None);
    let error = tree.run(Options { apply: false, as_of: Some("2026-09-17") }).unwrap_err();
    assert!(error.contains("before 2026-09-18, the day of the list of scp keys"), "{error}");
    let error = tree.run(Options { apply: false, as_of: Some("2027-02-01") }).unwrap_err();
    assert!(error.contains("--apply"), "{error}");
    assert!(tree.read("fixtures/vendors.toml").contains("as_of = \"2026-09-18\""));
    let _ = tree.run(Options { apply: true, as_of: Some("2027-02-01") });
    assert!(tree.read("fixtures/vendors.toml").contains("as_of = \"2027-02-01\""));
    let changelog = tree.read("CHANGELOG.md");
    assert!(changelog.contains("- `scp-security`, Key Service 1.2: version ended, on 2027-01-31."), "{changelog}");
    assert!(tree.drift().versions.is_empty());
}

#[test]
fn service_that_the_table_lacks_is_refused() {
    let tree = Tree::risken("unknown");
    tree.write("pages/risken-other.md", &page().replace("thing", "other").replace("Thing", "Other"));
    let error = tree.run(Options::default()).unwrap_err();
    assert!(
        error.starts_with("risken: fixtures/vendors.toml has no service `other`; add it as CONTRIBUTING.md"),
        "{error}"
    );
}

#[test]
fn new_operation_gets_its_row_in_the_table_of_defaults() {
    let tree = Tree::risken("rows");
    let full = tree.document("risken/thing-1");
    let mut document = full.clone();
    document["paths"].as_object_mut().unwrap().remove("/thing/put-thing/").unwrap();
    let json = |value: &Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    tree.write("fixtures/risken/thing-1.json", &json(&document));
    let table = "tests/conformance/tests/defaults.txt";
    tree.write(table, "# Why.\nrisken thing 1 list_thing: 3 3 3 3 1\n");
    let error = tree.run(Options { apply: true, as_of: None }).unwrap_err();
    assert!(error.contains("idempotency") && error.contains("run this command again"), "{error}");
    assert_eq!(tree.read(table).lines().count(), 2, "whether it can be repeated is not known yet");
    tree.write("fixtures/risken/thing-1.json", &json(&full));
    tree.run(Options { apply: true, as_of: None }).unwrap();
    assert_eq!(tree.read(table).lines().last(), Some("risken thing 1 put_thng: 3 3 3 3 1"));
    codegen::run(&tree.0, true).unwrap();
}
