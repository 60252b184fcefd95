//! AWS accounts, and the data sources that scan them.
//!
//! Responses omit fields that are empty or zero, so every field of a response is optional.
//!
//! ```no_run
//! use risken_aws::aws::types::{AttachDataSourceRequest, AwsForUpsert, InvokeScanRequest, PutAwsRequest};
//!
//! # async fn run(project: risken_aws::ProjectId) -> risken_aws::Result<()> {
//! let aws = risken_aws::Risken::from_env()?.aws();
//! let account = AwsForUpsert::builder().name("production").project_id(project).aws_account_id("123456789012").build();
//! let stored = aws.put_aws(&PutAwsRequest::from(account)).await?;
//! let aws_id = stored.account()?.id()?;
//!
//! // Data sources are known by name; their numbers may differ from site to site.
//! let sources = aws.list_data_sources(project, aws_id).data_source("aws:guard-duty").await?;
//! for source in sources.data_source.unwrap_or_default() {
//!     if let Some(mut attachment) = source.to_attachment() {
//!         attachment.status_detail = Some("checked".into());
//!         let scan = InvokeScanRequest::builder()
//!             .project_id(attachment.project_id)
//!             .aws_id(attachment.aws_id)
//!             .aws_data_source_id(attachment.aws_data_source_id)
//!             .build();
//!         aws.attach_data_source(&AttachDataSourceRequest::from(attachment)).await?;
//!         aws.invoke_scan(&scan).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use crate::ids::{AwsDataSourceId, AwsId, ProjectId};
use crate::present::present;
use cloud_core::waiter::Observed;
use cloud_core::{Error, Result, UnixSeconds, Waiter};

pub use crate::generated::aws::*;

#[cfg(feature = "ocsf")]
pub mod ocsf;

impl Client {
    /// Waits until a scan that was started after `before` was read has ended, and returns the data source.
    ///
    /// `before` is the attached data source as [`list_data_sources`](Self::list_data_sources) returned it before
    /// [`invoke_scan`](Self::invoke_scan). The service returns no ID of the scan: a scan has ended when the status is
    /// `Ok` or `Error` and the time of the latest scan has moved on. Polls `list_data_sources` every 10 seconds for up
    /// to 30 minutes; [`interval`](Waiter::interval) and [`deadline`](Waiter::deadline) change that. If the service
    /// loses a scan, the status stays `InProgress`.
    ///
    /// # Errors
    /// [`ErrorKind::FailureState`](crate::ErrorKind::FailureState) if the scan failed, with the reason, and
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if the deadline passed. Both name the last state.
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if `before` is not attached, and
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it has no valid IDs. Otherwise the error of the poll that
    /// failed.
    pub fn wait_until_scanned(&self, before: &types::DataSource) -> Waiter<types::DataSource> {
        let (project_id, aws_id, source_id) = match before.ids() {
            Ok(Some(ids)) => ids,
            Ok(None) => {
                return Waiter::rejected(Error::request(
                    "the data source is not attached; attach it and read it with list_data_sources before the scan",
                ));
            }
            Err(error) => return Waiter::rejected(error),
        };
        let before = before.scan_at;
        Waiter::new(self.list_data_sources(project_id, aws_id), move |listed: types::ListDataSourcesResponse| {
            let listed = listed.data_source.unwrap_or_default();
            match listed.into_iter().find(|source| source.aws_data_source_id == Some(source_id.get())) {
                Some(source) => source.observe(before),
                None => Observed::Pending("not listed".to_owned()),
            }
        })
    }
}

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

impl types::PutAwsResponse {
    /// Returns the stored account.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn account(&self) -> Result<&types::Aws> {
        present(self.aws.as_ref(), "aws")
    }
}

impl types::AttachDataSourceResponse {
    /// Returns the stored attachment.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn data_source(&self) -> Result<&types::AwsRelDataSource> {
        present(self.data_source.as_ref(), "data_source")
    }
}

impl types::Aws {
    /// Returns the ID of the account in RISKEN.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none: the service takes 0 for all accounts,
    /// so a default is no substitute.
    pub fn id(&self) -> Result<AwsId> {
        AwsId::from_response(self.aws_id)
    }
}

impl types::DataSource {
    /// Returns the ID of the data source.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn id(&self) -> Result<AwsDataSourceId> {
        AwsDataSourceId::from_response(self.aws_data_source_id)
    }

    /// The project, the account and the data source, if they are attached.
    fn ids(&self) -> Result<Option<(ProjectId, AwsId, AwsDataSourceId)>> {
        if !self.is_attached() {
            return Ok(None);
        }
        let (project_id, aws_id) = (ProjectId::from_response(self.project_id)?, AwsId::from_response(self.aws_id)?);
        Ok(Some((project_id, aws_id, self.id()?)))
    }

    /// Compares with the time of the latest scan before: the service's own times, so no clock matters.
    fn observe(self, before: Option<UnixSeconds>) -> Observed<Self> {
        use types::DataSourceStatus as Status;
        let ended = self.scan_at > before;
        let state = match (&self.status, &self.status_detail) {
            // A worker that ends writes the row again, even if it was removed meanwhile.
            _ if !self.is_attached() => "not attached".to_owned(),
            (Some(status @ Status::Other(_)), _) => format!("{status}"),
            (Some(Status::Error), Some(why)) => format!("Error: {why}"),
            (status, _) => format!("{:?}", status.unwrap_or(Status::Unknown)),
        };
        match self.status {
            Some(Status::Ok) if ended => Observed::Done(self),
            Some(Status::Error) if ended => Observed::Failed(state),
            Some(Status::Ok | Status::Error) => Observed::Pending(format!("{state} (the scan before)")),
            _ => Observed::Pending(state),
        }
    }

    /// Returns whether the account uses this data source.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.aws_id.is_some_and(|id| id != 0)
    }

    /// Returns the current attachment, to be changed and sent back: the way to change a role and keep the rest.
    /// Attaching replaces the whole attachment, so a field that is left out is reset. `None` if the data source is not
    /// attached, or has no valid IDs.
    #[must_use]
    pub fn to_attachment(&self) -> Option<types::DataSourceForAttach> {
        let (project_id, aws_id, source_id) = self.ids().ok().flatten()?;
        let mut attachment = types::DataSourceForAttach::builder()
            .aws_id(aws_id)
            .aws_data_source_id(source_id)
            .project_id(project_id)
            .assume_role_arn(self.assume_role_arn.clone().unwrap_or_default())
            .external_id(self.external_id.clone().unwrap_or_default())
            .build();
        attachment.status = self.status;
        attachment.status_detail.clone_from(&self.status_detail);
        attachment.scan_at = self.scan_at;
        attachment.specific_version.clone_from(&self.specific_version);
        Some(attachment)
    }
}

#[cfg(test)]
mod tests;
