//! Results of Server Security Check as OCSF Compliance Findings.
//!
//! They are compliance findings, not vulnerabilities: a Vulnerability Finding demands a CVE, a CWE or an advisory, and
//! the items of this service have none.

use std::collections::{BTreeMap, BTreeSet};

use cloud_core::Result;
use cloud_findings::{
    Cloud, Compliance, ComplianceStatus, Event, FindingInfo, Gap, Metadata, Remediation, Report, Resource, Scope,
    Severity, Status, reason, record, uid,
};

use super::ServerSecurityCheckClient;
use super::types::{InspectionDetail, InspectionStandard, InspectionSummary, ItemResult, WeakLevel};
use crate::{Language, Period, Region};

const PRODUCT: &str = "Server Security Check";

/// Lists the inspections of a region in a period, reads the latest one of each instance and standard, and converts it.
///
/// The items of earlier inspections of an instance are counted as [`SUPERSEDED`](reason::SUPERSEDED). An inspection
/// whose details cannot be read, or are fewer or more than its summary announces, makes the report incomplete.
///
/// An instance without an inspection in the period is not in the report, and the service does not list instances.
/// Call [`note_absent`] before you compare with an earlier report; otherwise its findings look as if they were gone.
///
/// # Errors
/// The error of the first page of the list.
pub async fn inspect(
    client: &ServerSecurityCheckClient,
    region: Region,
    period: Period,
    language: Language,
    scope: &Scope,
) -> Result<Report> {
    let mut report = Report::new();
    let list = client.list_inspection_summaries(region.clone(), period).language(language.clone()).limit(MOST);
    let list = list.items().into_listing().await?;
    report.note_incomplete(prefix(scope, &region), list.incomplete());
    for summary in latest(list.into_partial(), &mut report) {
        let details = match summary.result_number() {
            Ok(number) => client.list_inspection_details(number).language(language.clone()).await,
            Err(error) => Err(error),
        };
        match details {
            Ok(details) => add(&mut report, &summary, &details.results, &region, scope),
            Err(error) => report.incomplete.push(Gap::new(of_instance(&summary, &region, scope), error.to_string())),
        }
    }
    Ok(report)
}

/// Summaries on a page: the most that the service returns.
const MOST: u32 = 1000;

/// Converts the details of one inspection. The report is incomplete if they are fewer or more than the summary
/// announces.
pub fn report(summary: &InspectionSummary, details: &[InspectionDetail], region: &Region, scope: &Scope) -> Report {
    let mut report = Report::new();
    add(&mut report, summary, details, region, scope);
    report
}

/// Returns the prefix of the uids of an account's results in a region.
#[must_use]
pub fn prefix(scope: &Scope, region: &Region) -> String {
    uid(&["nhn", "server-security-check", &scope.account, region.as_str()])
}

/// Makes a report incomplete for each instance of an earlier report that was not inspected in the period of this one,
/// so that its findings are uncertain for [`diff`](cloud_findings::diff), and not gone. Returns how many instances these are.
pub fn note_absent(report: &mut Report, earlier: &Report, region: &Region, scope: &Scope) -> usize {
    let region = prefix(scope, region);
    let absent: Vec<_> = instances(earlier, &region).difference(&instances(report, &region)).cloned().collect();
    for instance in &absent {
        report.incomplete.push(Gap::new(instance, "the instance was not inspected in the period"));
    }
    absent.len()
}

/// The beginnings of the uids of instances, standards and kinds.
fn instances(report: &Report, region: &str) -> BTreeSet<String> {
    let within = Gap::new(region, "");
    let uids = report.events.iter().filter_map(Event::uid).filter(|uid| within.covers(uid));
    uids.filter_map(|uid| Some(uid.rsplit_once('/')?.0.to_owned())).collect()
}

fn of_instance(summary: &InspectionSummary, region: &Region, scope: &Scope) -> String {
    // Two kinds of inspections and two standards can look at one instance.
    let own = uid(&[&summary.instance_name, summary.bss.as_str(), kind(summary)]);
    format!("{}/{own}", prefix(scope, region))
}

/// The kind of an inspection. Early ones have none: they looked at the operating system.
fn kind(summary: &InspectionSummary) -> &str {
    summary.kind.as_ref().map_or("OS", |kind| kind.as_str())
}

/// The latest inspection of each instance, standard and kind; the items of the others are counted.
fn latest(summaries: Vec<InspectionSummary>, report: &mut Report) -> Vec<InspectionSummary> {
    let mut kept: BTreeMap<_, InspectionSummary> = BTreeMap::new();
    for summary in summaries {
        let key = (summary.instance_name.clone(), summary.bss.to_string(), kind(&summary).to_owned());
        let age = |own: &InspectionSummary| (own.execution_time.to_offset_date_time().ok(), own.result_number().ok());
        match kept.get_mut(&key) {
            None => drop(kept.insert(key, summary)),
            Some(other) => {
                let is_newer = age(other) < age(&summary);
                let earlier = if is_newer { std::mem::replace(other, summary) } else { summary };
                report.drop_rows(reason::SUPERSEDED, earlier.check_count.try_into().unwrap_or_default());
            }
        }
    }
    kept.into_values().collect()
}

