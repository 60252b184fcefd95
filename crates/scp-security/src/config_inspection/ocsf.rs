//! Results of Config Inspection 1.3 as OCSF Compliance Findings.

use std::collections::BTreeMap;

use cloud_core::{Error, ErrorKind, Result, Timestamp};
use cloud_findings::{
    Cloud, Compliance, ComplianceStatus, Event, FindingInfo, Gap, Metadata, Remediation, Report, Resource, Scope,
    Severity, Status, reason, record, uid,
};
use time::{OffsetDateTime, UtcOffset};

use super::types::{
    CheckType, DiagnosisResultDetail, DiagnosisResultResponse, ShowDiagnosisResultResponse, SummaryResponse,
};
use super::v1_3::Client;

const PROVIDER: &str = "Samsung Cloud Platform";

/// The meanings of the two-digit codes.
///
/// The vendor does not publish what the codes mean. The default is an assumption: `01` passed, `02` does not apply, `03`
/// failed, `04` could not be checked. A code that is not in the table becomes [`ComplianceStatus::UNKNOWN`]. The code
/// itself is kept as `compliance.status_code`.
///
/// ```
/// use cloud_findings::ComplianceStatus;
/// use scp_security::config_inspection::ocsf::Codes;
///
/// let codes = Codes::default().with("03", ComplianceStatus::PASS);
/// assert_eq!(codes.get("03"), ComplianceStatus::PASS);
/// assert_eq!(codes.get("77"), ComplianceStatus::UNKNOWN);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes(BTreeMap<String, ComplianceStatus>);

impl Codes {
    /// Creates a table without codes.
    #[must_use]
    pub fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets the result of a code.
    #[must_use]
    pub fn with(mut self, code: impl Into<String>, status: ComplianceStatus) -> Self {
        self.0.insert(code.into(), status);
        self
    }

    /// Returns the result of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> ComplianceStatus {
        self.0.get(code).copied().unwrap_or(ComplianceStatus::UNKNOWN)
    }
}

impl Default for Codes {
    fn default() -> Self {
        let assumed = [
            ("01", ComplianceStatus::PASS),
            ("02", NOT_APPLICABLE),
            ("03", ComplianceStatus::FAIL),
            ("04", ComplianceStatus::WARNING),
        ];
        assumed.into_iter().fold(Self::empty(), |table, (code, status)| table.with(code, status))
    }
}

/// The schema has no number for a rule that does not apply; `compliance.status` says it.
pub const NOT_APPLICABLE: ComplianceStatus = ComplianceStatus::OTHER;

/// Lists the inspections, reads the latest run of each checklist, and converts its results.
///
/// An inspection that never ran is counted as [`NEVER_RUN`](reason::NEVER_RUN), as one row, and the rules of earlier
/// runs of a checklist as [`SUPERSEDED`](reason::SUPERSEDED). A latest run that did not succeed, and one whose results
/// cannot be read, make the report incomplete.
///
/// # Errors
/// The error of the first page of the list of inspections.
pub async fn inspect(client: &Client, codes: &Codes, scope: &Scope) -> Result<Report> {
    let mut report = Report::new();
    let list = client.list_diagnoses().count_total(true).items().into_listing().await?;
    report.note_incomplete(prefix(scope), list.incomplete());
    for diagnosis in list.into_partial() {
        let own = of_diagnosis(&diagnosis.diagnosis_id, scope);
        if let Err(error) = add_latest(&mut report, client, &diagnosis, codes, scope).await {
            report.incomplete.push(Gap::new(own, error.to_string()));
        }
    }
    Ok(report)
}

/// Converts a page of the results of a run.
pub fn report(page: &ShowDiagnosisResultResponse, codes: &Codes, scope: &Scope) -> Report {
    let mut report = Report::new();
    add(&mut report, page, codes, scope);
    report
}

/// Returns the prefix of the uids of an account's results.
#[must_use]
pub fn prefix(scope: &Scope) -> String {
    uid(&["scp", "config-inspection", &scope.account])
}

fn of_diagnosis(diagnosis_id: &str, scope: &Scope) -> String {
    format!("{}/{}", prefix(scope), uid(&[diagnosis_id]))
}

