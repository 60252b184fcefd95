//! Builds errors: for vendor crates, transports, signers and providers of credentials.

use std::error::Error as StdError;
use std::time::Duration;

use super::{Advice, Error, ErrorCategory, ErrorKind};
use crate::delivery::Delivery;
use crate::operation::CallContext;

/// Builds an [`Error`] with more than a kind and a text.
///
/// ```
/// use cloud_core::{Error, ErrorKind};
///
/// let refused = Error::builder(ErrorKind::Credentials, "the key store is locked").transient(true).build();
/// assert!(refused.is_transient() && refused.is_unsent());
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ErrorBuilder(Error);

impl Error {
    /// Creates a builder of an error of this kind. `text` is a lowercase fragment that holds no secret.
    pub fn builder(kind: ErrorKind, text: impl Into<String>) -> ErrorBuilder {
        ErrorBuilder(Self::new(kind, text))
    }
}

impl ErrorBuilder {
    /// Sets the operation and its version.
    pub fn context(self, context: CallContext) -> Self {
        Self(self.0.with_context(context))
    }

    /// Sets the HTTP status.
    pub fn status(self, status: impl Into<Option<u16>>) -> Self {
        match status.into() {
            Some(status) => Self(self.0.with_status(status)),
            None => self,
        }
    }

    /// Sets the vendor's error code.
    pub fn code(self, code: impl Into<Option<String>>) -> Self {
        Self(self.0.with_code(code.into()))
    }

    /// Sets the vendor's ID of the request.
    pub fn request_id(self, id: impl Into<Option<String>>) -> Self {
        Self(self.0.with_request_id(id.into()))
    }

    /// Sets how far the request got.
    pub fn delivery(self, delivery: Delivery) -> Self {
        Self(self.0.with_delivery(delivery))
    }

    /// Sets whether the same call may succeed later.
    pub fn transient(self, transient: bool) -> Self {
        Self(self.0.with_transient(transient))
    }

    /// Sets what the service's refusal means.
    pub fn category(self, category: impl Into<Option<ErrorCategory>>) -> Self {
        Self(self.0.with_category(category.into()))
    }

    /// Sets the permission that the caller lacks, in the vendor's spelling.
    pub fn required_action(self, action: impl Into<Option<String>>) -> Self {
        Self(self.0.with_required_action(action.into()))
    }

    /// Sets what to do about it, the most likely remedy first.
    pub fn advice(self, advice: &'static [Advice]) -> Self {
        Self(self.0.with_advice(advice))
    }

    /// Sets the delay that the service asked for.
    pub fn retry_after(self, delay: impl Into<Option<Duration>>) -> Self {
        Self(self.0.with_retry_after(delay.into()))
    }

    /// Keeps the underlying error. It must not show a body, a URL with a query, or a secret.
    pub fn source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(self.0.with_source(source))
    }

    /// Builds the error.
    #[must_use]
    pub fn build(self) -> Error {
        self.0
    }
}
