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

    /// The features that the checks build: all but those in `package.metadata.ci.unbuilt`.
    pub(super) fn built(&self) -> impl Iterator<Item = &str> {
        let unbuilt = &self.metadata.ci.unbuilt;
        self.features.keys().filter(move |feature| !unbuilt.contains(feature)).map(String::as_str)
    }

    fn builds_all(&self) -> bool {
        self.metadata.ci.unbuilt.is_empty()
    }
}

#[derive(Default, Deserialize)]
struct PackageMetadata {
    #[serde(default)]
    ci: CiMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[serde(default)]
struct CiMetadata {
    one_of: Vec<String>,
    unbuilt: Vec<String>,
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

    /// The arguments that select all crates with the features that the checks build, of one call of cargo each.
    pub(super) fn with_features(&self) -> Vec<Vec<String>> {
        let some: Vec<_> = self.published.iter().filter(|package| !package.builds_all()).collect();
        let excluded = some.iter().flat_map(|package| ["--exclude", &package.name]).map(str::to_owned);
        let rest = ["--workspace", "--all-features"].map(str::to_owned).into_iter().chain(excluded).collect();
        let each = some.iter().map(|package| {
            let features = package.built().collect::<Vec<_>>().join(",");
            ["--package", &package.name, "--features", &features].map(str::to_owned).to_vec()
        });
        std::iter::once(rest).chain(each).collect()
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
