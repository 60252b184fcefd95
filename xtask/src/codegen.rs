//! Turns the fixtures into models, operation tables and thin clients.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit::Output;
use crate::lower::{self, Fixture};
use crate::openapi::Document;
use crate::{names, render};

const VENDORS: &[&str] = &["nhn", "risken", "scp"];
const SANDBOX: &str = "crates/cloud-sandbox/fixtures";
const CONFORMANCE: &str = "tests/conformance/src/generated";
const COVERAGE: &str = "docs/coverage.md";

/// Writes the generated sources below `root`, or with `check` only reports what is stale, missing or orphaned.
///
/// The output depends on the fixtures alone.
///
/// # Errors
/// A fixture that cannot be read or turned into Rust, a disk that cannot be written, or, with `check`, a difference.
pub fn run(root: &Path, check: bool) -> Result<(), Box<dyn Error>> {
    let output = generate(root)?;
    let differences = output.compare(root)?;
    if !check {
        output.write(root, &differences)?;
        return Ok(());
    }
    if differences.is_empty() {
        return Ok(());
    }
    let list = differences.lines().join("\n");
    Err(format!("{list}\ngenerated files do not match the fixtures; run `cargo xtask codegen`").into())
}

/// Everything that the fixtures below `root` make.
fn generate(root: &Path) -> Result<Output, Box<dyn Error>> {
    let mut output = Output::default();
    let mut fixtures = Vec::new();
    for vendor in VENDORS {
        for path in documents(&root.join("fixtures").join(vendor))? {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let source = format!("fixtures/{vendor}/{file}");
            let bytes = fs::read(&path).map_err(|error| format!("cannot read {source}: {error}"))?;
            let text = std::str::from_utf8(&bytes).map_err(|error| format!("{source}: {error}"))?;
            let document = Document::parse(text).map_err(|error| format!("{source}#{error}"))?;
            if document.sdk.vendor != *vendor {
                let named = &document.sdk.vendor;
                return Err(format!("{source}#/x-sdk/vendor: `{named}` stands in the folder of `{vendor}`").into());
            }
            output.add(format!("{SANDBOX}/{vendor}/{file}"), bytes);
            fixtures.push(Fixture { source, document });
        }
        if let Some((folder, _)) = names::crate_of(vendor) {
            output.own(format!("crates/{folder}/src/generated"));
        }
    }
    output.own(SANDBOX);
    output.own(CONFORMANCE);
    let services = lower::lower(&fixtures)?;
    for service in &services {
        render::service(service, &mut output)?;
    }
    render::conformance(&services, CONFORMANCE, &mut output)?;
    output.add(COVERAGE, render::coverage(&services).into_bytes());
    Ok(output)
}

/// The documents of a folder by name; a vendor without a folder has none.
fn documents(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
