//! Signing: what is added to a request last, for each attempt anew.

use std::fmt;

use bytes::Bytes;
use time::OffsetDateTime;

use crate::error::Result;
use crate::operation::Operation;
use crate::runtime::BoxFuture;

/// What a signature covers.
#[derive(Clone, Copy)]
pub struct SignContext<'a> {
    /// The operation, for vendors that authenticate some of them differently.
    pub operation: &'static Operation,
    /// The URL, to the byte as it goes out.
    pub url: &'a str,
    /// The time of this attempt.
    pub now: OffsetDateTime,
}

impl fmt::Debug for SignContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignContext")
            .field("operation", &self.operation.name)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// Adds credentials to a request. It runs last before the transport, on every attempt.
///
/// Implementations mark the header values that they add as sensitive and show no credential in `Debug`.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Adds headers to the request; URL and body are final by now. Returns which credentials were used.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if no credentials can be had.
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>>;

    /// Told that the service did not accept these credentials. Returns whether signing anew may help, which is
    /// then tried once; a token cache drops the token that was refused, and only that one.
    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        let _ = (operation, credentials);
        false
    }

    /// Whether the time is part of the signature of this operation, so that a wrong clock may be why it was refused.
    fn signs_time(&self, operation: &'static Operation) -> bool {
        let _ = operation;
        false
    }
}

/// Which of the credentials that a signer has held were used; fixed ones are always the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Generation(pub u64);

/// Adds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Signer for Anonymous {
    fn sign<'a>(&'a self, _: SignContext<'a>, _: &'a mut http::Request<Bytes>) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(std::future::ready(Ok(Generation(0))))
    }
}
