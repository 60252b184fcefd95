//! The one error type: what went wrong, whether it was sent, whether trying again may help.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::delivery::Delivery;
use crate::operation::{ApiVersion, CallContext, Operation};

/// The result of everything in this family of crates.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The coarse kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or malformed; the text names it and where it was looked for.
    Config,
    /// The request breaks a documented rule; nothing was sent. The text names the field and the rule.
    Request,
    /// No credentials could be had for the call; nothing was sent.
    Credentials,
    /// No connection could be made; nothing was sent.
    Connect,
    /// A time limit passed. See [`Error::is_unsent`] for whether the request had left.
    Timeout,
    /// The connection broke after the request had, or may have, left.
    Transport,
    /// The service answered that it refuses or failed.
    Service,
    /// The answer could not be understood.
    Decode,
    /// A list ended before everything that was announced had arrived.
    Incomplete,
}

/// An error of a call or of a constructor.
///
/// Its `Display` is one line for an operator: operation, what happened, the vendor's code and text, status,
/// request id and attempts. It holds no body, no credential, no signature and no query value; what a service
/// echoes of the request is cut out of its text.
///
/// ```
/// # fn show(error: cloud_core::Error) {
/// if error.is_unsent() {
///     // Nothing reached the service: safe to do again, whatever the operation.
/// } else if error.status() == Some(404) {
///     // The service says that there is no such thing.
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
    /// An error of this kind. `text` is a lowercase fragment that holds no secret.
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

    /// A missing or malformed setting.
    #[must_use]
    pub fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, text)
    }

    /// A request that breaks a rule, found before anything was sent.
    #[must_use]
    pub fn request(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, text)
    }

    /// The coarse kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's error code, if the answer held one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The vendor's id of the request, for a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether it is certain that the service did not receive the request, so that even an unsafe
    /// operation may be done again.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.0.delivery == Delivery::NotSent
    }

    /// Returns how far the request got, in the attempt that got furthest.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Whether the same call may succeed later without a change on the caller's side.
    ///
    /// This says nothing about safety: an unsafe operation may already have been executed unless
    /// [`is_unsent`](Self::is_unsent) holds.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The wait that the service asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The operation that was called; `None` for errors of constructors.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0.context.map(|context| context.operation)
    }

    /// The version of the service that was called; `None` for errors of constructors.
    #[must_use]
    pub fn api_version(&self) -> Option<&'static ApiVersion> {
        self.0.context.map(|context| context.version)
    }

    /// How many times the request was tried; 0 when it was refused before the first try.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What happened, without operation, status and ids.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.text
    }

    /// Names the operation and its version, where none is named yet.
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

    /// Sets the wait that the service asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// The same error without its source, for another caller who waited for the same thing.
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
