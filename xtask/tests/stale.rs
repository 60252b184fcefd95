//! `codegen --check` and `lint` report every edited fixture or generated file.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use xtask::codegen;

/// A copy of the fixtures with everything that they generate; gone when the test ends.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let root = env::temp_dir().join(format!("xtask-stale-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        copy(&xtask::root().join("fixtures"), &root.join("fixtures"));
        codegen::run(&root, false).unwrap();
        codegen::run(&root, true).unwrap();
        xtask::lint::run(&root).unwrap();
        Self(root)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} holds no {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Changes the Secret Vault document and writes it back in the form of the fixtures.
    fn edit_document(&self, change: impl FnOnce(&mut Value)) {
        let path = self.0.join(VAULT);
        let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut document);
        fs::write(path, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }

    /// What `codegen --check` says.
    fn stale(&self) -> String {
        codegen::run(&self.0, true).expect_err("the change must be noticed").to_string()
    }

    fn linted(&self) -> String {
        xtask::lint::run(&self.0).expect_err("the change must be noticed").to_string()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

const VAULT: &str = "fixtures/scp/secretvault-1.0.json";
const VAULT_TYPES: &str = "crates/scp-security/src/generated/secret_vault/types.rs";

#[test]
fn tree_is_up_to_date() {
    if let Err(error) = codegen::run(&xtask::root(), true) {
        panic!("{error}");
    }
}

#[test]
fn renamed_field_makes_the_types_stale() {
    let tree = Tree::new("rename");
    tree.edit_document(|document| {
        let fields = document.pointer_mut("/components/schemas/SecretVaultDetailKey/properties").unwrap();
        let fields = fields.as_object_mut().unwrap();
        let field = fields.remove("access_key").unwrap();
        fields.insert("access_key_renamed".to_owned(), field);
    });
    let said = tree.stale();
    assert!(said.contains(&format!("stale: {VAULT_TYPES}")), "{said}");
    assert!(said.ends_with("run `cargo xtask codegen`"), "{said}");
}

#[test]
fn dropped_required_flag_makes_the_types_stale() {
    let tree = Tree::new("required");
    tree.edit_document(|document| {
        let required = document.pointer_mut("/components/schemas/SecretVaultKey/required").unwrap();
        required.as_array_mut().unwrap().retain(|name| name != "created_by");
    });
    assert!(tree.stale().contains(VAULT_TYPES));
}

#[test]
fn changed_type_makes_the_types_stale_and_contradicts_the_example() {
    let tree = Tree::new("type");
    tree.edit_document(|document| {
        let place = "/components/schemas/SecretVaultKey/properties/created_by/type";
        *document.pointer_mut(place).unwrap() = "boolean".into();
    });
    assert!(tree.stale().contains(VAULT_TYPES));
    assert!(!tree.linted().is_empty());
}

#[test]
fn changed_limit_makes_the_types_stale() {
    let tree = Tree::new("limit");
    tree.edit(VAULT, "\"maximum\": 36", "\"maximum\": 48");
    assert!(tree.stale().contains(VAULT_TYPES));
}

#[test]
fn unknown_keyword_is_named_with_its_place() {
    let tree = Tree::new("keyword");
    tree.edit(VAULT, "\"properties\": {", "\"title\": \"t\", \"properties\": {");
    let said = tree.stale();
    assert!(said.contains(VAULT) && said.contains("/components/schemas/") && said.contains("title"), "{said}");
}

#[test]
fn orphans_missing_and_edited_files_are_named() {
    let tree = Tree::new("files");
    let generated = tree.0.join("crates/scp-security/src/generated");
    fs::write(generated.join("kms/v9_9.rs"), "//! Nobody makes this.\n").unwrap();
    fs::remove_file(generated.join("kms/v1_0.rs")).unwrap();
    fs::write(tree.0.join("docs/coverage.md"), "nothing\n").unwrap();
    let said = tree.stale();
    for line in [
        "orphan: crates/scp-security/src/generated/kms/v9_9.rs",
        "missing: crates/scp-security/src/generated/kms/v1_0.rs",
        "stale: docs/coverage.md",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is not in\n{said}");
    }
    codegen::run(&tree.0, false).unwrap();
    codegen::run(&tree.0, true).unwrap();
    assert!(!generated.join("kms/v9_9.rs").exists());
}

#[test]
fn removed_document_leaves_orphans() {
    let tree = Tree::new("removed");
    fs::remove_file(tree.0.join("fixtures/scp/kms-1.0.json")).unwrap();
    assert!(tree.stale().contains("orphan: crates/scp-security/src/generated/kms/v1_0.rs"));
}

#[test]
fn every_documented_operation_is_in_the_coverage() {
    let coverage = fs::read_to_string(xtask::root().join("docs/coverage.md")).unwrap();
    let rows = coverage.lines().filter(|line| line.contains("::Client::")).count();
    assert!(coverage.contains(&format!("| | | | **total** | **{rows}** |")), "{coverage}");
}

/// Every decision is written by hand, once, below or above the generated sources.
#[test]
fn generated_sources_decide_nothing() {
    let mut open = vec![xtask::root().join("crates")];
    // The address of a vendor's documentation is not a host that is called.
    let table = fs::read_to_string(xtask::root().join("fixtures/vendors.toml")).unwrap();
    let pages: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("page = ")).collect();
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("conformance") {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == "rs")
                && path.to_string_lossy().contains("/generated/")
            {
                let text = fs::read_to_string(&path).unwrap();
                for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                    let banned = ["if", "loop", "while", "async", "await", "reqwest"];
                    let found = words.iter().find(|word| banned.contains(word));
                    let is_page = pages.iter().any(|page| line.contains(page));
                    assert!(found.is_none() && (is_page || !line.contains("://")), "{}: {line}", path.display());
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
}
