//! Signing: headers that are added last, on every attempt.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use time::OffsetDateTime;

use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operation;
use crate::runtime::BoxFuture;
use crate::secret::SecretString;

mod plan;
pub use plan::SignaturePlan;

/// The input of a signature.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SignContext<'a> {
    /// The operation, for vendors that authenticate some of them differently.
    pub operation: &'static Operation,
    /// The URL, exactly as it is sent.
    pub url: &'a str,
    /// The time of this attempt.
    pub now: OffsetDateTime,
}

impl<'a> SignContext<'a> {
    /// Creates the input of a signature, for tests of a signer.
    #[must_use]
    pub const fn new(operation: &'static Operation, url: &'a str, now: OffsetDateTime) -> Self {
        Self { operation, url, now }
    }
}

impl fmt::Debug for SignContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignContext")
            .field("operation", &self.operation.name)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// Adds credentials to a request. Called on every attempt, directly before the transport.
///
/// Implementations mark the header values that they add as sensitive, and redact credentials in `Debug`.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Adds headers to the request. URL and body do not change afterwards. Returns which credentials were used.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] if no credentials are available.
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>>;

    /// Adds the headers of [`sign`](Self::sign) without a request for credentials: with those at hand, or with placeholders
    /// that are marked as sensitive. Returns how a shell makes them.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] if `sign` would find no credentials either, and from a
    /// signer that does not implement this method.
    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        let _ = (context, request);
        Err(Error::new(ErrorKind::Credentials, "this signer cannot plan a request; implement Signer::plan"))
    }

    /// Invalidates credentials that the service refused. Returns whether signing again can help; the client then
    /// signs and sends the request again, once. A token cache drops the refused token, and no newer one.
    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        let _ = (operation, credentials);
        false
    }

    /// Returns the secrets that sign this operation and are not sent, if they are known without a request. An error
    /// text that repeats part of one is not shown.
    fn secrets(&self, operation: &'static Operation) -> Vec<SecretString> {
        let _ = operation;
        Vec::new()
    }

    /// Returns whether the signature of this operation covers the time, so that a wrong clock may be the cause of a
    /// refusal.
    fn signs_time(&self, operation: &'static Operation) -> bool {
        let _ = operation;
        false
    }
}

impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        T::sign(self, context, request)
    }

    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        T::plan(self, context, request)
    }

    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        T::invalidate(self, operation, credentials)
    }

    fn secrets(&self, operation: &'static Operation) -> Vec<SecretString> {
        T::secrets(self, operation)
    }

    fn signs_time(&self, operation: &'static Operation) -> bool {
        T::signs_time(self, operation)
    }
}

/// Identifies the credentials that a signer used: a number that grows with each renewal. Fixed ones are number 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The number of credentials that do not change.
    pub const FIXED: Self = Self(0);

    /// The credentials of this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Sends requests without credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Signer for Anonymous {
    fn sign<'a>(&'a self, _: SignContext<'a>, _: &'a mut http::Request<Bytes>) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(std::future::ready(Ok(Generation::FIXED)))
    }

    fn plan(&self, _: SignContext<'_>, _: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        Ok(SignaturePlan::default())
    }
}
