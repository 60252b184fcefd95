//! A vendor's conventions: headers, envelope and errors.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{Advice, ErrorCategory, Result};
use crate::json::{from_json, guess};
use crate::operation::CallContext;

/// A complete response of the service.
#[non_exhaustive]
pub struct RawResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl RawResponse {
    /// Creates a response, for tests of a dialect.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    /// Reads the body as JSON; `None` if it is not of this type.
    #[must_use]
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        guess(&self.body)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Whether a failure may be retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// Decided by the HTTP status.
    #[default]
    ByStatus,
    /// A retry would fail the same way.
    Permanent,
    /// A temporary condition.
    Transient,
    /// The credentials were not accepted.
    Unauthorized,
}

/// A failure that the service reported.
///
/// `message` is the vendor's text; the request loop redacts the values of the request in it.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Failure {
    /// Whether it may be retried.
    pub class: FailureClass,
    /// What it means, if that is known. Status 429 is always [`ErrorCategory::Throttled`].
    pub category: Option<ErrorCategory>,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's text.
    pub message: Option<String>,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// What the error says about the cause or the remedy, as a lowercase fragment.
    pub hint: Option<&'static str>,
    /// The permission that the caller lacks, in the vendor's spelling.
    pub required_action: Option<String>,
    /// What to do about it, the most likely remedy first.
    pub advice: &'static [Advice],
}

impl Failure {
    /// Creates a failure of this class, without code, text, id and hint.
    #[must_use]
    pub fn new(class: FailureClass) -> Self {
        Self { class, ..Self::default() }
    }

    /// Sets what it means.
    #[must_use]
    pub fn category(mut self, category: impl Into<Option<ErrorCategory>>) -> Self {
        self.category = category.into();
        self
    }

    /// Sets the vendor's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<Option<String>>) -> Self {
        self.code = code.into();
        self
    }

    /// Sets the vendor's text.
    #[must_use]
    pub fn message(mut self, text: impl Into<Option<String>>) -> Self {
        self.message = text.into();
        self
    }

    /// Sets the vendor's id of the request.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.request_id = id.into();
        self
    }

    /// Sets what the error says about the cause or the remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<&'static str>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Sets the permission that the caller lacks. A text that is not the name of one is left out.
    #[must_use]
    pub fn required_action(mut self, action: impl Into<Option<String>>) -> Self {
        self.required_action = action.into().filter(|name| is_action(name));
        self
    }

    /// Sets what to do about it, the most likely remedy first.
    #[must_use]
    pub fn advice(mut self, advice: &'static [Advice]) -> Self {
        self.advice = advice;
        self
    }
}

/// Whether a text has the form of a permission's name, such as `service:Action` or `service/action`.
fn is_action(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'-' | b'_' | b'*');
    (1..=128).contains(&name.len()) && name.bytes().all(part)
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("class", &self.class).field("code", &self.code).finish_non_exhaustive()
    }
}

/// The meaning of a response.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResponseOutcome {
    /// The payload without its envelope; empty if there is none.
    Payload(Bytes),
    /// The service refused or failed.
    Failed(Failure),
    /// Not a valid response of the service. The string says why, in lower case, and does not quote the response.
    Unreadable(String),
}

/// The conventions of a vendor's API. A dialect neither signs nor sends.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Adds the headers that do not depend on time or credentials, such as the API version.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a configured value is not valid in a header.
    fn prepare(&self, context: CallContext, headers: &mut HeaderMap) -> Result<()>;

    /// Returns a path value that comes from the configuration.
    fn config(&self, context: CallContext, name: &str) -> Option<&str> {
        let _ = (context, name);
        None
    }

    /// Returns the shell variable with a value that [`config`](Self::config) or a sensitive header of
    /// [`prepare`](Self::prepare) holds, for [`Plan::as_curl`](crate::Plan::as_curl). Without one, it is made of the name.
    fn shell_variable(&self, context: CallContext, name: &str) -> Option<&'static str> {
        let _ = (context, name);
        None
    }

    /// Returns the shell variables that name the files of a client certificate and its private key, in PEM format, for
    /// [`Plan::as_curl`](crate::Plan::as_curl); `None` if connections present no certificate.
    fn certificate_variables(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// Classifies a response as payload, failure or unreadable.
    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome;

    /// Returns the vendor's id of a successful request.
    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        // Longer values are not ids and would make the error text too long.
        let id = headers.get("x-request-id")?.to_str().ok().map(str::trim)?;
        (1..=128).contains(&id.len()).then(|| id.to_owned())
    }
}

impl<T: Dialect + ?Sized> Dialect for Arc<T> {
    fn prepare(&self, context: CallContext, headers: &mut HeaderMap) -> Result<()> {
        T::prepare(self, context, headers)
    }

    fn config(&self, context: CallContext, name: &str) -> Option<&str> {
        T::config(self, context, name)
    }

    fn shell_variable(&self, context: CallContext, name: &str) -> Option<&'static str> {
        T::shell_variable(self, context, name)
    }

    fn certificate_variables(&self) -> Option<[&'static str; 2]> {
        T::certificate_variables(self)
    }

    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome {
        T::read(self, context, answer)
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        T::request_id(self, headers)
    }
}

/// Describes a body that does not match a vendor's envelope: where the JSON is invalid, or `otherwise` if it is valid.
#[must_use]
pub fn unreadable(answer: &RawResponse, otherwise: &str) -> ResponseOutcome {
    let broken = from_json::<IgnoredAny>(&answer.body).err().map(|error| error.message().to_owned());
    ResponseOutcome::Unreadable(broken.unwrap_or_else(|| otherwise.to_owned()))
}

/// Returns why a body is not JSON, for [`ResponseOutcome::Unreadable`]; `None` if it looks like JSON.
#[must_use]
pub fn foreign(answer: &RawResponse) -> Option<String> {
    let body = answer.body.trim_ascii_start();
    let why = match body.first() {
        Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return None,
        Some(b'<') => "the response is an HTML page instead of JSON; a proxy or portal may have sent it",
        Some(_) => "the response is plain text instead of JSON; a proxy may have sent it",
        None => "the response body is empty; expected JSON",
    };
    Some(why.to_owned())
}
