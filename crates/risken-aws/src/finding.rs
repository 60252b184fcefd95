//! Findings: what data sources have found at resources, with tags and suspensions.
//!
//! A list returns IDs; [`Client::show_finding`] returns a finding. Responses omit fields that are empty or zero, so every
//! field of a response is optional.
//!
//! ```no_run
//! # async fn run(project: risken_aws::ProjectId) -> risken_aws::Result<()> {
//! let findings = risken_aws::Risken::from_env()?.finding();
//! let mut ids = findings.list_findings(project).data_source(["aws:guard-duty"]).from_score(0.8).items();
//! while let Some(id) = ids.next().await {
//!     let Some(finding) = findings.show_finding(project, id?.try_into()?).await?.finding else { continue };
//!     println!("{:?} at {:?}", finding.description, finding.resource_name);
//! }
//! # Ok(())
//! # }
//! ```

use crate::ids::{FindingId, FindingTagId};
use crate::present::present;
use cloud_core::Result;

pub use crate::generated::finding::*;

#[cfg(feature = "ocsf")]
pub mod ocsf;

impl From<types::FindingForUpsert> for types::PutFindingRequest {
    /// Uses the project of the finding: the service refuses a request in which the two differ.
    fn from(finding: types::FindingForUpsert) -> Self {
        Self::new(finding.project_id, finding)
    }
}

impl From<types::FindingTagForUpsert> for types::TagFindingRequest {
    /// Uses the project of the tag: the service refuses a request in which the two differ.
    fn from(tag: types::FindingTagForUpsert) -> Self {
        Self::new(tag.project_id, tag)
    }
}

impl From<types::PendFindingForUpsert> for types::PutPendFindingRequest {
    /// Uses the project of the suspension: the service refuses a request in which the two differ.
    fn from(pend: types::PendFindingForUpsert) -> Self {
        Self::new(pend.project_id, pend)
    }
}

impl types::Finding {
    /// Returns the ID of the finding.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none: the service takes 0 for all findings,
    /// so a default is no substitute.
    pub fn id(&self) -> Result<FindingId> {
        FindingId::from_response(self.finding_id)
    }
}

impl types::FindingTag {
    /// Returns the ID of the tag at its finding, which [`untag_finding`](Client::untag_finding) takes.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn id(&self) -> Result<FindingTagId> {
        FindingTagId::from_response(self.finding_tag_id)
    }
}

impl types::PutFindingResponse {
    /// Returns the stored finding.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn finding(&self) -> Result<&types::Finding> {
        present(self.finding.as_ref(), "finding")
    }
}

impl types::TagFindingResponse {
    /// Returns the stored tag.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn tag(&self) -> Result<&types::FindingTag> {
        present(self.tag.as_ref(), "tag")
    }
}

impl types::PutPendFindingResponse {
    /// Returns the stored suspension.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response has none.
    pub fn pend_finding(&self) -> Result<&types::PendFinding> {
        present(self.pend_finding.as_ref(), "pend_finding")
    }
}

#[cfg(test)]
mod tests {
    use cloud_core::{ErrorKind, JsonText};

    use super::types::{
        Finding, FindingForUpsert, FindingTag, PutFindingRequest, PutFindingResponse, PutPendFindingResponse,
        TagFindingResponse,
    };
    use super::*;
    use crate::ProjectId;

    #[test]
    fn request_takes_the_project_of_its_finding() {
        assert_eq!(PutFindingRequest::from(finding(1.0)).project_id.get(), 7);
    }

    fn finding(score: f64) -> FindingForUpsert {
        FindingForUpsert::builder()
            .description("")
            .data_source("own:scanner")
            .data_source_id("1")
            .resource_name("host")
            .project_id(ProjectId::new(7).unwrap())
            .original_score(score)
            .original_max_score(2.0)
            .data(r#"{"a":1}"#)
            .build()
    }

    #[tokio::test]
    async fn score_that_json_cannot_write_is_rejected_before_sending() {
        for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let transport = std::sync::Arc::new(cloud_core::testing::FakeTransport::new());
            let risken = crate::Risken::builder().endpoint("https://risken.example").access_token("t");
            let risken = risken.transport(std::sync::Arc::clone(&transport)).build().unwrap();
            let error = risken.finding().put_finding(&PutFindingRequest::from(finding(score))).await.unwrap_err();
            assert!(error.to_string().contains("`finding.original_score` must be a finite number"), "{error}");
            assert!(transport.sent().is_empty());
        }
    }

    #[test]
    fn missing_id_is_an_error_and_no_zero() {
        for (json, id) in [(r#"{"finding_id":7}"#, Some(7)), ("{}", None), (r#"{"finding_id":0}"#, None)] {
            let finding: Finding = serde_json::from_str(json).unwrap();
            assert_eq!(finding.id().ok().map(FindingId::get), id, "{json}");
        }
        assert!(FindingTag::default().id().unwrap_err().to_string().contains("finding_tag_id"));
    }

    #[test]
    fn stored_value_is_returned_or_named() {
        for (error, name) in [
            (PutFindingResponse::default().finding().map(drop), "`finding`"),
            (TagFindingResponse::default().tag().map(drop), "`tag`"),
            (PutPendFindingResponse::default().pend_finding().map(drop), "`pend_finding`"),
        ] {
            let error = error.unwrap_err();
            assert!(error.kind() == ErrorKind::Decode && error.to_string().contains(name), "{error}");
        }
        let tagged: TagFindingResponse = serde_json::from_str(r#"{"tag":{"finding_tag_id":3,"tag":"web"}}"#).unwrap();
        assert_eq!(tagged.tag().unwrap().id().unwrap().get(), 3);
    }

    #[test]
    fn data_of_a_finding_parses_on_request() {
        let finding: Finding = serde_json::from_str(r#"{"data":"{\"port\": 22}"}"#).unwrap();
        let data: JsonText = finding.data.unwrap();
        assert_eq!(data.as_str(), "{\"port\": 22}");
        assert_eq!(data.parse().unwrap().get("port").and_then(|port| port.as_i64()), Some(22));
        let odd: Finding = serde_json::from_str(r#"{"data":"no JSON"}"#).unwrap();
        assert!(odd.data.unwrap().parse().is_err());
    }
}
