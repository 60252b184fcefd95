//! RISKEN: registers an AWS account, attaches a data source, starts a scan, and stores a finding.
//!
//! `cargo run -p programs --bin risken -- 1001`, with the variables that `cargo run -p cloud-sandbox` prints.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::process::ExitCode;

use risken_aws::aws::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSourceForAttach, InvokeScanRequest, PutAwsRequest,
};
use risken_aws::finding::types::{FindingForUpsert, PutFindingRequest};
use risken_aws::{Error, JsonText, ProjectId, Result, Risken, policy_for};

const ACCOUNT: &str = "123456789012";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(project) = std::env::args().nth(1) else {
        eprintln!("usage: risken PROJECT-ID");
        return ExitCode::FAILURE;
    };
    match run(&project).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            for step in error.advice() {
                eprintln!("- {step}");
            }
            if let Some(policy) = needed(&error) {
                eprintln!("- {policy}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The policy that would have allowed the refused call.
fn needed(error: &Error) -> Option<String> {
    error.required_action()?;
    Some(policy_for(&[error.operation()?]).ok()?.to_string())
}

async fn run(project: &str) -> Result<()> {
    let project: ProjectId = project.parse()?;
    let risken = Risken::from_env()?;
    let aws = risken.aws();
    for account in aws.list_aws(project).await?.aws.unwrap_or_default() {
        println!("registered: {}", account.aws_account_id.as_deref().unwrap_or("no account"));
    }

    let account = AwsForUpsert::builder().project_id(project).name("production").aws_account_id(ACCOUNT).build();
    let aws_id = aws.put_aws(&PutAwsRequest::from(account)).await?.account()?.id()?;
    let found = aws.list_data_sources(project, aws_id).data_source("aws:guard-duty").await?;
    for source in found.data_source.unwrap_or_default() {
        let source_id = source.id()?;
        let attachment = DataSourceForAttach::builder()
            .project_id(project)
            .aws_id(aws_id)
            .aws_data_source_id(source_id)
            .assume_role_arn("arn:aws:iam::123456789012:role/RiskenRole")
            .external_id("an-external-id")
            .build();
        aws.attach_data_source(&AttachDataSourceRequest::from(attachment)).await?;
        let scan =
            InvokeScanRequest::builder().project_id(project).aws_id(aws_id).aws_data_source_id(source_id).build();
        aws.invoke_scan(&scan).await?;
        println!("scanning {ACCOUNT} with aws:guard-duty");
    }

    let finding = FindingForUpsert::builder()
        .project_id(project)
        .data_source("own:scanner")
        .data_source_id("web-1/expired-certificate")
        .resource_name("web-1.example.com")
        .description("The certificate has expired.")
        .original_score(8.0)
        .original_max_score(10.0)
        .data(JsonText::from(r#"{"expired": "2026-08-31"}"#))
        .build();
    risken.finding().put_finding(&PutFindingRequest::from(finding)).await?;
    let own = risken.finding().list_findings(project).data_source(["own:scanner"]).items().try_collect().await?;
    println!("{} finding of own:scanner", own.len());
    Ok(())
}
