//! The parts of the command: its arguments, and the signals that stop it.

pub(crate) mod arguments;
pub(crate) mod signals;
