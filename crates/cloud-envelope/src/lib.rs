#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("cloud-envelope needs a cryptographic library: enable the feature `ring` or `aws-lc-rs`");

mod builder;
mod context;
mod error;
mod frame;
mod header;
mod keys;
mod limits;
mod message;
#[cfg(feature = "parquet")]
pub mod parquet;
mod sealer;
mod stream;
mod suite;

pub use builder::SealerBuilder;
#[doc(no_inline)]
pub use cloud_core;
#[doc(inline)]
pub use cloud_core::{DataKey, DataKeySource, SecretBytes, WrappedKey};
pub use context::{Context, Pairs};
pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use sealer::{Opened, OpenedStream, Sealer};
