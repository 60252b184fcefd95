#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod client_identity;
mod dialect;
mod env;
mod generated;
mod hosts;
mod key_material;
mod names;
mod nhn;
mod period;
mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod token;

// codegen: modules nhn
#[cfg(feature = "secure-key-manager")]
pub mod secure_key_manager;
#[cfg(feature = "security-advisor")]
pub mod security_advisor;
#[cfg(feature = "server-security-check")]
pub mod server_security_check;
#[cfg(feature = "secure-key-manager")]
pub use secure_key_manager::SecureKeyManagerClient;
#[cfg(feature = "security-advisor")]
pub use security_advisor::SecurityAdvisorClient;
#[cfg(feature = "server-security-check")]
pub use server_security_check::ServerSecurityCheckClient;
// /codegen

pub use builder::NhnBuilder;
#[doc(no_inline)]
pub use cloud_core;
#[cfg(feature = "blocking")]
#[doc(inline)]
pub use cloud_core::blocking;
#[doc(inline)]
pub use cloud_core::{
    Advice, BoxFuture, Call, ConfigSource, DataKey, DataKeySource, Delivery, Endpoint, Error, ErrorCategory, ErrorKind,
    Incomplete, IncompleteReason, Items, Json, Lenient, Listing, Networks, Page, Pages, Response, ResponseParts,
    Result, RetryPolicy, Runtime, SecretBytes, SecretRef, SecretSource, SecretString, Settings, Timestamp, Transport,
    WrappedKey,
};
pub use hosts::Realm;
pub use key_material::KeyMaterial;
pub use names::{Language, Region};
pub use nhn::Nhn;
pub use period::Period;
