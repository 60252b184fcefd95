//! Secrets Manager of Samsung Cloud Platform.

use cloud_core::{
    BoxFuture, Days, Error, ErrorKind, Json, Networks, SecretJson, SecretSource as _, SecretString, Sort, Timestamp,
};
use scp_security::secrets_manager::types::{
    CreateSecretRequest, DeleteSecretRequest, SetDescriptionRequest, UpdateSecretValueRequest,
};
use scp_security::secrets_manager::v1_2;
use time::{OffsetDateTime, UtcOffset};

use super::{Description, Fetched, Secrets, Version};
use crate::failure::{Failure, Result};
use crate::trail;

/// The longest wait that the service offers: it leaves the most time to notice a mistake.
const LONGEST_WAIT: Days = Days(30);

/// What new secrets are made with.
#[derive(Clone, Debug)]
struct Creation {
    kms_key: String,
    acl_cidr: Networks,
}

/// The secrets of Secrets Manager of Samsung Cloud Platform, in an account and region.
#[derive(Clone, Debug)]
pub struct ScpSecrets {
    client: v1_2::Client,
    creation: Option<Creation>,
    /// The days until a secret is deleted.
    deletion_days: Days,
}

/// A version as the service lists it.
struct Listed {
    id: Option<String>,
    current: bool,
    created: Option<OffsetDateTime>,
}

impl ScpSecrets {
    /// Takes the settings and credentials of a handle.
    #[must_use]
    pub fn new(scp: &scp_security::Scp) -> Self {
        let scp = scp.on_request_id(trail::note);
        Self { client: scp.secrets_manager_v1_2(), creation: None, deletion_days: LONGEST_WAIT }
    }

    /// Sets the ID of the KMS key and the networks of secrets that are created. Without it, none are created.
    #[must_use]
    pub fn create_with(mut self, kms_key: impl Into<String>, acl_cidr: Networks) -> Self {
        self.creation = Some(Creation { kms_key: kms_key.into(), acl_cidr });
        self
    }

    /// Sets the days until a secret is deleted, 7 to 30. The default is 30.
    #[must_use]
    pub fn deletion_days(mut self, days: u32) -> Self {
        self.deletion_days = Days(days.into());
        self
    }

    /// All versions, oldest first. Times have seconds, so the service is asked for the order as well.
    async fn versions(&self, id: &str) -> cloud_core::Result<Vec<Listed>> {
        let entries =
            self.client.list_secret_versions(id).sort(Sort::ascending("created_at")).items().try_collect().await?;
        let mut versions: Vec<_> = entries.iter().map(listed).collect();
        versions.sort_by_key(|version| version.created);
        Ok(versions)
    }

    async fn fetch_version(&self, id: &str, number: u64) -> cloud_core::Result<Fetched> {
        let versions = match self.versions(id).await {
            Ok(versions) => versions,
            // Who may read values need not be allowed to list versions.
            Err(error) if error.is_denied() && number == 0 => Vec::new(),
            Err(error) => return Err(error),
        };
        let place = if number == 0 { current(&versions) } else { usize::try_from(number - 1).ok() };
        let found = place.and_then(|place| Some((place, versions.get(place)?)));
        let source = self.client.clone().source();
        match found {
            Some((place, Listed { id: Some(version_id), created, .. })) => {
                let value = source.version_id(version_id).fetch(id).await?;
                Ok(Fetched::new(value, Version::new(number_of(place), *created)))
            }
            // The vendor documents no format of the entries. The label needs none.
            _ if number == 0 => {
                let number = u64::try_from(versions.len()).unwrap_or_default();
                Ok(Fetched::new(source.fetch(id).await?, Version::new(number, None)))
            }
            _ => Err(missing("the secret has no such version")),
        }
    }
}

fn missing(text: &str) -> Error {
    Error::builder(ErrorKind::Lookup, text).category(cloud_core::ErrorCategory::NotFound).build()
}

fn number_of(place: usize) -> u64 {
    u64::try_from(place).unwrap_or_default().saturating_add(1)
}

