//! Reading secrets: values through the cache, and what is known of them from the service.

use http::StatusCode;
use serde::Serialize;

use super::cache::Held;
use super::document::{About, Data, Metadata, object};
use super::subkeys::Subkeys;
use super::{Kv, Named};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::reply::Reply;
use cloud_core::SecretRef;

#[derive(Serialize)]
struct Config {
    cas_required: bool,
    delete_version_after: &'static str,
    max_versions: u64,
}

#[derive(Serialize)]
struct Keys<T> {
    keys: T,
}

#[derive(Serialize)]
struct Shown {
    metadata: About,
    subkeys: Subkeys,
}

fn internal(_: serde_json::Error) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the secret cannot be written as JSON")
}

impl Kv {
    /// `GET config`.
    pub(crate) fn config(&self, context: &Context<'_>) -> Result<Reply> {
        context.query.only(&[])?;
        context.data("kv", &Config { cas_required: false, delete_version_after: "0s", max_versions: 0 })
    }

    /// `GET data/{path}`.
    pub(crate) async fn read(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        context.query.only(&["version"])?;
        let held = self.held(context, path).await?;
        let (version, value) = held.read();
        let data = object(value).map_err(internal)?;
        context.data("kv", &Data { data: Some(&data), metadata: About::new(&version) })
    }

    /// Reads the version of a secret that the query asks for.
    async fn held(&self, context: &Context<'_>, path: &str) -> Result<Held> {
        let version = context.query.number("version")?;
        // No secret has such a version. So clients cannot make the cache remember any number of them.
        if version > self.secrets.most_versions() {
            return Err(Failure::not_found());
        }
        let named = self.named(path).ok_or_else(Failure::not_found)?;
        match self.cache.get(named.0, version).await {
            Ok(held) => Ok(held),
            Err(error) => Err(self.missing(context, named, error).await),
        }
    }

    /// `GET subkeys/{path}`.
    pub(crate) async fn subkeys(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        context.query.only(&["version", "depth"])?;
        let depth = context.query.number("depth")?;
        let held = self.held(context, path).await?;
        let (version, value) = held.read();
        let data = object(value).map_err(internal)?;
        let subkeys: Subkeys = serde_json::from_str(data.get()).map_err(internal)?;
        context.data("kv", &Shown { metadata: About::new(&version), subkeys: subkeys.limited(depth) })
    }

    /// `GET metadata/{path}`.
    pub(crate) async fn metadata(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        context.query.only(&[])?;
        let named = self.named(path).ok_or_else(Failure::not_found)?;
        let id = match self.id(named).await {
            Ok(id) => id,
            Err(error) if error.is_conflict() => self.deleted(named).await?.ok_or_else(|| Failure::from(error))?,
            Err(error) => return Err(plainly(error)),
        };
        context.data("kv", &Metadata::new(&self.secrets.describe(&id).await?))
    }

    /// `LIST metadata/{path}`.
    pub(crate) async fn list(&self, context: &Context<'_>, path: &str) -> Result<Reply> {
        context.query.only(&[])?;
        let keys = self.names(path).await?;
        if keys.is_empty() { Err(Failure::not_found()) } else { context.data("kv", &Keys { keys }) }
    }

    /// The failure of a read. Vault describes a version that was deleted.
    async fn missing(&self, context: &Context<'_>, named: Named<'_>, error: cloud_core::Error) -> Failure {
        if !error.is_conflict() {
            return plainly(error);
        }
        match self.describe_deleted(context, named).await {
            Ok(Some(reply)) => Failure::not_found().with_body(reply.body().clone()),
            Ok(None) => Failure::from(error),
            Err(failure) => failure,
        }
    }

    async fn describe_deleted(&self, context: &Context<'_>, named: Named<'_>) -> Result<Option<Reply>> {
        let Some(id) = self.deleted(named).await? else { return Ok(None) };
        let description = self.secrets.describe(&id).await?;
        if description.deletion.is_none() {
            return Ok(None);
        }
        context.data("kv", &Data { data: None, metadata: About::deleted(&description) }).map(Some)
    }

    /// The ID of a secret that is scheduled for deletion.
    pub(super) async fn deleted(&self, named: Named<'_>) -> Result<Option<String>> {
        match named.0 {
            SecretRef::Id(id) => Ok(Some(id.to_owned())),
            SecretRef::Name(name) => self.secrets.find_deleted(name).await,
            _ => Ok(None),
        }
    }
}

/// The failure of a lookup. If the secret does not exist, Vault's response gives no reason.
fn plainly(error: cloud_core::Error) -> Failure {
    if error.is_not_found() { Failure::not_found() } else { Failure::from(error) }
}
