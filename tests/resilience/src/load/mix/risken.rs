//! RISKEN: accounts that come and go, data sources that are attached and scanned.

use risken_aws::aws::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSourceForAttach, DataSourceStatus, DeleteAwsRequest,
    DetachDataSourceRequest, InvokeScanRequest, PutAwsRequest,
};
use risken_aws::aws::v1::Client;

use crate::load::run::Turn;

/// The data source that is attached.
const SOURCE: i64 = 1001;

async fn register(turn: &mut Turn, aws: &Client, number: &str) -> Option<i64> {
    let put = PutAwsRequest::from(AwsForUpsert::new("a load", turn.clients.project, number));
    let made = turn.call("risken/aws/put_aws/1", aws.put_aws(&put)).await;
    made.and_then(|made| made.aws?.aws_id)
}

async fn attach(turn: &mut Turn, aws: &Client, aws_id: i64, number: &str) -> Option<()> {
    let attach = DataSourceForAttach::builder()
        .project_id(turn.clients.project)
        .aws_id(aws_id)
        .aws_data_source_id(SOURCE)
        .assume_role_arn(format!("arn:aws:iam::{number}:role/RISKEN"))
        .external_id("0123456789abcdef")
        .status(DataSourceStatus::Configured)
        .build();
    let call = AttachDataSourceRequest::from(attach);
    turn.call("risken/aws/attach_data_source/1", aws.attach_data_source(&call)).await.map(drop)
}

/// An account that is registered, gets a data source, loses it and goes.
pub(super) async fn register_and_delete(turn: &mut Turn) {
    let (aws, project) = (turn.clients.risken.aws(), turn.clients.project);
    let number = format!("{:012}", 500_000_000_000 + turn.chance.below(400_000_000_000));
    let mut id = register(turn, &aws, &number).await;
    if id.is_some() {
        let _ = using(turn, &aws, id.unwrap_or_default(), &number).await;
    } else {
        // An answer that got lost leaves an account behind.
        let found = turn.again("risken/aws/list_aws/1", aws.list_aws(project).aws_account_id(&number)).await;
        id = found.and_then(|found| found.aws?.first()?.aws_id);
    }
    let Some(id) = id else { return };
    let request = DeleteAwsRequest::new(project, id);
    turn.surely("risken/aws/delete_aws/1", || aws.delete_aws(&request)).await;
}

async fn using(turn: &mut Turn, aws: &Client, id: i64, number: &str) -> Option<()> {
    let project = turn.clients.project;
    let listed = turn.call("risken/aws/list_aws/1", aws.list_aws(project).aws_account_id(number)).await?;
    if listed.aws.map_or(0, |accounts| accounts.len()) != 1 {
        turn.wrong("an account that was registered is not in the list");
    }
    attach(turn, aws, id, number).await?;
    let sources = turn.call("risken/aws/list_data_sources/1", aws.list_data_sources(project, id)).await?;
    if sources.data_source.map_or(0, |sources| sources.len()) != 5 {
        turn.wrong("there are not five data sources");
    }
    let request = DetachDataSourceRequest::new(project, id, SOURCE);
    turn.call("risken/aws/detach_data_source/1", aws.detach_data_source(&request)).await
}

/// An account that stays, and is scanned: the end of a scan would bring back what was detached in between.
pub(super) async fn scan(turn: &mut Turn) {
    let _ = scanning(turn).await;
}

async fn scanning(turn: &mut Turn) -> Option<()> {
    let (aws, project) = (turn.clients.risken.aws(), turn.clients.project);
    let number = format!("{:012}", 400_000_000_000 + turn.slot);
    let id = register(turn, &aws, &number).await?;
    attach(turn, &aws, id, &number).await?;
    let request = InvokeScanRequest::new(project, id, SOURCE);
    turn.call("risken/aws/invoke_scan/1", aws.invoke_scan(&request)).await?;
    turn.call("risken/aws/list_data_sources/1", aws.list_data_sources(project, id)).await.map(drop)
}
