//! RISKEN: register an account, attach a data source, and scan.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use risken_aws::aws::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSource, DataSourceForAttach, DataSourceStatus, DeleteAwsRequest,
    DetachDataSourceRequest, InvokeScanRequest, PutAwsRequest,
};
use risken_aws::{AwsDataSourceId, AwsId, ErrorKind, ProjectId, Risken};

use super::common::{refused, risken, sandbox, settings, waiting};

const ACCOUNT: &str = "210987654321";

fn project(number: i64) -> ProjectId {
    ProjectId::new(number).unwrap()
}

/// The data source of this name as the account uses it.
async fn source(risken: &Risken, aws_id: AwsId, name: &str) -> DataSource {
    let found = risken.aws().list_data_sources(project(1001), aws_id).data_source(name).await.unwrap();
    found.data_source.unwrap().remove(0)
}

fn admin(sandbox: &Sandbox) -> Risken {
    risken(sandbox, &settings(sandbox)["RISKEN_ACCESS_TOKEN"])
}

#[tokio::test]
async fn account_is_registered_attached_and_scanned() {
    let sandbox = sandbox().await;
    let risken = admin(&sandbox);
    let aws = risken.aws();
    let put = PutAwsRequest::from(
        AwsForUpsert::builder().project_id(project(1001)).name("production").aws_account_id(ACCOUNT).build(),
    );
    let aws_id = aws.put_aws(&put).await.unwrap().account().unwrap().id().unwrap();
    assert_eq!(aws.put_aws(&put).await.unwrap().account().unwrap().id().unwrap(), aws_id, "the same account again");

    let all = aws.list_data_sources(project(1001), aws_id).await.unwrap().data_source.unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|one| !one.is_attached()));
    let source_id = source(&risken, aws_id, "aws:portscan").await.id().unwrap();
    let scan =
        InvokeScanRequest::builder().project_id(project(1001)).aws_id(aws_id).aws_data_source_id(source_id).build();
    let early = refused(aws.invoke_scan(&scan).await, 500);
    assert_eq!(early.code(), Some("Unknown"));
    assert!(early.to_string().contains("record not found"), "{early}");

    let attach = DataSourceForAttach::builder()
        .project_id(project(1001))
        .aws_id(aws_id)
        .aws_data_source_id(source_id)
        .assume_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/RISKEN"))
        .external_id("0123456789abcdef")
        .status(DataSourceStatus::Configured)
        .build();
    let stored = aws.attach_data_source(&AttachDataSourceRequest::from(attach)).await.unwrap().data_source.unwrap();
    assert_eq!((stored.status, stored.scan_at), (Some(DataSourceStatus::Configured), None));

    aws.invoke_scan(&scan).await.unwrap();
    let running = source(&risken, aws_id, "aws:portscan").await;
    assert_eq!((running.status, running.scan_at), (Some(DataSourceStatus::InProgress), None));
    sandbox.advance(Duration::from_secs(60));
    let ended = source(&risken, aws_id, "aws:portscan").await;
    assert_eq!((ended.status, ended.status_detail.clone()), (Some(DataSourceStatus::Ok), None));
    assert!(ended.scan_at.is_some());

    // An edit sends everything back, so that nothing is reset.
    let mut edited = ended.to_attachment().unwrap();
    edited.specific_version = Some("v2".to_owned());
    let edited = aws.attach_data_source(&AttachDataSourceRequest::from(edited)).await.unwrap().data_source.unwrap();
    assert_eq!((edited.scan_at, edited.specific_version.as_deref()), (ended.scan_at, Some("v2")));

    for _ in 0..2 {
        aws.detach_data_source(
            &DetachDataSourceRequest::builder()
                .project_id(project(1001))
                .aws_id(aws_id)
                .aws_data_source_id(source_id)
                .build(),
        )
        .await
        .unwrap();
        assert!(!source(&risken, aws_id, "aws:portscan").await.is_attached());
    }
    aws.delete_aws(&DeleteAwsRequest::new(project(1001), aws_id)).await.unwrap();
    assert_eq!(aws.list_aws(project(1001)).aws_account_id(ACCOUNT).await.unwrap().aws, None);
}

