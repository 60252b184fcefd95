//! The checks themselves.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::process::{cargo, command, output, run};
use super::workspace::Workspace;
use super::{Outcome, Result, tools};

/// Documents that may name the minimum version of Rust, beside the README of each crate.
const DOCUMENTS: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

pub(super) fn toolchain(workspace: &Workspace) -> Result<Outcome> {
    let stated = &workspace.rust_version;
    let mention = Regex::new(r"(?i)\brust(?:[ -]version`?\s+is)?\s+(1\.\d+)")?;
    for document in documents(workspace) {
        let text = fs::read_to_string(&document)?;
        if let Some(wrong) = mention.captures_iter(&text).find(|found| found[1] != **stated) {
            return Err(format!("{}: says {}, the manifests say {stated}", document.display(), &wrong[0]).into());
        }
    }
    let version = output(command(&workspace.root, "rustc", &["--version"])).ok_or("rustc does not run")?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    println!("{version}; the manifests state {stated}");
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    match minor(number)?.cmp(&minor(stated)?) {
        std::cmp::Ordering::Less => Err(format!("{version} is older than the stated minimum, {stated}").into()),
        std::cmp::Ordering::Equal => Ok(Outcome::Passed),
        std::cmp::Ordering::Greater => minimum(workspace),
    }
}

/// Builds with the minimum version if rustup has it.
fn minimum(workspace: &Workspace) -> Result<Outcome> {
    let stated = workspace.rust_version.as_str();
    if output(command(&workspace.root, "rustup", &["run", stated, "cargo", "--version"])).is_none() {
        return Ok(Outcome::Skipped(format!("`rustup toolchain install {stated}` makes it possible to check it")));
    }
    let target = workspace.folder("minimum");
    let mut arguments = vec!["run", stated, "cargo", "check", "--all-features"];
    arguments.extend(workspace.selection());
    let mut check = command(&workspace.root, "rustup", &arguments);
    check.env("CARGO_TARGET_DIR", target);
    run(check)?;
    Ok(Outcome::Passed)
}

fn documents(workspace: &Workspace) -> Vec<PathBuf> {
    let crates = workspace.published.iter().map(|package| format!("crates/{}/README.md", package.name));
    let all = DOCUMENTS.into_iter().map(str::to_owned).chain(crates).map(|path| workspace.root.join(path));
    all.filter(|path| path.exists()).collect()
}

/// `95` for `1.95` and `1.95.0`.
fn minor(version: &str) -> Result<u32> {
    let part = version.split('.').nth(1).ok_or_else(|| format!("{version} is not a version"))?;
    Ok(part.parse()?)
}

/// Packages outside the workspace, so that the gate compiles neither DataFusion nor another client of Vault.
const OUTSIDE: [&str; 2] = ["crates/cloud-bridge/tests/programs/vaultrs/Cargo.toml", "examples/parquet/Cargo.toml"];

