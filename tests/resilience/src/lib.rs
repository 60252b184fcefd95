//! What the SDKs do when networks and services fail: a matrix of faults, a load and a soak.

pub mod load;
pub mod matrix;
