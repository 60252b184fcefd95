//! Samsung Cloud Platform's conventions: the language and version headers, and two shapes of errors.

use bytes::Bytes;
use cloud_core::dialect::{Dialect, Failure, FailureClass, RawResponse, ResponseOutcome, foreign};
use cloud_core::{ApiVersion, CallContext, Error, ErrorCategory, Result};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::names::Language;

mod advice;

const API_VERSION: HeaderName = HeaderName::from_static("scp-api-version");

/// Adds language and version, reads both kinds of error.
#[derive(Debug)]
pub(crate) struct ScpDialect {
    language: HeaderValue,
}

impl ScpDialect {
    pub(crate) fn new(language: &Language) -> Result<Self> {
        // Only a language from a response could be anything else.
        let language = language.as_str().parse();
        let language =
            language.map_err(|_| Error::config("setting language (ScpBuilder::language): not a valid header value"))?;
        Ok(Self { language })
    }
}

fn version(version: &ApiVersion) -> Result<HeaderValue> {
    let text = [version.service, " ", version.number].concat();
    HeaderValue::try_from(text).map_err(|_| Error::config("the API version is not a valid header value"))
}

impl Dialect for ScpDialect {
    fn prepare(&self, context: CallContext, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(ACCEPT_LANGUAGE, self.language.clone());
        headers.insert(API_VERSION, version(context.version)?);
        Ok(())
    }

    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if answer.status.is_success() {
            // A gateway may wrap a failure in a good status; no payload begins with this member.
            if begins_with_errors(&answer.body) {
                return ResponseOutcome::Failed(failure(answer));
            }
            return if context.operation.returns { payload(answer) } else { nothing(answer) };
        }
        match foreign(answer) {
            Some(_) if answer.body.is_empty() => ResponseOutcome::Failed(failure(answer)),
            Some(why) => ResponseOutcome::Unreadable(why),
            None => ResponseOutcome::Failed(failure(answer)),
        }
    }
}

fn payload(answer: &RawResponse) -> ResponseOutcome {
    match foreign(answer) {
        None => ResponseOutcome::Payload(answer.body.clone()),
        Some(why) => ResponseOutcome::Unreadable(why),
    }
}

/// The outcome of an operation without a payload: with nothing else to check, only an empty body is success.
fn nothing(answer: &RawResponse) -> ResponseOutcome {
    match answer.body.trim_ascii() {
        b"" | b"null" => ResponseOutcome::Payload(Bytes::from_static(b"null")),
        _ => ResponseOutcome::Unreadable(
            "the response has a body although the operation returns none; it may not have been executed".to_owned(),
        ),
    }
}

fn begins_with_errors(body: &[u8]) -> bool {
    let members = body.trim_ascii_start().strip_prefix(b"{");
    members.is_some_and(|members| members.trim_ascii_start().starts_with(b"\"errors\""))
}

/// The services' errors.
#[derive(Deserialize)]
struct Errors {
    errors: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    code: Option<String>,
    title: Option<String>,
    detail: Option<Detail>,
    request_id: Option<String>,
    global_request_id: Option<String>,
    response: Option<Refusal>,
}

/// What a refusal for want of a permission adds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Refusal {
    Named { action_name: String },
    Other(IgnoredAny),
}

impl Refusal {
    fn action(self) -> Option<String> {
        match self {
            Self::Named { action_name } => Some(action_name),
            Self::Other(_) => None,
        }
    }
}

/// One string or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    One(String),
    Many(Vec<String>),
    Other(IgnoredAny),
}

impl Detail {
    fn text(self) -> Option<String> {
        match self {
            Self::One(text) => Some(text),
            Self::Many(texts) => Some(texts.join("; ")),
            Self::Other(_) => None,
        }
    }
}

/// The gateway's errors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gateway {
    error: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    timestamp: Option<IgnoredAny>,
    path: Option<IgnoredAny>,
    status: Option<IgnoredAny>,
}

