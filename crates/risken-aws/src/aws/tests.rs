//! Tests of the helpers beside the generated models.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::codegen::{from_json, json};
use cloud_core::testing::{FakeRuntime, FakeTransport};
use cloud_core::{Body, ErrorKind};
use time::macros::datetime;

use super::types::{
    AttachDataSourceRequest, Aws, AwsForUpsert, DataSource, DataSourceForAttach, DataSourceStatus, PutAwsRequest,
};
use crate::{AwsDataSourceId, AwsId, ProjectId, Risken};

#[test]
fn project_is_taken_from_the_inner_model() {
    let account = AwsForUpsert::builder()
        .name("name")
        .project_id(ProjectId::new(7).unwrap())
        .aws_account_id("123456789012")
        .build();
    let body = PutAwsRequest::from(account);
    assert_eq!((body.project_id.get(), body.aws.project_id.get()), (7, 7));
    let attachment = DataSourceForAttach::builder()
        .aws_id(AwsId::new(1).unwrap())
        .aws_data_source_id(AwsDataSourceId::new(2).unwrap())
        .project_id(ProjectId::new(8).unwrap())
        .assume_role_arn("arn")
        .external_id("12345678")
        .build();
    let body = AttachDataSourceRequest::from(attachment);
    assert_eq!((body.project_id.get(), body.attach_data_source.project_id.get()), (8, 8));
}

