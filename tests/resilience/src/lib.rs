//! Tests of the SDKs under faults and load: a fault matrix, a load test and a soak test.
#![allow(clippy::disallowed_methods, reason = "a load test takes real time")]

pub mod load;
pub mod matrix;
