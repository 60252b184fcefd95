//! A local server that plays the security APIs of three cloud vendors.
//!
#![doc = include_str!("../README.md")]

mod answers;
mod call;
mod catalogue;
mod check;
mod clock;
mod control;
mod fixtures;
mod forge;
mod ids;
mod line;
mod nhn;
mod private;
mod project;
mod refusal;
mod registry;
mod risken;
mod rng;
mod sandbox;
mod scp;
mod serving;
mod settings;
mod state;
mod tls;
mod wire;
mod world;

pub use crate::answers::{Answers, UnknownAnswers};
pub use crate::control::{Fault, InvalidPattern, LoggedCall};
pub use crate::nhn::{ClientIdentity, NhnStatuses};
#[cfg(feature = "fuzzing")]
pub use crate::sandbox::InProcess;
pub use crate::sandbox::{Builder, Sandbox};
