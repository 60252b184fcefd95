//! Results of Security Advisor as OCSF Compliance Findings.
//!
//! ```no_run
//! use cloud_findings::Scope;
//! use nhn_security::security_advisor::ocsf;
//! use nhn_security::{Language, Region};
//!
//! # async fn run(now: time::OffsetDateTime) -> nhn_security::Result<()> {
//! let advisor = nhn_security::Nhn::from_env()?.security_advisor()?;
//! let report = ocsf::inspect(&advisor, Region::Kr1, Language::En, &Scope::new("my-project", now)).await?;
//! println!("{} events, {} rows dropped, complete: {}", report.events.len(), report.dropped_rows(), report.is_complete());
//! # Ok(())
//! # }
//! ```

use cloud_core::Result;
use cloud_findings::{
    Cloud, Compliance, ComplianceStatus, Event, FindingInfo, Metadata, Report, Resource, Scope, Severity, Status,
    reason, record, uid,
};

use super::SecurityAdvisorClient;
use super::types::{InspectionRange, InspectionResult, InspectionStatus};
use crate::{Language, Region};

const PRODUCT: &str = "Security Advisor";

/// Lists the results of a region and converts them.
///
/// # Errors
/// As [`list_inspection_results`](SecurityAdvisorClient::list_inspection_results).
pub async fn inspect(
    client: &SecurityAdvisorClient,
    region: Region,
    language: Language,
    scope: &Scope,
) -> Result<Report> {
    let results = client.list_inspection_results(region.clone(), language).await?;
    Ok(report(&results, &region, scope))
}

/// Converts the results of a region. The results of organization rules are the same in every region, and so are their
/// uids; [`Report::merge`] keeps one of each.
pub fn report(results: &[InspectionResult], region: &Region, scope: &Scope) -> Report {
    let mut report = Report::new();
    for result in results {
        match &result.status {
            None => report.drop_row(reason::NEVER_INSPECTED),
            Some(status) => report.push(event(result, status, region, scope)),
        }
    }
    report
}

/// Returns the prefix of the uids of an account's results in a region; with `None`, that of organization rules.
#[must_use]
pub fn prefix(scope: &Scope, region: Option<&Region>) -> String {
    uid(&["nhn", "security-advisor", &scope.account, region.map_or("organization", Region::as_str)])
}

/// Returns the prefixes of the uids of a region's inspection: that of the region and that of the organization.
/// All of them may be missing if the inspection fails.
#[must_use]
pub fn prefixes(scope: &Scope, region: &Region) -> [String; 2] {
    [prefix(scope, Some(region)), prefix(scope, None)]
}

/// The compliance and the severity of a status. The console calls the four Critical, High, Moderate and Low.
fn rating(status: &InspectionStatus) -> (ComplianceStatus, Severity) {
    match status {
        InspectionStatus::Good => (ComplianceStatus::PASS, Severity::INFORMATIONAL),
        InspectionStatus::Interest => (ComplianceStatus::FAIL, Severity::MEDIUM),
        InspectionStatus::Warning => (ComplianceStatus::FAIL, Severity::HIGH),
        InspectionStatus::Critical => (ComplianceStatus::FAIL, Severity::CRITICAL),
        InspectionStatus::Other(_) => (ComplianceStatus::OTHER, Severity::OTHER),
    }
}

