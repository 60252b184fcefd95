//! KV version 2 over the secrets of a cloud.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use cloud_core::{Runtime, SecretRef};

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::policy::Capability;
use crate::reply::Reply;
use crate::request::Verb;
use crate::secrets::Secrets;

mod cache;
mod document;
mod locks;
mod merge;
mod pending;
mod read;
mod subkeys;
mod write;

pub(crate) use cache::{Cache, Lifetimes};
use locks::Locks;
use pending::Pending;

/// A mount with secrets.
pub(crate) struct Kv {
    secrets: Arc<dyn Secrets>,
    cache: Cache,
    /// Paths of the configuration, each for the name or ID of a secret.
    paths: BTreeMap<String, String>,
    writable: bool,
    locks: Locks,
    pending: Pending,
}

/// A secret as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named<'a>(SecretRef<'a>);

impl<'a> Named<'a> {
    /// What the lock of the secret is held under.
    fn key(self) -> &'a str {
        match self.0 {
            SecretRef::Id(text) | SecretRef::Name(text) => text,
            _ => "",
        }
    }
}

/// What a request wants of a mount. Each has the path within `data`, `metadata` or another part of the API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Config,
    Read(String),
    Subkeys(String),
    Metadata(String),
    List(String),
    Write(String),
    Patch(String),
    WriteMetadata(String),
    Delete(String),
}

impl Kv {
    pub(crate) fn new(
        secrets: Arc<dyn Secrets>,
        paths: BTreeMap<String, String>,
        writable: bool,
        lifetimes: Lifetimes,
        runtime: &Arc<dyn Runtime>,
    ) -> Self {
        let cache = Cache::new(Arc::clone(&secrets), lifetimes, Arc::clone(runtime));
        Self { secrets, cache, paths, writable, locks: Locks::default(), pending: Pending::new(Arc::clone(runtime)) }
    }

    pub(crate) fn metrics(&self) -> cloud_secrets::Metrics {
        self.cache.metrics()
    }

    /// The secret that a path names: by the configuration, or else by its own name.
    fn named<'a>(&'a self, path: &'a str) -> Option<Named<'a>> {
        let name = self.paths.get(path).map_or(path, String::as_str);
        let mapped = self.paths.contains_key(path);
        if mapped && name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(Named(SecretRef::id(name)));
        }
        ((mapped || !name.contains('/')) && self.secrets.is_name(name)).then(|| Named(SecretRef::name(name)))
    }

    /// The ID of a secret. It is looked up at the service.
    async fn id(&self, named: Named<'_>) -> cloud_core::Result<String> {
        match named.0 {
            SecretRef::Id(id) => Ok(id.to_owned()),
            SecretRef::Name(name) => self.secrets.resolve(name).await,
            _ => Err(cloud_core::Error::request("the secret is neither an ID nor a name")),
        }
    }

    /// The names below a path: secrets, and folders with a slash.
    async fn names(&self, path: &str) -> Result<BTreeSet<String>> {
        let mut all: BTreeSet<String> = self.paths.keys().cloned().collect();
        all.extend(self.secrets.list().await?);
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = all.iter().filter_map(|name| name.strip_prefix(&prefix));
        let next = |name: &str| match name.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => name.to_owned(),
        };
        Ok(below.map(next).collect())
    }

    /// Rejects what changes a secret unless the mount is writable.
    fn check_writable(&self) -> Result<()> {
        match self.writable {
            true => Ok(()),
            false => Err(Failure::unsupported("this mount is read-only: the bridge was started without --writable")),
        }
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kv").field("secrets", &self.secrets).field("writable", &self.writable).finish_non_exhaustive()
    }
}

impl Operation {
    /// What a verb means on a path within the mount.
    pub(crate) fn read(verb: Verb, parts: &[&str]) -> Result<Self> {
        let (first, rest) = match *parts {
            [first, ref rest @ ..] => (first, rest.join("/")),
            [] => return Err(Failure::not_found()),
        };
        let named = !rest.is_empty();
        match (first, verb) {
            ("config", Verb::Get) if !named => Ok(Self::Config),
            ("data", Verb::Get) if named => Ok(Self::Read(rest)),
            ("data", Verb::Post) if named => Ok(Self::Write(rest)),
            ("data", Verb::Patch) if named => Ok(Self::Patch(rest)),
            ("subkeys", Verb::Get) if named => Ok(Self::Subkeys(rest)),
            ("metadata", Verb::List) => Ok(Self::List(rest)),
            ("metadata", Verb::Get) if named => Ok(Self::Metadata(rest)),
            ("metadata", Verb::Post) if named => Ok(Self::WriteMetadata(rest)),
            ("metadata", Verb::Delete) if named => Ok(Self::Delete(rest)),
            ("data", Verb::Delete) | ("delete" | "undelete" | "destroy", _) => Err(Failure::unsupported(
                "no cloud deletes a single version of a secret: DELETE metadata/{path} schedules the secret's deletion",
            )),
            ("config" | "data" | "subkeys" | "metadata", _) => Err(Failure::unsupported("unsupported operation")),
            _ => Err(Failure::not_found()),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Read(_) => "read",
            Self::Subkeys(_) => "subkeys",
            Self::Metadata(_) => "metadata",
            Self::List(_) => "list",
            Self::Write(_) => "write",
            Self::Patch(_) => "patch",
            Self::WriteMetadata(_) => "write_metadata",
            Self::Delete(_) => "delete",
        }
    }

    /// Whether it can add a version or a secret each time that it is carried out.
    pub(crate) fn is_unsafe(&self) -> bool {
        matches!(self, Self::Write(_) | Self::Patch(_))
    }

    /// Whether it changes a secret.
    pub(crate) fn is_change(&self) -> bool {
        matches!(self, Self::Write(_) | Self::Patch(_) | Self::WriteMetadata(_) | Self::Delete(_))
    }

    /// Carries the operation out.
    pub(crate) async fn run(self, kv: &Kv, context: &Context<'_>) -> Result<Reply> {
        match self {
            Self::Config => kv.config(context),
            Self::Read(path) => kv.read(context, &path).await,
            Self::Subkeys(path) => kv.subkeys(context, &path).await,
            Self::Metadata(path) => kv.metadata(context, &path).await,
            Self::List(path) => kv.list(context, &path).await,
            Self::Write(path) => kv.write(context, &path).await,
            Self::Patch(path) => kv.patch(context, &path).await,
            Self::WriteMetadata(path) => kv.write_metadata(context, &path).await,
            Self::Delete(path) => kv.delete(context, &path).await,
        }
    }

    /// What the policy must permit on the request's path; a write needs one of two, and is decided on later.
    pub(crate) fn capabilities(&self) -> &'static [Capability] {
        match self {
            Self::Config | Self::Read(_) | Self::Subkeys(_) | Self::Metadata(_) => &[Capability::Read],
            Self::List(_) => &[Capability::List],
            Self::Write(_) | Self::WriteMetadata(_) => &[Capability::Create, Capability::Update],
            Self::Patch(_) => &[Capability::Update],
            Self::Delete(_) => &[Capability::Delete],
        }
    }
}