fn add(report: &mut Report, summary: &InspectionSummary, details: &[InspectionDetail], region: &Region, scope: &Scope) {
    for detail in details {
        report.push(event(summary, detail, region, scope));
    }
    let (announced, read) = (summary.check_count, details.len());
    if i64::try_from(read).ok() != Some(announced) {
        let why = format!("{read} of {announced} items of the inspection were returned");
        report.incomplete.push(Gap::new(of_instance(summary, region, scope), why));
    }
}

/// The severity of a weak item.
fn severity(level: &WeakLevel) -> Severity {
    match level {
        WeakLevel::H => Severity::HIGH,
        WeakLevel::M => Severity::MEDIUM,
        WeakLevel::L => Severity::LOW,
        WeakLevel::Other(_) => Severity::OTHER,
    }
}

/// The standard in words.
fn standard(bss: &InspectionStandard) -> &str {
    match bss {
        InspectionStandard::M => "Critical information and communications infrastructure",
        InspectionStandard::F => "Electronic financial infrastructure",
        InspectionStandard::Other(text) => text.as_str(),
    }
}

fn event(summary: &InspectionSummary, detail: &InspectionDetail, region: &Region, scope: &Scope) -> Event {
    let (compliance, severity) = match &detail.result_code {
        ItemResult::Passed => (ComplianceStatus::PASS, Severity::INFORMATIONAL),
        ItemResult::Weak => (ComplianceStatus::FAIL, severity(&detail.weak_level)),
        ItemResult::Other(_) => (ComplianceStatus::OTHER, severity(&detail.weak_level)),
    };
    let mut check = Compliance::new(&detail.result_id, compliance);
    check.standards = Some(vec![standard(&summary.bss).to_owned()]);
    check.status_code = Some(detail.result_code.to_string());
    if compliance == ComplianceStatus::OTHER {
        check.status.clone_from(&check.status_code);
    }

    let time = scope.time_of(summary.execution_time.to_offset_date_time().ok());
    let instance = of_instance(summary, region, scope);
    let mut info = FindingInfo::new(format!("{instance}/{}", uid(&[&detail.result_id])), &detail.item_name);
    info.last_seen_time = Some(time);
    info.types = Some(vec![detail.category_name.clone()]);

    let mut metadata = Metadata::new("NHN Cloud", PRODUCT);
    metadata.original_time = Some(summary.execution_time.to_string());
    let mut event = Event::compliance(metadata, info, check, severity, time);
    if let (WeakLevel::Other(level), Severity::OTHER) = (&detail.weak_level, severity) {
        event.severity = Some(level.as_str().to_owned());
    }
    if compliance != ComplianceStatus::PASS {
        event.set_status(Status::NEW);
        event.remediation = Some(Remediation::new(plain(&detail.manage_method)));
    }
    event.message = Some(format!("{}: {}", summary.instance_name, detail.item_name));

    let mut cloud = Cloud::new("NHN Cloud", &scope.account);
    cloud.region = Some(region.as_str().to_owned());
    event.set_cloud(cloud);
    let mut resource = Resource::new("Instance", &summary.instance_name);
    resource.name = Some(summary.instance_name.clone());
    resource.region = Some(region.as_str().to_owned());
    resource.version = Some(summary.system_version.clone());
    event.resources = Some(vec![resource]);
    event.unmapped = record(detail);
    event
}

/// HTML with line breaks as text: tags are removed, except that a break is a new line.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after_tag)) = after.split_once('>').filter(|(tag, _)| is_tag(tag)) else {
            text.push('<');
            rest = after;
            continue;
        };
        if tag.trim_matches(['/', ' ']).eq_ignore_ascii_case("br") {
            text.push('\n');
        }
        rest = after_tag;
    }
    text.push_str(rest);
    for (escape, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&amp;", "&")] {
        text = text.replace(escape, character);
    }
    text
}