async fn add_latest(
    report: &mut Report,
    client: &Client,
    diagnosis: &SummaryResponse,
    codes: &Codes,
    scope: &Scope,
) -> Result<()> {
    let own = of_diagnosis(&diagnosis.diagnosis_id, scope);
    let runs = client.list_diagnosis_results().count_total(true).diagnosis_id(&diagnosis.diagnosis_id);
    let runs = runs.items().into_listing().await?;
    report.note_incomplete(&*own, runs.incomplete());
    let latest = latest(runs.into_partial(), &diagnosis.diagnosis_check_type, report);
    if latest.is_empty() {
        report.drop_row(reason::NEVER_RUN);
    }
    for (checklist, run) in latest {
        if let Err(error) = add_run(report, client, diagnosis, &run, codes, scope).await {
            report.incomplete.push(Gap::new(format!("{own}/{}", uid(&[&checklist])), error.to_string()));
        }
    }
    Ok(())
}

/// The latest run of each checklist; the rules of the others are counted. A schedule can start a run of each checklist
/// at the same time.
fn latest(
    runs: Vec<DiagnosisResultResponse>,
    usual: &CheckType,
    report: &mut Report,
) -> BTreeMap<String, DiagnosisResultResponse> {
    let at = |run: &DiagnosisResultResponse| run.proceed_date.as_ref().and_then(instant);
    let mut latest: BTreeMap<String, DiagnosisResultResponse> = BTreeMap::new();
    for run in runs {
        let checklist = run.diagnosis_check_type.as_ref().unwrap_or(usual).as_str().to_owned();
        let Some(other) = latest.get_mut(&checklist) else {
            latest.insert(checklist, run);
            continue;
        };
        let earlier = if at(other) < at(&run) { std::mem::replace(other, run) } else { run };
        let rules = earlier.diagnosis_total_count.and_then(|count| count.try_into().ok());
        report.drop_rows(reason::SUPERSEDED, rules.unwrap_or(1));
    }
    latest
}

async fn add_run(
    report: &mut Report,
    client: &Client,
    diagnosis: &SummaryResponse,
    run: &DiagnosisResultResponse,
    codes: &Codes,
    scope: &Scope,
) -> Result<()> {
    let result = run.diagnosis_result.as_deref().unwrap_or("missing");
    let sequence = run.diagnosis_request_sequence.as_deref();
    let Some(sequence) = sequence.filter(|_| result.eq_ignore_ascii_case("SUCCESS")) else {
        let why = format!("the latest run did not succeed: its result is `{}`", result.escape_debug());
        return Err(Error::new(ErrorKind::FailureState, why));
    };
    let mut pages = client.show_diagnosis_result(&diagnosis.diagnosis_id, sequence).count_total(true).pages();
    while let Some(page) = pages.next().await {
        add(report, &page?, codes, scope);
    }
    Ok(())
}

fn add(report: &mut Report, page: &ShowDiagnosisResultResponse, codes: &Codes, scope: &Scope) {
    for row in &page.result_detail_list {
        report.push(event(page, row, codes, scope));
    }
}

/// The zone of the times is not documented; UTC is assumed.
fn instant(time: &Timestamp) -> Option<OffsetDateTime> {
    time.to_instant(UtcOffset::UTC).ok()
}

