//! Tests of payloads, failures and their categories.

use cloud_core::{Method, Operation};

use super::*;

static V: ApiVersion = ApiVersion::new("scp", "kms", "1.2");
const fn operation(returns: bool) -> Operation {
    Operation::new("x", Method::Get, &[]).returns(returns)
}
static RETURNS: Operation = operation(true);
static SILENT: Operation = operation(false);

fn read(operation: &'static Operation, status: u16, body: &str) -> ResponseOutcome {
    let answer = RawResponse::new(
        http::StatusCode::from_u16(status).unwrap(),
        HeaderMap::new(),
        Bytes::copy_from_slice(body.as_bytes()),
    );
    ScpDialect::new(&Language::EnUs).unwrap().read(CallContext::new(operation, &V), &answer)
}

#[test]
fn payload_is_told_from_errors_and_foreign_bodies() {
    let payload = |operation, status, body| match read(operation, status, body) {
        ResponseOutcome::Payload(payload) => Some(String::from_utf8(payload.to_vec()).unwrap()),
        _ => None,
    };
    assert_eq!(payload(&RETURNS, 200, "{}").as_deref(), Some("{}"));
    assert_eq!(payload(&SILENT, 204, "").as_deref(), Some("null"));
    assert_eq!(payload(&SILENT, 200, " null\n").as_deref(), Some("null"));
    let odd = ["{\"error\":\"x\"}", "{\"message\":\"x\"}", "{\"status\":400}", "{}", "{", "[]", "false", "0", "nulls"];
    for body in odd {
        assert_eq!(payload(&SILENT, 200, body), None, "{body}");
    }
    assert_eq!(payload(&RETURNS, 200, ""), None);
    assert_eq!(payload(&RETURNS, 200, "<html>"), None);
    assert_eq!(payload(&RETURNS, 200, "{\"errors\":[{\"code\":\"X\"}]}"), None);
    assert_eq!(payload(&SILENT, 200, "<html>"), None);
    assert_eq!(payload(&SILENT, 200, "{\"errors\":[{\"code\":\"X\"}]}"), None);
    assert_eq!(payload(&RETURNS, 200, " {\n  \"errors\": [{\"code\":\"X\"}]}"), None);
}

