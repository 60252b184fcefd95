//! Tests of both envelopes and of what counts as success and failure.

use cloud_core::{ApiVersion, Envelope, Method, Operation};

use super::*;

static V1: ApiVersion = ApiVersion::new("nhn", "test", "1.0");
static BODY: Operation = operation(Envelope::Field("body"), true);
static WHOLE: Operation = operation(Envelope::Flattened, true);
static NOTHING: Operation = operation(Envelope::Field("body"), false);
static OPEN: Operation = operation(Envelope::Field("body"), true).authentication(Authentication::None);
static WITH_KEY: Operation =
    operation(Envelope::Field("body"), true).authentication(Authentication::Scheme("UserAccessKeyId"));

const fn operation(envelope: Envelope, returns: bool) -> Operation {
    Operation::new("show", Method::Get, &[]).envelope(envelope).returns(returns)
}

/// A dialect, and the operation that is called.
type Called = (NhnDialect, &'static Operation);

fn with_token() -> Called {
    (NhnDialect::new("the-app-key".into(), "APP_KEY"), &BODY)
}

fn without_token() -> Called {
    (NhnDialect::key_manager("the-app-key".into(), None), &OPEN)
}

fn read(called: &Called, answer: &RawResponse) -> ResponseOutcome {
    called.0.read(CallContext::new(called.1, &V1), answer)
}

fn answer(status: u16, body: &str) -> RawResponse {
    let body = Bytes::copy_from_slice(body.as_bytes());
    RawResponse::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body)
}

fn payload(operation: &'static Operation, status: u16, body: &str) -> String {
    match read(&(with_token().0, operation), &answer(status, body)) {
        ResponseOutcome::Payload(payload) => String::from_utf8(payload.to_vec()).unwrap(),
        other => panic!("{body}: {other:?}"),
    }
}

fn failure(called: &Called, status: u16, body: &str) -> Failure {
    match read(called, &answer(status, body)) {
        ResponseOutcome::Failed(failure) => failure,
        other => panic!("{body}: {other:?}"),
    }
}

fn header(successful: &str, code: &str, message: &str) -> String {
    format!(
        r#"{{"header":{{"isSuccessful":{successful},"resultCode":{code},"resultMessage":"{message}"}},"body":null}}"#
    )
}

