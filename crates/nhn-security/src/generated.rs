//! The hand-written parent of the generated modules: what holds for all of them stands here.
//!
//! The files below it are made by `cargo xtask codegen` from `fixtures/nhn` and not edited by hand.

#[cfg(feature = "secure-key-manager")]
#[rustfmt::skip]
pub(crate) mod secure_key_manager;
#[cfg(feature = "security-advisor")]
#[rustfmt::skip]
pub(crate) mod security_advisor;
#[cfg(feature = "server-security-check")]
#[rustfmt::skip]
pub(crate) mod server_security_check;
