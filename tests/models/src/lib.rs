//! The cache of credentials of `cloud-core`, compiled with the locks, atomics and threads of the model checker shuttle.
//!
//! The modules below replace those of `cloud-core` that these sources import.
#![allow(unexpected_cfgs, reason = "the sources name a feature of cloud-core, which leaves out their own tests here")]

#[path = "../../../crates/cloud-core/src/credentials.rs"]
pub mod credentials;
pub mod runtime;
pub mod world;

pub(crate) mod auth {
    pub(crate) use cloud_core::auth::Generation;
}

pub(crate) mod error {
    pub(crate) use cloud_core::{Error, ErrorKind, Result};
}

pub(crate) mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic};
    pub(crate) use shuttle::thread;
}
