//! Error responses in the header envelope that surrounds every response of NHN Cloud.

use serde_json::json;

use crate::http::HttpResponse;

/// The result code of requests that a service refuses: it publishes one code for all reasons.
pub(super) const BAD_REQUEST: i32 = 1000;

/// An error response of a service: what its real HTTP status would be, and what its header says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorResponse {
    pub(super) status: u16,
    pub(super) code: i32,
    pub(super) message: String,
}

impl ErrorResponse {
    pub(super) fn new(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// An error response in the header envelope. On the paths of Server Security Check the header has one more flag.
pub(super) fn envelope(path: &str, status: u16, code: i32, message: &str) -> HttpResponse {
    let mut header = json!({ "isSuccessful": false, "resultCode": code, "resultMessage": message });
    if path.starts_with("/ssc/") {
        header["success"] = false.into();
    }
    HttpResponse::json(status, json!({ "header": header, "body": null }))
}
