//! Days: what is generated goes by the committed ones, and only a warning goes by today's.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use xtask::{codegen, lint};

const DOCUMENT: &str = include_str!("drift/keys-1.0.json");

/// Days from 1970-01-01 to 2027-05-31, the end of version 1.0.
const END: i64 = 20_969;

/// Versions 1.0 and 1.1, of which the first ends, and the vendor's list of a day; gone when the test ends.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, listed: &str) -> Self {
        let root = env::temp_dir().join(format!("xtask-lifecycle-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("fixtures/scp")).unwrap();
        let newer = DOCUMENT.replace("1.0", "1.1").replace("    \"sunset\": \"2027-05-31\",\n", "");
        fs::write(root.join("fixtures/scp/keys-1.0.json"), DOCUMENT.replace("CURRENT", "SUPPORTED")).unwrap();
        fs::write(root.join("fixtures/scp/keys-1.1.json"), newer).unwrap();
        let tree = Self(root);
        tree.list(listed);
        tree
    }

    fn list(&self, listed: &str) {
        let table = format!(
            "[[vendor]]\nname = \"scp\"\ntitle = \"Test\"\ncrate = \"keys\"\nhandle = \"Keys\"\n\n[[vendor.service]]\n\
             name = \"keys\"\nmodule = \"keys\"\ndefault = \"1.1\"\npage = \"https://example.com/\"\n{listed}"
        );
        fs::write(self.0.join("fixtures/vendors.toml"), table).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn as_of(day: &str) -> String {
    format!("\n[vendor.service.listed]\nas_of = \"{day}\"\nversions = [\"1.0\", \"1.1\"]\ncurrent = \"1.1\"\n")
}

#[test]
fn end_is_announced_ninety_days_ahead_and_once_known_no_more() {
    let ends = |left: i64| format!("scp keys 1.0 ends on 2027-05-31, in {left} days");
    let ended = "scp keys 1.0 ended on 2027-05-31: read the vendor's list again, and set its `as_of`".to_owned();
    for (listed, today, expected) in [
        (as_of("2026-09-18"), END - 91, None),
        (as_of("2026-09-18"), END - 90, Some(ends(90))),
        (as_of("2026-09-18"), END, Some(ends(0))),
        (as_of("2026-09-18"), END + 1, Some(ended.clone())),
        (as_of("2027-06-01"), END + 1, None),
        (String::new(), END - 1, Some(ends(1))),
        (String::new(), END + 400, Some(ended)),
    ] {
        let tree = Tree::new("warning", &listed);
        assert_eq!(lint::ending(&tree.0, today).unwrap(), Vec::from_iter(expected), "{listed} {today}");
        lint::run(&tree.0).unwrap();
    }
}

/// What stands before an accessor, without its documentation.
fn attributes<'a>(clients: &'a str, name: &str) -> Vec<&'a str> {
    let (before, _) = clients.split_once(&format!("pub fn {name}(")).unwrap_or_else(|| panic!("no `{name}`"));
    let lines = before.lines().rev().map(str::trim).skip_while(|line| line.is_empty());
    lines
        .take_while(|line| line.starts_with('#') || line.starts_with("//"))
        .filter(|line| line.starts_with('#'))
        .collect()
}

#[test]
fn dates_of_the_list_are_those_of_its_versions() {
    let list = format!("{}ends = {{ \"1.0\" = \"2026-10-01\" }}\n", as_of("2026-10-02"));
    let tree = Tree::new("listed", &list);
    codegen::run(&tree.0, false).unwrap();
    let clients = fs::read_to_string(tree.0.join("crates/keys/src/generated/clients.rs")).unwrap();
    let attributes = attributes(&clients, "keys_v1_0").join("\n");
    assert!(attributes.contains("version 1.0 ended on 2026-10-01"), "{attributes}");
    let list = list.replace("as_of = \"2026-10-02\"", "as_of = \"2026-09-18\"");
    tree.list(&list);
    // 2026-10-01.
    assert_eq!(lint::ending(&tree.0, 20_727).unwrap(), ["scp keys 1.0 ends on 2026-10-01, in 0 days"]);
}

#[test]
fn committed_day_alone_deprecates_an_accessor() {
    let tree = Tree::new("deprecated", "");
    for (listed, deprecated) in [
        (String::new(), false),
        (as_of("2027-05-31"), false),
        (as_of("2027-06-01"), true),
        (as_of("2026-01-01"), false),
    ] {
        tree.list(&listed);
        codegen::run(&tree.0, false).unwrap();
        let clients = fs::read_to_string(tree.0.join("crates/keys/src/generated/clients.rs")).unwrap();
        let (old, new) = (attributes(&clients, "keys_v1_0"), attributes(&clients, "keys_v1_1"));
        let note = "#[deprecated(note = \"version 1.0 ended on 2027-05-31: use `keys()`, version 1.1\")]";
        assert_eq!(old.contains(&note), deprecated, "{listed}: {old:?}");
        assert_eq!(old.iter().any(|line| line.contains("\"ended-versions\"")), deprecated, "{listed}: {old:?}");
        for attributes in [&new, &attributes(&clients, "keys")] {
            assert!(
                !attributes.iter().any(|line| line.contains("deprecated") || line.contains("ended")),
                "{attributes:?}"
            );
        }
    }
}

#[test]
fn no_task_but_lint_looks_at_today() {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if fs::read_to_string(&path).unwrap().contains("SystemTime::now") {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert_eq!(found, ["lib.rs"]);
}
