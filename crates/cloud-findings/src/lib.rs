#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod diff;
mod event;
#[cfg(feature = "fleet")]
pub mod fleet;
mod jsonl;
mod numbers;
mod objects;
#[cfg(feature = "parquet")]
mod parquet;
pub mod reason;
mod report;
mod scope;

#[doc(no_inline)]
pub use cloud_core;
#[doc(inline)]
pub use cloud_core::{Error, ErrorKind, Json, Result};
pub use diff::{Change, Diff, diff};
pub use event::Event;
pub use jsonl::SUMMARY;
pub use numbers::{Activity, Class, ComplianceStatus, Millis, Severity, Status};
pub use objects::{Account, Cloud, Compliance, FindingInfo, Metadata, Product, Remediation, Resource};
pub use report::{Gap, Report};
pub use scope::{Scope, record, uid};

/// The version of the OCSF schema that the events follow.
pub const OCSF_VERSION: &str = "1.8.0";
