//! Sealing and opening, with a source of data keys that is scripted and a clock that moves only when told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod source;

mod keys;
mod leaks;
mod messages;
#[cfg(feature = "parquet")]
mod parquet;
mod properties;
mod reader;
mod several_keys;
mod streams;
