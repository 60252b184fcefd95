//! What the routes of KV version 2 need of a cloud's store of secrets.

use std::fmt;

use cloud_core::{BoxFuture, SecretString};
use time::OffsetDateTime;

use crate::failure::Result;

pub(crate) mod nhn;
pub(crate) mod scp;

/// The secrets of a service.
///
/// The value of a secret is text. The bridge shows a JSON object as it is, and any other text as the member `value`.
pub trait Secrets: fmt::Debug + Send + Sync {
    /// Returns whether a value can be text that is not a JSON object.
    fn keeps_text(&self) -> bool;

    /// Returns how many versions of a secret the service keeps. Once a secret has as many, the number of the current one
    /// no longer changes.
    fn most_versions(&self) -> u64;

    /// Returns whether a secret could have this name. Nothing is sent.
    fn is_name(&self, name: &str) -> bool;

    /// Returns the ID of the only secret with exactly this name. One that is scheduled for deletion does not count.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, cloud_core::Result<String>>;

    /// Returns the value of a version of the secret with this ID; 0 is the current version.
    ///
    /// The categories of errors decide what the cache does, as for [`cloud_core::SecretSource`].
    fn fetch<'a>(&'a self, id: &'a str, version: u64) -> BoxFuture<'a, cloud_core::Result<Fetched>>;

    /// Returns the names of all secrets.
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Returns what is known of the secret with this ID, without a value.
    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Description>>;

    /// Returns the ID of a secret with this name that is scheduled for deletion. None if there is none, or if another
    /// secret with the name is not.
    fn find_deleted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>>>;

    /// Creates a secret, and returns its ID. Sent once.
    fn create<'a>(
        &'a self,
        name: &'a str,
        value: &'a SecretString,
        description: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String>>;

    /// Replaces the value of a secret. Sent once where the service adds a version for each request.
    fn update<'a>(&'a self, id: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<()>>;

    /// Replaces the description of a secret.
    fn set_description<'a>(&'a self, id: &'a str, description: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Schedules the deletion of a secret.
    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>>;
}

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The place among all versions that the service keeps, in the order of creation, from 1. It is 0 if they are not
    /// known, since the credentials may not list them.
    pub number: u64,
    /// When the version was made, if the service says so.
    pub created: Option<OffsetDateTime>,
}

impl Version {
    /// Creates a version.
    #[must_use]
    pub fn new(number: u64, created: Option<OffsetDateTime>) -> Self {
        Self { number, created }
    }
}

/// A value and the version that it is of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The value as the service stores it.
    pub value: SecretString,
    /// The version.
    pub version: Version,
}

impl Fetched {
    /// Creates a value of a version.
    #[must_use]
    pub fn new(value: SecretString, version: Version) -> Self {
        Self { value, version }
    }
}

/// What is known of a secret besides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// All versions that the service keeps, in the order of creation. Empty if they are not known, since the credentials
    /// may not list them.
    pub versions: Vec<Version>,
    /// The number of the version that is read unless another is asked for. It is 0 if the versions are not known.
    pub current: u64,
    /// When the secret was created.
    pub created: Option<OffsetDateTime>,
    /// When it was changed last.
    pub updated: Option<OffsetDateTime>,
    /// When it will be deleted, if its deletion is scheduled.
    pub deletion: Option<OffsetDateTime>,
    /// The description.
    pub text: Option<String>,
}

impl Description {
    /// Creates a description of a secret with these versions, of which one is current.
    #[must_use]
    pub fn new(versions: Vec<Version>, current: u64) -> Self {
        Self { versions, current, created: None, updated: None, deletion: None, text: None }
    }

    /// The current version.
    pub(crate) fn current(&self) -> Version {
        let found = self.versions.iter().find(|version| version.number == self.current);
        found.cloned().unwrap_or_else(|| Version::new(self.current, None))
    }
}