#[tokio::test]
async fn viewer_can_only_read() {
    let sandbox = sandbox().await;
    let tokens = sandbox.risken_tokens();
    let token = |name: &str| &*tokens.iter().find(|(known, _)| *known == name).unwrap().1;
    let viewer = risken(&sandbox, token("project-viewer"));
    assert!(viewer.aws().list_aws(project(1001)).await.unwrap().aws.is_some());
    refused(
        viewer
            .aws()
            .invoke_scan(
                &InvokeScanRequest::builder()
                    .project_id(project(1001))
                    .aws_id(AwsId::new(2001).unwrap())
                    .aws_data_source_id(AwsDataSourceId::new(3001).unwrap())
                    .build(),
            )
            .await,
        403,
    );
    refused(viewer.aws().list_aws(project(1002)).await, 403);

    let organization = risken(&sandbox, token("organization"));
    assert_eq!(organization.aws().list_aws(project(1002)).await.unwrap().aws, None);
    refused(organization.aws().list_aws(project(1003)).await, 403);

    let expired = risken(&sandbox, token("expired")).aws().list_aws(project(1001)).await.unwrap_err();
    assert_eq!((expired.kind(), expired.status()), (ErrorKind::Service, Some(401)));
}

#[tokio::test]
async fn service_validates_what_the_client_does_not() {
    let sandbox = sandbox().await;
    let risken = admin(&sandbox);
    let short = PutAwsRequest::from(
        AwsForUpsert::builder().project_id(project(1001)).name("short").aws_account_id("123").build(),
    );
    let error = refused(risken.aws().put_aws(&short).skip_validation().await, 400);
    assert!(error.to_string().contains("aws_account_id: the length must be exactly 12."), "{error}");
}

#[tokio::test]
async fn waiter_sees_scans_succeed_and_fail() {
    let (sandbox, runtime) = waiting().await;
    let risken = Risken::builder()
        .endpoint(sandbox.endpoint())
        .access_token(&*settings(&sandbox)["RISKEN_ACCESS_TOKEN"])
        .runtime(runtime)
        .build()
        .unwrap();
    let aws = risken.aws();
    let aws_id = aws
        .put_aws(&PutAwsRequest::from(
            AwsForUpsert::builder().project_id(project(1001)).name("production").aws_account_id(ACCOUNT).build(),
        ))
        .await
        .unwrap()
        .account()
        .unwrap()
        .id()
        .unwrap();
    let source_id = source(&risken, aws_id, "aws:cloudsploit").await.id().unwrap();
    // A role of another account lets this kind of scan fail.
    for account in [ACCOUNT, "123456789012", ACCOUNT] {
        let attach = DataSourceForAttach::builder()
            .project_id(project(1001))
            .aws_id(aws_id)
            .aws_data_source_id(source_id)
            .assume_role_arn(format!("arn:aws:iam::{account}:role/RISKEN"))
            .external_id("0123456789abcdef")
            .status(DataSourceStatus::Configured)
            .build();
        aws.attach_data_source(&AttachDataSourceRequest::from(attach)).await.unwrap();
        let before = source(&risken, aws_id, "aws:cloudsploit").await;
        aws.invoke_scan(
            &InvokeScanRequest::builder()
                .project_id(project(1001))
                .aws_id(aws_id)
                .aws_data_source_id(source_id)
                .build(),
        )
        .await
        .unwrap();
        let wait = || aws.wait_until_scanned(&before).interval(Duration::from_secs(2));
        let early = wait().deadline(Duration::from_secs(1)).await.unwrap_err();
        assert!(early.to_string().contains("last state InProgress"), "{early}");
        let outcome = wait().await;
        if account == ACCOUNT {
            let after = outcome.unwrap();
            assert!(after.status == Some(DataSourceStatus::Ok) && after.scan_at > before.scan_at, "{after:?}");
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FailureState);
            assert!(error.to_string().contains("ended in state Error: the role"), "{error}");
        }
    }
}
