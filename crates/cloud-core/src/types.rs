//! The types that models are made of.

pub(crate) mod adapter;
mod date_or_time;
pub(crate) mod format;
mod hmac;
mod json;
pub(crate) mod json_text;
pub(crate) mod lenient;
pub(crate) mod lenient_value;
mod named;
mod networks;
mod number;
mod one_or_many;
mod patch;
pub(crate) mod pem;
#[cfg(test)]
mod proptests;
pub(crate) mod raw;
pub(crate) mod secret_json;
mod sort;
mod span;
#[cfg(test)]
mod tests;
mod timestamp;
pub(crate) mod unknown;

pub use date_or_time::DateOrTime;
pub use hmac::Hmac;
pub use json::Json;
pub use json_text::JsonText;
pub use lenient_value::Lenient;
pub use networks::Networks;
pub use one_or_many::OneOrMany;
pub use patch::Patch;
pub use pem::Pem;
pub use secret_json::SecretJson;
pub use sort::Sort;
pub use span::{Days, Hours};
pub use timestamp::{Timestamp, UnixSeconds};
pub use unknown::{UnknownInteger, UnknownText};