pub(super) fn lock(workspace: &Workspace) -> Result<Outcome> {
    cargo(&workspace.root, &["fetch", "--quiet", "--locked"])?;
    cargo(&workspace.root, &["fetch", "--quiet", "--locked", "--manifest-path", "fuzz/Cargo.toml"])?;
    for manifest in OUTSIDE {
        // Compares without the sources, which no check builds.
        cargo(&workspace.root, &["update", "--quiet", "--workspace", "--locked", "--manifest-path", manifest])?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn fmt(workspace: &Workspace) -> Result<Outcome> {
    cargo(&workspace.root, &["fmt", "--all", "--check"])?;
    for manifest in ["fuzz/Cargo.toml"].into_iter().chain(OUTSIDE) {
        cargo(&workspace.root, &["fmt", "--check", "--manifest-path", manifest])?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn spelling(workspace: &Workspace) -> Result<Outcome> {
    match tools::find(workspace, "typos") {
        Some(typos) => passed(run(command(&workspace.root, typos, &["--format", "brief"]))),
        None => Ok(Outcome::Skipped("typos is neither installed nor available through `python3 -m pip`".into())),
    }
}

pub(super) fn lint(workspace: &Workspace) -> Result<Outcome> {
    passed(crate::lint::run(&workspace.root))
}

pub(super) fn codegen(workspace: &Workspace) -> Result<Outcome> {
    passed(crate::codegen::run(&workspace.root, true))
}

pub(super) fn deny(workspace: &Workspace) -> Result<Outcome> {
    let program = match tools::find(workspace, "cargo-deny") {
        Some(program) => program,
        None => {
            // Builds it from source, which takes minutes.
            let tools = workspace.folder("tools");
            let root = tools.to_string_lossy();
            cargo(&workspace.root, &["install", "--quiet", "--locked", "--root", &root, "cargo-deny"])?;
            tools.join("bin").join("cargo-deny")
        }
    };
    passed(run(command(&workspace.root, program, &["check", "bans", "licenses", "sources"])))
}

pub(super) fn clippy(workspace: &Workspace) -> Result<Outcome> {
    for selection in workspace.with_features() {
        let selection: Vec<_> = selection.iter().map(String::as_str).collect();
        let arguments = [&["clippy", "--quiet", "--all-targets"], &selection[..], &["--", "-D", "warnings"]].concat();
        cargo(&workspace.root, &arguments)?;
    }
    Ok(Outcome::Passed)
}

/// Brings old versions of the services that other features bring.
const ENDED: &str = "ended-versions";

pub(super) fn features(workspace: &Workspace) -> Result<Outcome> {
    for package in &workspace.published {
        let check = ["check", "--quiet", "--package", &package.name];
        cargo(&workspace.root, &check)?;
        let without_default = |features: &[&str]| {
            let features = features.join(",");
            cargo(&workspace.root, &[&check[..], &["--no-default-features", "--features", &features]].concat())
        };
        // What stands beside each feature: nothing, or the first of those that cannot all be left out.
        let needed: Vec<_> = package.one_of().first().map(String::as_str).into_iter().collect();
        without_default(&needed)?;
        for feature in package.built().filter(|feature| *feature != "default") {
            let needed = if package.one_of().iter().any(|one| one == feature) { &[][..] } else { &needed };
            without_default(&[&[feature], needed].concat())?;
            if package.features.contains_key(ENDED) && feature != ENDED {
                without_default(&[&[feature, ENDED], needed].concat())?;
            }
        }
    }
    Ok(Outcome::Passed)
}

/// The README's test command.
pub(super) fn test(workspace: &Workspace) -> Result<Outcome> {
    passed(cargo(&workspace.root, &["test", "--workspace"]))
}

/// Any crate of a program can enable the feature, and it changes how serde_json presents numbers.
pub(super) fn numbers(workspace: &Workspace) -> Result<Outcome> {
    let selection = ["test", "--quiet", "--lib", "--tests", "--package", "cloud-core"];
    passed(cargo(&workspace.root, &[&selection[..], &["--features", "serde_json/arbitrary_precision"]].concat()))
}

/// Compares with `crates/*/public-api.txt`, so that a change of the API is a difference that somebody reads.
pub(super) fn public_api(workspace: &Workspace) -> Result<Outcome> {
    if output(command(&workspace.root, "cargo", &["public-api", "--version"])).is_none() {
        let why = "`cargo install --locked cargo-public-api` makes it possible to compare";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let mut script = command(&workspace.root, "tools/public-api.sh", &["--check"]);
    script.env("CARGO_TARGET_DIR", workspace.folder("public-api"));
    passed(run(script))
}

pub(super) fn doc(workspace: &Workspace) -> Result<Outcome> {
    // Links of what is always there must not lead to what needs a feature.
    let published = workspace.selection().into_iter().map(str::to_owned).collect();
    for selection in workspace.with_features().into_iter().chain([published]) {
        let selection: Vec<_> = selection.iter().map(String::as_str).collect();
        let arguments = [&["doc", "--quiet", "--no-deps"], &selection[..]].concat();
        let mut doc = command(&workspace.root, "cargo", &arguments);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run(doc)?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn fuzz(workspace: &Workspace) -> Result<Outcome> {
    let arguments = ["check", "--quiet", "--locked", "--bins", "--manifest-path", "fuzz/Cargo.toml"];
    let mut check = command(&workspace.root, "cargo", &arguments);
    share_builds(workspace, &mut check);
    // A check links nothing, so the fuzzing engine need not be compiled.
    check.env("CUSTOM_LIBFUZZER_PATH", "not-linked/libfuzzer.a");
    passed(run(check))
}

pub(super) fn package(workspace: &Workspace) -> Result<Outcome> {
    let mut arguments = vec!["package", "--quiet", "--allow-dirty"];
    arguments.extend(workspace.selection());
    passed(cargo(&workspace.root, &arguments))
}

/// Builds a copy without the lock file, as a user of the registry does.
pub(super) fn newest(workspace: &Workspace) -> Result<Outcome> {
    let copy = copy_without_lock(workspace, "newest")?;
    passed(check_published(workspace, &copy))
}

/// Builds a copy in which each direct dependency has the oldest version that its manifest allows.
pub(super) fn minimal(workspace: &Workspace) -> Result<Outcome> {
    let copy = copy_without_lock(workspace, "minimal")?;
    // Only the resolver is nightly; the compiler is the one that runs the gate.
    let arguments = ["run", "nightly", "cargo", "update", "-Z", "direct-minimal-versions"];
    run(command(&copy, "rustup", &arguments))?;
    passed(check_published(workspace, &copy))
}

fn check_published(workspace: &Workspace, copy: &Path) -> Result<()> {
    let mut check = command(copy, "cargo", &["check", "--quiet"]);
    check.args(workspace.selection());
    share_builds(workspace, &mut check);
    run(check)
}

fn copy_without_lock(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let copy = workspace.folder(name);
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let listed = output(command(&workspace.root, "git", &["ls-files", "-z"])).ok_or("git ls-files failed")?;
    for name in listed.split(|byte| *byte == 0).filter(|name| !name.is_empty() && *name != b"Cargo.lock") {
        let name = std::str::from_utf8(name)?;
        copy_file(&workspace.root.join(name), &copy.join(name))?;
    }
    Ok(copy)
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    // A link to a folder is listed as a file; its target is copied.
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_file(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    // A file that was deleted but not yet committed is still listed.
    if !from.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)?;
    Ok(())
}

const DEV_DEBUG: &str = "CARGO_PROFILE_DEV_DEBUG";

/// Uses the dependencies that the workspace has built, where version and profile are the same.
#[allow(clippy::disallowed_methods, reason = "a setting of cargo")]
pub(super) fn share_builds(workspace: &Workspace, command: &mut std::process::Command) {
    command.env("CARGO_TARGET_DIR", workspace.root.join("target"));
    // The profile of the workspace, unless the environment has another.
    if std::env::var_os(DEV_DEBUG).is_none() {
        command.env(DEV_DEBUG, "line-tables-only");
    }
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}
