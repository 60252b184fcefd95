//! RISKEN's conventions: the `data` envelope and six shapes of errors.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use cloud_core::codegen::{As, LenientText};
use cloud_core::dialect::{Failure, FailureClass, RawResponse, ResponseOutcome, foreign, unreadable};
use cloud_core::{CallContext, Dialect, ErrorCategory, Result};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::policy;

mod advice;

/// The conventions of every API of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RiskenDialect;

impl Dialect for RiskenDialect {
    fn prepare(&self, _: CallContext, _: &mut HeaderMap) -> Result<()> {
        Ok(())
    }

    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome {
        if !answer.status.is_success() {
            return failed(context, answer);
        }
        if let Some(why) = foreign(answer) {
            return ResponseOutcome::Unreadable(why);
        }
        let Some(envelope) = answer.json::<Envelope<'_>>() else {
            return unreadable(answer, "the response is not an object with `data`; check the URL of the site");
        };
        match envelope.data {
            _ if envelope.error.is_some() => failed(context, answer),
            None => ResponseOutcome::Unreadable("the response has no `data`; check the URL of the site".into()),
            Some(data) if !context.operation.returns => nothing(data),
            // The service omits empty fields everywhere else, so an empty payload may be null as well.
            Some(data) if data.get() == "null" => ResponseOutcome::Payload(EMPTY),
            Some(data) => ResponseOutcome::Payload(answer.body.slice_ref(data.get().as_bytes())),
        }
    }
}

/// The outcome of an operation without a payload. Members that nobody asked for may come from something else.
fn nothing(data: &RawValue) -> ResponseOutcome {
    let members = serde_json::from_str::<Option<HashMap<Cow<'_, str>, IgnoredAny>>>(data.get());
    match members {
        Ok(members) if members.as_ref().is_none_or(HashMap::is_empty) => ResponseOutcome::Payload(NULL),
        _ => ResponseOutcome::Unreadable(
            "`data` is not empty although the operation returns nothing; it may not have been executed".to_owned(),
        ),
    }
}

/// For operations that return nothing.
const NULL: Bytes = Bytes::from_static(b"null");
const EMPTY: Bytes = Bytes::from_static(b"{}");

#[derive(Deserialize)]
struct Envelope<'a> {
    /// `Some` for `null` as well, unlike a plain `Option`.
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// The value of `error` if it is an object; either member may be missing.
#[derive(Deserialize)]
struct Details {
    #[serde(default, with = "As::<Option<LenientText>>")]
    code: Option<String>,
    message: Option<String>,
}

/// How the database says that a record is missing, alone or after what was looked for.
const NOT_FOUND: &str = "record not found";

fn failed(context: CallContext, answer: &RawResponse) -> ResponseOutcome {
    let Details { code, message } = details(answer);
    // The service's own error has a code; a proxy's text does not count.
    let missing = code.is_some() && message.as_deref().is_some_and(|text| text.ends_with(NOT_FOUND));
    let class = match answer.status {
        StatusCode::UNAUTHORIZED => FailureClass::Unauthorized,
        status if status.is_success() || missing => FailureClass::Permanent,
        _ => FailureClass::ByStatus,
    };
    // A proxy's page or line says nothing about the role.
    let own = code.is_some() || message.as_deref().is_some_and(|text| text.starts_with("Unauthorized the "));
    let hint = match answer.status {
        _ if missing && context.version.service == "finding" => {
            Some("the project has no such finding, or it was stored a moment ago and is not known everywhere yet")
        }
        _ if missing => Some(
            "the data source is not attached to this account in this project, or was attached a moment ago and is not known everywhere yet",
        ),
        StatusCode::UNAUTHORIZED => Some("the access token is unknown or expired, or could not be checked just now"),
        StatusCode::FORBIDDEN if message.as_deref() == Some("Invalid token") => {
            Some("the site took the caller for a person without a session; the access token was not accepted")
        }
        StatusCode::FORBIDDEN if own => Some(
            "the access token's role does not allow this, it belongs to another project, or its project has no active member with a role",
        ),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some("check the URL of the site"),
        StatusCode::PAYLOAD_TOO_LARGE => Some("the site does not take requests of this size"),
        _ if answer.body.trim_ascii_start().starts_with(b"<") => {
            Some("the response is an HTML page instead of JSON; a proxy or portal may have sent it")
        }
        _ => None,
    };
    let category = match answer.status {
        _ if missing => Some(ErrorCategory::NotFound),
        StatusCode::UNAUTHORIZED => Some(ErrorCategory::InvalidCredentials),
        StatusCode::FORBIDDEN if message.as_deref() == Some("Invalid token") => Some(ErrorCategory::InvalidCredentials),
        StatusCode::FORBIDDEN if own => Some(ErrorCategory::Denied),
        _ => None,
    };
    let advice = advice::of(context, answer.status, missing, own, message.as_deref());
    let denied = category == Some(ErrorCategory::Denied);
    let action = denied.then(|| policy::action(context.operation)).flatten();
    let failure = Failure::new(class).category(category).code(code).message(message).hint(hint);
    ResponseOutcome::Failed(failure.required_action(action).advice(advice))
}

fn details(answer: &RawResponse) -> Details {
    let nothing = Details { code: None, message: None };
    if let Some(envelope) = answer.json::<Envelope<'_>>() {
        let Some(error) = envelope.error else { return nothing };
        return match serde_json::from_str(error.get()) {
            Ok(message) => Details { code: None, message: Some(message) },
            Err(_) => serde_json::from_str(error.get()).unwrap_or(nothing),
        };
    }
    // A proxy's page does not fit into one line of an error; a line of plain text does.
    let is_text = answer.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let line = std::str::from_utf8(&answer.body).map(str::trim).unwrap_or_default();
    let message = (is_text && !line.is_empty() && !line.starts_with('<')).then(|| line.to_owned());
    Details { code: None, message }
}

#[cfg(feature = "aws")]
#[cfg(test)]
mod tests;
