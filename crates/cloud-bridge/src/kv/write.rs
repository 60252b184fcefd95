//! Writing secrets. Each request that adds a version is sent once.

use cloud_core::{SecretRef, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::OwnedMutexGuard;

use super::document::{About, Labels, object, raw_object, stored};
use super::merge::merge;
use super::pending::LONGEST;
use super::{Kv, Named};
use crate::body::{self, Absent, Number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::policy::Capability;
use crate::reply::Reply;
use crate::secrets::Version;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    options: Option<Options>,
    /// Vault's command line sends it, always empty.
    #[serde(default)]
    #[allow(dead_code, reason = "only checked")]
    version: Absent,
    /// Terraform's provider sends it beside `options`, always zero.
    #[serde(default)]
    #[allow(dead_code, reason = "only checked")]
    cas: Absent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    cas: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct WriteMetadata {
    custom_metadata: Option<Labels>,
    #[serde(default)]
    max_versions: Absent,
    #[serde(default)]
    cas_required: Absent,
    #[serde(default)]
    delete_version_after: Absent,
}

/// Forgets a secret of the cache when the write has ended, also if its future is dropped.
struct Forget<'a>(&'a Kv, SecretRef<'a>);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.cache.forget(self.1);
    }
}

/// The locks of a secret: that of its name, and that of its ID, which it has with all of its names.
type Locked = (OwnedMutexGuard<()>, Option<OwnedMutexGuard<()>>);

impl Kv {
    /// Locks a secret and looks up its ID. No one waits for the lock of a name who holds that of an ID.
    async fn locked(&self, named: Named<'_>) -> (cloud_core::Result<String>, Locked) {
        let name = self.locks.lock(named.key()).await;
        let id = self.id(named).await;
        let lock = match &id {
            Ok(id) if id != named.key() => Some(self.locks.lock(id).await),
            _ => None,
        };
        (id, (name, lock))
    }

