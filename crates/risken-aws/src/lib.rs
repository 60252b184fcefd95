#![doc = include_str!("../README.md")]

pub mod config;
mod dialect;
mod generated;
mod risken;
mod sign;

// codegen: modules risken
#[cfg(feature = "aws")]
pub mod aws;
// /codegen

#[doc(no_inline)]
pub use cloud_core::{
    self, Call, Error, ErrorKind, ExposeSecret, Response, Result, RetryPolicy, SecretString, Settings, UnixSeconds,
};
pub use config::RiskenBuilder;
pub use risken::Risken;