fn failure(answer: &RawResponse) -> Failure {
    let status = answer.status.as_u16();
    let (mut own, mut vendors) = (false, false);
    let mut failure = if let Some(Errors { errors }) = answer.json() {
        (own, vendors) = (true, true);
        of_service(errors)
    } else if let Some(gateway) = answer.json::<Gateway>() {
        vendors = gateway.timestamp.is_some() && gateway.path.is_some() && gateway.status.is_some();
        let message = gateway.message.or_else(|| gateway.error.clone());
        Failure::default().code(gateway.error).message(message).request_id(gateway.request_id)
    } else {
        Failure::default()
    };
    if status == 401 {
        failure.class = FailureClass::Unauthorized;
    }
    if status == 406 {
        failure.class = FailureClass::Permanent;
    }
    failure.hint = hint(status, &failure, vendors);
    // A gateway's texts say nothing about the resource, and a proxy's nothing about the permissions. The vendor does not
    // document the body of a 401, so any counts.
    failure.category = category(status, &failure).filter(|category| match category {
        ErrorCategory::NotFound => own,
        ErrorCategory::Denied | ErrorCategory::Conflict => vendors || status == 401,
        _ => true,
    });
    let steps = advice::of(status, &failure, vendors);
    failure.advice(steps)
}

fn category(status: u16, failure: &Failure) -> Option<ErrorCategory> {
    let message = failure.message.as_deref().unwrap_or_default();
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match (status, failure.code.as_deref()) {
        // So a gateway reports a service that is not enabled for the account in the region.
        (401, _) if says(&["rejected by gateway", "catalog has not target"]) => Some(ErrorCategory::Denied),
        (401, _) => Some(ErrorCategory::InvalidCredentials),
        (400, _) if says(&["Svaccesskey is not existed"]) => Some(ErrorCategory::InvalidCredentials),
        (400, Some(code)) if code.ends_with("source-cidr-error") => Some(ErrorCategory::Denied),
        (403, _) => Some(ErrorCategory::Denied),
        (404, Some("NotFound" | "ResourceNotFound")) => Some(ErrorCategory::NotFound),
        (406, _) => Some(ErrorCategory::EndedVersion),
        (409, _) => Some(ErrorCategory::Conflict),
        _ => None,
    }
}

fn of_service(errors: Vec<Item>) -> Failure {
    let mut failure = Failure::default();
    let mut messages = Vec::new();
    let mut action = None;
    for error in errors {
        let detail = error.detail.and_then(Detail::text).filter(|text| !text.is_empty());
        messages.extend(detail.or(error.title));
        failure.code = failure.code.or(error.code);
        failure.request_id = failure.request_id.or(error.request_id).or(error.global_request_id);
        action = action.or(error.response.and_then(Refusal::action));
    }
    failure.message = (!messages.is_empty()).then(|| messages.join("; "));
    failure.required_action(action)
}

fn hint(status: u16, failure: &Failure, vendors: bool) -> Option<&'static str> {
    let code = failure.code.as_deref();
    match status {
        400 if failure.message.as_deref().is_some_and(|text| text.contains("Svaccesskey")) => {
            Some("check SCP_VAULT_TOKEN_ID and SCP_SECRET_VAULT_ID, and that the token has not expired")
        }
        401 => Some(
            "check the access key and its secret, or the vault token's, that the two are not swapped, this machine's clock, and that the service is enabled for the account in this region",
        ),
        403 if vendors => Some("the key's policy may lack this action, or its allowed addresses this machine"),
        403 => Some("neither the service nor its gateway answers so; a proxy may have sent it"),
        404 if code != Some("ResourceNotFound") && code != Some("NotFound") => {
            Some("the gateway also says so when it does not recognise the call: check the endpoint")
        }
        406 => Some("the service does not know this API version: use another version's client"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
