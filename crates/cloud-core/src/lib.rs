#![doc = include_str!("../README.md")]

pub mod auth;
pub mod call;
pub mod client;
pub mod config;
pub mod credentials;
pub mod dialect;
pub mod endpoint;
pub mod error;
pub mod json;
pub mod operation;
pub mod page;
#[cfg(test)]
mod proptests;
pub mod request;
pub mod retry;
pub mod runtime;
pub mod secret;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timestamp;
pub mod transport;
pub mod validate;
pub mod wire;

pub use auth::Signer;
pub use call::{Call, Response};
pub use client::{Client, ClientBuilder, ResponseParts, Settings};
pub use config::ConfigSource;
pub use dialect::Dialect;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Result};
pub use json::Json;
pub use operation::{
    ApiVersion, Authentication, CallContext, Envelope, Idempotency, Lifecycle, Method, Operation, Segment,
};
pub use page::{Collected, Incomplete, Items, Page, Pages};
pub use request::{Period, Request};
pub use retry::RetryPolicy;
pub use runtime::{BoxFuture, Runtime};
pub use secret::{ExposeSecret, KeyMaterial, SecretBytes, SecretString};
pub use timestamp::{Timestamp, UnixSeconds};
pub use transport::Transport;
pub use validate::{Constraint, Validator};
pub use wire::{Body, OneOrMany, Patch};
