//! Sending bytes and receiving bytes: the trait, and the transport on reqwest.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::runtime::BoxFuture;

#[cfg(feature = "reqwest")]
pub mod reqwest;

/// Sends one request and receives one whole answer.
///
/// A transport follows no redirect, adds no credential, retries nothing, and sends URL, headers and body to
/// the byte as given: the signature covers them. Time limits are the caller's; dropping the future abandons
/// the request and leaves the transport usable. A [`BodyLimit`] among the request's extensions is this call's limit.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        T::send(self, request)
    }
}

/// The most bytes that the answer of one request may have, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

/// Why a transport has no answer.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct TransportError {
    /// How far the request got.
    pub stage: Stage,
    text: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error at this stage. `text` is a lowercase fragment without a URL's query.
    #[must_use]
    pub fn new(stage: Stage, text: impl Into<String>) -> Self {
        Self { stage, text: text.into(), source: None }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(Stage::Response, format!("the answer is larger than the limit of {limit} bytes"))
    }

    /// Keeps the underlying error, which must not show a URL's query.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// How far a request got before its transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It cannot be sent at all; another try would fail the same way.
    Refused,
    /// No connection was made: the service has seen nothing.
    Connect,
    /// It was sent, wholly or in part, and no whole answer came: the service may have acted on it.
    MaybeSent,
    /// An answer came that is not taken, such as one above the limit; another try would end the same way.
    Response,
}
