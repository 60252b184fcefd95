//! RISKEN: register and delete accounts, attach and scan data sources.

use risken_aws::aws::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSourceForAttach, DataSourceStatus, DeleteAwsRequest,
    DetachDataSourceRequest, InvokeScanRequest, PutAwsRequest,
};
use risken_aws::aws::v1::Client;
use risken_aws::{AwsDataSourceId, AwsId};

use crate::load::run::Session;

/// The data source that is attached.
const SOURCE: i64 = 3001;

fn source() -> Option<AwsDataSourceId> {
    AwsDataSourceId::new(SOURCE).ok()
}

async fn register(session: &mut Session, aws: &Client, number: &str) -> Option<AwsId> {
    let project = session.clients.project;
    let account = AwsForUpsert::builder().name("a load").project_id(project).aws_account_id(number).build();
    let put = PutAwsRequest::from(account);
    let made = session.call("risken/aws/put_aws/1", aws.put_aws(&put)).await;
    made.and_then(|made| made.account().ok()?.id().ok())
}

async fn attach(session: &mut Session, aws: &Client, aws_id: AwsId, number: &str) -> Option<()> {
    let attach = DataSourceForAttach::builder()
        .project_id(session.clients.project)
        .aws_id(aws_id)
        .aws_data_source_id(source()?)
        .assume_role_arn(format!("arn:aws:iam::{number}:role/RISKEN"))
        .external_id("0123456789abcdef")
        .status(DataSourceStatus::Configured)
        .build();
    let call = AttachDataSourceRequest::from(attach);
    session.call("risken/aws/attach_data_source/1", aws.attach_data_source(&call)).await.map(drop)
}

/// Registers an account, attaches and detaches a data source, and deletes the account.
pub(super) async fn register_and_delete(session: &mut Session) {
    let (aws, project) = (session.clients.risken.aws(), session.clients.project);
    let number = format!("{:012}", 500_000_000_000 + session.random.below(400_000_000_000));
    let mut id = register(session, &aws, &number).await;
    if let Some(id) = id {
        let _ = using(session, &aws, id, &number).await;
    } else {
        // If the response was lost, the account may exist.
        let found =
            session.call_without_fault("risken/aws/list_aws/1", aws.list_aws(project).aws_account_id(&number)).await;
        id = found.and_then(|found| found.aws?.first()?.id().ok());
    }
    let Some(id) = id else { return };
    let request = DeleteAwsRequest::new(project, id);
    session.clean_up("risken/aws/delete_aws/1", || aws.delete_aws(&request)).await;
}

async fn using(session: &mut Session, aws: &Client, id: AwsId, number: &str) -> Option<()> {
    let project = session.clients.project;
    let listed = session.call("risken/aws/list_aws/1", aws.list_aws(project).aws_account_id(number)).await?;
    if listed.aws.map_or(0, |accounts| accounts.len()) != 1 {
        session.report_mismatch("a registered account is not in the list");
    }
    attach(session, aws, id, number).await?;
    let sources = session.call("risken/aws/list_data_sources/1", aws.list_data_sources(project, id)).await?;
    if sources.data_source.map_or(0, |sources| sources.len()) != 5 {
        session.report_mismatch("there are not five data sources");
    }
    let request =
        DetachDataSourceRequest::builder().project_id(project).aws_id(id).aws_data_source_id(source()?).build();
    session.call("risken/aws/detach_data_source/1", aws.detach_data_source(&request)).await
}

/// Scans an account that is not deleted, because the end of a scan restores what was detached.
pub(super) async fn scan(session: &mut Session) {
    let _ = scanning(session).await;
}

async fn scanning(session: &mut Session) -> Option<()> {
    let (aws, project) = (session.clients.risken.aws(), session.clients.project);
    let number = format!("{:012}", 400_000_000_000 + session.slot);
    let id = register(session, &aws, &number).await?;
    attach(session, &aws, id, &number).await?;
    let request = InvokeScanRequest::builder().project_id(project).aws_id(id).aws_data_source_id(source()?).build();
    session.call("risken/aws/invoke_scan/1", aws.invoke_scan(&request)).await?;
    session.call("risken/aws/list_data_sources/1", aws.list_data_sources(project, id)).await.map(drop)
}
