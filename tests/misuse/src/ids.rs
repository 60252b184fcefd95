//! 17: an ID of RISKEN is of one kind.
//!
//! ```compile_fail,E0308
//! use risken_aws::aws::types::DetachDataSourceRequest;
//! use risken_aws::{AwsDataSourceId, AwsId, ProjectId};
//!
//! fn detach(project: ProjectId, account: AwsId, source: AwsDataSourceId) -> DetachDataSourceRequest {
//!     DetachDataSourceRequest::builder().project_id(project).aws_id(source).aws_data_source_id(account).build()
//! }
//! ```
//!
//! ```
//! use risken_aws::aws::types::DetachDataSourceRequest;
//! use risken_aws::{AwsDataSourceId, AwsId, ProjectId};
//!
//! fn detach(project: ProjectId, account: AwsId, source: AwsDataSourceId) -> DetachDataSourceRequest {
//!     DetachDataSourceRequest::builder().project_id(project).aws_id(account).aws_data_source_id(source).build()
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use risken_aws::aws::types::DeleteAwsRequest;
//! use risken_aws::{AwsId, ProjectId};
//!
//! fn delete(project: ProjectId, account: AwsId) -> DeleteAwsRequest {
//!     DeleteAwsRequest::new(account, project)
//! }
//! ```
//!
//! 1: a number that may be zero is no ID.
//!
//! ```compile_fail,E0308
//! fn accounts(aws: &risken_aws::AwsClient, project: risken_aws::ProjectId, found: Option<i64>) {
//!     let call = aws.list_aws(project).aws_id(found.unwrap_or_default());
//! }
//! ```
//!
//! ```compile_fail,E0277
//! fn accounts(aws: &risken_aws::AwsClient, project: risken_aws::ProjectId, found: Option<risken_aws::AwsId>) {
//!     let call = aws.list_aws(project).aws_id(found.unwrap_or_default());
//! }
//! ```
