#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod cache;
mod flights;
mod inner;
mod login;
mod metrics;
mod slot;
mod store;
mod watch;

pub use builder::SecretCacheBuilder;
pub use cache::SecretCache;
#[doc(no_inline)]
pub use cloud_core;
#[doc(inline)]
pub use cloud_core::{Error, ErrorCategory, ErrorKind, Result, Runtime, SecretRef, SecretSource, SecretString};
pub use login::{Login, LoginError};
pub use metrics::Metrics;
pub use watch::{Rotation, Watch};
