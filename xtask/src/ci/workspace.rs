//! The crates of the workspace, as cargo reports them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::Result;
use super::process::{command, output};

/// The workspace that is checked.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    /// The published crates; cargo lists them by path.
    pub(super) published: Vec<Package>,
    /// The minimum version of Rust, for instance `1.95`.
    pub(super) rust_version: String,
}

/// One crate.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) features: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "or_default")]
    metadata: PackageMetadata,
    rust_version: Option<String>,
    /// The registries it may be published to: `None` for all.
    publish: Option<Vec<String>>,
}

impl Package {
    /// The features of which the crate needs one, by `package.metadata.ci.one-of`.
    pub(super) fn one_of(&self) -> &[String] {
        &self.metadata.ci.one_of
    }
}

#[derive(Default, Deserialize)]
struct PackageMetadata {
    #[serde(default)]
    ci: CiMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CiMetadata {
    one_of: Vec<String>,
}

/// Cargo reports null for a crate without metadata.
fn or_default<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<PackageMetadata, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Workspace {
    pub(super) fn load(root: &Path) -> Result<Self> {
        let command = command(root, "cargo", &["metadata", "--no-deps", "--format-version", "1"]);
        let bytes = output(command).ok_or("cargo metadata failed")?;
        let Metadata { mut packages } = serde_json::from_slice(&bytes)?;
        packages.retain(|package| package.publish.is_none());
        let stated: Vec<_> = packages.iter().map(|package| package.rust_version.as_deref()).collect();
        let [Some(rust_version), rest @ ..] = stated.as_slice() else {
            return Err("no published crate states its rust-version".into());
        };
        if rest.iter().any(|other| *other != Some(*rust_version)) {
            return Err("the published crates state different values of rust-version".into());
        }
        Ok(Self { root: root.to_owned(), rust_version: (*rust_version).to_owned(), published: packages })
    }

    /// The arguments that select the published crates.
    pub(super) fn selection(&self) -> Vec<&str> {
        self.published.iter().flat_map(|package| ["--package", package.name.as_str()]).collect()
    }

    /// Where the gate keeps what it installs and copies.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.root.join("target").join("ci").join(name)
    }
}
