#![doc = include_str!("../README.md")]

mod builder;
mod client_identity;
mod dialect;
mod env;
mod generated;
mod hosts;
mod nhn;
mod token;

// codegen: modules nhn
#[cfg(feature = "secure-key-manager")]
pub mod secure_key_manager;
#[cfg(feature = "security-advisor")]
pub mod security_advisor;
#[cfg(feature = "server-security-check")]
pub mod server_security_check;
// /codegen

pub use builder::NhnBuilder;
#[doc(no_inline)]
pub use cloud_core::{
    self, Call, ConfigSource, Endpoint, Error, ErrorKind, ExposeSecret, KeyMaterial, Period, Response, Result,
    RetryPolicy, Runtime, SecretString, Settings, Timestamp, Transport,
};
pub use hosts::Realm;
pub use nhn::Nhn;
