//! For tests of programs that use this crate: a fake transport and clock, models from JSON, captured logs and a search
//! for leaks. The feature is `testing`.

pub use bytes;
pub use cloud_core::testing::*;
pub use http;
