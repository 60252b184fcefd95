//! Findings of RISKEN as OCSF Detection Findings.

use std::collections::BTreeSet;

use cloud_core::{Error, ErrorKind, Result, UnixSeconds};
use cloud_findings::{
    Activity, Cloud, Event, FindingInfo, Gap, Metadata, Millis, Report, Resource, Scope, Severity, Status, reason,
    record, uid,
};

use super::FindingClient;
use super::types::{Finding, FindingStatus};
use crate::{FindingId, ProjectId};

/// Lists the active and the pending findings of a project, reads each, and converts it. A pending finding is suppressed.
///
/// The service has no call that returns several findings, so this is one request for each. A finding that was deleted
/// meanwhile is counted as [`DELETED`](reason::DELETED). Findings that cannot be read make the report incomplete, and so
/// does a later list that cannot be read. If the service denies a finding, or if several in a row fail, the remaining ones
/// are not tried.
///
/// # Errors
/// The error of the first page of the first list.
pub async fn inspect(client: &FindingClient, project: ProjectId, scope: &Scope) -> Result<Report> {
    let mut report = Report::new();
    let (mut seen, mut unread) = (BTreeSet::new(), Unread::default());
    for (number, status) in LISTS.into_iter().enumerate() {
        let is_pending = status == FindingStatus::Pending;
        let list = match client.list_findings(project).status(status).items().into_listing().await {
            Err(error) if number > 0 => {
                // What was read before is kept.
                report.incomplete.push(Gap::new(prefix(project, scope), error.to_string()));
                continue;
            }
            list => list?,
        };
        report.note_incomplete(prefix(project, scope), list.incomplete());
        // A finding can be in several lists.
        for number in list.into_partial().into_iter().filter(|number| seen.insert(*number)) {
            let Ok(id) = FindingId::new(number) else {
                report.drop_row(reason::NO_ID);
                continue;
            };
            if unread.is_hopeless {
                unread.count += 1;
                continue;
            }
            let found = client.show_finding(project, id).await.map(|response| response.finding);
            unread.note(found.as_ref().err());
            match found {
                Ok(Some(finding)) => add(&mut report, &finding, is_pending, project, scope),
                Ok(None) => report.drop_row(reason::DELETED),
                Err(_) => {}
            }
        }
    }
    if let Some(first) = unread.first {
        let why = format!("{} findings could not be read; the first error: {first}", unread.count);
        report.incomplete.push(Gap::new(prefix(project, scope), why));
    }
    Ok(report)
}

/// The active ones are listed again at the end: one that stopped pending between the first two lists is in neither.
const LISTS: [FindingStatus; 3] = [FindingStatus::Active, FindingStatus::Pending, FindingStatus::Active];

/// After so many failures in a row, the service is taken to be down.
const MOST_FAILURES: u32 = 3;

/// Findings that could not be read: one gap for all of them.
#[derive(Default)]
struct Unread {
    count: u64,
    first: Option<String>,
    in_a_row: u32,
    /// Whether the remaining ones cannot be read either.
    is_hopeless: bool,
}

impl Unread {
    /// Counts the failure of a request, or that there was none.
    fn note(&mut self, error: Option<&Error>) {
        let Some(error) = error else {
            self.in_a_row = 0;
            return;
        };
        self.count += 1;
        self.in_a_row += 1;
        self.first.get_or_insert_with(|| error.to_string());
        // What denies one finding denies all of them.
        let is_local = matches!(error.kind(), ErrorKind::Credentials | ErrorKind::Config);
        let is_denied = is_local || error.is_denied() || error.is_invalid_credentials();
        self.is_hopeless |= is_denied || self.in_a_row >= MOST_FAILURES;
    }
}

/// Converts a finding. The list with the status `Pending` says whether it is pending; the finding does not.
pub fn report(finding: &Finding, is_pending: bool, project: ProjectId, scope: &Scope) -> Report {
    let mut report = Report::new();
    add(&mut report, finding, is_pending, project, scope);
    report
}

/// Returns the prefix of the uids of a project's findings. The account of the scope is the site.
#[must_use]
pub fn prefix(project: ProjectId, scope: &Scope) -> String {
    uid(&["risken", "finding", &scope.account, &project.to_string()])
}

/// The severity of a score, by the bands of the vendor's guide: 0.8 and more is high, 0.4 and more medium.
#[must_use]
pub fn severity(score: Option<f64>) -> Severity {
    match score {
        Some(score) if score >= 0.8 => Severity::HIGH,
        Some(score) if score >= 0.4 => Severity::MEDIUM,
        Some(score) if score >= 0.0 => Severity::LOW,
        // Responses omit what is zero.
        None => Severity::LOW,
        Some(_) => Severity::UNKNOWN,
    }
}

fn add(report: &mut Report, finding: &Finding, is_pending: bool, project: ProjectId, scope: &Scope) {
    match identity(finding) {
        Some(own) => {
            let own = format!("{}/{own}", prefix(project, scope));
            report.push(event(finding, own, is_pending, scope));
        }
        None => report.drop_row(reason::NO_ID),
    }
}

