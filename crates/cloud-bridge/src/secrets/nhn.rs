//! The secrets of a key store of Secure Key Manager, of NHN Cloud.

use cloud_core::codegen::only_usable;
use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, SecretString, Timestamp};
use nhn_security::secure_key_manager::types::{CreateSecretRequest, KeyMetadata, KeyType, UpdateSecretRequest};
use nhn_security::secure_key_manager::v1_3;
use time::OffsetDateTime;

use super::{Description, Fetched, Secrets, Version};
use crate::failure::{Failure, Result};
use crate::keys::nhn::{KOREA, Store};
use crate::trail;

/// The secrets of a key store of Secure Key Manager of NHN Cloud. Each has one version.
#[derive(Debug)]
pub struct NhnSecrets {
    client: v1_3::Client,
    store: Store,
}

impl NhnSecrets {
    /// Takes the settings and credentials of a handle, for the key store with this name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the handle has no settings for Secure Key Manager.
    pub fn new(nhn: &nhn_security::Nhn, key_store: impl Into<String>) -> cloud_core::Result<Self> {
        let nhn = nhn.on_request_id(trail::note);
        Ok(Self { client: nhn.secure_key_manager_v1_3()?, store: Store::new(key_store.into()) })
    }

    async fn all(&self) -> Result<Vec<KeyMetadata>> {
        Ok(self.store.keys(&self.client, Some(KeyType::Secret), None).await?)
    }

    /// The secrets with this name, also those that are scheduled for deletion.
    async fn named(&self, name: &str) -> cloud_core::Result<Vec<KeyMetadata>> {
        let mut secrets = self.store.keys(&self.client, Some(KeyType::Secret), Some(name)).await?;
        secrets.retain(|secret| secret.name == name);
        Ok(secrets)
    }

    async fn metadata(&self, id: &str) -> Result<KeyMetadata> {
        let store = self.store.id(&self.client).await?;
        Ok(self.client.show_key(store, id).await?)
    }
}

fn instant(time: &Timestamp) -> Option<OffsetDateTime> {
    time.to_instant(KOREA).ok()
}

/// The error of a secret that is scheduled for deletion.
fn unusable(secret: &KeyMetadata) -> Option<Error> {
    let refusal = || {
        let text = "the secret is scheduled for deletion: restore it first";
        Error::builder(ErrorKind::FailureState, text).category(ErrorCategory::Conflict).build()
    };
    secret.deletion_datetime.as_ref().map(|_| refusal())
}

/// The only version of a secret: it is as old as its last change.
fn version(metadata: &KeyMetadata) -> Version {
    Version::new(1, instant(&metadata.last_change_datetime))
}

impl Secrets for NhnSecrets {
    fn keeps_text(&self) -> bool {
        true
    }

    fn most_versions(&self) -> u64 {
        1
    }

    fn is_name(&self, name: &str) -> bool {
        !name.is_empty()
    }

    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, cloud_core::Result<String>> {
        Box::pin(async move { Ok(only_usable("secret of the key store", self.named(name).await?, unusable)?.key_id) })
    }

    fn fetch<'a>(&'a self, id: &'a str, number: u64) -> BoxFuture<'a, cloud_core::Result<Fetched>> {
        Box::pin(async move {
            if number > 1 {
                let missing = Error::builder(ErrorKind::Lookup, "a secret of this service has one version");
                return Err(missing.category(ErrorCategory::NotFound).build());
            }
            let shown = self.client.show_secret(id).await?;
            // Only the time of the version comes from it.
            let version = self.metadata(id).await.map_or_else(|_| Version::new(1, None), |found| version(&found));
            Ok(Fetched::new(shown.secret, version))
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let secrets = self.all().await?.into_iter();
            Ok(secrets.filter(|secret| secret.deletion_datetime.is_none()).map(|secret| secret.name).collect())
        })
    }

    fn describe<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Description>> {
        Box::pin(async move {
            let metadata = self.metadata(id).await?;
            let mut described = Description::new(vec![version(&metadata)], 1);
            described.created = instant(&metadata.creation_datetime);
            described.updated = instant(&metadata.last_change_datetime);
            described.deletion = metadata.deletion_datetime.as_ref().and_then(instant);
            described.text = Some(metadata.description);
            Ok(described)
        })
    }

    fn find_deleted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let mut named = self.named(name).await?;
            let all = named.iter().all(|secret| secret.deletion_datetime.is_some());
            Ok(named.pop().filter(|_| all).map(|secret| secret.key_id))
        })
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        value: &'a SecretString,
        description: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let request = CreateSecretRequest::builder()
                .key_store_name(&self.store.name)
                .name(name)
                .description(description.unwrap_or_default())
                .secret_value(value.clone())
                .build();
            Ok(self.client.create_secret(&request).await?.key_id)
        })
    }

    fn update<'a>(&'a self, id: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.client.update_secret(id, &UpdateSecretRequest::new(value.clone())).await?;
            Ok(())
        })
    }

    fn set_description<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            Err(Failure::invalid(
                "`custom_metadata` of a secret cannot be changed: the service stores it only when the secret is created",
            ))
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.client.schedule_key_deletion(id).await?;
            Ok(())
        })
    }
}
