//! Responses: the decoded value together with status, headers, request ID and attempts.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::json::from_json;
use crate::operation::CallContext;

/// A successful response. `Debug` prints the metadata, not the value.
pub struct Response<T> {
    value: T,
    parts: ResponseParts,
}

/// The metadata of a response. `Debug` prints the names of the headers, not their values.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseParts {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The vendor's ID of the request, if it sends one.
    pub request_id: Option<String>,
    /// How many times the request was sent, including this time.
    pub attempts: u32,
}

impl<T> Response<T> {
    /// Returns the value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Returns the value without its metadata.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the value and its metadata.
    pub fn into_parts(self) -> (T, ResponseParts) {
        (self.value, self.parts)
    }

    /// Returns status, headers, request ID and attempts.
    pub fn parts(&self) -> &ResponseParts {
        &self.parts
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }
}

impl Response<Bytes> {
    pub(crate) fn new(payload: Bytes, parts: ResponseParts) -> Self {
        Self { value: payload, parts }
    }

    /// Decodes the payload; an error names the response that could not be decoded.
    pub(crate) fn decode<T: DeserializeOwned>(self, called: CallContext) -> Result<Response<T>> {
        match from_json(&self.value) {
            Ok(value) => Ok(Response { value, parts: self.parts }),
            Err(error) => Err(error
                .with_context(called)
                .with_status(self.parts.status.as_u16())
                .with_request_id(self.parts.request_id)
                .with_attempts(self.parts.attempts)
                .with_loss()),
        }
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.parts.status)
            .field("request_id", &self.parts.request_id)
            .field("attempts", &self.parts.attempts)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("ResponseParts")
            .field("status", &self.status)
            .field("headers", &names)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish()
    }
}
