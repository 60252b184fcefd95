//! A local server that plays the security APIs of three cloud vendors.
//!
#![doc = include_str!("../README.md")]

mod answers;
mod catalogue;
mod check;
mod clock;
mod fixtures;
mod ids;
mod nhn;
mod risken;
mod sandbox;
mod scp;
mod settings;
mod wire;
mod world;

pub use crate::answers::{Answers, UnknownAnswers};
pub use crate::sandbox::{Builder, Sandbox};
