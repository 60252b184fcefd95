#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod dialect;
mod env;
mod generated;
#[cfg(any(feature = "aws", feature = "finding"))]
mod ids;
mod policy;
#[cfg(any(feature = "aws", feature = "finding"))]
mod present;
mod risken;
mod sign;
#[cfg(feature = "testing")]
pub mod testing;

// codegen: modules risken
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "finding")]
pub mod finding;
#[cfg(feature = "aws")]
pub use aws::AwsClient;
#[cfg(feature = "finding")]
pub use finding::FindingClient;
// /codegen

pub use builder::RiskenBuilder;
#[doc(no_inline)]
pub use cloud_core;
#[cfg(feature = "blocking")]
#[doc(inline)]
pub use cloud_core::blocking;
#[doc(inline)]
pub use cloud_core::{
    Advice, BoxFuture, Call, ConfigSource, Delivery, Endpoint, Error, ErrorCategory, ErrorKind, Incomplete,
    IncompleteReason, Items, Json, JsonText, Lenient, Listing, Page, Pages, Response, ResponseParts, Result,
    RetryPolicy, Runtime, SecretBytes, SecretString, Settings, Timestamp, Transport, UnixSeconds,
};
#[cfg(any(feature = "aws", feature = "finding"))]
pub use ids::{AwsDataSourceId, AwsId, FindingId, FindingTagId, ProjectId};
pub use policy::{Policy, policy_for};
pub use risken::Risken;
