//! AWS accounts, and the data sources that scan them.
//!
//! Responses omit fields that are empty or zero, so every field of a response is optional.
//!
//! ```no_run
//! use risken_aws::aws::types::{AttachDataSourceRequest, AwsForUpsert, InvokeScanRequest, PutAwsRequest};
//!
//! # async fn run(project: i64) -> risken_aws::Result<()> {
//! let aws = risken_aws::Risken::from_env()?.aws();
//! let account = AwsForUpsert::new("production", project, "123456789012");
//! let stored = aws.put_aws(&PutAwsRequest::from(account)).await?;
//! let aws_id = stored.aws.and_then(|account| account.aws_id).unwrap_or_default();
//!
//! // Data sources are known by name; their numbers may differ from site to site.
//! let sources = aws.list_data_sources(project, aws_id).data_source("aws:guard-duty").await?;
//! for source in sources.data_source.unwrap_or_default() {
//!     if let Some(mut attachment) = source.to_attachment() {
//!         attachment.status_detail = Some("checked".into());
//!         aws.attach_data_source(&AttachDataSourceRequest::from(attachment)).await?;
//!         aws.invoke_scan(&InvokeScanRequest::new(project, aws_id, source.aws_data_source_id.unwrap_or_default())).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub use crate::generated::aws::*;

impl From<types::AwsForUpsert> for types::PutAwsRequest {
    /// Uses the project of the account: the service refuses a request in which the two differ.
    fn from(account: types::AwsForUpsert) -> Self {
        Self::new(account.project_id, account)
    }
}

impl From<types::DataSourceForAttach> for types::AttachDataSourceRequest {
    /// Uses the project of the attachment: the service refuses a request in which the two differ.
    fn from(attachment: types::DataSourceForAttach) -> Self {
        Self::new(attachment.project_id, attachment)
    }
}

impl types::DataSource {
    /// Returns whether the account uses this data source.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.aws_id.is_some_and(|id| id != 0)
    }

    /// Returns the current attachment, to be changed and sent back. Attaching replaces the whole attachment, so a
    /// field that is left out is reset. `None` if the data source is not attached.
    #[must_use]
    pub fn to_attachment(&self) -> Option<types::DataSourceForAttach> {
        let attachment = types::DataSourceForAttach::builder()
            .aws_id(self.aws_id.filter(|id| *id != 0)?)
            .aws_data_source_id(self.aws_data_source_id?)
            .project_id(self.project_id?)
            .assume_role_arn(self.assume_role_arn.clone().unwrap_or_default())
            .external_id(self.external_id.clone().unwrap_or_default())
            .maybe_status(self.status)
            .maybe_status_detail(self.status_detail.clone())
            .maybe_scan_at(self.scan_at)
            .maybe_specific_version(self.specific_version.clone());
        Some(attachment.build())
    }
}

#[cfg(test)]
mod tests;
