//! The hand-written parent of the generated modules: what holds for all of them stands here.
//!
//! The files below it are made by `cargo xtask codegen` from `fixtures/scp` and not edited by hand.

#[cfg(feature = "certificate-manager")]
#[rustfmt::skip]
pub(crate) mod certificate_manager;
#[cfg(feature = "config-inspection")]
#[rustfmt::skip]
pub(crate) mod config_inspection;
#[cfg(feature = "kms")]
#[rustfmt::skip]
pub(crate) mod kms;
#[cfg(feature = "secret-vault")]
#[rustfmt::skip]
pub(crate) mod secret_vault;
#[cfg(feature = "secrets-manager")]
#[rustfmt::skip]
pub(crate) mod secrets_manager;