/// Data source and the ID there: they stay when a finding is deleted and found again, the number of the finding does not.
fn identity(finding: &Finding) -> Option<String> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match (text(&finding.data_source), text(&finding.data_source_id)) {
        (Some(source), Some(id)) => Some(uid(&[&source, &id])),
        // One part, so that no data source and ID there can make the same uid.
        _ => finding.finding_id.map(|id| uid(&[&id.to_string()])),
    }
}

fn event(finding: &Finding, own: String, is_pending: bool, scope: &Scope) -> Event {
    let instant = |time: Option<UnixSeconds>| time.and_then(|time| time.to_offset_date_time().ok());
    let (created, updated) = (instant(finding.created_at), instant(finding.updated_at));
    let title = finding.description.as_deref().filter(|text| !text.is_empty());
    let title = title.or(finding.data_source.as_deref()).unwrap_or("a finding");
    let mut info = FindingInfo::new(own, title);
    info.created_time = created.map(Millis::from);
    info.modified_time = updated.map(Millis::from);
    info.data_sources = finding.data_source.clone().map(|source| vec![source]);

    let metadata = Metadata::new("RISKEN", "Finding");
    let mut event = Event::detection(metadata, info, severity(finding.score), scope.time_of(updated.or(created)));
    if updated > created {
        event.set_activity(Activity::UPDATE);
    }
    event.set_status(if is_pending { Status::SUPPRESSED } else { Status::NEW });
    event.message = Some(title.to_owned());
    let resource = finding.resource_name.as_deref().filter(|name| !name.is_empty());
    if let Some(arn) = resource.and_then(Arn::read) {
        let mut cloud = Cloud::new("AWS", arn.account);
        cloud.region = Some(arn.region.to_owned()).filter(|region| !region.is_empty());
        if arn.account.is_empty() {
            cloud.account = None;
        }
        event.set_cloud(cloud);
    }
    event.resources = resource.map(|name| {
        let arn = Arn::read(name);
        let mut resource = Resource::new("", name);
        resource.name = Some(name.to_owned());
        resource.region = arn.as_ref().map(|arn| arn.region.to_owned()).filter(|region| !region.is_empty());
        resource.kind = arn.map(|arn| arn.service.to_owned());
        vec![resource]
    });
    event.unmapped = record(finding);
    event
}

