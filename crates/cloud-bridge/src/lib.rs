#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit;
mod body;
mod bridge;
mod cli;
pub mod command;
mod config;
mod context;
mod failure;
#[cfg(unix)]
mod k8s;
mod keys;
mod kv;
mod metrics;
mod mount;
mod path;
mod policy;
mod random;
mod reply;
mod request;
mod route;
mod secrets;
mod server;
mod sys;
#[cfg(test)]
#[path = "../tests/common/folder.rs"]
mod testing;
mod tokens;
mod trail;
mod transit;

pub use bridge::{Bridge, BridgeBuilder, Names};
#[doc(no_inline)]
pub use cloud_core;
pub use config::{Clouds, Config, Mount, MountType, Tls, Vendor};
pub use failure::{Failure, Result};
#[cfg(unix)]
pub use k8s::{KmsPlugin, KmsPluginBuilder, KmsServer};
pub use keys::nhn::NhnKeys;
pub use keys::scp::ScpKeys;
pub use keys::{DataKey, Key, KeyName, KeyUsage, Keys, Signing, Versioned};
pub use policy::Capability;
pub use secrets::nhn::NhnSecrets;
pub use secrets::scp::ScpSecrets;
pub use secrets::{Description, Fetched, Secrets, Version};
pub use server::{Server, ServerLimits, TlsFiles};
