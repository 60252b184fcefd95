//! RISKEN: the accounts of a project, their data sources, and attaching one.

use risken_aws::aws::types::{AttachDataSourceRequest, DataSourceForAttach};
use risken_aws::{Result, Risken};

use crate::Settings;
use crate::show::{heading, line};

const PROJECT: i64 = 1001;

pub(crate) async fn run(settings: &Settings) -> Result<()> {
    heading("RISKEN", "risken.rs");
    let risken = Risken::builder()
        .endpoint(settings.get("RISKEN_URL"))
        .access_token(settings.get("RISKEN_ACCESS_TOKEN"))
        .build()?;
    let aws = risken.aws();
    let accounts = aws.list_aws(PROJECT).await?.aws.unwrap_or_default();
    for account in &accounts {
        let name = account.name.as_deref().unwrap_or("(no name)");
        line("aws.list_aws", format!("{name}, account {}", account.aws_account_id.as_deref().unwrap_or("?")));
    }
    let Some(aws_id) = accounts.first().and_then(|account| account.aws_id) else { return Ok(()) };
    let sources = aws.list_data_sources(PROJECT, aws_id).await?.data_source.unwrap_or_default();
    for source in &sources {
        let status = source.status.map_or("not attached".to_owned(), |status| format!("{status:?}"));
        line("aws.list_data_sources", format!("{} ({status})", source.data_source.as_deref().unwrap_or("?")));
    }
    let Some(source) = sources.first().and_then(|source| source.aws_data_source_id) else { return Ok(()) };
    let attach = DataSourceForAttach::builder()
        .project_id(PROJECT)
        .aws_id(aws_id)
        .aws_data_source_id(source)
        .assume_role_arn("arn:aws:iam::123456789012:role/RiskenRole")
        .external_id("unique-external-id")
        .build();
    let attached = aws.attach_data_source(&AttachDataSourceRequest::from(attach)).await?;
    if let Some(attached) = attached.data_source {
        line("aws.attach_data_source", format!("attached by {}", attached.assume_role_arn.as_deref().unwrap_or("?")));
    }
    Ok(())
}
