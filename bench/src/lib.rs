//! Shared by the benchmarks: a loopback server, the calls written by hand, and the response types.

pub mod by_hand;
pub mod by_hand_hyper;
pub mod data;
pub mod processor;
pub mod server;
pub mod setup;
