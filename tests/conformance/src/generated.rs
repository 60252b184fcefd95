//! The hand-written parent of the generated tables of calls.
//!
//! The files below it are made by `cargo xtask codegen` from `fixtures/` and not edited by hand.

#[rustfmt::skip]
pub(crate) mod nhn;
#[rustfmt::skip]
pub(crate) mod risken;
#[rustfmt::skip]
pub(crate) mod scp;
