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
use xtask::drift::{self, Bump, Tree, Version};
use xtask::openapi::Document;
use xtask::vendors::Vendors;

const VERDICTS: &str = "verdicts.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One change: of the document, or of the list of versions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// JSON pointer to what changes.
    at: Option<String>,
    /// The new value there; without it, the member is removed.
    set: Option<Value>,
    /// A model's old and new name.
    rename: Option<[String; 2]>,
    /// A version that is added, with the same document.
    version: Option<String>,
    /// Whether the oldest version has ended.
    #[serde(default)]
    ended: bool,
    /// The versions before; 1.0 alone if there is no list.
    #[serde(default)]
    base: Vec<String>,
    /// What the rules ask for.
    release: String,
    /// Why the rules ask for more than the tool.
    stricter: Option<String>,
    /// Why the rules ask for less.
    looser: Option<String>,
}

/// Documents by version, and the default one.
#[derive(Clone)]
struct Service {
    documents: BTreeMap<String, Value>,
    listed: Vec<String>,
    default: String,
}

impl Service {
    /// The service before a change.
    fn base(case: &Case) -> Self {
        let mut service = Self { documents: BTreeMap::new(), listed: Vec::new(), default: "1.0".to_owned() };
        service.add("1.0");
        for number in case.base.iter().filter(|number| *number != "1.0") {
            service.add(number);
            service.default.clone_from(number);
        }
        service
    }

    fn add(&mut self, number: &str) {
        let mut newer = document();
        newer["info"]["version"] = number.into();
        self.documents.insert(number.to_owned(), newer);
        self.listed.push(number.to_owned());
    }

    fn table(&self) -> String {
        let listed: Vec<String> = self.listed.iter().map(|own| format!("\"{own}\"")).collect();
        format!(
            "[[vendor]]\nname = \"scp\"\ntitle = \"Test\"\ncrate = \"keys\"\nhandle = \"Keys\"\n\n[[vendor.service]]\n\
             name = \"keys\"\nmodule = \"keys\"\ndefault = \"{}\"\npage = \"https://example.com/\"\n\n\
             [vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [{}]\n",
            self.default,
            listed.join(", ")
        )
    }

    fn tree(&self) -> Tree {
        let documents = self
            .documents
            .iter()
            .map(|(number, own)| (("keys".to_owned(), number.clone()), Document::parse(&own.to_string()).unwrap()));
        let documents = BTreeMap::from([("scp".to_owned(), documents.collect())]);
        Tree { vendors: Vendors::parse(&self.table()).unwrap(), documents }
    }
}

impl Case {
    fn apply(&self, before: &Service) -> Service {
        let mut after = before.clone();
        let document = after.documents.get_mut("1.0").unwrap();
        if let Some(at) = &self.at {
            let (parent, key) = at.rsplit_once('/').unwrap();
            let key = key.replace("~1", "/");
            let members = document.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
            match &self.set {
                Some(value) => _ = members.insert(key, value.clone()),
                None => assert!(members.shift_remove(&key).is_some(), "{}: nothing at {at}", self.name),
            }
        }
        if let Some([from, to]) = &self.rename {
            let text = document.to_string().replace(&format!("{from}\""), &format!("{to}\""));
            *document = serde_json::from_str(&text).unwrap();
        }
        if let Some(number) = &self.version {
            after.add(number);
        }
        if self.ended {
            after.listed.retain(|own| own != "1.0");
        }
        after
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    release: String,
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
    let cases = cases();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, table.keys().map(String::as_str).collect::<Vec<_>>(), "run tools/drift-semver.sh");
    for case in &cases {
        let before = Service::base(case);
        let found = drift::judge(&before.tree(), &case.apply(&before).tree()).unwrap();
        let rule = found.iter().map(Version::bump).max().unwrap_or(Bump::None);
        assert_eq!(rule, bump(&case.release), "{}: {found:#?}", case.name);
        let Verdict { release, lints } = &table[&case.name];
        let tool = bump(release);
        let apart = (case.stricter.is_some(), case.looser.is_some());
        assert_eq!(apart, (rule > tool, rule < tool), "{}: {rule}, the tool {tool}: {found:#?}", case.name);
        assert_eq!(lints.is_empty(), tool == Bump::Patch, "{}: {lints:?}", case.name);
    }
    let exact = cases.iter().filter(|case| case.stricter.is_none() && case.looser.is_none()).count();
    assert!(exact >= 6, "{exact} cases in which the tool sees the change");
}

/// A crate of the documents, with their service in the handle `Keys`.
fn generate(root: &Path, service: &Service) {
    let _ = fs::remove_dir_all(root);
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (number, document) in &service.documents {
        let text = serde_json::to_string_pretty(document).unwrap() + "\n";
        write(&format!("fixtures/scp/keys-{number}.json"), &text);
    }
    write("fixtures/vendors.toml", &service.table());
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
fn verdict(work: &Path, case: &str, base: &str, features: &[&str]) -> (String, Vec<String>) {
    let manifest = |name: &str| work.join(name).join("crates/keys");
    let output = Command::new("cargo")
        .args(["semver-checks", "--color", "never", "--release-type", "patch", "--manifest-path"])
        .arg(manifest(case).join("Cargo.toml"))
        .arg("--baseline-root")
        .arg(manifest(base))
        .args(features)
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
    // Versions that have ended are in a feature that a lean build leaves out.
    let features = |lean: bool| if lean { &["--only-explicit-features", "--features", "keys"][..] } else { &[] };
    let mut table = String::from(
        "# What cargo-semver-checks says of the crates before and after each change of `cases.toml`.\n\
         # Written by `tools/drift-semver.sh`; do not edit.\n",
    );
    let mut cases = cases();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    for case in &cases {
        let base = format!("base-{}", case.base.len());
        generate(&work.join(&base), &Service::base(case));
        generate(&work.join(&case.name), &case.apply(&Service::base(case)));
        let (release, lints) = verdict(&work, &case.name, &base, features(case.ended));
        let lints: Vec<String> = lints.iter().map(|lint| format!("\"{lint}\"")).collect();
        write!(table, "\n[{}]\nrelease = \"{release}\"\nlints = [{}]\n", case.name, lints.join(", ")).unwrap();
    }
    fs::write(folder().join(VERDICTS), table).unwrap();
}
