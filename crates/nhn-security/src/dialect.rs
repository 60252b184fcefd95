//! The conventions of the three services: app key, MAC header, the `header` envelope and its failures.

use std::borrow::Cow;

use bytes::Bytes;
use cloud_core::codegen::{As, LenientBool};
use cloud_core::dialect::{Failure, FailureClass, RawResponse, ResponseOutcome, foreign, unreadable};
use cloud_core::{Advice, Authentication, CallContext, Dialect, ErrorCategory, Operation, Result, SecretString};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::env::{SKM_APP_KEY, SKM_CERTIFICATE, SKM_MAC_ADDRESS};
use crate::sign::takes_access_key;

mod advice;

const MAC_HEADER: HeaderName = HeaderName::from_static("x-toast-client-mac-addr");

/// Codes that other services of the vendor use for a missing, unknown or expired token. None is documented for these
/// three, so all are accepted.
const TOKEN_CODES: [&str; 3] = ["80007", "80401", "401100003"];

/// The conventions of one service.
#[derive(Debug)]
pub(crate) struct NhnDialect {
    app_key: SecretString,
    /// The variable that holds it.
    app_key_variable: &'static str,
    /// Whether failures have the names that Secure Key Manager gives them.
    names_failures: bool,
    mac_address: Option<HeaderValue>,
    /// Whether connections present a client certificate.
    presents_certificate: bool,
}

impl NhnDialect {
    /// Creates the dialect of a service.
    pub(crate) fn new(app_key: SecretString, variable: &'static str) -> Self {
        Self {
            app_key,
            app_key_variable: variable,
            names_failures: false,
            mac_address: None,
            presents_certificate: false,
        }
    }

    /// Creates the dialect of Secure Key Manager.
    pub(crate) fn key_manager(app_key: SecretString, mac_address: Option<HeaderValue>) -> Self {
        Self { names_failures: true, mac_address, ..Self::new(app_key, SKM_APP_KEY) }
    }

    /// States whether connections present a client certificate.
    pub(crate) fn with_certificate(self, presents_certificate: bool) -> Self {
        Self { presents_certificate, ..self }
    }

    fn failed(
        &self,
        operation: &Operation,
        status: StatusCode,
        header: Option<&Header<'_>>,
        message: Option<String>,
    ) -> ResponseOutcome {
        let authenticated = operation.authentication != Authentication::None;
        let code = header.and_then(|header| header.result_code).map(|raw| text(raw).into_owned());
        let refused = status == StatusCode::UNAUTHORIZED || code.as_deref().is_some_and(|c| TOKEN_CODES.contains(&c));
        let class = match status {
            _ if refused && authenticated => FailureClass::Unauthorized,
            _ if status.is_success() => FailureClass::Permanent,
            _ => FailureClass::ByStatus,
        };
        // Without the vendor's header it is the text of a gateway.
        let named = header.and(message.as_deref()).filter(|_| self.names_failures).and_then(key_manager_failure);
        let (hint, category, advice) = match named {
            Some((hint, category, advice)) => (Some(hint), Some(category), advice),
            None if authenticated => {
                let (code, message) = (code.as_deref(), message.as_deref());
                let advice = advice::of_account(operation, status, code, message);
                (account_hint(operation, status, code, message), account_category(status, code, message), advice)
            }
            None => (None, None, &[][..]),
        };
        // The app key is part of the path, and a service may quote the path.
        let hide = |text: String| text.replace(self.app_key.expose_secret(), "[…]");
        let (code, message) = (code.map(hide), message.map(hide));
        let failure = Failure::new(class).category(category).code(code).message(message).hint(hint);
        ResponseOutcome::Failed(failure.advice(advice))
    }
}

impl Dialect for NhnDialect {
    fn prepare(&self, _: CallContext, headers: &mut HeaderMap) -> Result<()> {
        if let Some(address) = &self.mac_address {
            headers.insert(MAC_HEADER, address.clone());
        }
        Ok(())
    }

    fn config(&self, _: CallContext, name: &str) -> Option<&str> {
        // The guides spell it both ways.
        name.eq_ignore_ascii_case("appkey").then(|| self.app_key.expose_secret())
    }

    fn shell_variable(&self, _: CallContext, name: &str) -> Option<&'static str> {
        if name.eq_ignore_ascii_case("appkey") {
            return Some(self.app_key_variable);
        }
        (name == MAC_HEADER.as_str()).then_some(SKM_MAC_ADDRESS)
    }

    fn certificate_variables(&self) -> Option<[&'static str; 2]> {
        self.presents_certificate.then_some(SKM_CERTIFICATE)
    }

    fn read(&self, context: CallContext, answer: &RawResponse) -> ResponseOutcome {
        let operation = context.operation;
        let failed = |header, message| self.failed(operation, answer.status, header, message);
        let refused = answer.status == StatusCode::UNAUTHORIZED && operation.authentication != Authentication::None;
        if let Some(why) = foreign(answer) {
            // A gateway may refuse the token with its own body.
            return if refused { failed(None, None) } else { ResponseOutcome::Unreadable(why) };
        }
        let Some(envelope) = answer.json::<Envelope<'_>>() else {
            return match refused {
                true => failed(None, None),
                false => unreadable(answer, "the response is not an object with the vendor's `header`"),
            };
        };
        let Some(header) = &envelope.header else {
            return match answer.status.is_success() {
                true => ResponseOutcome::Unreadable("the response has no `header`; check the endpoint".into()),
                false => failed(None, envelope.message.or(envelope.error).map(owned)),
            };
        };
        match header.is_successful {
            Some(true) if answer.status.is_success() => {}
            None if answer.status.is_success() => {
                return ResponseOutcome::Unreadable("the response's `header` has no `isSuccessful`".into());
            }
            _ => return failed(Some(header), header.result_message.map(owned)),
        }
        ResponseOutcome::Payload(match (operation.returns, operation.envelope) {
            (false, _) => NULL,
            (true, cloud_core::Envelope::Field(_)) => {
                envelope.body.map_or(NULL, |body| answer.body.slice_ref(body.get().as_bytes()))
            }
            // The models ignore what they do not know, so the header may stay.
            (true, _) => answer.body.clone(),
        })
    }
}