/// The parts of an ARN that say where a resource is.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (arn, _, service, region, account, rest) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (arn == "arn" && !rest.is_empty()).then_some(Self { service, region, account })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloud_core::testing::FakeTransport;
    use time::macros::datetime;

    use super::*;
    use crate::{RetryPolicy, Risken};

    fn one(json: &str, is_pending: bool) -> Report {
        let finding: Finding = serde_json::from_str(json).unwrap();
        let scope = Scope::new("risken.example.com", datetime!(2026-01-01 0:00 UTC));
        report(&finding, is_pending, ProjectId::new(1001).unwrap(), &scope)
    }

    #[test]
    fn severity_follows_the_bands_of_the_guide() {
        for (score, wanted) in [
            (Some(1.0), Severity::HIGH),
            (Some(0.8), Severity::HIGH),
            (Some(0.79), Severity::MEDIUM),
            (Some(0.4), Severity::MEDIUM),
            (Some(0.39), Severity::LOW),
            (Some(0.0), Severity::LOW),
            (None, Severity::LOW),
            (Some(-1.0), Severity::UNKNOWN),
            (Some(f64::NAN), Severity::UNKNOWN),
        ] {
            assert_eq!(severity(score), wanted, "{score:?}");
        }
    }

    #[test]
    fn finding_is_an_event_with_times_in_milliseconds() {
        let json = r#"{"finding_id":9,"description":"probed","data_source":"aws:guard-duty","data_source_id":"a/1",
            "resource_name":"arn:aws:ec2:ap-northeast-1:123456789012:instance/i-01","project_id":1001,"original_score":8,
            "score":0.8,"data":"{\"a\": 1}","created_at":1629337534,"updated_at":1629337600}"#;
        let report = one(json, true);
        let event = &report.events[0];
        assert_eq!(event.uid(), Some("risken/finding/risken.example.com/1001/aws:guard-duty/a%2F1"));
        assert_eq!((event.time.get(), event.type_uid), (1_629_337_600_000, 200_402));
        assert_eq!((event.status_id, event.severity_id), (Some(Status::SUPPRESSED), Severity::HIGH));
        let cloud = event.cloud.as_ref().unwrap();
        assert_eq!(cloud.region.as_deref(), Some("ap-northeast-1"));
        assert_eq!(cloud.account.as_ref().unwrap().uid.as_deref(), Some("123456789012"));
        assert_eq!(one(json, false).events[0].status_id, Some(Status::NEW));
    }

    #[test]
    fn finding_without_anything_to_identify_it_is_counted() {
        assert_eq!(one("{}", false).dropped[reason::NO_ID], 1);
        let report = one(r#"{"finding_id":9,"resource_name":"example.com"}"#, false);
        assert_eq!(report.events[0].uid(), Some("risken/finding/risken.example.com/1001/9"));
        assert!(report.events[0].cloud.is_none());
    }

    async fn inspected(answers: FakeTransport) -> (Report, usize) {
        let transport = Arc::new(answers);
        let report = inspected_with(&transport).await.unwrap();
        (report, transport.sent().len())
    }

    async fn inspected_with(transport: &Arc<FakeTransport>) -> Result<Report> {
        let risken = Risken::builder().endpoint("https://risken.example.com").access_token("t");
        let risken = risken.retry(RetryPolicy::never()).transport(Arc::clone(transport));
        let client = risken.build().unwrap().finding();
        let scope = Scope::new("risken.example.com", datetime!(2026-01-01 0:00 UTC));
        inspect(&client, ProjectId::new(1001).unwrap(), &scope).await
    }

    const NONE: &str = r#"{"data":{"count":0,"total":0}}"#;

    #[tokio::test]
    async fn finding_that_stopped_pending_between_the_lists_is_found() {
        let list = r#"{"data":{"finding_id":[9],"count":1,"total":1}}"#;
        let found = r#"{"data":{"finding":{"finding_id":9,"data_source":"aws:portscan","data_source_id":"9"}}}"#;
        let answers = FakeTransport::new().answer(200, NONE).answer(200, NONE).answer(200, list).answer(200, found);
        let (report, sent) = inspected(answers).await;
        assert_eq!((report.events.len(), report.is_complete(), sent), (1, true, 4));
        assert_eq!(report.events[0].status_id, Some(Status::NEW));
    }

    #[tokio::test]
    async fn list_that_fails_after_the_first_one_loses_no_finding() {
        let list = |id| format!(r#"{{"data":{{"finding_id":[{id}],"count":1,"total":1}}}}"#);
        let found = |id| format!(r#"{{"data":{{"finding":{{"finding_id":{id}}}}}}}"#);
        // The answers after the first finding, whether each finding is there, and how many gaps there are.
        let first = || FakeTransport::new().answer(200, &list(1)).answer(200, &found(1));
        for (answers, uids, gaps) in [
            (first().answer(503, "{}").answer(200, NONE), &["1"][..], 1),
            (first().answer(503, "{}").answer(200, &list(2)).answer(200, &found(2)), &["1", "2"], 1),
            (first().answer(200, &list(3)).answer(200, &found(3)).answer(503, "{}"), &["1", "3"], 1),
            (first().answer(503, "{}").answer(503, "{}"), &["1"], 2),
        ] {
            let (report, _) = inspected(answers).await;
            let there = report.events.iter().filter_map(|event| event.uid()?.rsplit('/').next());
            assert_eq!((there.collect::<Vec<_>>(), report.incomplete.len()), (uids.to_vec(), gaps));
            assert!(report.incomplete.iter().all(|gap| gap.covers("risken/finding/risken.example.com/1001/9")));
        }
    }

    #[tokio::test]
    async fn first_list_that_fails_is_an_error() {
        let transport = Arc::new(FakeTransport::new().answer(503, "{}"));
        assert!(inspected_with(&transport).await.is_err());
    }

    #[tokio::test]
    async fn outage_ends_the_requests_after_a_few() {
        let list = r#"{"data":{"finding_id":[1,2,3,4,5,6,7,8,9],"count":9,"total":9}}"#;
        let mut answers = FakeTransport::new().answer(200, list);
        for _ in 0..MOST_FAILURES {
            answers = answers.answer(503, "{}");
        }
        let (report, sent) = inspected(answers.answer(200, NONE).answer(200, NONE)).await;
        assert_eq!((report.events.len(), report.incomplete.len(), sent), (0, 1, 6));
        assert!(report.incomplete[0].why.starts_with("9 findings"), "{}", report.incomplete[0].why);
    }

    #[tokio::test]
    async fn findings_that_cannot_be_read_are_one_gap_and_a_denial_ends_the_requests() {
        let list = r#"{"data":{"finding_id":[1,2,3],"count":3,"total":3}}"#;
        let found = |id| format!(r#"{{"data":{{"finding":{{"finding_id":{id}}}}}}}"#);
        let denial = "Unauthorized the project resource for token access\n";
        for (status, text, requests, count) in [(500, "Internal", 6, 1), (403, denial, 5, 2)] {
            let transport = FakeTransport::new().answer(200, list).answer(200, &found(1));
            let transport = transport.answer_with(status, &[("content-type", "text/plain")], text);
            let transport = if status == 500 { transport.answer(200, &found(3)) } else { transport };
            let (report, sent) = inspected(transport.answer(200, NONE).answer(200, NONE)).await;
            assert_eq!(sent, requests, "{status}");
            assert_eq!(report.incomplete.len(), 1);
            let gap = &report.incomplete[0];
            assert!(
                gap.why.starts_with(&format!("{count} findings could not be read; the first error: ")),
                "{}",
                gap.why
            );
            assert!(gap.covers("risken/finding/risken.example.com/1001/2"));
        }
    }
}
