//! What the benchmarks share: a loopback server, the calls written by hand, and the answers that both sides read.

pub mod by_hand;
pub mod data;
pub mod server;
pub mod setup;
