//! A local server that emulates the security APIs of three cloud vendors.
//!
#![doc = include_str!("../README.md")]

mod accounts;
mod admin;
mod call;
mod clock;
mod engine;
mod faults;
mod fixtures;
mod http;
mod ids;
mod nhn;
mod private_file;
mod provider;
mod risken;
mod rng;
mod rsa_keys;
mod sandbox;
mod scp;
mod server;
mod settings;
#[doc(hidden)]
pub mod spec;
mod state;
mod vendor;
mod vendors;

pub use crate::admin::LoggedCall;
pub use crate::faults::{Fault, InvalidPattern, RefusedFault};
pub use crate::nhn::{ClientIdentity, NhnStatuses};
#[cfg(feature = "_fuzzing")]
pub use crate::sandbox::InProcess;
pub use crate::sandbox::{Sandbox, SandboxBuilder};
pub use crate::spec::example::{Answers, UnknownAnswers};
