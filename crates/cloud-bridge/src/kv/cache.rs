//! Secrets through the cache: a value and its version are stored as one text.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::{
    BoxFuture, Error, ErrorCategory, ErrorKind, Result, Runtime, SecretRef, SecretSource, SecretString, secret,
};
use cloud_secrets::SecretCache;
use time::OffsetDateTime;

use crate::secrets::{Secrets, Version};

/// Between the name or ID of a secret and the number of a version. No name has it.
const SEPARATOR: char = '\u{1f}';

/// How long values are used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// How long a value is used without asking the service.
    pub(crate) ttl: Duration,
    /// How long after that it is used in an outage.
    pub(crate) stale: Duration,
}

/// A cache over the secrets of a service.
#[derive(Debug)]
pub(crate) struct Cache {
    cache: SecretCache,
    seen: Arc<Seen>,
}

/// What the service has answered, so that all entries of a secret can be found.
#[derive(Debug, Default)]
struct Seen(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// The numbers of versions that were looked up, by the ID of the secret.
    ids: HashMap<String, HashSet<u64>>,
    /// The same by name.
    names: HashMap<String, HashSet<u64>>,
    /// Secrets that the service has refused since the last look, each with the version that was asked for.
    refused: Vec<(Whole, u64)>,
}

/// Whether the cache no longer uses the value after this error.
fn is_refusal(error: &Error) -> bool {
    use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
    matches!(error.category(), Some(Denied | InvalidCredentials | NotFound | Conflict))
}

/// A secret with all of its versions.
#[derive(Debug)]
enum Whole {
    Id(String),
    Name(String),
}

impl Seen {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a refusal of the secret, of which the cache evicts a single entry.
    fn failed(&self, error: Error, whole: Whole, version: u64) -> Error {
        if is_refusal(&error) {
            self.entries().refused.push((whole, version));
        }
        error
    }
}

/// A value of the cache, with its version in front.
pub(crate) struct Held(Arc<SecretString>);

impl Cache {
    pub(crate) fn new(secrets: Arc<dyn Secrets>, lifetimes: Lifetimes, runtime: Arc<dyn Runtime>) -> Self {
        let seen = Arc::new(Seen::default());
        let versions = Versions { secrets, seen: Arc::clone(&seen) };
        let builder = SecretCache::builder(versions).ttl(lifetimes.ttl).stale_on_outage(lifetimes.stale);
        Self { cache: builder.runtime(runtime).build(), seen }
    }

    /// The value of a version; 0 is the current one.
    pub(crate) async fn get(&self, secret: SecretRef<'_>, version: u64) -> Result<Held> {
        // A value may have been fetched again in the background, and refused.
        self.forget_refused();
        let value = match (secret, version) {
            (secret, 0) => self.cache.get(secret).await,
            (SecretRef::Id(id), _) => self.cache.get(SecretRef::id(&numbered(id, version))).await,
            (SecretRef::Name(name), _) => self.cache.get(SecretRef::name(&numbered(name, version))).await,
            (secret, _) => self.cache.get(secret).await,
        };
        self.forget_refused();
        value.map(Held)
    }

    /// Drops the other versions of secrets that the service has refused. The entry of the refusal itself keeps it for a
    /// moment, so that the service is not asked again at once.
    fn forget_refused(&self) {
        let refused = std::mem::take(&mut self.seen.entries().refused);
        for (whole, version) in refused {
            match whole {
                Whole::Id(id) => self.forget_all_but(SecretRef::id(&id), Some(version)),
                Whole::Name(name) => self.forget_all_but(SecretRef::name(&name), Some(version)),
            }
        }
    }

    /// Forgets a secret with all of its versions.
    pub(crate) fn forget(&self, secret: SecretRef<'_>) {
        self.forget_all_but(secret, None);
    }

    fn forget_all_but(&self, secret: SecretRef<'_>, kept: Option<u64>) {
        let others = |versions: Option<&HashSet<u64>>| -> Vec<u64> {
            versions.into_iter().flatten().copied().filter(|version| Some(*version) != kept).collect()
        };
        match secret {
            SecretRef::Id(id) => {
                let versions = others(self.seen.entries().ids.get(id));
                versions.into_iter().for_each(|version| self.cache.invalidate(SecretRef::id(&numbered(id, version))));
            }
            SecretRef::Name(name) => {
                let versions = others(self.seen.entries().names.get(name));
                let forget = |version| self.cache.invalidate(SecretRef::name(&numbered(name, version)));
                versions.into_iter().for_each(forget);
            }
            _ => {}
        }
        if kept != Some(0) {
            self.cache.invalidate(secret);
        }
    }

    pub(crate) fn metrics(&self) -> cloud_secrets::Metrics {
        self.cache.metrics()
    }
}

impl Held {
    /// The version, and the value.
    pub(crate) fn read(&self) -> (Version, &str) {
        let (head, value) = self.0.expose_secret().split_once('\n').unwrap_or_default();
        let (number, created) = head.split_once(' ').unwrap_or((head, ""));
        let created = created.parse().ok().and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok());
        (Version::new(number.parse().unwrap_or(1), created), value)
    }
}

fn numbered(secret: &str, version: u64) -> String {
    format!("{secret}{SEPARATOR}{version}")
}

/// The name or ID, and the number of the version.
fn split(secret: &str) -> (&str, u64) {
    let (secret, version) = secret.split_once(SEPARATOR).unwrap_or((secret, "0"));
    (secret, version.parse().unwrap_or_default())
}

/// Versions of secrets as secrets of their own.
#[derive(Debug)]
struct Versions {
    secrets: Arc<dyn Secrets>,
    seen: Arc<Seen>,
}

impl SecretSource for Versions {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let (name, version) = split(name);
            let found = self.secrets.resolve(name).await;
            let id = found.map_err(|error| self.seen.failed(error, Whole::Name(name.to_owned()), version))?;
            if version == 0 {
                return Ok(id);
            }
            self.seen.entries().names.entry(name.to_owned()).or_default().insert(version);
            Ok(numbered(&id, version))
        })
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let (id, version) = split(id);
            // Before the request, so that a write during it finds the entry.
            let new = version != 0 && self.seen.entries().ids.entry(id.to_owned()).or_default().insert(version);
            let fetched = self.secrets.fetch(id, version).await;
            if new && fetched.is_err() {
                self.seen.entries().ids.entry(id.to_owned()).or_default().remove(&version);
            }
            let fetched = fetched.map_err(|error| match error.kind() {
                // A missing version does not mean that the others are missing.
                ErrorKind::Lookup if version != 0 => error,
                _ => self.seen.failed(error, Whole::Id(id.to_owned()), version),
            })?;
            let created = fetched.version.created.map(|time| time.unix_timestamp_nanos().to_string());
            let head = format!("{} {}", fetched.version.number, created.unwrap_or_default());
            Ok(secret::join(&[&head, "\n", fetched.value.expose_secret()]))
        })
    }
}
