#![doc = include_str!("../README.md")]

mod builder;
mod dialect;
mod env;
mod generated;
mod risken;
mod sign;

// codegen: modules risken
#[cfg(feature = "aws")]
pub mod aws;
// /codegen

pub use builder::RiskenBuilder;
#[doc(no_inline)]
pub use cloud_core::{
    self, Call, ConfigSource, Endpoint, Error, ErrorCategory, ErrorKind, ExposeSecret, Response, Result, RetryPolicy,
    Runtime, SecretString, Settings, Transport, UnixSeconds,
};
pub use risken::Risken;
