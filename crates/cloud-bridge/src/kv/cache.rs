//! Secrets through the cache: a value and its version are stored as one text.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::{BoxFuture, Result, Runtime, SecretRef, SecretSource, SecretString, secret};
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
pub(crate) struct Cache(SecretCache);

/// A value of the cache, with its version in front.
pub(crate) struct Held(Arc<SecretString>);

impl Cache {
    pub(crate) fn new(secrets: Arc<dyn Secrets>, lifetimes: Lifetimes, runtime: Arc<dyn Runtime>) -> Self {
        let builder = SecretCache::builder(Versions(secrets)).ttl(lifetimes.ttl).stale_on_outage(lifetimes.stale);
        Self(builder.runtime(runtime).build())
    }

    /// The value of a version; 0 is the current one.
    pub(crate) async fn get(&self, secret: SecretRef<'_>, version: u64) -> Result<Held> {
        let value = match (secret, version) {
            (secret, 0) => self.0.get(secret).await?,
            (SecretRef::Id(id), _) => self.0.get(SecretRef::id(&numbered(id, version))).await?,
            (SecretRef::Name(name), _) => self.0.get(SecretRef::name(&numbered(name, version))).await?,
            (secret, _) => self.0.get(secret).await?,
        };
        Ok(Held(value))
    }

    /// Forgets the current version of a secret.
    pub(crate) fn forget(&self, secret: SecretRef<'_>) {
        self.0.invalidate(secret);
    }

    /// Forgets everything, with all versions.
    pub(crate) fn forget_all(&self) {
        self.0.invalidate_all();
    }

    pub(crate) fn metrics(&self) -> cloud_secrets::Metrics {
        self.0.metrics()
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
struct Versions(Arc<dyn Secrets>);

impl SecretSource for Versions {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let (name, version) = split(name);
            let id = self.0.resolve(name).await?;
            Ok(if version == 0 { id } else { numbered(&id, version) })
        })
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let (id, version) = split(id);
            let fetched = self.0.fetch(id, version).await?;
            let created = fetched.version.created.map(|time| time.unix_timestamp_nanos().to_string());
            let head = format!("{} {}", fetched.version.number, created.unwrap_or_default());
            Ok(secret::join(&[&head, "\n", fetched.value.expose_secret()]))
        })
    }
}
