//! Error responses of RISKEN's gateway and of the service behind it.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::http::HttpResponse;

/// An error response: its status and one of three kinds of body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorResponse {
    status: u16,
    body: ErrorBody,
}

/// The bodies of error responses.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ErrorBody {
    Empty,
    Text(Cow<'static, str>),
    Json(Value),
}

/// Why the database or the queue refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure(pub(super) String);

impl From<Failure> for ErrorResponse {
    fn from(Failure(message): Failure) -> Self {
        let error = json!({ "error": { "code": "Unknown", "message": message } });
        Self::new(500, ErrorBody::Json(error))
    }
}

impl ErrorResponse {
    /// The fields of a request break rules.
    pub(super) fn invalid(text: &str) -> Self {
        Self::new(400, ErrorBody::Json(json!({ "error": text })))
    }

    pub(super) fn new(status: u16, body: ErrorBody) -> Self {
        Self { status, body }
    }

    pub(super) fn text(status: u16, text: &'static str) -> Self {
        Self::new(status, ErrorBody::Text(text.into()))
    }

    pub(super) fn into_response(self) -> HttpResponse {
        match self.body {
            ErrorBody::Empty => HttpResponse::empty(self.status),
            ErrorBody::Text(text) => {
                HttpResponse::text(self.status, text).with_header("x-content-type-options", "nosniff")
            }
            ErrorBody::Json(body) => HttpResponse::json(self.status, body),
        }
    }
}
