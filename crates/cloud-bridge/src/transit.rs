//! The transit engine over the keys of a cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::keys::{Key, KeyUsage, NamedKeys};
use crate::policy::Capability;
use crate::reply::Reply;
use crate::request::Verb;

mod batch;
mod crypt;
mod datakey;
mod sign;

/// What a request wants of a mount, with the name of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Encrypt(String),
    Decrypt(String),
    Rewrap(String),
    /// The key, and whether its plaintext is wanted.
    DataKey(String, bool),
    /// The key and the algorithm of the path.
    Sign(String, Option<String>),
    Verify(String, Option<String>),
    Hmac(String, Option<String>),
    /// The number of bytes of the path.
    Random(Option<String>),
    Show(String),
    List,
}

impl Operation {
    /// What a verb means on a path within the mount.
    pub(crate) fn read(verb: Verb, parts: &[&str]) -> Result<Self> {
        let own = |text: &&str| (*text).to_owned();
        Ok(match (verb, parts) {
            (Verb::Post, ["encrypt", key]) => Self::Encrypt(own(key)),
            (Verb::Post, ["decrypt", key]) => Self::Decrypt(own(key)),
            (Verb::Post, ["rewrap", key]) => Self::Rewrap(own(key)),
            (Verb::Post, ["datakey", "plaintext", key]) => Self::DataKey(own(key), true),
            (Verb::Post, ["datakey", "wrapped", key]) => Self::DataKey(own(key), false),
            (Verb::Post, ["sign", key]) => Self::Sign(own(key), None),
            (Verb::Post, ["sign", key, hash]) => Self::Sign(own(key), Some(own(hash))),
            (Verb::Post, ["verify", key]) => Self::Verify(own(key), None),
            (Verb::Post, ["verify", key, hash]) => Self::Verify(own(key), Some(own(hash))),
            (Verb::Post, ["hmac", key]) => Self::Hmac(own(key), None),
            (Verb::Post, ["hmac", key, hash]) => Self::Hmac(own(key), Some(own(hash))),
            (Verb::Post, ["random"] | ["random", "platform"]) => Self::Random(None),
            (Verb::Post, ["random", bytes] | ["random", "platform", bytes]) => Self::Random(Some(own(bytes))),
            (Verb::Get, ["keys", key]) => Self::Show(own(key)),
            (Verb::List, ["keys"]) => Self::List,
            (_, ["keys", ..]) => return Err(Failure::unsupported("keys are made and changed at the cloud, not here")),
            (_, ["export" | "backup" | "restore" | "byok-export", ..]) => {
                return Err(Failure::unsupported("keys never leave the service: export and backup are not supported"));
            }
            (_, ["hash" | "cache-config" | "config" | "wrapping_key" | "datakey" | "random", ..]) => {
                return Err(Failure::unsupported("this part of the transit API is not supported by this bridge"));
            }
            (_, ["encrypt" | "decrypt" | "rewrap" | "sign" | "verify" | "hmac", ..]) => {
                return Err(Failure::unsupported("unsupported operation"));
            }
            _ => return Err(Failure::not_found()),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Encrypt(_) => "encrypt",
            Self::Decrypt(_) => "decrypt",
            Self::Rewrap(_) => "rewrap",
            Self::DataKey(..) => "datakey",
            Self::Sign(..) => "sign",
            Self::Verify(..) => "verify",
            Self::Hmac(..) => "hmac",
            Self::Random(_) => "random",
            Self::Show(_) => "show",
            Self::List => "list",
        }
    }

    /// What the policy must permit on the request's path.
    pub(crate) fn capabilities(&self) -> &'static [Capability] {
        match self {
            Self::Show(_) => &[Capability::Read],
            Self::List => &[Capability::List],
            _ => &[Capability::Update],
        }
    }