#[test]
fn missing_or_zero_id_is_an_error_and_no_default() {
    for (text, account, source) in [
        ("{}", None, None),
        (r#"{"aws_id":0,"aws_data_source_id":0}"#, None, None),
        (r#"{"aws_id":7,"aws_data_source_id":1001}"#, Some(7), Some(1001)),
    ] {
        let seen: Aws = from_json(text.as_bytes()).unwrap();
        assert_eq!(seen.id().ok().map(AwsId::get), account, "{text}");
        let seen: DataSource = from_json(text.as_bytes()).unwrap();
        assert_eq!(seen.id().ok().map(AwsDataSourceId::get), source, "{text}");
        assert!(seen.id().is_ok() || seen.id().unwrap_err().kind() == ErrorKind::Decode);
    }
}

#[test]
fn attachment_is_sent_back_whole() {
    let attached = r#"{"aws_data_source_id":1001,"data_source":"aws:guard-duty","max_score":10,"aws_id":1,"project_id":7,
        "assume_role_arn":"arn:aws:iam::1:role/r","external_id":"12345678","status":9,"status_detail":"d","scan_at":5,
        "specific_version":"v"}"#;
    let source: DataSource = from_json(attached.as_bytes()).unwrap();
    assert!(source.is_attached());
    let attachment = source.to_attachment().unwrap();
    assert_eq!(attachment.status.as_ref().map(DataSourceStatus::as_i64), Some(9), "an unknown state is kept");
    let sent: DataSource = from_json(&attachment.encode().unwrap()).unwrap();
    let mut expected = source.clone();
    expected.data_source = None;
    expected.max_score = None;
    assert_eq!(json(&sent).unwrap(), json(&expected).unwrap());
}

#[test]
fn detached_data_source_has_no_attachment() {
    for text in ["{}", r#"{"aws_data_source_id":1001,"data_source":"aws:portscan","max_score":10}"#, r#"{"aws_id":0}"#]
    {
        let source: DataSource = from_json(text.as_bytes()).unwrap();
        assert!(!source.is_attached() && source.to_attachment().is_none(), "{text}");
    }
}

/// A row of the list: status, its details and the time of the latest scan; fields that are zero are left out.
type Row = (i64, &'static str, i64);

fn row((status, detail, scan_at): Row) -> String {
    let mut text = r#"{"aws_data_source_id":1004,"data_source":"aws:cloudsploit","aws_id":1,"project_id":7"#.to_owned();
    if status != 0 {
        text += &format!(r#","status":{status}"#);
    }
    if !detail.is_empty() {
        text += &format!(r#","status_detail":"{detail}""#);
    }
    if scan_at != 0 {
        text += &format!(r#","scan_at":{scan_at}"#);
    }
    text + "}"
}

/// The list with other data sources around the row, which have ended.
fn list(row: &str) -> String {
    let other = |id: i64| format!(r#"{{"aws_data_source_id":{id},"aws_id":1,"project_id":7,"status":1,"scan_at":99}}"#);
    format!(r#"{{"data":{{"data_source":[{},{row},{}]}}}}"#, other(1001), other(1005))
}

/// How often was polled, and the time of the scan or the error.
async fn wait(before: &str, rows: &[String]) -> (usize, Result<i64, (ErrorKind, String)>) {
    let transport = Arc::new(rows.iter().fold(FakeTransport::new(), |script, row| script.answer(200, &list(row))));
    let risken = Risken::builder()
        .endpoint("https://risken.example")
        .access_token("t")
        .transport(Arc::clone(&transport))
        .runtime(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
        .build()
        .unwrap();
    let before: DataSource = from_json(before.as_bytes()).unwrap();
    let waiter = risken.aws().wait_until_scanned(&before).interval(Duration::from_secs(60));
    let outcome = waiter.deadline(Duration::from_secs(3600)).await;
    let sent = transport.sent();
    assert!(sent.iter().all(|one| one.uri().query() == Some("project_id=7&aws_id=1")), "{sent:?}");
    let outcome = outcome.map(|source| source.scan_at.unwrap().0);
    (sent.len(), outcome.map_err(|error| (error.kind(), error.message().to_owned())))
}

#[tokio::test]
async fn wait_until_scanned_ends_when_the_time_of_the_scan_moves() {
    let cases: &[(Row, &[Row])] = &[
        ((2, "", 0), &[(3, "Start scan", 0), (3, "Start scan", 0), (1, "", 20)]),
        // A replica that lags shows the scan before.
        ((1, "", 10), &[(1, "", 10), (3, "Start scan", 10), (1, "", 20)]),
        ((4, "old", 10), &[(4, "old", 10), (1, "a warning", 20)]),
        ((3, "Start scan", 10), &[(3, "Start scan", 10), (1, "", 20)]),
        // Attached again meanwhile: the fields that were left out are reset, and the worker sets them.
        ((1, "", 10), &[(0, "", 0), (9, "", 15), (2, "", 15), (1, "", 20)]),
    ];
    for (before, rows) in cases {
        let rows: Vec<_> = rows.iter().map(|one| row(*one)).collect();
        assert_eq!(wait(&row(*before), &rows).await, (rows.len(), Ok(20)), "{rows:?}");
    }
}

#[tokio::test]
async fn failed_scan_is_an_error_with_its_reason() {
    for (rows, state) in
        [(vec![(3, "Start scan", 10), (4, "no such role", 20)], "Error: no such role"), (vec![(4, "", 20)], "Error")]
    {
        let rows: Vec<_> = rows.into_iter().map(row).collect();
        let error = (ErrorKind::FailureState, format!("ended in state {state}"));
        assert_eq!(wait(&row((1, "", 10)), &rows).await, (rows.len(), Err(error)));
    }
}

#[tokio::test]
async fn scan_that_never_ends_is_a_timeout_with_the_last_state() {
    let detached = r#"{"aws_data_source_id":1004,"data_source":"aws:cloudsploit"}"#.to_owned();
    let other = r#"{"aws_data_source_id":1002}"#.to_owned();
    for (last, state) in [
        (row((3, "Start scan", 10)), "InProgress"),
        (row((1, "", 10)), "Ok (the scan before)"),
        (row((4, "why", 10)), "Error: why (the scan before)"),
        (row((0, "", 0)), "Unknown"),
        (row((9, "", 20)), "9"),
        (detached, "not attached"),
        (other, "not listed"),
    ] {
        let text = format!("not finished within 3600 s: last state {state}; wait longer with deadline()");
        assert_eq!(wait(&row((1, "", 10)), &[last]).await, (60, Err((ErrorKind::Timeout, text))));
    }
}

#[tokio::test]
async fn waiting_for_a_data_source_that_is_not_attached_or_has_no_id_is_rejected() {
    for (before, wanted) in [
        ("{}", ErrorKind::Request),
        (r#"{"aws_data_source_id":1004,"aws_id":0,"project_id":7}"#, ErrorKind::Request),
        (r#"{"aws_id":1,"project_id":7}"#, ErrorKind::Decode),
    ] {
        let (polls, outcome) = wait(before, &[row((1, "", 20))]).await;
        assert_eq!((polls, outcome.unwrap_err().0), (0, wanted), "{before}");
    }
}
