//! The rules of `cargo xtask drift` against the verdicts of cargo-semver-checks on the crates that are generated.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Deserialize;
use serde_json::Value;
use xtask::codegen;
use xtask::drift::{Bump, Change, changes};

const VERDICTS: &str = "verdicts.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One change of the document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// JSON pointer to what changes.
    at: String,
    /// What stands there then; without it, the member is removed.
    set: Option<Value>,
    /// Why the rules ask for more than the tool.
    stricter: Option<String>,
}

impl Case {
    fn apply(&self, document: &Value) -> Value {
        let mut changed = document.clone();
        let (parent, key) = self.at.rsplit_once('/').unwrap();
        let members = changed.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        match &self.set {
            Some(value) => _ = members.insert(key.to_owned(), value.clone()),
            None => assert!(members.shift_remove(key).is_some(), "{}: nothing at {}", self.name, self.at),
        }
        changed
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    release: String,
    #[allow(dead_code, reason = "for readers of the table")]
    lints: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift")
}

fn document() -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join("keys-1.0.json")).unwrap()).unwrap()
}

fn cases() -> Vec<Case> {
    let file: Cases = toml::from_str(&fs::read_to_string(folder().join("cases.toml")).unwrap()).unwrap();
    file.case
}

fn bump(release: &str) -> Bump {
    let all = [Bump::None, Bump::Patch, Bump::Minor, Bump::Major];
    all.into_iter().find(|own| own.to_string() == release).unwrap_or_else(|| panic!("`{release}` is no release"))
}

#[test]
fn rules_ask_for_what_cargo_semver_checks_asks_for() {
    let table: BTreeMap<String, Verdict> =
        toml::from_str(&fs::read_to_string(folder().join(VERDICTS)).unwrap()).unwrap();
    let (base, cases) = (document(), cases());
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, table.keys().map(String::as_str).collect::<Vec<_>>(), "run tools/drift-semver.sh");
    assert_eq!(cases.len(), 10);
    for case in &cases {
        let found = changes(&base, &case.apply(&base), None);
        let rule = found.iter().map(Change::bump).max().unwrap_or(Bump::None);
        let tool = bump(&table[&case.name].release);
        assert!(rule >= tool, "{}: the rules ask for {rule}, the tool for {tool}: {found:#?}", case.name);
        assert_eq!(rule > tool, case.stricter.is_some(), "{}: {rule} and {tool}", case.name);
    }
}

/// A crate of the document, with its service in the handle `Keys`.
fn generate(root: &Path, document: &Value) {
    let _ = fs::remove_dir_all(root);
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("fixtures/scp/keys-1.0.json", &(serde_json::to_string_pretty(document).unwrap() + "\n"));
    write(
        "fixtures/vendors.toml",
        "[[vendor]]\nname = \"scp\"\ntitle = \"Test\"\ncrate = \"keys\"\nhandle = \"Keys\"\n\n[[vendor.service]]\n\
         name = \"keys\"\nmodule = \"keys\"\ndefault = \"1.0\"\npage = \"https://example.com/\"\n",
    );
    codegen::run(root, false).unwrap();
    let workspace = xtask::root();
    let core = workspace.join("crates/cloud-core");
    let core = core.display();
    write(
        "crates/keys/Cargo.toml",
        &format!(
            "[package]\nname = \"keys\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[features]\n\
             default = [\"keys\"]\nkeys = []\nended-versions = []\n_deserialize = []\n\n[dependencies]\nbytes = \"1\"\n\
             cloud-core = {{ path = \"{core}\" }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n"
        ),
    );
    fs::copy(workspace.join("Cargo.lock"), root.join("crates/keys/Cargo.lock")).unwrap();
    write(
        "crates/keys/src/lib.rs",
        "//! A crate of the generator.\nmod generated;\npub mod keys {\n//! Keys.\npub use crate::generated::keys::*;\n}\n\
         /// The handle.\npub struct Keys(generated::clients::Clients);\nimpl Keys {\n/// Creates it.\n\
         /// # Errors\n/// None.\n\
         pub fn new(client: &cloud_core::Client) -> cloud_core::Result<Self> {\n\
         Ok(Self(generated::clients::Clients::new(|_| Ok(client.clone()))?))\n}\n\
         fn clients(&self) -> &generated::clients::Clients {\n&self.0\n}\n}\n",
    );
}

/// What the tool says about the crates: the release that it asks for, and the lints that do.
fn judge(work: &Path, case: &str) -> (String, Vec<String>) {
    let manifest = |name: &str| work.join(name).join("crates/keys");
    let output = Command::new("cargo")
        .args(["semver-checks", "--color", "never", "--release-type", "patch", "--manifest-path"])
        .arg(manifest(case).join("Cargo.toml"))
        .arg("--baseline-root")
        .arg(manifest("base"))
        .env("CARGO_TARGET_DIR", work.join("target"))
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let release =
        [("new major version", "major"), ("new minor version", "minor"), ("no semver update required", "patch")]
            .into_iter()
            .find(|(words, _)| text.contains(words));
    let (_, release) = release.unwrap_or_else(|| panic!("{case}: no verdict in\n{text}"));
    let lints = text.lines().filter_map(|line| line.strip_prefix("--- failure "));
    let lints = lints.filter_map(|line| line.split(':').next()).map(str::to_owned).collect();
    (release.to_owned(), lints)
}

/// Needs cargo-semver-checks, and minutes: `tools/drift-semver.sh` runs it.
#[test]
#[ignore = "runs cargo-semver-checks and writes the table"]
fn verdicts_are_written() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drift-semver");
    let base = document();
    generate(&work.join("base"), &base);
    let mut table = String::from(
        "# What cargo-semver-checks says of the crates before and after each change of `cases.toml`.\n\
         # Written by `tools/drift-semver.sh`; do not edit.\n",
    );
    let mut cases = cases();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    for case in &cases {
        generate(&work.join(&case.name), &case.apply(&base));
        let (release, lints) = judge(&work, &case.name);
        let lints: Vec<String> = lints.iter().map(|lint| format!("\"{lint}\"")).collect();
        write!(table, "\n[{}]\nrelease = \"{release}\"\nlints = [{}]\n", case.name, lints.join(", ")).unwrap();
    }
    fs::write(folder().join(VERDICTS), table).unwrap();
}
