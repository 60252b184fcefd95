//! Tiny fixtures and the sources that they must become; `UPDATE_GOLDEN=1` rewrites the expected side.
#![allow(clippy::disallowed_methods, reason = "a variable selects whether the files are written")]
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A folder that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("xtask-golden-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case)
}

fn with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    paths.sort();
    paths
}

/// The sources of a folder, and of the folders of versions in it.
fn sources_in(folder: &Path) -> Vec<(String, String)> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let versions = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_version = |path: &PathBuf| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with('v');
    let mut folders: Vec<PathBuf> = versions.filter(is_version).collect();
    folders.push(folder.to_path_buf());
    let paths = folders.iter().flat_map(|folder| with_extension(folder, "rs"));
    let named = paths.map(|path| {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).unwrap())
    });
    named.collect()
}

/// Runs the generator on the fixtures of a case; its sources by file name, or its error.
fn generate(case: &str) -> Result<BTreeMap<String, String>, String> {
    let scratch = Scratch::new(case);
    let root = &scratch.0;
    let fixtures = with_extension(&folder(case), "json");
    assert!(!fixtures.is_empty(), "{case} has no fixture");
    for fixture in fixtures {
        let text = fs::read_to_string(&fixture).unwrap();
        let vendor = if text.contains("\"vendor\": \"nhn\"") { "nhn" } else { "scp" };
        let target = root.join("fixtures").join(vendor);
        fs::create_dir_all(&target).unwrap();
        fs::copy(&fixture, target.join(fixture.file_name().unwrap())).unwrap();
    }
    fs::write(root.join("fixtures/vendors.toml"), table(root, case == "ended")).unwrap();
    xtask::codegen::run(root, false).map_err(|error| error.to_string())?;
    xtask::codegen::run(root, true).expect("what was just written must be up to date");
    let mut sources = BTreeMap::new();
    for vendor in ["scp", "nhn"] {
        let generated = root.join(format!("crates/{vendor}-security/src/generated"));
        for base in [generated.clone(), generated.join("tiny")] {
            for (name, text) in sources_in(&base) {
                // One case of each kind of vendor is enough.
                if name == "clients.rs" && !["versions", "envelope_key", "ended"].contains(&case) {
                    continue;
                }
                sources.insert(name, text);
            }
        }
    }
    Ok(sources)
}

/// A list from which 1.0 has gone.
const LISTED: &str = r#"[vendor.service.listed]
as_of = "2026-09-18"
versions = ["1.1", "1.2"]
"#;

/// A table of the vendor and the service that the copied documents are of.
fn table(root: &Path, listed: bool) -> String {
    let vendor = if root.join("fixtures/nhn").is_dir() { "nhn" } else { "scp" };
    format!(
        r#"[[vendor]]
name = "{vendor}"
title = "Tiny"
crate = "{vendor}-security"
handle = "Tiny"
fallible = {fallible}

[[vendor.service]]
name = "tiny"
module = "tiny"
default = "{default}"
page = "https://example.com/"
{listed}"#,
        default = if listed { "1.2" } else { "1.0" },
        listed = if listed { LISTED } else { "" },
        fallible = vendor == "nhn",
    )
}

fn check(case: &str) {
    let sources = generate(case).unwrap_or_else(|error| panic!("{case}: {error}"));
    let folder = folder(case);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        sources_in(&folder).iter().for_each(|(name, _)| fs::remove_file(folder.join(name)).unwrap());
        for (name, text) in &sources {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        return;
    }
    let expected: BTreeMap<String, String> = sources_in(&folder).into_iter().collect();
    assert_eq!(sources.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{case}");
    for (name, text) in &sources {
        let wanted = expected.get(name).unwrap();
        let line = text.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
        assert!(text == wanted, "{case}/{name} differs from line {:?} on", line.map(|line| line + 1));
    }
}

fn refused(case: &str, message: &str) {
    let error = generate(case).expect_err("must be refused");
    assert_eq!(error, message);
}

#[test]
fn versions() {
    check("versions");
}

#[test]
fn shared() {
    check("shared");
}

#[test]
fn formats() {
    check("formats");
}

#[test]
fn nullable() {
    check("nullable");
}

#[test]
fn secrets() {
    check("secrets");
}

#[test]
fn lenient() {
    check("lenient");
}

#[test]
fn enums() {
    check("enums");
}

#[test]
fn pages() {
    check("pages");
}

#[test]
fn ended() {
    check("ended");
}

#[test]
fn marks() {
    check("marks");
}

#[test]
fn query_styles() {
    check("query_styles");
}

#[test]
fn texts() {
    check("texts");
}

#[test]
fn split() {
    check("split");
}

#[test]
fn split_value() {
    check("split_value");
}

#[test]
fn envelope_key() {
    check("envelope_key");
}

#[test]
fn envelope_whole() {
    check("envelope_whole");
}

#[test]
fn patterns() {
    check("patterns");
}

#[test]
fn period() {
    check("period");
}

#[test]
fn one_name_with_two_shapes() {
    refused(
        "two_shapes",
        "`Key` has one shape in fixtures/scp/tiny-1.0.json and another in fixtures/scp/tiny-1.1.json \
         (the field `id` differs); make them equal or rename one",
    );
}

#[test]
fn unknown_patterns() {
    refused(
        "unknown_pattern",
        "fixtures/scp/tiny-1.0.json#/components/schemas/Name/properties/odd/pattern: `^a+b$` is beyond the known patterns",
    );
}

#[test]
fn too_many_arguments() {
    refused(
        "too_many",
        "fixtures/scp/tiny-1.0.json#/paths/~1v1~1summary/get/parameters: more than two required parameters are hard to call",
    );
}
