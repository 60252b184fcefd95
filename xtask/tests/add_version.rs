//! A new API version is a handful of files by hand; everything else is generated.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use xtask::add_version::{self, Request};

/// A copy of the repository's own files; gone when the test ends.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let root = env::temp_dir().join(format!("xtask-add-version-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let tree = Self(root);
        for path in tracked() {
            let target = tree.0.join(&path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(xtask::root().join(&path), target).unwrap();
        }
        tree
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut open, mut found) = (vec![self.0.clone()], BTreeMap::new());
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    found.insert(path.strip_prefix(&self.0).unwrap().to_path_buf(), content);
                }
            }
        }
        found
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The files that the generator and the task read or write, without links.
fn tracked() -> Vec<PathBuf> {
    let root = xtask::root();
    let mut open: Vec<PathBuf> =
        ["fixtures", "docs", "crates", "tests/conformance"].iter().map(|folder| root.join(folder)).collect();
    let mut found = vec![PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path().strip_prefix(&root).unwrap().to_path_buf());
            }
        }
    }
    found
}

/// What differs, as paths.
fn changed(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeSet<String> {
    let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let all: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    all.iter().filter(|path| differs(path)).map(|path| path.to_string_lossy().into_owned()).collect()
}

const NEXT: Request<'_> = Request { vendor: "scp", service: "kms", version: "9.0", from: "1.2", move_default: false };

/// The newest version of a service, to start from.
fn newest(tree: &Path, service: &str) -> String {
    let table = xtask::vendors::Vendors::load(tree).unwrap();
    table.get("scp").unwrap().service(service).unwrap().default.clone()
}

#[test]
fn new_version_changes_at_most_six_files_by_hand() {
    let tree = Tree::new("six");
    let from = newest(&tree.0, "kms");
    let start = tree.contents();
    let request = Request { from: &from, ..NEXT };
    let listed: BTreeSet<String> = add_version::run(&tree.0, request).unwrap().into_iter().collect();
    let by_hand = changed(&start, &tree.contents());
    assert_eq!(by_hand, listed);
    assert!(by_hand.len() <= 6, "{by_hand:?}");

    xtask::codegen::run(&tree.0, false).unwrap();
    xtask::codegen::run(&tree.0, true).unwrap();
    let accessors = tree.read("crates/scp-security/src/generated/clients.rs");
    assert!(accessors.contains("pub fn kms_v9_0(&self)"), "{accessors}");
    let default = format!("a client for Key Management Service {from}, the default version");
    assert!(accessors.contains(&default), "{accessors}");
    let rows = |version: &str| {
        let table = tree.read("tests/conformance/src/generated/scp.rs");
        table.matches(&format!("const OPERATION: &str = \"kms.{version}.")).count()
    };
    assert!(rows("9.0") > 0 && rows("9.0") == rows(&from));
    assert!(tree.read("crates/cloud-sandbox/src/fixtures.rs").contains("\"scp/kms-9.0.json\""));
    assert!(tree.read("README.md").contains("| `kms_v9_0()` |"));
    let defaults = tree.read("tests/conformance/tests/defaults.txt");
    assert_eq!(defaults.lines().filter(|line| line.starts_with("scp kms 9.0 ")).count(), rows("9.0"));
    xtask::lint::run(&tree.0).unwrap();
}

#[test]
fn default_version_moves_on_request() {
    let tree = Tree::new("default");
    let from = newest(&tree.0, "kms");
    let request = Request { from: &from, move_default: true, ..NEXT };
    let listed = add_version::run(&tree.0, request).unwrap();
    assert!(listed.len() <= 6, "{listed:?}");
    assert_eq!(newest(&tree.0, "kms"), "9.0");

    xtask::codegen::run(&tree.0, false).unwrap();
    let accessors = tree.read("crates/scp-security/src/generated/clients.rs");
    assert!(accessors.contains("a client for Key Management Service 9.0, the default version"), "{accessors}");
    assert!(tree.read("README.md").contains("`kms()`, `kms_v9_0()`"));
}

#[test]
fn wrong_requests_are_refused() {
    let tree = Tree::new("refused");
    for (request, message) in [
        (Request { vendor: "aws", ..NEXT }, "fixtures/vendors.toml has no vendor `aws`"),
        (Request { service: "sms", ..NEXT }, "fixtures/vendors.toml has no service `sms` of `scp`"),
        (Request { version: "../9", ..NEXT }, "`../9` is not a version number such as `1.2`"),
        (Request { version: "1.0", ..NEXT }, "fixtures/scp/kms-1.0.json exists already"),
        (Request { from: "../../x", ..NEXT }, "`../../x` is not a version number such as `1.2`"),
        (Request { from: "0.1", ..NEXT }, "cannot read fixtures/scp/kms-0.1.json"),
    ] {
        let error = add_version::run(&tree.0, request).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
