//! Why a request fails: Vault's status, and a text without a value of the request.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use cloud_core::{Error, ErrorKind, Idempotency};
use http::StatusCode;

/// The result of an operation behind the bridge.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why an operation failed: a status of Vault's API, and a text for the client.
///
/// The text never contains a value of the request, a token or a secret.
#[derive(Clone)]
pub struct Failure {
    status: StatusCode,
    /// Vault reports some missing resources with an empty list of errors.
    text: Option<String>,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    body: Option<Bytes>,
}

impl Failure {
    /// Creates a failure with this status. `text` is a lowercase fragment that holds no secret.
    #[must_use]
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: Some(text.into()), retry_after: None, request_id: None, body: None }
    }

    /// Creates a failure of a request that cannot be served as it is: status 400.
    #[must_use]
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// Creates a failure of a request for something that does not exist: status 404 and no text.
    #[must_use]
    pub fn not_found() -> Self {
        Self { text: None, ..Self::new(StatusCode::NOT_FOUND, "") }
    }

    /// Creates a failure of a request that Vault's API has and this bridge has not: status 405.
    #[must_use]
    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, text)
    }

    pub(crate) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission denied")
    }

    /// Responds with this body in place of a list of errors: Vault describes a deleted version in its 404.
    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The same failure of one of several keys.
    pub(crate) fn of(self, label: &str) -> Self {
        let text = Some(format!("{label}: {self}"));
        Self { text, ..self }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the text, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

/// The status of an error of a cloud.
///
/// Vault's Go client sends a request again after 5xx and 412. An unsafe operation that may have been executed is
/// therefore 400.
fn status(error: &Error) -> StatusCode {
    let uncertain = error.operation().is_some_and(|own| own.idempotency == Idempotency::Unsafe);
    match error.kind() {
        _ if uncertain && error.may_have_been_executed() => StatusCode::BAD_REQUEST,
        _ if error.is_throttled() => StatusCode::TOO_MANY_REQUESTS,
        _ if error.is_not_found() => StatusCode::NOT_FOUND,
        // The bridge's own credentials or their rights: the client can do nothing about them.
        _ if error.is_denied() || error.is_invalid_credentials() => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Request | ErrorKind::Lookup | ErrorKind::FailureState => StatusCode::BAD_REQUEST,
        ErrorKind::Config | ErrorKind::Restricted | ErrorKind::Credentials => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Service if error.status().is_some_and(|status| (200..500).contains(&status)) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::BAD_GATEWAY,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = status(&error);
        let uncertain = status == StatusCode::BAD_REQUEST && error.may_have_been_executed();
        let advice =
            if uncertain { "; it may have been executed: read the secret before you write it again" } else { "" };
        Self {
            status,
            text: Some(format!("{error}{advice}")),
            retry_after: error.retry_after(),
            request_id: error.request_id().map(str::to_owned),
            body: None,
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("status", &self.status).field("text", &self.text).finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text.as_deref().unwrap_or("not found"))
    }
}

impl std::error::Error for Failure {}