/// A `<` before anything but a letter is one that the text means.
fn is_tag(tag: &str) -> bool {
    tag.trim_start_matches('/').starts_with(|first: char| first.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn summary(number: u32, instance: &str, time: &str) -> InspectionSummary {
        let json = format!(
            r#"{{"usageStasNo":{number},"instanceName":"{instance}","os":"Linux","kind":"OS","systemVersion":"ubuntu",
                "bss":"M","scriptVersion":"G-1","executionTime":"{time}","checkCount":1,"weakCount":1,
                "level3WeakCount":1,"level2WeakCount":0,"level1WeakCount":0}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn detail(code: &str, level: &str) -> InspectionDetail {
        let json = format!(
            r#"{{"categoryName":"1. Accounts","resultId":"U-01","weakLevel":"{level}","weakLevelName":"High",
                "resultCode":"{code}","itemName":"Remote root login","manageMethod":"Edit &lt;file&gt;<br/>then if a < b<br>restart"}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn item_becomes_compliance_severity_and_remediation() {
        let scope = Scope::new("project", datetime!(2026-01-01 0:00 UTC));
        let summary = summary(1, "web-1", "2025-07-17T11:42:20+09:00");
        for (code, level, compliance, severity) in [
            ("O", "H", ComplianceStatus::PASS, Severity::INFORMATIONAL),
            ("X", "H", ComplianceStatus::FAIL, Severity::HIGH),
            ("X", "M", ComplianceStatus::FAIL, Severity::MEDIUM),
            ("X", "L", ComplianceStatus::FAIL, Severity::LOW),
            ("X", "Z", ComplianceStatus::FAIL, Severity::OTHER),
            ("?", "H", ComplianceStatus::OTHER, Severity::HIGH),
        ] {
            let report = report(&summary, &[detail(code, level)], &Region::Kr1, &scope);
            let event = &report.events[0];
            let check = event.compliance.as_ref().unwrap();
            assert_eq!((check.status_id, event.severity_id), (Some(compliance), severity), "{code} {level}");
            assert_eq!(event.uid(), Some("nhn/server-security-check/project/KR1/web-1/M/OS/U-01"));
            let remedy = event.remediation.as_ref().and_then(|remedy| remedy.desc.as_deref());
            let wanted = "Edit <file>\nthen if a < b\nrestart";
            assert_eq!(remedy, (compliance != ComplianceStatus::PASS).then_some(wanted));
            assert_eq!(event.time.get(), 1_752_720_140_000);
        }
    }

    #[test]
    fn latest_inspection_of_an_instance_counts() {
        let mut report = Report::new();
        let all = vec![
            summary(3, "web", "2025-07-02T00:00:00+09:00"),
            summary(5, "web", "2025-07-03T00:00:00+09:00"),
            summary(4, "web", "2025-07-01T00:00:00+09:00"),
            summary(9, "pay", "2025-07-01T00:00:00+09:00"),
        ];
        let numbers: Vec<_> = latest(all, &mut report).iter().map(|own| own.result_number().unwrap()).collect();
        assert_eq!((numbers, report.dropped[reason::SUPERSEDED]), (vec![9, 5], 2));
    }

    #[test]
    fn inspection_without_a_kind_is_one_of_the_operating_system() {
        let mut early = summary(1, "web", "2025-07-01T00:00:00+09:00");
        early.kind = None;
        let mut report = Report::new();
        let kept = latest(vec![early, summary(2, "web", "2025-07-02T00:00:00+09:00")], &mut report);
        assert_eq!((kept.len(), report.dropped[reason::SUPERSEDED]), (1, 1));
    }

    #[test]
    fn details_that_are_not_as_many_as_announced_are_a_gap() {
        let scope = Scope::new("project", datetime!(2026-01-01 0:00 UTC));
        let summary = summary(1, "web", "2025-07-17T11:42:20+09:00");
        let item = || detail("X", "H");
        for (details, gaps) in [(vec![], 1), (vec![item()], 0), (vec![item(), item()], 1)] {
            let report = report(&summary, &details, &Region::Kr1, &scope);
            assert_eq!(report.incomplete.len(), gaps, "{} details", details.len());
            let covers = |gap: &Gap| gap.covers("nhn/server-security-check/project/KR1/web/M/OS/U-77");
            assert!(report.incomplete.iter().all(covers));
        }
    }

    #[test]
    fn instance_that_was_not_inspected_again_is_not_gone() {
        let scope = Scope::new("project", datetime!(2026-01-01 0:00 UTC));
        let of = |instance, region| {
            report(&summary(1, instance, "2025-07-17T11:42:20+09:00"), &[detail("X", "H")], &region, &scope)
        };
        let mut earlier = of("web", Region::Kr1);
        earlier.merge(of("pay", Region::Kr1));
        earlier.merge(of("web", Region::Kr2));
        let mut later = of("web", Region::Kr1);
        assert_eq!(cloud_findings::diff(&earlier, &later).gone.len(), 2);
        assert_eq!(note_absent(&mut later, &earlier, &Region::Kr1, &scope), 1);
        let found = cloud_findings::diff(&earlier, &later);
        assert_eq!((found.gone.len(), found.uncertain.len()), (1, 1));
        assert_eq!(found.uncertain[0].uid(), Some("nhn/server-security-check/project/KR1/pay/M/OS/U-01"));
    }
}