fn event(result: &InspectionResult, status: &InspectionStatus, region: &Region, scope: &Scope) -> Event {
    let own_region = (result.inspect_range != InspectionRange::Org).then_some(region);
    let rule = result.rule_no.to_string();
    let (compliance, severity) = rating(status);
    let mut check = Compliance::new(rule.clone(), compliance);
    check.standards = Some(vec![PRODUCT.to_owned()]);
    check.status_code = Some(status.to_string());
    let unknown = matches!(status, InspectionStatus::Other(_)).then(|| status.to_string());
    if unknown.is_some() {
        check.status.clone_from(&unknown);
    }
    let (found, excluded) = (result.detection_count, result.exception_count);
    check.status_details = Some(vec![format!("{found} found, {excluded} excluded as exceptions")]);

    let instant = result.inspect_time.as_ref().and_then(|time| time.to_offset_date_time().ok());
    let time = scope.time_of(instant);
    let mut info = FindingInfo::new([prefix(scope, own_region), uid(&[&rule])].join("/"), &result.inspect_content);
    info.last_seen_time = Some(time);
    info.types = Some(vec![result.inspect_range.to_string()]);

    let mut metadata = Metadata::new("NHN Cloud", PRODUCT);
    metadata.original_time = result.inspect_time.as_ref().map(ToString::to_string);
    let mut event = Event::compliance(metadata, info, check, severity, time);
    if unknown.is_some() {
        event.severity = unknown;
    }
    if compliance != ComplianceStatus::PASS {
        event.set_status(Status::NEW);
    }
    event.message = Some(result.inspect_content.clone());

    let mut cloud = Cloud::new("NHN Cloud", &scope.account);
    cloud.region = own_region.map(|region| region.as_str().to_owned());
    event.set_cloud(cloud);
    let kind = if own_region.is_some() { "Project" } else { "Organization" };
    let mut resource = Resource::new(kind, &scope.account);
    resource.region = own_region.map(|region| region.as_str().to_owned());
    event.resources = Some(vec![resource]);
    event.unmapped = record(result);
    event
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn results(json: &str) -> Report {
        let results: Vec<InspectionResult> = serde_json::from_str(json).unwrap();
        report(&results, &Region::Kr1, &Scope::new("project", datetime!(2026-01-01 0:00 UTC)))
    }

    fn row(status: &str, range: &str) -> String {
        format!(
            r#"{{"ruleNo":7,"status":"{status}","inspectRange":"{range}","inspectContent":"2FA","detectionCount":2,
                "exceptionCount":1,"inspectTime":"2025-03-11T16:00:32+09:00"}}"#
        )
    }

    #[test]
    fn status_becomes_compliance_and_severity() {
        for (status, compliance, severity, state) in [
            ("good", ComplianceStatus::PASS, Severity::INFORMATIONAL, None),
            ("interest", ComplianceStatus::FAIL, Severity::MEDIUM, Some(Status::NEW)),
            ("warning", ComplianceStatus::FAIL, Severity::HIGH, Some(Status::NEW)),
            ("critical", ComplianceStatus::FAIL, Severity::CRITICAL, Some(Status::NEW)),
            ("new-status", ComplianceStatus::OTHER, Severity::OTHER, Some(Status::NEW)),
        ] {
            let report = results(&format!("[{}]", row(status, "PROJECT")));
            let event = &report.events[0];
            let check = event.compliance.as_ref().unwrap();
            assert_eq!((check.status_id, event.severity_id, event.status_id), (Some(compliance), severity, state));
            assert_eq!(check.status_code.as_deref(), Some(status));
            assert_eq!(event.time.get(), 1_741_676_432_000);
            assert_eq!(event.uid(), Some("nhn/security-advisor/project/KR1/7"));
        }
    }

    #[test]
    fn organization_rule_has_the_same_uid_in_each_region() {
        let results: Vec<InspectionResult> = serde_json::from_str(&format!("[{}]", row("good", "ORG"))).unwrap();
        let scope = Scope::new("project", datetime!(2026-01-01 0:00 UTC));
        let mut all = report(&results, &Region::Kr1, &scope);
        all.merge(report(&results, &Region::Kr2, &scope));
        assert_eq!((all.events.len(), all.dropped[reason::DUPLICATE]), (1, 1));
        let own = all.events[0].uid().unwrap();
        assert_eq!(own, "nhn/security-advisor/project/organization/7");
        // A region that is down can hide it.
        let gaps = prefixes(&scope, &Region::Kr1).map(|prefix| cloud_findings::Gap::new(prefix, "the region is down"));
        assert!(gaps.iter().any(|gap| gap.covers(own)));
    }

    #[test]
    fn rule_that_never_ran_is_counted() {
        let never =
            r#"[{"ruleNo":12,"inspectRange":"PROJECT","inspectContent":"RDS","detectionCount":0,"exceptionCount":0}]"#;
        let report = results(never);
        assert_eq!((report.events.len(), report.dropped[reason::NEVER_INSPECTED]), (0, 1));
    }
}
