//! Turns the fixtures into models, operation tables and thin clients.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit::Output;
use crate::ir::Service;
use crate::lower::{self, Fixture};
use crate::openapi::Document;
use crate::vendors::{Vendor, Vendors};
use crate::{marked, render};

const SANDBOX: &str = "crates/cloud-sandbox/src/fixtures.rs";
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
    let vendors = Vendors::load(root)?;
    let mut output = Output::default();
    let mut fixtures = Vec::new();
    for vendor in vendors.iter() {
        read(root, vendor, &mut fixtures)?;
        output.own(format!("crates/{}/src/generated", vendor.package));
    }
    output.own(CONFORMANCE);
    let services = lower::lower(&vendors, &fixtures)?;
    for service in &services {
        render::service(service, &mut output)?;
    }
    for services in services.chunk_by(|a, b| a.vendor.name == b.vendor.name) {
        render::clients(services, &mut output)?;
    }
    render::conformance(&services, CONFORMANCE, &mut output)?;
    output.add(COVERAGE, render::coverage(&services).into_bytes());
    blocks(root, &vendors, &services, &mut output)?;
    Ok(output)
}

/// The generated lines of hand-written files; a file that is not there has none.
fn blocks(root: &Path, vendors: &Vendors, services: &[Service], output: &mut Output) -> Result<(), Box<dyn Error>> {
    for (path, required) in blocked_files(root, vendors)? {
        let file = root.join(&path);
        if !file.is_file() {
            continue;
        }
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {path}: {error}"))?;
        if let Some(name) = required.filter(|name| !marked::has(&text, name)) {
            return Err(format!("{path}: the block `codegen: {name}` is missing").into());
        }
        let replaced = marked::replace(&text, |name| render::block(services, name));
        output.add(&path, replaced.map_err(|message| format!("{path}: {message}"))?.into_bytes());
    }
    Ok(())
}

/// A file that may have blocks, and the block that it must have.
type Blocked = (String, Option<String>);

fn blocked_files(root: &Path, vendors: &Vendors) -> Result<Vec<Blocked>, Box<dyn Error>> {
    let mut files = vec![
        ("README.md".to_owned(), Some("versions".to_owned())),
        ("fixtures/README.md".to_owned(), Some("fixtures".to_owned())),
        (SANDBOX.to_owned(), Some("embedded".to_owned())),
    ];
    for Vendor { name, package, .. } in vendors.iter() {
        files.push((format!("crates/{package}/Cargo.toml"), Some(format!("features {name}"))));
        files.push((format!("crates/{package}/src/lib.rs"), Some(format!("modules {name}"))));
        files.push((format!("crates/{package}/README.md"), None));
    }
    for path in documents(&root.join("docs"), "md")? {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("docs/{file}");
        if path != COVERAGE {
            files.push((path, None));
        }
    }
    Ok(files)
}

/// Reads the documents of one vendor.
fn read(root: &Path, vendor: &Vendor, fixtures: &mut Vec<Fixture>) -> Result<(), Box<dyn Error>> {
    let name = &vendor.name;
    for path in documents(&root.join("fixtures").join(name), "json")? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = format!("fixtures/{name}/{file}");
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {source}: {error}"))?;
        let document = Document::parse(&text).map_err(|error| format!("{source}#{error}"))?;
        if document.sdk.vendor != *name {
            let named = &document.sdk.vendor;
            return Err(format!("{source}#/x-sdk/vendor: `{named}` is in the folder of `{name}`").into());
        }
        fixtures.push(Fixture { source, document });
    }
    Ok(())
}

/// The files of a folder with this extension, by name; none if there is no folder.
fn documents(folder: &Path, wanted: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == wanted) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_has_an_example_for_each_operation_and_no_word_of_the_generator() {
        let output = generate(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        let mut operations = 0;
        for (path, text) in
            output.texts().filter(|(path, _)| path.starts_with("crates/") && !path.ends_with("operations.rs"))
        {
            let shown = |line: &&str| line.starts_with("//!") || line.trim_start().starts_with("///");
            let lines: Vec<&str> = text.lines().filter(shown).map(|line| line.trim_start()).collect();
            assert!(!lines.iter().any(|line| line.contains("Generated by")), "{path}");
            let methods = ["GET", "POST", "PUT", "DELETE"].map(|method| format!("/// `{method} /"));
            let described = lines.iter().filter(|line| methods.iter().any(|method| line.starts_with(method))).count();
            assert_eq!(lines.iter().filter(|line| **line == "/// # Example").count(), described, "{path}");
            operations += described;
        }
        assert!(operations >= 80, "{operations}");
    }
}
