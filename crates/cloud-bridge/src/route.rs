//! Which operation a path and a verb mean.

use crate::failure::{Failure, Result};
use crate::keys::NamedKeys;
use crate::kv::{self, Kv};
use crate::mount::{Engine, Mounts};
use crate::policy::Capability;
use crate::request::Verb;
use crate::transit;

/// What a request wants.
#[derive(Debug)]
pub(crate) enum Route<'m> {
    Mounts,
    /// The mount of a path, which is what follows.
    MountOf,
    Metrics,
    CapabilitiesSelf,
    LookupSelf,
    RenewSelf,
    Transit(&'m NamedKeys, transit::Operation),
    Kv(&'m Kv, kv::Operation),
}

/// Where a request is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) mount: String,
    pub(crate) operation: &'static str,
}

impl<'m> Route<'m> {
    /// Finds the operation.
    pub(crate) fn read(mounts: &'m Mounts, verb: Verb, parts: &[&str]) -> Result<Self> {
        match (verb, parts) {
            (Verb::Get, ["sys", "mounts"]) => Ok(Self::Mounts),
            (Verb::Get, ["sys", "internal", "ui", "mounts", ..]) => Ok(Self::MountOf),
            (Verb::Get, ["sys", "metrics"]) => Ok(Self::Metrics),
            (Verb::Post, ["sys", "capabilities-self"]) => Ok(Self::CapabilitiesSelf),
            (Verb::Get, ["auth", "token", "lookup-self"]) => Ok(Self::LookupSelf),
            (Verb::Post, ["auth", "token", "renew-self"]) => Ok(Self::RenewSelf),
            (_, ["auth", ..]) => Err(Failure::unsupported(
                "tokens are in the bridge's policy file: this part of the auth API is not supported",
            )),
            (_, ["sys", ..]) => Err(Failure::unsupported("this part of the sys API is not supported by this bridge")),
            _ => {
                let (mount, rest) = mounts.find(parts).ok_or_else(no_handler)?;
                match &mount.engine {
                    Engine::Transit(keys) => Ok(Self::Transit(keys, transit::Operation::read(verb, rest)?)),
                    Engine::Kv(kv) => Ok(Self::Kv(kv, kv::Operation::read(verb, rest)?)),
                }
            }
        }
    }

    /// What the policy must permit on the path: one of these, or nothing for what each token may do.
    pub(crate) fn capabilities(&self) -> &'static [Capability] {
        match self {
            Self::Mounts | Self::Metrics => &[Capability::Read],
            Self::MountOf | Self::CapabilitiesSelf | Self::LookupSelf | Self::RenewSelf => &[],
            Self::Transit(_, operation) => operation.capabilities(),
            Self::Kv(_, operation) => operation.capabilities(),
        }
    }

    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Mounts => "mounts",
            Self::MountOf => "mount_of",
            Self::Metrics => "metrics",
            Self::CapabilitiesSelf => "capabilities_self",
            Self::LookupSelf => "lookup_self",
            Self::RenewSelf => "renew_self",
            Self::Transit(_, operation) => operation.name(),
            Self::Kv(_, operation) => operation.name(),
        }
    }
}

fn no_handler() -> Failure {
    Failure::new(http::StatusCode::NOT_FOUND, "no handler for route")
}
