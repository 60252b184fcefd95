//! Tests of the helpers beside the generated models.

use cloud_core::Body;
use cloud_core::codegen::{from_json, json};

use super::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSource, DataSourceForAttach, DataSourceStatus, PutAwsRequest,
};

#[test]
fn project_is_taken_from_the_inner_model() {
    let body = PutAwsRequest::from(AwsForUpsert::new("name", 7, "123456789012"));
    assert_eq!((body.project_id, body.aws.project_id), (7, 7));
    let attachment = DataSourceForAttach::builder()
        .aws_id(1)
        .aws_data_source_id(2)
        .project_id(8)
        .assume_role_arn("arn")
        .external_id("12345678")
        .build();
    let body = AttachDataSourceRequest::from(attachment);
    assert_eq!((body.project_id, body.attach_data_source.project_id), (8, 8));
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
