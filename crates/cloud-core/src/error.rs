//! The error type: what happened, whether the request was sent, and whether a retry may help.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::delivery::Delivery;
use crate::operation::{ApiVersion, CallContext, Operation};

/// The result type of these crates.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The category of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or malformed. The text names the setting and every place that was searched.
    ///
    /// What to do: correct the setting. Retrying does not help.
    Config,
    /// The request breaks a documented rule and was rejected locally. The text names the field and the rule.
    ///
    /// What to do: correct the argument. Retrying does not help.
    Request,
    /// No credentials are available for the call, so it was not sent.
    ///
    /// What to do: check the keys or the token, and the service that issues them. Retry if
    /// [`Error::is_retryable`] holds.
    Credentials,
    /// The connection could not be opened, so the request was not sent.
    ///
    /// What to do: check the endpoint, DNS, proxy and TLS settings. Retrying is safe for every operation.
    Connect,
    /// A time limit passed before the response arrived.
    ///
    /// What to do: if [`Error::is_unsent`] holds, retry. Otherwise the request may have been executed: read the
    /// state first, or retry if the operation is idempotent.
    Timeout,
    /// The connection was lost after the request was sent, or possibly sent.
    ///
    /// What to do: the request may have been executed. Read the state first, or retry if the operation is
    /// idempotent.
    Transport,
    /// The service refused the request (status 4xx) or failed (status 5xx).
    ///
    /// What to do: look at [`Error::status`] and [`Error::code`]. Correct a refused request; retry later if
    /// [`Error::is_retryable`] holds; give [`Error::request_id`] to the vendor's support.
    Service,
    /// The response is not in the documented format.
    ///
    /// What to do: look for a proxy or a portal on the way, and for a newer release of the crate. The request may
    /// have been executed.
    Decode,
    /// A list ended before all announced items were received.
    ///
    /// What to do: list again, or continue from [`Incomplete::resume`](crate::Incomplete::resume).
    Incomplete,
}

/// An error of a call or of a constructor.
///
/// `Display` writes one line: operation, what happened, the vendor's message, status, code, request ID and
/// attempts. It never contains a body, a credential, a signature or a query value; values of the request that a
/// service echoes are removed from its message.
///
/// ```
/// # fn show(error: cloud_core::Error) {
/// if error.is_unsent() {
///     // The service did not receive the request: every operation can be retried.
/// } else if error.status() == Some(404) {
///     // The service has no such resource.
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
    retryable: bool,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of this kind. `text` is a lowercase fragment that holds no secret.
    #[must_use]
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let delivery = match kind {
            ErrorKind::Config | ErrorKind::Request | ErrorKind::Credentials | ErrorKind::Connect => Delivery::NotSent,
            ErrorKind::Timeout | ErrorKind::Transport => Delivery::PossiblySent,
            ErrorKind::Service | ErrorKind::Decode | ErrorKind::Incomplete => Delivery::ResponseReceived,
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
            retryable: kind == ErrorKind::Connect,
            retry_after: None,
            source: None,
        }))
    }

    /// Creates an error for a missing or malformed setting.
    #[must_use]
    pub fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, text)
    }

    /// Creates an error for a request that is rejected locally.
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

    /// Returns how far the request got, in the attempt that got furthest.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Returns whether the same call may succeed later without a change by the caller.
    ///
    /// This says nothing about safety: an unsafe operation may already have been executed unless
    /// [`is_unsent`](Self::is_unsent) holds.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
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

    /// Returns what happened, without operation, status and IDs.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.text
    }

    /// Sets the operation and its version, unless they are set.
    #[must_use]
    pub fn with_context(mut self, context: CallContext) -> Self {
        self.0.context.get_or_insert(context);
        self
    }

    /// Sets the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the vendor's error code.
    #[must_use]
    pub fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    /// Sets the vendor's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    /// Sets the number of attempts.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Sets how far the request got.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// Sets whether the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Sets the delay that the service asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Returns a copy without the source, for another caller that waited for the same request.
    pub(crate) fn duplicate(&self) -> Self {
        let inner = &*self.0;
        Self(Box::new(Inner {
            text: inner.text.clone(),
            code: inner.code.clone(),
            request_id: inner.request_id.clone(),
            source: None,
            ..*inner
        }))
    }

    /// Adds a lowercase fragment to the text.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.0.text.push_str("; ");
        self.0.text.push_str(note);
        self
    }

    /// Keeps the underlying error. It must not show a body, a URL with a query, or a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

impl Inner {
    /// What happened to the call, in one word or two.
    fn verb(&self) -> &'static str {
        match self.kind {
            ErrorKind::Config | ErrorKind::Request => "rejected locally",
            ErrorKind::Service if self.status.is_none_or(|status| status < 500) => "refused",
            _ => "failed",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(context) = inner.context {
            write!(f, "{context} {}: ", inner.verb())?;
        }
        f.write_str(&inner.text)?;
        let mut notes = Vec::new();
        if let Some(status) = inner.status {
            notes.push(format!("status {status}"));
        }
        if let Some(code) = &inner.code {
            notes.push(format!("code {code}"));
        }
        if let Some(id) = &inner.request_id {
            notes.push(format!("request id {id}"));
        }
        if inner.attempts > 1 {
            notes.push(format!("{} attempts", inner.attempts));
        }
        if inner.attempts > 0 && inner.delivery == Delivery::NotSent {
            notes.push("not sent".to_owned());
        }
        if let Some(wait) = inner.retry_after {
            notes.push(format!("retry after {} s", wait.as_secs()));
        }
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("text", &inner.text)
            .field("operation", &inner.context.map(|context| context.to_string()))
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &inner.request_id)
            .field("attempts", &inner.attempts)
            .field("delivery", &inner.delivery)
            .field("retryable", &inner.retryable)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
