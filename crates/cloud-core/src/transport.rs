//! Sending bytes and receiving bytes: the trait, and the built-in transports.
//!
//! There are two, on [reqwest](https://docs.rs/reqwest) and on [hyper](https://docs.rs/hyper), which do the same. A client
//! that is given no transport uses the one on reqwest if it is compiled in, otherwise the one on hyper.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::delivery::Delivery;
use crate::runtime::BoxFuture;

#[cfg(any(feature = "reqwest-no-provider", feature = "hyper-no-provider"))]
mod builtin;
#[cfg(feature = "hyper-no-provider")]
pub mod hyper;
#[cfg(feature = "reqwest-no-provider")]
pub mod reqwest;

#[cfg(any(feature = "reqwest-no-provider", feature = "hyper-no-provider"))]
pub use builtin::{BuiltInTransport, TransportBuilder};

/// The transport of clients that are given none.
#[cfg(feature = "reqwest-no-provider")]
pub type DefaultTransport = reqwest::ReqwestTransport;
/// The transport of clients that are given none.
#[cfg(all(feature = "hyper-no-provider", not(feature = "reqwest-no-provider")))]
pub type DefaultTransport = hyper::HyperTransport;

/// The name of the transport of clients that are given none.
pub(crate) const DEFAULT_NAME: Option<&str> = if cfg!(feature = "reqwest-no-provider") {
    Some("reqwest")
} else if cfg!(feature = "hyper-no-provider") {
    Some("hyper")
} else {
    None
};

/// Sends one request and receives one complete response.
///
/// A transport does not follow redirects, add credentials or retry. It sends the exact bytes of URL, headers and body,
/// because the signature covers them. The caller sets time limits; dropping the future cancels the request and leaves
/// the transport usable. A [`BodyLimit`] in the request's extensions limits the response of this request.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;

    /// Returns a name for explanations of settings: that of the type unless implemented.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        T::send(self, request)
    }

    fn name(&self) -> &'static str {
        T::name(self)
    }
}

/// The maximum size of a response in bytes, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(usize);

impl BodyLimit {
    /// At most so many bytes.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

/// Why a transport has no response.
#[derive(Debug)]
pub struct TransportError {
    /// Where it failed.
    pub stage: Stage,
    text: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl TransportError {
    /// Creates an error of this stage. `text` is a lowercase fragment without a URL's query.
    #[must_use]
    pub fn new(stage: Stage, text: impl Into<String>) -> Self {
        Self { stage, text: text.into(), source: None }
    }

    /// A client that rewrites the URL would invalidate the signature; better no request than a wrong one.
    #[cfg(any(feature = "reqwest-no-provider", feature = "hyper-no-provider"))]
    fn rewritten() -> Self {
        Self::new(Stage::Invalid, "the HTTP client would change the URL")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            Stage::Response,
            format!("the response exceeds the limit of {limit} bytes; raise it with body_limit()"),
        )
    }

    /// Keeps the underlying error, which must not show a URL's query.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Where a transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// A setting of the transport keeps it from sending, such as an unsupported proxy.
    Config,
    /// The request cannot be sent; another attempt would fail the same way.
    Invalid,
    /// This process or machine has no file descriptor left for a connection: the service has received nothing. The client
    /// waits for one until the call's limit.
    Exhausted,
    /// No connection was made: the service has received nothing.
    Connect,
    /// TLS failed in a way that another attempt would meet again, such as an untrusted certificate. The service has
    /// received nothing.
    Handshake,
    /// Some or all of the request was sent and no complete response arrived: the service may have executed it.
    PossiblySent,
    /// The response cannot be used, such as one above the limit; another attempt would fail the same way.
    Response,
}

impl Stage {
    /// Returns how far the request got.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        match self {
            Self::Config | Self::Invalid | Self::Exhausted | Self::Connect | Self::Handshake => Delivery::NotSent,
            Self::PossiblySent => Delivery::PossiblySent,
            Self::Response => Delivery::ResponseReceived,
        }
    }
}