#[test]
fn payload_is_taken_out_of_its_envelope() {
    let good = r#""header":{"resultCode":1,"resultMessage":"Request success","isSuccessful":true}"#;
    for (operation, body, wanted) in [
        (&BODY, format!(r#"{{{good},"body":{{"a": [1]}}}}"#), r#"{"a": [1]}"#.to_owned()),
        (&BODY, format!(r#" {{"body" : [ ] , {good}, "more":1}} "#), "[ ]".to_owned()),
        (&BODY, format!(r#"{{{good},"body":null}}"#), "null".to_owned()),
        (&BODY, format!("{{{good}}}"), "null".to_owned()),
        (&WHOLE, format!(r#"{{{good},"results":[]}}"#), format!(r#"{{{good},"results":[]}}"#)),
        (&NOTHING, format!(r#"{{{good},"body":{{}}}}"#), "null".to_owned()),
        (&NOTHING, format!("{{{good}}}"), "null".to_owned()),
    ] {
        assert_eq!(payload(operation, 200, &body), wanted, "{body}");
        assert_eq!(payload(operation, 201, &body), wanted, "{body}");
    }
}

#[test]
fn payload_is_not_copied() {
    let answer = answer(200, r#"{"header":{"isSuccessful":true},"body":{"key":"value"}}"#);
    let ResponseOutcome::Payload(payload) = read(&with_token(), &answer) else { panic!("no payload") };
    assert!(answer.body.as_ptr_range().contains(&payload.as_ptr()));
}

#[test]
fn flag_decides_and_code_does_not() {
    for flag in ["true", r#""true""#, r#""TRUE""#, "1"] {
        for code in ["0", "1", "-1", "500", r#""SUCCESS""#, "null", "{}"] {
            assert_eq!(payload(&BODY, 200, &header(flag, code, "whatever")), "null", "{flag} {code}");
        }
    }
    for flag in ["false", r#""false""#, "0"] {
        for code in ["0", "1"] {
            let failure = failure(&with_token(), 200, &header(flag, code, "SUCCESS"));
            assert_eq!(failure.class, FailureClass::Permanent);
            assert_eq!(failure.code.as_deref(), Some(code));
        }
    }
    let failure = failure(&with_token(), 500, &header("true", "0", "SUCCESS"));
    assert_eq!(failure.class, FailureClass::ByStatus, "nor does the flag without the status");
}

#[test]
fn failure_is_classified_by_status_and_code() {
    use FailureClass::{ByStatus, Permanent, Unauthorized};
    let (token, none) = (with_token(), without_token());
    for (called, status, code, class, shown) in [
        (&token, 200, "50010", Permanent, "50010"),
        (&token, 200, "-6", Permanent, "-6"),
        (&token, 200, "80007", Unauthorized, "80007"),
        (&token, 200, r#""80401""#, Unauthorized, "80401"),
        (&token, 403, "401100003", Unauthorized, "401100003"),
        (&token, 401, "1", Unauthorized, "1"),
        (&token, 403, "-8", ByStatus, "-8"),
        (&token, 400, r#""ERROR_INVALID_APP_KEY""#, ByStatus, "ERROR_INVALID_APP_KEY"),
        (&token, 503, "1", ByStatus, "1"),
        (&none, 200, "80007", Permanent, "80007"),
        (&none, 401, "1", ByStatus, "1"),
        (&none, 500, "1", ByStatus, "1"),
    ] {
        let failure = failure(called, status, &header("false", code, "what happened to the-app-key"));
        assert_eq!(failure.class, class, "{status} {code}");
        assert_eq!(failure.code.as_deref(), Some(shown), "{status} {code}");
        assert_eq!(failure.message.as_deref(), Some("what happened to […]"), "{status} {code}");
    }
    let quoted = failure(&none, 400, &header("false", r#""/appkey/the-app-key/x""#, "y"));
    assert_eq!(quoted.code.as_deref(), Some("/appkey/[…]/x"));
}

#[test]
fn failure_without_the_vendors_header_is_read() {
    let spring = r#"{"status":404,"error":"Not Found","path":"/advisor/v1.0/appKey/the-app-key/x"}"#;
    let failed = failure(&with_token(), 404, spring);
    assert_eq!((failed.class, failed.message.as_deref()), (FailureClass::ByStatus, Some("Not Found")));
    assert!(failed.hint.is_some_and(|hint| hint.contains("app key")));
    for body in ["", "Unauthorized", "<html>", "[]", "{}", r#"{"header":7}"#] {
        assert_eq!(failure(&with_token(), 401, body).class, FailureClass::Unauthorized, "{body}");
    }
    for (status, body) in [(502, "<html>"), (500, ""), (500, "[]"), (200, "<html>"), (200, ""), (200, "[]")] {
        let reading = read(&with_token(), &answer(status, body));
        assert!(matches!(reading, ResponseOutcome::Unreadable(_)), "{status} {body}: {reading:?}");
    }
    for body in ["{}", r#"{"header":null}"#, r#"{"header":{}}"#, r#"{"body":{}}"#] {
        let reading = read(&with_token(), &answer(200, body));
        assert!(matches!(reading, ResponseOutcome::Unreadable(_)), "{body}: {reading:?}");
    }
    for (body, why) in
        [(r#"{"header":{"#, "response truncated"), (r#"{"header":}"#, "invalid JSON"), ("[]", "not an object")]
    {
        let reading = read(&with_token(), &answer(200, body));
        assert!(matches!(&reading, ResponseOutcome::Unreadable(text) if text.contains(why)), "{body}: {reading:?}");
    }
}

#[test]
fn hints_of_secure_key_manager_ignore_spelling() {
    for (message, word) in [
        ("IPv4 Auth Failure", "confirm_client"),
        ("ipv4 auth failure", "confirm_client"),
        ("MAC_AUTH_FAILURE", "NHN_CLOUD_SKM_MAC_ADDRESS"),
        ("Certificate Auth Failure.", "client certificate"),
        ("invalid app key", "NHN_CLOUD_SKM_APP_KEY"),
        ("Invalid Key Id", "key id"),
        ("Invalid Key Version", "no such version"),
        ("Invalid Key Version Status", "not in use"),
        ("Invalid Key Store Id", "key store"),
        ("invalid key store name", "key store"),
    ] {
        let hint = failure(&without_token(), 200, &header("false", "1", message)).hint.unwrap_or_default();
        assert!(hint.contains(word), "{message}: {hint}");
    }
    assert_eq!(failure(&without_token(), 200, &header("false", "1", "Invalid User Data")).hint, None);
}

#[test]
fn app_key_and_mac_address_are_sent() {
    let mut address = HeaderValue::from_static("AA:bb:cc:dd:ee:ff");
    address.set_sensitive(true);
    let dialect = NhnDialect::key_manager("the-app-key".into(), Some(address));
    for name in ["appkey", "appKey"] {
        assert_eq!(dialect.config(CallContext::new(&BODY, &V1), name), Some("the-app-key"));
    }
    assert_eq!(dialect.config(CallContext::new(&BODY, &V1), "keyid"), None);
    let mut headers = HeaderMap::new();
    dialect.prepare(CallContext::new(&BODY, &V1), &mut headers).unwrap();
    assert_eq!(headers["X-TOAST-CLIENT-MAC-ADDR"], "AA:bb:cc:dd:ee:ff");
    let shown = format!("{dialect:?}");
    assert!(!shown.contains("the-app-key") && !shown.contains("AA:bb"), "{shown}");
}

#[test]
fn refusals_have_a_category() {
    use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
    for (message, category) in [
        ("Invalid Appkey", Some(InvalidCredentials)),
        ("Invalid Key Id", Some(NotFound)),
        ("Invalid Key Store Id", Some(NotFound)),
        ("URL NOT FOUND", None),
        ("Invalid Key Version", Some(NotFound)),
        ("Invalid Key Version Status", Some(Conflict)),
        ("Invalid Key Status", Some(Conflict)),
        ("IPv4 Auth Failure", Some(Denied)),
        ("MAC Auth Failure", Some(Denied)),
        ("Certificate Auth Failure", Some(Denied)),
        ("Invalid User Data", None),
    ] {
        let failure = failure(&without_token(), 200, &header("false", "1000", message));
        assert_eq!(failure.category, category, "{message}");
    }
    for (status, code, category) in [
        (401, "1", Some(InvalidCredentials)),
        (200, "80007", Some(InvalidCredentials)),
        (200, "-6", Some(Denied)),
        (403, "-8", Some(Denied)),
        (400, "1000", None),
        (404, "404", None),
    ] {
        let failure = failure(&with_token(), status, &header("false", code, "no"));
        assert_eq!(failure.category, category, "{status} {code}");
    }
}

#[test]
fn text_without_the_header_of_the_vendor_has_no_category() {
    for body in [r#"{"message":"Invalid Key Id"}"#, r#"{"error":"InvalidKeyIdException"}"#] {
        assert_eq!(failure(&without_token(), 404, body).category, None, "{body}");
    }
    for body in [r#"{"message":"Forbidden"}"#, "{}"] {
        let failure = failure(&with_token(), 403, body);
        assert!(failure.category.is_none() && failure.advice.is_empty(), "{body}");
    }
    assert_eq!(failure(&with_token(), 403, &header("false", "403", "no")).category, Some(ErrorCategory::Denied));
}

#[test]
fn refusals_of_the_account_are_told_from_those_of_the_key_store() {
    use ErrorCategory::{Denied, InvalidCredentials, NotFound};
    let key_manager = |operation| (NhnDialect::key_manager("the-app-key".into(), None), operation);
    for (operation, status, code, message, category, hint) in [
        (&BODY, 401, "80007", "no", Some(InvalidCredentials), "the token was not accepted"),
        (&BODY, 200, "80007", "no", Some(InvalidCredentials), "the token was not accepted"),
        (&WITH_KEY, 401, "401", "no", Some(InvalidCredentials), "the user access key was not accepted"),
        (&WITH_KEY, 200, "-6", "no", Some(Denied), "lacks a role"),
        (&BODY, 200, "1000", "Invalid Key Id", Some(NotFound), "check the key id"),
        (&WITH_KEY, 200, "1000", "IPv4 Auth Failure", Some(Denied), "confirm_client"),
        (&OPEN, 401, "80007", "no", None, ""),
    ] {
        let failure = failure(&key_manager(operation), status, &header("false", code, message));
        assert_eq!(failure.category, category, "{status} {code} {message}");
        assert!(failure.hint.unwrap_or_default().contains(hint), "{status} {code} {message}: {:?}", failure.hint);
        assert_eq!(failure.hint.is_some(), !hint.is_empty(), "{status} {code} {message}");
    }
}

#[test]
fn advice_begins_with_the_most_likely_remedy_and_names_no_permission() {
    let key_manager = |operation| (NhnDialect::key_manager("the-app-key".into(), None), operation);
    for (operation, status, code, message, steps) in [
        (&WITH_KEY, 200, "1000", "IPv4 Auth Failure", &["allow_address", "check_auth_mode"][..]),
        (&WITH_KEY, 200, "1000", "mac auth failure", &["set_mac_address", "check_auth_mode"]),
        (
            &WITH_KEY,
            200,
            "1000",
            "Certificate Auth Failure: expired",
            &["give_client_certificate", "renew_client_certificate", "check_auth_mode"],
        ),
        (&BODY, 200, "1", "Invalid Appkey", &["check_app_key", "check_realm"]),
        (&BODY, 200, "1", "Invalid Key Id", &["check_id", "check_kind"]),
        (&BODY, 200, "1", "Invalid Key Version Status", &["read_state"]),
        (&BODY, 200, "1", "Invalid Key Version", &["check_key_version"]),
        (&BODY, 401, "80007", "no", &["check_credentials", "check_realm", "admit_address"]),
        (&WITH_KEY, 401, "1", "no", &["check_credentials", "check_realm"]),
        (&BODY, 200, "-6", "no", &["grant_permission"]),
        (&BODY, 403, "-8", "no", &["admit_address"]),
        (&BODY, 403, "1", "no", &["grant_permission", "admit_address"]),
        (&BODY, 404, "1", "no", &["check_app_key", "check_realm"]),
        (&BODY, 400, "1", "no", &[]),
        (&OPEN, 401, "80007", "no", &[]),
    ] {
        let failure = failure(&key_manager(operation), status, &header("false", code, message));
        let given: Vec<_> = failure.advice.iter().map(|step| step.code()).collect();
        assert_eq!(given, steps, "{status} {code} {message}");
        // The vendor publishes no names of permissions for its calls.
        assert_eq!(failure.required_action, None);
    }
}