/// Takes the place of a missing payload, so that the decoder names the field that it expected.
const NULL: Bytes = Bytes::from_static(b"null");

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    header: Option<Header<'a>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    /// The text of a failure without the vendor's header.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(rename = "isSuccessful", default, with = "As::<Option<LenientBool>>")]
    is_successful: Option<bool>,
    #[serde(rename = "resultCode", borrow)]
    result_code: Option<&'a RawValue>,
    #[serde(rename = "resultMessage", borrow)]
    result_message: Option<&'a RawValue>,
}

/// The content of a JSON string; any other value as it is written.
fn text(raw: &RawValue) -> Cow<'_, str> {
    serde_json::from_str::<String>(raw.get()).map_or(Cow::Borrowed(raw.get()), Cow::Owned)
}

fn owned(raw: &RawValue) -> String {
    text(raw).into_owned()
}

fn account_hint(
    operation: &Operation,
    status: StatusCode,
    code: Option<&str>,
    message: Option<&str>,
) -> Option<&'static str> {
    let refused = match takes_access_key(operation) {
        true => "the user access key was not accepted; check its id, its secret and the realm",
        false => "the token was not accepted; check the user access key and the realm",
    };
    match (status, code) {
        _ if message.is_some_and(is_wrong_app_key) => Some("check this service's app key and the realm"),
        (_, Some("-6")) => Some("the account behind the user access key lacks a role for this"),
        (_, Some("-8")) => Some("the organization does not admit calls from this address"),
        (StatusCode::UNAUTHORIZED, _) => Some(refused),
        (_, Some(code)) if TOKEN_CODES.contains(&code) => Some(refused),
        (StatusCode::NOT_FOUND, _) => Some("check the app key, and that it belongs to this service"),
        _ => None,
    }
}

fn account_category(status: StatusCode, code: Option<&str>, message: Option<&str>) -> Option<ErrorCategory> {
    match (status, code) {
        _ if message.is_some_and(is_wrong_app_key) => Some(ErrorCategory::InvalidCredentials),
        // Without the vendor's header it may be a proxy that forbids something.
        (_, Some("-6" | "-8")) | (StatusCode::FORBIDDEN, Some(_)) => Some(ErrorCategory::Denied),
        (StatusCode::UNAUTHORIZED, _) => Some(ErrorCategory::InvalidCredentials),
        (_, Some(code)) if TOKEN_CODES.contains(&code) => Some(ErrorCategory::InvalidCredentials),
        _ => None,
    }
}

/// The letters and digits, since the same name is spelled in several ways.
fn plain(message: &str) -> String {
    message.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_wrong_app_key(message: &str) -> bool {
    plain(message).contains("invalidappkey")
}

/// The hints of failures that concern one version of a key.
pub(crate) const KEY_VERSION_STATUS: &str = "this version of the key is not in use";
pub(crate) const KEY_VERSION: &str = "the key has no such version";

/// What to do and what it means. Secure Key Manager publishes names of failures, not codes, and spells them in several
/// ways.
fn key_manager_failure(message: &str) -> Option<(&'static str, ErrorCategory, &'static [Advice])> {
    use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
    const FAILURES: [(&str, ErrorCategory, &str, &[Advice]); 9] = [
        (
            "ipv4authfailure",
            Denied,
            "the key store does not admit this address; `confirm_client` shows which one the service sees",
            advice::ADDRESS,
        ),
        (
            "macauthfailure",
            Denied,
            "set NHN_CLOUD_SKM_MAC_ADDRESS to an address that the key store lists, spelled the same way",
            advice::MAC_ADDRESS,
        ),
        ("certificateauthfailure", Denied, "give the client certificate that the key store lists", advice::CERTIFICATE),
        ("invalidappkey", InvalidCredentials, "check NHN_CLOUD_SKM_APP_KEY and the realm", advice::APP_KEY),
        (
            "invalidkeyid",
            NotFound,
            "check the key id, and that the key is of the kind that this call takes",
            advice::KEY_ID,
        ),
        ("invalidkeystore", NotFound, "check the id or the name of the key store", advice::KEY_STORE),
        ("invalidkeyversionstatus", Conflict, KEY_VERSION_STATUS, advice::STATE),
        ("invalidkeyversion", NotFound, KEY_VERSION, advice::KEY_VERSION),
        ("invalidkeystatus", Conflict, "the key is about to be deleted or not in use", advice::STATE),
    ];
    let plain = plain(message);
    let known = FAILURES.iter().find(|(name, ..)| plain.contains(name));
    known.map(|(_, category, hint, advice)| (*hint, *category, *advice))
}

#[cfg(test)]
mod tests;