/// Reads an entry. A member that does not have the assumed form is left out.
fn listed(entry: &Json) -> Listed {
    let labels = entry.get("label").map(|label| label.as_array().unwrap_or_else(|| vec![label]));
    let current = labels.iter().flatten().any(|label| label.as_str() == Some("CURRENT"));
    let created = entry.get_str("created_at").and_then(|text| instant(&Timestamp::from(text)));
    Listed { id: entry.get_str("version_id").map(str::to_owned), current, created }
}

/// The place of the version with the label, or of the newest.
fn current(versions: &[Listed]) -> Option<usize> {
    versions.iter().position(|version| version.current).or_else(|| versions.len().checked_sub(1))
}

/// Times without a zone are taken for UTC.
fn instant(time: &Timestamp) -> Option<OffsetDateTime> {
    time.to_instant(UtcOffset::UTC).ok()
}

/// The value for a request: the service takes at most ten pairs of strings.
fn pairs(value: &SecretString) -> Result<SecretJson> {
    let strings =
        || Failure::invalid("`data` must be an object whose values are strings: the service stores no others");
    let pairs: std::collections::BTreeMap<String, SecretString> = value.parse_json().map_err(|_| strings())?;
    if pairs.is_empty() || pairs.len() > 10 {
        return Err(Failure::invalid("`data` must have 1 to 10 members: the service stores no more"));
    }
    Ok(value.expose_secret().parse()?)
}

impl Secrets for ScpSecrets {
    fn keeps_text(&self) -> bool {
        false
    }

    fn most_versions(&self) -> u64 {
        100
    }

    fn is_name(&self, name: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (3..=63).contains(&name.len()) && name.bytes().all(plain)
    }

    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, cloud_core::Result<String>> {
        Box::pin(async move { self.client.resolve(name).await })
    }

    fn fetch<'a>(&'a self, id: &'a str, version: u64) -> BoxFuture<'a, cloud_core::Result<Fetched>> {
        Box::pin(async move { self.fetch_version(id, version).await })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let secrets = self.client.list_secrets().items().try_collect().await?;
            let usable = secrets.into_iter().filter(|secret| !secret.is_scheduled_for_deletion());
            Ok(usable.filter_map(|secret| secret.name).collect())
        })
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Description>> {
        Box::pin(async move {
            let secret = self.client.show_secret(id).await?.secret;
            let versions = match self.versions(id).await {
                Err(error) if error.is_denied() => Vec::new(),
                versions => versions?,
            };
            let numbered =
                (1..).zip(&versions).map(|(number, version)| Version::new(number, version.created)).collect();
            let mut described = Description::new(numbered, current(&versions).map_or(0, number_of));
            described.created = instant(&secret.created_at);
            described.updated = instant(&secret.modified_at);
            if secret.is_scheduled_for_deletion() {
                // Scheduling it was the last change.
                described.deletion = secret.deleted_at.as_ref().and_then(instant).or(described.updated);
            }
            described.text = secret.description;
            Ok(described)
        })
    }

    fn find_deleted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let mut found = self.client.list_secrets().name(name).items().try_collect().await?;
            found.retain(|secret| secret.name.as_deref() == Some(name));
            let all = found.iter().all(|secret| secret.is_scheduled_for_deletion());
            Ok(found.pop().filter(|_| all).map(|secret| secret.id))
        })
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        value: &'a SecretString,
        description: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let Some(Creation { kms_key, acl_cidr }) = &self.creation else {
                let text = "the secret does not exist, and the mount has no `kms_key` and `acl_cidr` to create it with";
                return Err(Failure::invalid(text));
            };
            let mut request = CreateSecretRequest::builder()
                .acl_cidr(acl_cidr.clone())
                .kms_id(kms_key)
                .name(name)
                .secret_value(pairs(value)?);
            if let Some(description) = description {
                request = request.description(description);
            }
            Ok(self.client.create_secret(&request.build()).await?.secret.id)
        })
    }

    fn update<'a>(&'a self, id: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let request = UpdateSecretValueRequest::new(pairs(value)?);
            self.client.update_secret_value(id, &request).await?;
            Ok(())
        })
    }

    fn set_description<'a>(&'a self, id: &'a str, description: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.client.set_description(id, &SetDescriptionRequest::new(description)).await?;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.client.delete_secret(id, &DeleteSecretRequest::new(self.deletion_days)).await?;
            Ok(())
        })
    }
}
