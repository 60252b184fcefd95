//! The error type: what happened, whether the request was sent, and whether a retry may help.

use std::error::Error as StdError;
use std::time::Duration;

use crate::delivery::Delivery;
use crate::operation::{ApiVersion, CallContext, Idempotency, Operation};

mod advice;
mod builder;
mod category;
mod display;
mod kind;
mod setters;
pub use advice::Advice;
pub use builder::ErrorBuilder;
pub use category::ErrorCategory;
pub use kind::ErrorKind;

/// The result type of these crates.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a call or of a constructor.
///
/// `Display` writes one line: operation, what happened, the vendor's message, status, code, request ID and
/// attempts. It never contains a body, a credential, a signature or a query value. A service's message that repeats part
/// of a secret is not shown, and query values are cut out of it.
///
/// ```
/// # fn show(error: cloud_core::Error) {
/// if error.is_not_found() {
///     // The service has no such resource.
/// } else if error.may_resend() {
///     // Sending the same request again later is safe, and may help.
/// }
/// eprintln!("{error}");
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: String,
    context: Option<CallContext>,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    attempts: u32,
    delivery: Delivery,
    transient: bool,
    category: Option<ErrorCategory>,
    /// The permission that the service asked for.
    required_action: Option<String>,
    /// What the vendor's rules advise.
    advice: &'static [Advice],
    retry_after: Option<Duration>,
    /// Whether a request for credentials may have been executed.
    credentials_requested: bool,
    /// What the attempts before the last one met.
    earlier: Vec<String>,
    /// Whether an attempt before the last one may have been executed.
    executed_earlier: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of this kind. `text` is a lowercase fragment that holds no secret.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let delivery = match kind {
            ErrorKind::Config
            | ErrorKind::Request
            | ErrorKind::Restricted
            | ErrorKind::Credentials
            | ErrorKind::Connect => Delivery::NotSent,
            ErrorKind::Timeout | ErrorKind::Transport => Delivery::PossiblySent,
            ErrorKind::Service
            | ErrorKind::Decode
            | ErrorKind::Incomplete
            | ErrorKind::Lookup
            | ErrorKind::FailureState => Delivery::ResponseReceived,
        };
        Self(Box::new(Inner {
            kind,
            text: text.into(),
            context: None,
            status: None,
            code: None,
            request_id: None,
            attempts: 0,
            delivery,
            transient: kind == ErrorKind::Connect,
            category: None,
            required_action: None,
            advice: &[],
            retry_after: None,
            credentials_requested: false,
            earlier: Vec::new(),
            executed_earlier: false,
            source: None,
        }))
    }

    /// Creates an error for a missing or malformed setting.
    #[doc(hidden)]
    #[must_use]
    pub fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, text)
    }

    /// Creates an error for a request that is rejected locally.
    #[doc(hidden)]
    #[must_use]
    pub fn request(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, text)
    }

    /// Returns the category.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the HTTP status of the response, if one was received.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the vendor's error code, if the response contained one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the vendor's ID of the request, for a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns whether the service certainly did not receive the request. Even an unsafe operation can then be
    /// retried.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.0.delivery == Delivery::NotSent
    }

    /// Returns whether the service may have executed the operation although this is an error: a response was lost, an
    /// earlier attempt got no valid response, or the response does not tell. Read the state before you send it again.
    /// False for operations that change nothing.
    ///
    /// A deletion that was repeated and finds nothing is no error.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        let inner = &*self.0;
        let changes = inner.context.is_some_and(|context| context.operation.idempotency != Idempotency::Safe);
        let last = match inner.delivery {
            Delivery::NotSent => false,
            Delivery::PossiblySent => true,
            Delivery::ResponseReceived => {
                inner.status.is_none_or(|status| !(400..500).contains(&status) || status == 408)
            }
        };
        changes && (last || inner.executed_earlier)
    }

    /// Returns how far the request got, in the attempt that got furthest.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Returns whether the same call may succeed later without a change by the caller.
    ///
    /// This says nothing about safety: an operation that is not idempotent may already have been executed. Loops that
    /// send again ask [`may_resend`](Self::may_resend).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.transient
    }

    /// Returns whether sending the same request again may help and cannot execute an operation twice.
    ///
    /// True for a [transient](Self::is_transient) error if the service certainly did not execute the request (it was
    /// not sent, or was refused with status 429), or if the operation is idempotent. False if a request for credentials
    /// may have been executed, since some services issue a key for each.
    #[must_use]
    pub fn may_resend(&self) -> bool {
        let inner = &*self.0;
        let repeatable = inner.context.is_some_and(|context| context.operation.idempotency != Idempotency::Unsafe);
        let unexecuted = self.is_unsent() || inner.status == Some(429);
        inner.transient && (repeatable || unexecuted) && !inner.credentials_requested
    }

    /// Returns what the service's refusal means, if the vendor's rules tell.
    #[must_use]
    pub fn category(&self) -> Option<ErrorCategory> {
        self.0.category
    }

    /// Returns whether the service itself reports that the resource does not exist. A 404 of a gateway, or for a wrong
    /// path, does not count.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.category == Some(ErrorCategory::NotFound)
    }

    /// Returns whether the caller is not allowed to do this.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.0.category == Some(ErrorCategory::Denied)
    }

    /// Returns whether the service did not accept the credentials.
    #[must_use]
    pub fn is_invalid_credentials(&self) -> bool {
        self.0.category == Some(ErrorCategory::InvalidCredentials)
    }

    /// Returns whether the service refused the request because there were too many.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.0.category == Some(ErrorCategory::Throttled)
    }

    /// Returns whether the request conflicts with the state of the resource.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.category == Some(ErrorCategory::Conflict)
    }

    /// Returns the permission that the call needs, in the vendor's spelling, if the service named it in its refusal or
    /// the vendor derives it from the path. `None` for vendors that publish no names of permissions.
    #[must_use]
    pub fn required_action(&self) -> Option<&str> {
        self.0.required_action.as_deref()
    }

    /// Returns the delay that the service asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the operation that was called; `None` for errors of constructors.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0.context.map(|context| context.operation)
    }

    /// Returns the version of the service that was called; `None` for errors of constructors.
    #[must_use]
    pub fn api_version(&self) -> Option<&'static ApiVersion> {
        self.0.context.map(|context| context.version)
    }

    /// Returns the number of attempts; 0 if the call ended before the first one.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns what the attempts before the last one met, in their order.
    #[must_use]
    pub fn earlier_attempts(&self) -> &[String] {
        &self.0.earlier
    }

    /// Returns what happened, without operation, status and IDs.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.text
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
