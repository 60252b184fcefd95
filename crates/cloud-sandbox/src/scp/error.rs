//! The two error formats of the platform: the gateway's and the services'.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::http::HttpResponse;
use crate::ids::Ids;
use crate::spec::Operation;
use crate::spec::violation::{Rule, Violation};

/// The code of a request that does not fit its documented form.
pub(super) const VALIDATION: &str = "ValidationError";

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
        Self::new(400, VALIDATION, detail)
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
        service(ids, self.status, &self.code, &self.detail)
    }
}

/// The response to a request that does not fit its documented form: a text for each violation, without field names.
pub(super) fn violations(ids: &Ids, wrong: &[Violation]) -> HttpResponse {
    let texts: Vec<_> = wrong.iter().map(|one| Value::from(text(&one.rule))).collect();
    envelope(ids, 400, VALIDATION, texts.into(), Value::Null)
}

/// A broken rule in the words of the services' validator. One text was observed; the others are its usual ones.
fn text(rule: &Rule) -> String {
    match rule {
        Rule::Required => "Field required".to_owned(),
        Rule::Unknown => "Extra inputs are not permitted".to_owned(),
        Rule::Repeated => "Input should not be repeated".to_owned(),
        Rule::Unreadable => "Input cannot be decoded".to_owned(),
        Rule::Null => "Input should not be null".to_owned(),
        Rule::Kind(kinds) => format!("Input should be a valid {}", kinds.trim_end_matches(" or null")),
        Rule::Format(format) => format!("Input should be a valid {format}"),
        Rule::Pattern(pattern) => format!("String should match pattern '{pattern}'"),
        Rule::Length { min, max, .. } => {
            let bounds = [min.map(|min| format!("at least {min}")), max.map(|max| format!("at most {max}"))];
            let bounds: Vec<_> = bounds.into_iter().flatten().collect();
            format!("String should have {} characters", bounds.join(" and "))
        }
        Rule::AtLeast(bound) => format!("Input should be greater than or equal to {bound}"),
        Rule::AtMost(bound) => format!("Input should be less than or equal to {bound}"),
        Rule::OneOf(values) => format!("Input should be {values}"),
    }
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

/// The error response of a service. The texts of a failed validation are an array, others one string.
pub(super) fn service(ids: &Ids, status: u16, code: &str, detail: &str) -> HttpResponse {
    let detail = if code == VALIDATION { json!([detail]) } else { detail.into() };
    envelope(ids, status, code, detail, Value::Null)
}

/// The response to a caller whose policy lacks an action. It names the action, as recorded of another service.
pub(super) fn forbidden(ids: &Ids, operation: &Operation) -> HttpResponse {
    let level = access_level(operation);
    let response = json!({
        "access_level": level,
        "action_name": format!("{}:{}", operation.document.service, pascal(&operation.name)),
        "caused_auths": [],
        "message": "You are not authorized to perform this operation.",
    });
    let detail = format!("You do not have permission to {level}. Please contact the administrator.");
    envelope(ids, 403, "Forbidden", detail.into(), response)
}

/// `Create` and `Update` were observed.
fn access_level(operation: &Operation) -> &'static str {
    match operation.method.as_str() {
        "GET" if operation.page.is_some() => "List",
        "GET" => "Read",
        "PUT" => "Update",
        "DELETE" => "Delete",
        _ => "Create",
    }
}

/// `rotate_key` as `RotateKey`.
fn pascal(name: &str) -> String {
    name.split('_')
        .flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)))
        .collect()
}

fn envelope(ids: &Ids, status: u16, code: &str, detail: Value, response: Value) -> HttpResponse {
    let id = || format!("req-{}", ids.request());
    let error = json!({
        "code": code,
        "detail": detail,
        "global_request_id": id(),
        "links": [],
        "related_resources": [],
        "request_id": id(),
        "response": response,
        "status": status,
        "title": code,
    });
    HttpResponse::json(status, json!({ "errors": [error] })).ending_in_newline()
}
