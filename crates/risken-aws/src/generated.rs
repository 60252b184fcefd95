//! The hand-written parent of the generated modules: what holds for all of them stands here.
//!
//! The files below it are made by `cargo xtask codegen` from `fixtures/risken` and not edited by hand.

#[cfg(feature = "aws")]
#[rustfmt::skip]
pub(crate) mod aws;
