//! What the server asks of a vendor.

use std::pin::Pin;

use crate::engine::Engine;
use crate::http::{HttpRequest, HttpResponse};
use crate::spec::{Catalogue, Operation};

/// The response to one request, once it is awaited.
pub(crate) type Responding<'a> = Pin<Box<dyn Future<Output = HttpResponse> + Send + 'a>>;

/// How much of a request's body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRead {
    Whole,
    /// The body is longer than [`Vendor::max_body`], and none of it was kept.
    TooLarge,
}

/// One vendor: its gateway, its services and the form of its errors.
pub(crate) trait Vendor: Sync {
    /// Its name in fixtures, fault patterns and the log.
    fn name(&self) -> &'static str;

    /// Whether a path belongs to the vendor.
    fn serves(&self, path: &str) -> bool;

    /// The documented operation that the path, the method and the version header select.
    fn operation<'a>(&self, catalogue: &'a Catalogue, request: &HttpRequest) -> Option<&'a Operation>;

    /// Service and name of each operation of the gateway itself.
    fn gateway_operations(&self) -> &'static [(&'static str, &'static str)];

    /// Service and operation of a path that the gateway itself serves.
    fn gateway_operation(&self, _path: &str) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The largest request body that is read, in bytes.
    fn max_body(&self) -> usize {
        1 << 20
    }

    /// Responds to a request.
    fn respond<'a>(&'a self, engine: &'a Engine, request: &'a HttpRequest, body: BodyRead) -> Responding<'a>;

    /// The error response with this status, in the vendor's form, for a fault that was asked for.
    fn refuse(&self, engine: &Engine, request: &HttpRequest, status: u16, reason: &str) -> HttpResponse;
}
