//! Faults: what can go wrong on purpose, for which operations, and when.

pub(crate) mod body;
mod fault;
pub(crate) mod page;
mod pattern;
mod refused;
pub(crate) mod response;
mod schedule;

pub(crate) use fault::Effect;
pub use fault::{Fault, InvalidPattern};
pub use refused::RefusedFault;
pub(crate) use schedule::{Faults, Strike};
