//! What the shared request and the cache of credentials build on. `tests/models` compiles them with a model checker's.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic};
pub(crate) use std::thread;
