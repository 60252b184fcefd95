//! Reads the response of an attempt: its payload, or the error that it stands for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;

use super::attempt::{Attempt, Result, Signed};
use super::failure::AttemptError;
use super::recovery::Refusal;
use super::skew;
use crate::delivery::Delivery;
use crate::dialect::{Failure, FailureClass, RawResponse, ResponseOutcome};
use crate::error::{Error, ErrorCategory, ErrorKind};
use crate::json::guess;
use crate::redaction::redact;
use crate::retry::{AttemptOutcome, retry_after};
use crate::secret::SecretString;

/// Takes the place of a text that must not be shown.
const HIDDEN: &str = "the service's text is not shown because it repeats part of a secret";

impl Attempt<'_> {
    /// `executed` says whether an earlier attempt may have been executed.
    pub(super) fn read(&self, response: RawResponse, signed: Signed, executed: bool) -> Result<(Bytes, RawResponse)> {
        let (operation, status) = (self.context.operation, response.status.as_u16());
        let outcome = match unexpected(&response) {
            Some(why) => ResponseOutcome::Unreadable(why.to_owned()),
            None => self.client.dialect.read(self.context, &response),
        };
        match outcome {
            ResponseOutcome::Failed(failure) => match operation.deleted_before() {
                Some(payload) if executed && failure.category == Some(ErrorCategory::NotFound) => {
                    Ok((Bytes::from_static(payload.as_bytes()), response))
                }
                _ => Err(self.failed(response, failure, signed)),
            },
            ResponseOutcome::Payload(payload) if !has_known_member(&payload, operation.known_members) => {
                let why = "no member of the response is known; a proxy may have sent it, or a newer release knows it";
                Err(self.unreadable(&response, why.to_owned(), &signed))
            }
            // Without a payload that could be checked, only the documented statuses are success.
            ResponseOutcome::Payload(_) if !operation.returns && !operation.success.contains(&status) => {
                let why =
                    format!("status {status} is not documented for this operation, which may not have been executed");
                Err(self.unreadable(&response, why, &signed))
            }
            ResponseOutcome::Payload(payload) => Ok((payload, response)),
            ResponseOutcome::Unreadable(why) => Err(self.unreadable(&response, why, &signed)),
        }
    }

    /// The error of a failure that the service reported.
    fn failed(&self, response: RawResponse, failure: Failure, signed: Signed) -> Box<AttemptError> {
        let status = response.status.as_u16();
        let secrets = self.secrets(&signed);
        let clean = |text: &str| redact(text, self.request, &secrets);
        let message = failure.message.as_deref().map(|text| clean(text).unwrap_or_else(|| HIDDEN.to_owned()));
        let parts: Vec<_> =
            message.as_deref().into_iter().chain(failure.hint).filter(|part| !part.is_empty()).collect();
        let text = if parts.is_empty() { "the response has no error text".to_owned() } else { parts.join(": ") };
        let request_id = failure.request_id.or_else(|| self.client.dialect.request_id(&response.headers));
        let error = Error::new(ErrorKind::Service, text)
            .with_status(status)
            .with_category(category(status).or(failure.category))
            .with_code(failure.code.as_deref().and_then(clean))
            .with_required_action(failure.required_action.as_deref().and_then(clean))
            .with_advice(failure.advice)
            .with_request_id(request_id.as_deref().and_then(clean));
        let outcome = match failure.class {
            FailureClass::Permanent | FailureClass::Unauthorized => {
                AttemptOutcome::permanent(Delivery::ResponseReceived)
            }
            FailureClass::ByStatus => AttemptOutcome::response(status, false),
            FailureClass::Transient => AttemptOutcome::response(status, true),
        };
        let mut failed = AttemptError::new(error, outcome);
        failed.retry_after = self.retry_after(&response.headers);
        if failure.class == FailureClass::Unauthorized {
            let Signed { generation, sent, .. } = signed;
            failed.refusal = Some(Refusal { generation, headers: response.headers, sent });
        }
        failed
    }

    /// The credentials of the request and the configured values of its path, which a service may quote.
    fn secrets(&self, signed: &Signed) -> Vec<SecretString> {
        let mut secrets = self.request.config_values(|name| self.client.dialect.config(self.context, name));
        secrets.extend(self.client.signer.secrets(self.context.operation));
        // A value that is no text cannot be quoted in one.
        let sent = signed.secrets.as_ref().split(|byte| *byte == b'\n').filter_map(|value| str::from_utf8(value).ok());
        secrets.extend(sent.filter(|value| !value.is_empty()).map(|value| credential(value).into()));
        secrets
    }

    /// The error of a response that is not one of the service's.
    fn unreadable(&self, response: &RawResponse, why: String, signed: &Signed) -> Box<AttemptError> {
        let status = response.status;
        let (kind, outcome) = if status.is_success() || status.is_redirection() {
            (ErrorKind::Decode, AttemptOutcome::permanent(Delivery::ResponseReceived))
        } else {
            (ErrorKind::Service, AttemptOutcome::response(status.as_u16(), false))
        };
        let request_id = self.client.dialect.request_id(&response.headers);
        let request_id = request_id.and_then(|id| redact(&id, self.request, &self.secrets(signed)));
        let error = Error::new(kind, why)
            .with_status(status.as_u16())
            .with_category(category(status.as_u16()))
            .with_request_id(request_id);
        let mut failed = AttemptError::new(error, outcome);
        failed.retry_after = self.retry_after(&response.headers);
        failed
    }

    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
        // A date is one of the service's clock, which the response's own date shows best.
        let local = || self.client.skew.known().apply(self.client.runtime.now());
        retry_after(value, skew::date(headers).unwrap_or_else(local))
    }
}

/// Whether an object has a known member, or none at all. Other payloads are left to the decoder.
fn has_known_member(payload: &[u8], known: &[&str]) -> bool {
    if known.is_empty() {
        return true;
    }
    let members = guess::<HashMap<Cow<'_, str>, IgnoredAny>>(payload);
    members.is_none_or(|members| members.is_empty() || known.iter().any(|name| members.contains_key(*name)))
}

/// Why no dialect can read this response, if so.
fn unexpected(response: &RawResponse) -> Option<&'static str> {
    if response.status.is_redirection() {
        return Some("the response is a redirect, which is not followed; check the endpoint");
    }
    // No range and no delta was requested.
    if matches!(response.status, StatusCode::PARTIAL_CONTENT | StatusCode::IM_USED) {
        return Some("the response is only a part of the resource, which was not requested; a proxy may have sent it");
    }
    let encoding = response.headers.get(CONTENT_ENCODING).filter(|coding| !coding.is_empty())?;
    (!encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        .then_some("the response is compressed or otherwise encoded, which was not requested; a proxy may have done it")
}

/// The credential of a header value, without the scheme before it.
fn credential(value: &str) -> &str {
    ["Bearer ", "Basic "].into_iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value)
}

/// What a status means, from a service or a gateway.
fn category(status: u16) -> Option<ErrorCategory> {
    (status == 429).then_some(ErrorCategory::Throttled)
}
