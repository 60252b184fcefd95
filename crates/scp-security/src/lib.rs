#![doc = include_str!("../README.md")]

pub mod config;
pub mod credentials;
mod dialect;
mod generated;
mod scp;
mod sign;

// codegen: modules scp
#[cfg(feature = "certificate-manager")]
pub mod certificate_manager;
#[cfg(feature = "config-inspection")]
pub mod config_inspection;
#[cfg(feature = "kms")]
pub mod kms;
#[cfg(feature = "secret-vault")]
pub mod secret_vault;
#[cfg(feature = "secrets-manager")]
pub mod secrets_manager;
// /codegen

#[doc(no_inline)]
pub use cloud_core::{
    self, Call, Error, ErrorKind, ExposeSecret, OneOrMany, Patch, Response, Result, RetryPolicy, SecretString,
    Settings, Timestamp,
};
pub use scp::{Scp, ScpBuilder};
