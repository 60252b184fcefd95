//! The two error formats of the platform: the gateway's and the services'.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::http::HttpResponse;
use crate::ids::Ids;
use crate::spec::violation::Violation;

/// What the service says to every token that it does not accept.
pub(super) const UNKNOWN_TOKEN: &str = "Svaccesskey is not existed.";

/// An error response of a service, with one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorResponse {
    status: u16,
    code: Cow<'static, str>,
    detail: String,
}

impl ErrorResponse {
    pub(crate) fn new(status: u16, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into() }
    }

    /// The request breaks a rule that the documents do not state.
    pub(crate) fn validation(detail: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", detail)
    }

    /// The request is well formed, and the service cannot carry it out.
    pub(crate) fn invalid_input(detail: impl Into<String>) -> Self {
        Self::new(400, "InvalidInputValue", detail)
    }

    /// No resource has this id.
    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(404, "ResourceNotFound", format!("{kind} {id} does not exist"))
    }

    /// The platform itself failed.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(500, "ContactAdminForAssistance", detail)
    }

    pub(super) fn into_response(self, ids: &Ids) -> HttpResponse {
        service(ids, self.status, &self.code, &[self.detail])
    }
}

/// The response to a request that does not fit its documented form: one entry for each violation.
pub(super) fn violations(ids: &Ids, wrong: &[Violation]) -> HttpResponse {
    let field = |one: &Violation| if one.field.is_empty() { "the body".to_owned() } else { one.field.clone() };
    let details: Vec<_> = wrong.iter().map(|one| format!("{} {}", field(one), one.rule)).collect();
    service(ids, 400, "ValidationError", &details)
}

/// The error response of the gateway in front of the services.
pub(super) fn gateway(ids: &Ids, clock: &Clock, path: &str, status: u16, error: &str) -> HttpResponse {
    let body = json!({
        "timestamp": clock.rfc3339(),
        "path": path,
        "status": status,
        "error": error,
        "requestId": ids.request(),
    });
    HttpResponse::json(status, body)
}

/// The error response of a service, with one entry for each detail.
pub(super) fn service(ids: &Ids, status: u16, code: &str, details: &[String]) -> HttpResponse {
    let request_id = ids.request();
    let errors: Vec<Value> = details
        .iter()
        .map(|detail| {
            json!({
                "code": code,
                "title": code,
                "detail": detail,
                "status": status,
                "request_id": request_id,
                "global_request_id": format!("req-{request_id}"),
                "links": [],
                "related_resources": [],
                "response": null,
            })
        })
        .collect();
    HttpResponse::json(status, json!({ "errors": errors }))
}