fn event(page: &ShowDiagnosisResultResponse, row: &DiagnosisResultDetail, codes: &Codes, scope: &Scope) -> Event {
    let compliance = codes.get(&row.diagnosis_result);
    let rule = row.sub_category.as_deref().unwrap_or(&row.diagnosis_item);
    let mut check = Compliance::new(rule, compliance);
    check.standards = Some(vec![page.checklist_name.clone()]);
    check.status_code = Some(row.diagnosis_result.clone());
    check.status_details = Some(vec![row.result_contents.clone()]);
    check.desc = Some(row.diagnosis_criteria.clone());
    if compliance == NOT_APPLICABLE {
        check.status = Some("Not Applicable".to_owned());
    }

    let time = scope.time_of(page.proceed_date.as_ref().and_then(instant));
    let own = of_diagnosis(&page.diagnosis_id, scope);
    let mut info =
        FindingInfo::new(format!("{own}/{}", uid(&[page.diagnosis_check_type.as_str(), rule])), &row.diagnosis_item);
    info.desc = Some(row.diagnosis_criteria.clone());
    info.last_seen_time = Some(time);
    info.types = Some(vec![row.diagnosis_layer.clone()]);

    // The service has no severities.
    let severity = match compliance {
        ComplianceStatus::PASS | NOT_APPLICABLE => Severity::INFORMATIONAL,
        _ => Severity::UNKNOWN,
    };
    let mut metadata = Metadata::new(PROVIDER, "Config Inspection");
    metadata.original_time = page.proceed_date.as_ref().map(ToString::to_string);
    let mut event = Event::compliance(metadata, info, check, severity, time);
    if !matches!(compliance, ComplianceStatus::PASS | NOT_APPLICABLE) {
        event.set_status(Status::NEW);
        event.remediation = Some(Remediation::new(&row.action_guide));
    }
    event.message = Some(row.diagnosis_item.clone());
    event.set_cloud(Cloud::new(PROVIDER, &page.diagnosis_account_id));
    event.resources = Some(vec![Resource::new("Account", &page.diagnosis_account_id)]);
    event.unmapped = record(row);
    event
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn page(code: &str) -> ShowDiagnosisResultResponse {
        let json = format!(
            r#"{{"checklist_name":"BP","diagnosis_account_id":"0e3d","diagnosis_check_type":"BP","diagnosis_id":"DIA-9",
                "diagnosis_name":"name","diagnosis_request_sequence":"SCPCIS-1","proceed_date":"2026-04-14 15:05:24","total":1,
                "result_detail_list":[{{"action_guide":"Delete the key.","changed":null,"diagnosis_check_type":"BP",
                "diagnosis_criteria":"No key.","diagnosis_item":"1.IAM_001. The root user has no key.","diagnosis_layer":"1.IAM",
                "diagnosis_method":"Look.","diagnosis_result":"{code}","result_contents":"One key.","sub_category":"IAM_001"}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn code_is_kept_whatever_the_table_says() {
        let scope = Scope::new("main", datetime!(2027-01-01 0:00 UTC));
        let other = Codes::empty().with("03", ComplianceStatus::PASS);
        for (codes, code, compliance, severity, has_remedy) in [
            (Codes::default(), "01", ComplianceStatus::PASS, Severity::INFORMATIONAL, false),
            (Codes::default(), "02", NOT_APPLICABLE, Severity::INFORMATIONAL, false),
            (Codes::default(), "03", ComplianceStatus::FAIL, Severity::UNKNOWN, true),
            (Codes::default(), "04", ComplianceStatus::WARNING, Severity::UNKNOWN, true),
            (Codes::default(), "05", ComplianceStatus::UNKNOWN, Severity::UNKNOWN, true),
            (other, "03", ComplianceStatus::PASS, Severity::INFORMATIONAL, false),
        ] {
            let report = report(&page(code), &codes, &scope);
            let event = &report.events[0];
            let check = event.compliance.as_ref().unwrap();
            assert_eq!((check.status_id, check.status_code.as_deref()), (Some(compliance), Some(code)));
            assert_eq!((event.severity_id, event.remediation.is_some()), (severity, has_remedy), "{code}");
            assert_eq!(event.uid(), Some("scp/config-inspection/main/DIA-9/BP/IAM_001"));
            assert_eq!(event.time.get(), 1_776_179_124_000);
        }
    }

    #[test]
    fn latest_run_of_each_checklist_counts() {
        let run = |sequence: &str, checklist: &str, at: &str| -> DiagnosisResultResponse {
            let checklist = if checklist.is_empty() { "null".to_owned() } else { format!("\"{checklist}\"") };
            let json = format!(
                r#"{{"diagnosis_request_sequence":"{sequence}","diagnosis_check_type":{checklist},
                    "diagnosis_total_count":12,"proceed_date":"{at}"}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        let same = "2026-05-01 08:00:00";
        let runs = vec![
            run("1", "BP", "2026-04-01 08:00:00"),
            run("2", "SSI", same),
            run("3", "BP", same),
            // Without a checklist it is that of the inspection.
            run("4", "", "2026-03-01 08:00:00"),
        ];
        let mut report = Report::new();
        let latest = latest(runs, &CheckType::BestPractice, &mut report);
        let kept = latest.iter().map(|(name, run)| (name.as_str(), run.diagnosis_request_sequence.as_deref()));
        let kept: Vec<_> = kept.collect();
        assert_eq!(kept, [("BP", Some("3")), ("SSI", Some("2"))]);
        assert_eq!(report.dropped[reason::SUPERSEDED], 24);
    }
}
