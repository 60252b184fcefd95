//! RISKEN: the accounts of a project, their data sources, and attaching one.

use risken_aws::aws::types::{AttachDataSourceRequest, DataSourceForAttach};
use risken_aws::{ProjectId, Result, Risken};

use crate::Settings;
use crate::show::{heading, line};

pub(crate) async fn run(settings: &Settings) -> Result<()> {
    heading("RISKEN", "risken.rs");
    let risken = Risken::builder()
        .endpoint(settings.get("RISKEN_URL"))
        .access_token(settings.get("RISKEN_ACCESS_TOKEN"))
        .build()?;
    let (aws, project) = (risken.aws(), ProjectId::new(1001)?);
    let accounts = aws.list_aws(project).await?.aws.unwrap_or_default();
    for account in &accounts {
        let name = account.name.as_deref().unwrap_or("(no name)");
        line("aws.list_aws", format!("{name}, account {}", account.aws_account_id.as_deref().unwrap_or("?")));
    }
    let Some(account) = accounts.first() else { return Ok(()) };
    let aws_id = account.id()?;
    let sources = aws.list_data_sources(project, aws_id).await?.data_source.unwrap_or_default();
    for source in &sources {
        let status = source.status.map_or("not attached".to_owned(), |status| format!("{status:?}"));
        line("aws.list_data_sources", format!("{} ({status})", source.data_source.as_deref().unwrap_or("?")));
    }
    let Some(source) = sources.first() else { return Ok(()) };
    let attach = DataSourceForAttach::builder()
        .project_id(project)
        .aws_id(aws_id)
        .aws_data_source_id(source.id()?)
        .assume_role_arn("arn:aws:iam::123456789012:role/RiskenRole")
        .external_id("unique-external-id")
        .build();
    let attached = aws.attach_data_source(&AttachDataSourceRequest::from(attach)).await?;
    if let Some(attached) = attached.data_source {
        line("aws.attach_data_source", format!("attached by {}", attached.assume_role_arn.as_deref().unwrap_or("?")));
    }
    Ok(())
}
