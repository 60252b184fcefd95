#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
#[cfg(any(feature = "kms", feature = "rustls", feature = "secrets-manager"))]
mod by_name;
#[cfg(feature = "rustls")]
mod cert_resolver;
pub mod credentials;
mod dialect;
mod env;
mod generated;
mod hosts;
#[cfg(feature = "config-inspection")]
mod links;
mod names;
mod scp;
mod sign;
mod signing_key;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(any(feature = "kms", feature = "secrets-manager"))]
mod usable;
#[cfg(any(feature = "certificate-manager", feature = "config-inspection", feature = "kms"))]
mod verdict;

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
#[cfg(feature = "certificate-manager")]
pub use certificate_manager::CertificateManagerClient;
#[cfg(feature = "config-inspection")]
pub use config_inspection::ConfigInspectionClient;
#[cfg(feature = "kms")]
pub use kms::KmsClient;
#[cfg(feature = "secret-vault")]
pub use secret_vault::SecretVaultClient;
#[cfg(feature = "secrets-manager")]
pub use secrets_manager::SecretsManagerClient;
// /codegen

pub use builder::ScpBuilder;
#[cfg(feature = "rustls")]
pub use cert_resolver::{CertResolver, CertResolverBuilder, CertStatus};
#[doc(no_inline)]
pub use cloud_core;
#[cfg(feature = "blocking")]
#[doc(inline)]
pub use cloud_core::blocking;
#[doc(inline)]
pub use cloud_core::{
    Advice, BoxFuture, Call, ConfigSource, DataKey, DataKeySource, DateOrTime, Days, Delivery, Endpoint, Error,
    ErrorCategory, ErrorKind, Hmac, Hours, Incomplete, IncompleteReason, Items, Json, Lenient, Listing, Networks,
    OneOrMany, Page, Pages, Patch, Pem, Response, ResponseParts, Result, RetryPolicy, Runtime, SecretBytes, SecretJson,
    SecretRef, SecretSource, SecretString, Settings, Sort, Timestamp, Transport, WrappedKey,
};
pub use hosts::Environment;
pub use names::{Language, Region};
pub use scp::Scp;
