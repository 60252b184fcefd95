#![doc = include_str!("../README.md")]

pub mod config;
mod dialect;
pub mod endpoint;
mod generated;
mod identity;
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

#[doc(no_inline)]
pub use cloud_core::{
    self, Call, Error, ErrorKind, ExposeSecret, KeyMaterial, Period, Response, Result, RetryPolicy, SecretString,
    Settings, Timestamp,
};
pub use config::NhnBuilder;
pub use endpoint::Realm;
pub use nhn::Nhn;
