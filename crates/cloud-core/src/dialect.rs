//! What a vendor's requests and answers mean: its headers, its envelope and its errors.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;

use crate::error::Result;
use crate::json::from_json;
use crate::operation::CallContext;

/// An answer of the service, whole.
pub struct RawResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a failure says about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// Decided by the HTTP status.
    #[default]
    ByStatus,
    /// Another try would end the same way.
    Permanent,
    /// A passing condition.
    Transient,
    /// The credentials were not accepted.
    Unauthorized,
}

/// A failure that the service reported.
///
/// `message` is the vendor's text; the request loop cuts out of it what the request had sent.
#[derive(Clone, Default)]
pub struct Failure {
    /// What it says about trying again.
    pub class: FailureClass,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's text.
    pub message: Option<String>,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// What to do about it, as a lowercase fragment.
    pub hint: Option<&'static str>,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("class", &self.class).field("code", &self.code).finish_non_exhaustive()
    }
}

/// How an answer reads.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResponseOutcome {
    /// The payload, out of its envelope; empty where there is none.
    Payload(Bytes),
    /// The service refused or failed.
    Failed(Failure),
    /// This is not an answer of the service: why, as a lowercase fragment without any of its text.
    Unreadable(String),
}

/// A vendor's way of speaking. It neither signs nor sends.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Adds the headers that do not depend on time or credentials, such as the API version.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a configured value cannot stand in a header.
    fn prepare(&self, context: CallContext, headers: &mut HeaderMap) -> Result<()>;

    /// A path value that comes from the configuration.
    fn config(&self, context: CallContext, name: &str) -> Option<&str> {
        let _ = (context, name);
        None
    }

    /// Tells payload, failure and foreign text apart.
    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome;

    /// The vendor's id of a request that went well.
    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        // Longer ones are no ids, and would fill the line of an error.
        let id = headers.get("x-request-id")?.to_str().ok().map(str::trim)?;
        (1..=128).contains(&id.len()).then(|| id.to_owned())
    }
}

/// What a body is that does not fit a vendor's envelope: broken JSON says where it breaks, and whole JSON is `otherwise`.
#[must_use]
pub fn unreadable(answer: &RawResponse, otherwise: &str) -> ResponseOutcome {
    let broken = from_json::<IgnoredAny>(&answer.body).err().map(|error| error.message().to_owned());
    ResponseOutcome::Unreadable(broken.unwrap_or_else(|| otherwise.to_owned()))
}

/// Why a body that should be JSON is not, for [`ResponseOutcome::Unreadable`]; `None` if it looks like JSON.
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