    /// `POST data/{path}`.
    pub(crate) async fn write(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        self.check_writable()?;
        context.query.only(&[])?;
        let bytes = context.body().await?;
        let Write { data, options, .. } = body::read(&bytes)?;
        if raw_object(data.get()).is_none() {
            return Err(Failure::invalid("`data` must be an object"));
        }
        let cas = options.and_then(|options| options.cas).map(|cas| cas.0);
        let named =
            self.named(path).ok_or_else(|| Failure::invalid("the path is not a name that the service accepts"))?;
        let (id, _locks) = self.locked(named).await;
        let id = match id {
            Ok(id) => Some(id),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        let value = stored(data.get(), self.secrets.keeps_text());
        match id {
            Some(id) => {
                context.require(Capability::Update)?;
                if let Some(wanted) = cas {
                    self.check_cas(&id, wanted).await?;
                }
                self.replace(context, &id, &value).await
            }
            None => {
                context.require(Capability::Create)?;
                self.create(context, named, path, cas, &value).await
            }
        }
    }

    /// `PATCH data/{path}`.
    pub(crate) async fn patch(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        self.check_writable()?;
        context.query.only(&[])?;
        context.require_content_type("application/merge-patch+json")?;
        let bytes = context.body().await?;
        let Write { data, options, .. } = body::read(&bytes)?;
        if raw_object(data.get()).is_none() {
            return Err(Failure::invalid("`data` must be an object"));
        }
        let cas = options.and_then(|options| options.cas).map(|cas| cas.0);
        let named = self.named(path).ok_or_else(Failure::not_found)?;
        let (id, _locks) = self.locked(named).await;
        let id = id.map_err(|error| match error.is_not_found() {
            true => Failure::not_found(),
            false => Failure::from(error),
        })?;
        if let Some(wanted) = cas {
            self.check_cas(&id, wanted).await?;
        }
        let before = self.secrets.fetch(&id, 0).await?;
        let shown = object(before.value.expose_secret()).map_err(|_| Failure::invalid("the secret is not JSON"))?;
        let after = merge(shown.get(), data.get())?;
        let value = stored(after.expose_secret(), self.secrets.keeps_text());
        // Another process may have written since. The number of the version does not always tell.
        let again = self.secrets.fetch(&id, 0).await?;
        let same = again.value.expose_secret() == before.value.expose_secret();
        if !same || again.version != before.version {
            return Err(mismatch());
        }
        self.replace(context, &id, &value).await
    }

    /// Compares the current version, and rejects a comparison that would say nothing.
    async fn check_cas(&self, id: &str, wanted: u64) -> Result<()> {
        let description = self.secrets.describe(id).await?;
        if description.versions.is_empty() {
            return Err(Failure::invalid(
                "`cas` cannot be checked: the bridge's credentials may not list the versions of the secret",
            ));
        }
        if description.current != wanted {
            return Err(mismatch());
        }
        let most = self.secrets.most_versions();
        if u64::try_from(description.versions.len()).is_ok_and(|kept| kept >= most) {
            return Err(Failure::invalid(format!(
                "`cas` cannot be checked: the service keeps {most} versions, so a write does not change the number"
            )));
        }
        Ok(())
    }

    async fn replace(&self, context: &Context<'_>, id: &str, value: &SecretString) -> Result<Reply> {
        // Other paths may name the same secret.
        let _forget = Forget(self, SecretRef::id(id));
        self.secrets.update(id, value).await?;
        self.written(context, id).await
    }

    async fn create(
        &self,
        context: &Context<'_>,
        named: Named<'_>,
        path: &str,
        cas: Option<u64>,
        value: &SecretString,
    ) -> Result<Reply> {
        if cas.is_some_and(|wanted| wanted != 0) {
            return Err(mismatch());
        }
        let SecretRef::Name(name) = named.0 else {
            return Err(Failure::invalid("the path is configured with the ID of a secret that does not exist"));
        };
        let description = self.pending.get(path);
        let _forget = Forget(self, named.0);
        let id = self.secrets.create(name, value, description.as_deref()).await?;
        self.pending.forget(path);
        self.written(context, &id).await
    }

    /// The response of a write that has succeeded. It must not fail any more: clients would write again.
    async fn written(&self, context: &Context<'_>, id: &str) -> Result<Reply> {
        match self.secrets.describe(id).await {
            Ok(description) if !description.versions.is_empty() => {
                context.data("kv", &About::new(&description.current()))
            }
            _ => {
                let warning = "the secret is written, but the number of its version could not be read";
                context.data_with("kv", &About::new(&Version::new(0, None)), &[warning])
            }
        }
    }

    /// `POST metadata/{path}`: labels are stored as the description of the secret.
    pub(crate) async fn write_metadata(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        self.check_writable()?;
        context.query.only(&[])?;
        let bytes = context.body().await?;
        let WriteMetadata { custom_metadata, .. } = body::read(&bytes)?;
        let Some(labels) = custom_metadata else { return Ok(Reply::empty()) };
        // Strings can always be written.
        let description = serde_json::to_string(&labels).unwrap_or_default();
        if description.len() > LONGEST {
            return Err(Failure::invalid(format!("`custom_metadata` is longer than {LONGEST} bytes as JSON")));
        }
        let named =
            self.named(path).ok_or_else(|| Failure::invalid("the path is not a name that the service accepts"))?;
        let (id, _locks) = self.locked(named).await;
        match id {
            Ok(id) => {
                context.require(Capability::Update)?;
                if self.secrets.describe(&id).await?.text.as_deref() != Some(&*description) {
                    self.secrets.set_description(&id, &description).await?;
                }
            }
            Err(error) if error.is_not_found() => {
                context.require(Capability::Create)?;
                if !self.pending.keep(path, description) {
                    return Err(Failure::invalid("too many secrets have metadata and no value"));
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Reply::empty())
    }

    /// `DELETE metadata/{path}`.
    pub(crate) async fn delete(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        self.check_writable()?;
        context.query.only(&[])?;
        let named = self.named(path).ok_or_else(Failure::not_found)?;
        let (id, _locks) = self.locked(named).await;
        let id = match id {
            Ok(id) => id,
            // As Vault responds for what is not there, or is being deleted.
            Err(error) if error.is_not_found() => return Ok(Reply::empty()),
            // A secret that is stopped is refused in the same way, and is not deleted by that.
            Err(error) if error.is_conflict() && self.deleted(named).await?.is_some() => return Ok(Reply::empty()),
            Err(error) => return Err(error.into()),
        };
        let _forget = Forget(self, SecretRef::id(&id));
        self.secrets.delete(&id).await?;
        Ok(Reply::empty())
    }
}

fn mismatch() -> Failure {
    Failure::invalid("check-and-set parameter did not match the current version")
}