    /// Carries the operation out.
    pub(crate) async fn run(self, keys: &NamedKeys, context: &Context<'_>) -> Result<Reply> {
        context.query.only(&[])?;
        match self {
            Self::Encrypt(key) => crypt::encrypt(keys, context, &key).await,
            Self::Decrypt(key) => crypt::decrypt(keys, context, &key).await,
            Self::Rewrap(key) => crypt::rewrap(keys, context, &key).await,
            Self::DataKey(key, plaintext) => datakey::create(keys, context, &key, plaintext).await,
            Self::Sign(key, hash) => sign::sign(keys, context, &key, hash.as_deref()).await,
            Self::Verify(key, hash) => sign::verify(keys, context, &key, hash.as_deref()).await,
            Self::Hmac(key, hash) => sign::hmac(keys, context, &key, hash.as_deref()).await,
            Self::Random(bytes) => datakey::random(context, bytes.as_deref()).await,
            Self::Show(key) => show(keys, context, &key).await,
            Self::List => list(keys, context).await,
        }
    }
}

#[derive(Serialize)]
struct Names {
    keys: Vec<String>,
}

async fn list(keys: &NamedKeys, context: &Context<'_>) -> Result<Reply> {
    let names = keys.list().await?;
    if names.is_empty() { Err(Failure::not_found()) } else { context.data("transit", &Names { keys: names }) }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Version<'a> {
    /// The time of creation, in seconds.
    Symmetric(i64),
    Asymmetric {
        creation_time: String,
        name: &'a str,
        public_key: &'a str,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    latest_version: u64,
    min_available_version: u64,
    min_decryption_version: u64,
    min_encryption_version: u64,
    /// Of the newest version alone: the clouds do not list the others.
    keys: BTreeMap<u64, Version<'a>>,
    /// In seconds.
    auto_rotate_period: u64,
    supports_encryption: bool,
    supports_decryption: bool,
    supports_signing: bool,
    supports_derivation: bool,
    derived: bool,
    exportable: bool,
    allow_plaintext_backup: bool,
    deletion_allowed: bool,
    imported_key: bool,
}

async fn show(keys: &NamedKeys, context: &Context<'_>, name: &str) -> Result<Reply> {
    let plainly = |failure: Failure| match failure.status().as_u16() {
        404 => Failure::not_found(),
        _ => failure,
    };
    let key = keys.show(name).await.map_err(plainly)?;
    context.data("transit", &shown(name, &key))
}

fn shown<'a>(name: &'a str, key: &'a Key) -> Shown<'a> {
    let version = match &key.public_key {
        Some(public_key) => {
            Version::Asymmetric { creation_time: crate::audit::written(key.created), name: &key.algorithm, public_key }
        }
        None => Version::Symmetric(key.created.unix_timestamp()),
    };
    let encrypts = matches!(key.usage, KeyUsage::Encrypt | KeyUsage::EncryptAndSign);
    Shown {
        name,
        kind: &key.algorithm,
        latest_version: key.version,
        min_available_version: 0,
        min_decryption_version: 1,
        min_encryption_version: 0,
        keys: BTreeMap::from([(key.version, version)]),
        auto_rotate_period: u64::from(key.rotation_days) * 86_400,
        supports_encryption: encrypts,
        supports_decryption: encrypts,
        supports_signing: matches!(key.usage, KeyUsage::Sign | KeyUsage::EncryptAndSign),
        supports_derivation: false,
        derived: false,
        exportable: false,
        allow_plaintext_backup: false,
        deletion_allowed: false,
        imported_key: false,
    }
}

/// The keys and the ID of one of them, shared by the items of a batch.
#[derive(Clone)]
struct Chosen {
    keys: Arc<dyn crate::keys::Keys>,
    id: Arc<str>,
}

impl Chosen {
    async fn new(keys: &NamedKeys, name: &str) -> Result<Self> {
        let id = keys.id_to_use(name).await?;
        Ok(Self { keys: Arc::clone(&keys.keys), id: id.into() })
    }
}