#[test]
fn errors_of_services_and_the_gateway_are_read() {
    let check = |status, body: &str, code: Option<&str>, message: Option<&str>, id: Option<&str>, class| {
        let ResponseOutcome::Failed(failure) = read(&RETURNS, status, body) else { panic!("{body}") };
        let seen = (failure.code.as_deref(), failure.message.as_deref(), failure.request_id.as_deref());
        assert_eq!(seen, (code, message, id), "{body}");
        assert_eq!(failure.class, class, "{body}");
    };
    let by_status = FailureClass::ByStatus;
    check(
        400,
        r#"{"errors":[{"code":"ValidationError","title":"Bad","detail":["Field required","x"],"status":400,"request_id":"r1"},{"detail":"y"}]}"#,
        Some("ValidationError"),
        Some("Field required; x; y"),
        Some("r1"),
        by_status,
    );
    check(
        400,
        concat!(
            r#"{"errors":[{"code":"ValidationError","detail":["Field required","Field required"],"#,
            r#""global_request_id":"req-g","links":[],"related_resources":[],"request_id":"req-r","#,
            r#""response":null,"status":400,"title":"ValidationError"}]}"#,
            "\n",
        ),
        Some("ValidationError"),
        Some("Field required; Field required"),
        Some("req-r"),
        by_status,
    );
    check(
        403,
        r#"{"errors":[{"code":"Forbidden","title":"No","detail":{"a":1},"global_request_id":"g","response":{"x":1}}]}"#,
        Some("Forbidden"),
        Some("No"),
        Some("g"),
        by_status,
    );
    check(
        404,
        r#"{"timestamp":"t","path":"/v1/x","status":404,"error":"Not Found","requestId":"q"}"#,
        Some("Not Found"),
        Some("Not Found"),
        Some("q"),
        by_status,
    );
    check(
        401,
        r#"{"error":"HmacValidFail"}"#,
        Some("HmacValidFail"),
        Some("HmacValidFail"),
        None,
        FailureClass::Unauthorized,
    );
    check(406, r#"{"errors":[{"code":"NoSuchVersion"}]}"#, Some("NoSuchVersion"), None, None, FailureClass::Permanent);
    check(503, "", None, None, None, by_status);
    assert!(matches!(read(&RETURNS, 417, "<html>"), ResponseOutcome::Unreadable(_)));
    assert!(matches!(read(&RETURNS, 503, "upstream connect error"), ResponseOutcome::Unreadable(_)));
}
#[test]
fn refusals_have_a_category() {
    use ErrorCategory::{Conflict, Denied, EndedVersion, InvalidCredentials, NotFound};
    for (status, body, category) in [
        (404, r#"{"errors":[{"code":"ResourceNotFound"}]}"#, Some(NotFound)),
        (404, r#"{"errors":[{"code":"NotFound","detail":"no"}]}"#, Some(NotFound)),
        (404, r#"{"timestamp":"t","path":"/v1/x","status":404,"error":"Not Found","requestId":"q"}"#, None),
        (404, r#"{"timestamp":"t","path":"/v1/x","status":404,"error":"NotFound","requestId":"q"}"#, None),
        (404, r#"{"error":"ResourceNotFound","message":"NotFound"}"#, None),
        (404, r#"{"errors":[{"code":"Other"}]}"#, None),
        (403, r#"{"errors":[{"code":"Forbidden"}]}"#, Some(Denied)),
        (401, r#"{"error":"HmacValidFail"}"#, Some(InvalidCredentials)),
        (401, r#"{"error":"catalog has not target"}"#, Some(Denied)),
        (401, r#"{"message":"rejected by gateway"}"#, Some(Denied)),
        (
            400,
            r#"{"errors":[{"code":"InvalidInputValue","detail":"Svaccesskey is not existed."}]}"#,
            Some(InvalidCredentials),
        ),
        (400, r#"{"errors":[{"code":"scp-security.secret.source-cidr-error"}]}"#, Some(Denied)),
        (400, r#"{"errors":[{"code":"ValidationError"}]}"#, None),
        (406, r#"{"errors":[{"code":"NoSuchVersion"}]}"#, Some(EndedVersion)),
        (409, r#"{"errors":[{"code":"x"}]}"#, Some(Conflict)),
        (503, "{}", None),
        // The gateway's own form counts; what a proxy says does not.
        (403, r#"{"timestamp":"t","path":"/v1/x","status":403,"error":"Forbidden","requestId":"q"}"#, Some(Denied)),
        (409, r#"{"timestamp":"t","path":"/v1/x","status":409,"error":"Conflict","requestId":"q"}"#, Some(Conflict)),
        (403, r#"{"message":"Forbidden"}"#, None),
        (403, r#"{"error":"Forbidden","status":403}"#, None),
        (403, "{}", None),
        (403, "", None),
        (409, r#"{"message":"busy"}"#, None),
        (409, "", None),
    ] {
        let ResponseOutcome::Failed(failure) = read(&RETURNS, status, body) else { panic!("{body}") };
        assert_eq!(failure.category, category, "{status} {body}");
    }
}

/// Recorded of another service of the platform; IDs are invented.
const REFUSED: &str = concat!(
    r#"{"errors": [{"code": "Forbidden", "detail": "You do not have permission to Update. Please contact the administrator.","#,
    r#" "links": [], "global_request_id": "req-g", "request_id": "req-r", "status": 403, "title": "Forbidden","#,
    r#" "response": {"access_level": "Update", "action_name": "kms:ChangeRotateInfo", "caused_auths": [],"#,
    r#" "message": "You are not authorized to perform this operation."}}]}"#,
);

#[test]
fn refused_permission_is_named_and_nothing_is_invented() {
    let with = |response: &str| format!(r#"{{"errors":[{{"code":"Forbidden","response":{response}}}]}}"#);
    for (body, action) in [
        (REFUSED.to_owned(), Some("kms:ChangeRotateInfo")),
        (with("null"), None),
        (with("{}"), None),
        (with(r#""text""#), None),
        (with("[1]"), None),
        (with(r#"{"action_name":null}"#), None),
        (with(r#"{"action_name":7}"#), None),
        (with(r#"{"action_name":""}"#), None),
        (with(r#"{"action_name":"not the name of an action"}"#), None),
        (r#"{"error":"Forbidden","action_name":"kms:ListKeys"}"#.to_owned(), None),
    ] {
        let ResponseOutcome::Failed(failure) = read(&RETURNS, 403, &body) else { panic!("{body}") };
        assert_eq!(failure.required_action.as_deref(), action, "{body}");
        // The last one may be a proxy's.
        let category = body.contains("\"errors\"").then_some(ErrorCategory::Denied);
        assert_eq!(failure.category, category, "{body}");
    }
}

#[test]
fn advice_begins_with_the_most_likely_remedy() {
    for (status, body, codes) in [
        (403, REFUSED, &["grant_permission", "allow_address"][..]),
        (403, r#"{"errors":[{"code":"Forbidden"}]}"#, &["grant_permission", "allow_address"]),
        (403, r#"{"errors":[{"code":"Forbidden","detail":"Action definition is not found"}]}"#, &["check_endpoint"]),
        (401, r#"{"error":"HmacValidFail"}"#, &["check_credentials", "check_clock", "enable_service"]),
        (401, r#"{"error":"catalog has not target"}"#, &["enable_service"]),
        (400, r#"{"errors":[{"code":"x","detail":"Svaccesskey is not existed."}]}"#, &["check_vault_token"]),
        (400, r#"{"errors":[{"code":"scp-security.secret.source-cidr-error"}]}"#, &["allow_network"]),
        (400, r#"{"errors":[{"code":"ValidationError"}]}"#, &[]),
        (
            404,
            r#"{"timestamp":"t","path":"/v1/x","status":404,"error":"Not Found","requestId":"q"}"#,
            &["check_endpoint", "check_credentials"],
        ),
        (404, r#"{"errors":[{"code":"ResourceNotFound"}]}"#, &[]),
        // The category says what to do.
        (406, r#"{"errors":[{"code":"NoSuchVersion"}]}"#, &[]),
        (403, r#"{"message":"Forbidden"}"#, &["check_endpoint"]),
        (403, "", &["check_endpoint"]),
    ] {
        let ResponseOutcome::Failed(failure) = read(&RETURNS, status, body) else { panic!("{body}") };
        let given: Vec<_> = failure.advice.iter().map(|step| step.code()).collect();
        assert_eq!(given, codes, "{status} {body}");
    }
}
