//! Tests of the envelope and of every shape of error.

use cloud_core::testing::FakeTransport;
use cloud_core::{Error, ErrorKind};
use std::sync::Arc;

use crate::aws::types::{DeleteAwsRequest, InvokeScanRequest};
use crate::{AwsDataSourceId, AwsId, ProjectId, Risken};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

fn risken(status: u16, kind: &str, body: &str) -> (Risken, Arc<FakeTransport>) {
    let headers: &[(&str, &str)] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
    let transport = Arc::new(FakeTransport::new().answer_with(status, headers, body));
    let builder = Risken::builder().endpoint("https://a.example").access_token("t").transport(Arc::clone(&transport));
    (builder.build().unwrap(), transport)
}

async fn error(status: u16, kind: &str, body: &str) -> Error {
    let scan = InvokeScanRequest::builder()
        .project_id(ProjectId::new(1).unwrap())
        .aws_id(AwsId::new(2).unwrap())
        .aws_data_source_id(AwsDataSourceId::new(3).unwrap())
        .build();
    risken(status, kind, body).0.aws().invoke_scan(&scan).await.unwrap_err()
}

#[tokio::test]
async fn payload_is_taken_out_of_data() {
    for (body, wanted) in [
        (r#"{"data":{"aws":[{"aws_id":7},{"aws_id":"8"}],"new":1}}"#, vec![7, 8]),
        (r#" { "data" : { } , "more": [1] } "#, vec![]),
        (r#"{"data":null}"#, vec![]),
    ] {
        let list = risken(200, JSON, body).0.aws().list_aws(ProjectId::new(1).unwrap()).await.unwrap();
        let ids: Vec<_> = list.aws.unwrap_or_default().iter().filter_map(|account| account.aws_id).collect();
        assert_eq!(ids, wanted, "{body}");
    }
    for body in [r#"{"data":{}}"#, r#"{"data":null}"#, r#" {"data" : { } , "more":1}"#] {
        risken(200, JSON, body)
            .0
            .aws()
            .delete_aws(&DeleteAwsRequest::new(ProjectId::new(1).unwrap(), AwsId::new(2).unwrap()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn payload_without_a_known_member_is_no_success() {
    for (body, listed, deleted) in [
        (r#"{"data":{}}"#, true, true),
        (r#"{"data":{"aws_list":[{"aws_id":7}]}}"#, false, false),
        (r#"{"data":{"message":"under maintenance"}}"#, false, false),
        (r#"{"data":{"aws":[],"more":1}}"#, true, false),
        (r#"{"data":[]}"#, false, false),
        (r#"{"data":"ok"}"#, false, false),
    ] {
        let (risken, _) = risken(200, JSON, body);
        let list = risken.aws().list_aws(ProjectId::new(1).unwrap()).await;
        assert_eq!(list.is_ok(), listed, "{body}: {list:?}");
        assert!(list.err().is_none_or(|error| error.kind() == ErrorKind::Decode), "{body}");
        let delete =
            risken.aws().delete_aws(&DeleteAwsRequest::new(ProjectId::new(1).unwrap(), AwsId::new(2).unwrap())).await;
        assert_eq!(delete.is_ok(), deleted, "{body}: {delete:?}");
        assert!(delete.err().is_none_or(|error| error.may_have_been_executed()), "{body}");
    }
}

#[tokio::test]
async fn foreign_response_is_not_a_payload() {
    for (body, wanted) in [
        ("", "the response body is empty"),
        ("<html>login</html>", "an HTML page"),
        ("[]", "not an object with `data`"),
        (r#"{"aws":[]}"#, "no `data`"),
        (r#"{"data":{"#, "response truncated at line 1"),
        (r#"{"data":}"#, "invalid JSON at line 1"),
    ] {
        let (risken, _) = risken(200, JSON, body);
        for error in [
            risken.aws().list_aws(ProjectId::new(1).unwrap()).await.map(|_| ()).unwrap_err(),
            risken
                .aws()
                .delete_aws(&DeleteAwsRequest::new(ProjectId::new(1).unwrap(), AwsId::new(2).unwrap()))
                .await
                .unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
    let error = risken(502, "text/html", "<html>").0.aws().list_aws(ProjectId::new(1).unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("the response is an HTML page instead of JSON"), "{error}");
    let error = risken(200, JSON, r#"{"error":"no"}"#).0.aws().list_aws(ProjectId::new(1).unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Service, false));
}

#[tokio::test]
async fn each_shape_of_error_is_read() {
    type Case = (u16, &'static str, &'static str, Option<&'static str>, &'static [&'static str]);
    let cases: &[Case] = &[
        (400, JSON, r#"{"error":"aws_id: cannot be blank."}"#, None, &["aws_id: cannot be blank."]),
        (500, JSON, r#"{"error":"InternalServerError"}"#, None, &["InternalServerError"]),
        (403, JSON, r#"{"error":"Invalid token"}"#, None, &["Invalid token", "a person without a session"]),
        (500, JSON, r#"{"error":{"code":"Unknown","message":"boom"}}"#, Some("Unknown"), &["boom"]),
        (
            500,
            JSON,
            r#"{"error":{"code":"Unknown","message":"record not found"}}"#,
            Some("Unknown"),
            &["record not found", "not attached"],
        ),
        (503, JSON, r#"{"error":{"code":"Unavailable"}}"#, Some("Unavailable"), &[]),
        (500, JSON, r#"{"error":{"message":"only a text"}}"#, None, &["only a text"]),
        (400, JSON, r#"{"error":{"code":3,"message":"a number"}}"#, Some("3"), &["a number"]),
        (400, JSON, r#"{"error":{}}"#, None, &[]),
        (400, JSON, r#"{"error":[1]}"#, None, &[]),
        (401, TEXT, "Unauthenticated\n", None, &["Unauthenticated", "unknown or expired"]),
        (
            403,
            TEXT,
            "Unauthorized the project resource for token access\n",
            None,
            &["Unauthorized the project", "another project"],
        ),
        (413, TEXT, "Request body too large\n", None, &["too large", "requests of this size"]),
        (404, "", "", None, &["check the URL"]),
        (405, "", "", None, &["check the URL"]),
        (415, "", "", None, &[]),
        (500, "", "", None, &[]),
        (502, "text/html", "<html><body>Bad Gateway of a proxy</body></html>", None, &["an HTML page"]),
        (502, TEXT, "<html><body>Bad Gateway of a proxy</body></html>", None, &["an HTML page"]),
    ];
    for (status, kind, body, code, words) in cases {
        let error = error(*status, kind, body).await;
        assert_eq!(error.kind(), ErrorKind::Service, "{body}");
        assert_eq!(error.status(), Some(*status), "{body}");
        assert_eq!(error.code(), *code, "{body}");
        assert_eq!(error.is_transient(), matches!(status, 502 | 503), "{body}");
        assert_eq!(error.attempts(), 1, "a scan is never started twice");
        assert!(!error.is_unsent() && !error.to_string().contains("Bad Gateway"), "{error}");
        for word in *words {
            assert!(error.to_string().contains(word), "{error} should contain {word}");
        }
    }
}

#[tokio::test]
async fn refused_token_is_not_sent_again() {
    let (risken, transport) = risken(401, TEXT, "Unauthenticated\n");
    risken.aws().list_aws(ProjectId::new(1).unwrap()).await.unwrap_err();
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test]
async fn refusals_have_a_category() {
    use crate::ErrorCategory::{Denied, InvalidCredentials, NotFound, Throttled};
    for (status, kind, body, category) in [
        (500, JSON, r#"{"error":{"code":"Unknown","message":"record not found"}}"#, Some(NotFound)),
        (500, JSON, r#"{"error":{"code":"Unknown","message":"boom"}}"#, None),
        (404, TEXT, "record not found", None),
        (404, JSON, r#"{"error":"record not found"}"#, None),
        (401, TEXT, "Unauthenticated\n", Some(InvalidCredentials)),
        (403, JSON, r#"{"error":"Invalid token"}"#, Some(InvalidCredentials)),
        (403, TEXT, "Unauthorized the project resource for token access\n", Some(Denied)),
        // A proxy's.
        (403, TEXT, "error code: 1020\n", None),
        (403, "text/html", "<html>blocked</html>", None),
        (404, "", "", None),
        (429, "", "", Some(Throttled)),
        (400, JSON, r#"{"error":"aws_id: cannot be blank."}"#, None),
    ] {
        let error = error(status, kind, body).await;
        assert_eq!(error.category(), category, "{error}");
        assert_eq!(error.is_not_found(), category == Some(NotFound), "{error}");
    }
}

#[cfg(feature = "finding")]
#[tokio::test]
async fn missing_finding_is_not_found_whatever_was_looked_for() {
    use crate::FindingId;
    use crate::finding::types::{FindingTagForUpsert, TagFindingRequest};

    let tag = FindingTagForUpsert::builder()
        .finding_id(FindingId::new(5).unwrap())
        .project_id(ProjectId::new(1).unwrap())
        .tag("a")
        .build();
    let request = TagFindingRequest::from(tag);
    for (message, found) in [
        ("record not found", true),
        ("Failed to GetFinding, finding_id=5, err=record not found", true),
        ("record not found in cache", false),
    ] {
        let body = format!(r#"{{"error":{{"code":"Unknown","message":"{message}"}}}}"#);
        let error = risken(500, JSON, &body).0.finding().tag_finding(&request).await.unwrap_err();
        assert_eq!(error.is_not_found(), found, "{error}");
        assert_eq!(error.to_string().contains("the project has no such finding"), found, "{error}");
    }
}

#[tokio::test]
async fn refusal_names_the_action_and_lists_causes_by_likelihood() {
    const DENIED: &str = "Unauthorized the project resource for token access\n";
    let denied = &["grant_permission", "match_project", "add_member"][..];
    for (status, kind, body, action, steps) in [
        (403, TEXT, DENIED, Some("aws/invoke-scan"), denied),
        (403, JSON, r#"{"error":{"code":"PermissionDenied","message":"no"}}"#, Some("aws/invoke-scan"), denied),
        (403, JSON, r#"{"error":"Invalid token"}"#, None, &["check_credentials"]),
        (403, "text/html", "<html>blocked</html>", None, &["check_endpoint"]),
        (403, TEXT, "error code: 1020\n", None, &["check_endpoint"]),
        (401, TEXT, "Unauthenticated\n", None, &["check_credentials", "try_again_in_a_minute"]),
        (413, TEXT, "Request body too large\n", None, &["send_less"]),
        (404, "", "", None, &["check_endpoint"]),
        (
            500,
            JSON,
            r#"{"error":{"code":"Unknown","message":"record not found"}}"#,
            None,
            &["attach_data_source", "try_again_in_a_minute", "read_state"],
        ),
        (400, JSON, r#"{"error":"aws_id: cannot be blank."}"#, None, &[]),
    ] {
        let error = error(status, kind, body).await;
        assert_eq!(error.required_action(), action, "{status} {body}");
        let codes: Vec<_> = error.advice().iter().map(|step| step.code()).collect();
        assert_eq!(codes, steps, "{status} {body}");
    }
}
