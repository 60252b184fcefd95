//! The types that models are made of.

mod json;
pub(crate) mod lenient;
mod number;
mod one_or_many;
mod patch;
#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
mod timestamp;

pub use json::Json;
pub use one_or_many::OneOrMany;
pub use patch::Patch;
pub use timestamp::{Timestamp, UnixSeconds};
