#![doc = include_str!("../README.md")]
// docs.rs sets `docsrs` and builds with nightly: it then labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod auth;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod call;
pub mod client;
#[doc(hidden)]
pub mod codegen;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod dialect;
pub mod endpoint;
pub mod error;
mod exclusive;
mod json;
mod lookup;
pub mod operation;
pub mod page;
mod plan;
#[cfg(test)]
mod proptests;
mod redaction;
pub mod request;
pub mod response;
pub mod retry;
pub mod runtime;
pub mod secret;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;
mod types;
pub mod validate;
pub mod waiter;

pub use auth::Signer;
pub use call::Call;
pub use client::{Client, ClientBuilder, Settings};
pub use config::ConfigSource;
pub use delivery::Delivery;
pub use dialect::Dialect;
pub use endpoint::Endpoint;
pub use error::{Advice, Error, ErrorCategory, ErrorKind, Result};
pub use operation::{
    ApiVersion, Authentication, CallContext, Effect, Envelope, Idempotency, Lifecycle, Method, Operation, Segment,
};
pub use page::{Incomplete, IncompleteReason, Items, Listing, Page, Pages};
pub use plan::{Plan, PlannedHeader};
pub use request::{Body, Request};
pub use response::{Response, ResponseParts};
pub use retry::RetryPolicy;
pub use runtime::{BoxFuture, Runtime};
pub use secret::{DataKey, DataKeySource, SecretBytes, SecretRef, SecretSource, SecretString, WrappedKey};
pub use transport::Transport;
pub use types::{
    DateOrTime, Days, Hmac, Hours, Json, JsonText, Lenient, Networks, OneOrMany, Patch, Pem, SecretJson, Sort,
    Timestamp, UnixSeconds, UnknownInteger, UnknownText,
};
pub use validate::{Constraint, Validator};
pub use waiter::Waiter;
pub use {bytes, http, ipnet, time};
