//! AWS accounts and their data sources as OCSF Cloud Resources Inventory Info.

use cloud_core::Result;
use cloud_findings::{Account, Cloud, Event, Gap, Metadata, Report, Resource, Scope, reason, record, uid};

use super::AwsClient;
use super::types::{Aws, DataSource};
use crate::ProjectId;

/// The number of the schema for an account of AWS.
const AWS_ACCOUNT: u32 = 10;

/// Lists the accounts of a project with their data sources, and converts them.
///
/// Data sources that are not attached are counted as [`NOT_ATTACHED`](reason::NOT_ATTACHED). An account whose data
/// sources cannot be read makes the report incomplete.
///
/// # Errors
/// As [`list_aws`](AwsClient::list_aws).
pub async fn inspect(client: &AwsClient, project: ProjectId, scope: &Scope) -> Result<Report> {
    let mut report = Report::new();
    for account in client.list_aws(project).await?.aws.unwrap_or_default() {
        let sources = match account.id() {
            Ok(id) => client.list_data_sources(project, id).await,
            Err(error) => Err(error),
        };
        match sources {
            Ok(sources) => add(&mut report, &account, &sources.data_source.unwrap_or_default(), project, scope),
            Err(error) => {
                // Without an ID of the account the uids of its data sources are not known.
                let own =
                    account.id().map_or_else(|_| prefix(project, scope), |id| of_account(id.get(), project, scope));
                report.incomplete.push(Gap::new(own, error.to_string()));
            }
        }
    }
    Ok(report)
}

/// Converts the data sources of an account.
pub fn report(account: &Aws, sources: &[DataSource], project: ProjectId, scope: &Scope) -> Report {
    let mut report = Report::new();
    add(&mut report, account, sources, project, scope);
    report
}

/// Returns the prefix of the uids of a project's data sources. The account of the scope is the site.
#[must_use]
pub fn prefix(project: ProjectId, scope: &Scope) -> String {
    uid(&["risken", "aws", &scope.account, &project.to_string()])
}

fn of_account(aws_id: i64, project: ProjectId, scope: &Scope) -> String {
    format!("{}/{aws_id}", prefix(project, scope))
}

fn add(report: &mut Report, account: &Aws, sources: &[DataSource], project: ProjectId, scope: &Scope) {
    for source in sources {
        match (source.is_attached(), source.id(), source.aws_id) {
            (false, ..) => report.drop_row(reason::NOT_ATTACHED),
            (true, Ok(id), Some(aws_id)) => {
                let own = format!("{}/{id}", of_account(aws_id, project, scope));
                report.push(event(account, source, own, scope));
            }
            _ => report.drop_row(reason::NO_ID),
        }
    }
}

fn event(account: &Aws, source: &DataSource, own: String, scope: &Scope) -> Event {
    let mut resource = Resource::new("Data source", own);
    resource.name.clone_from(&source.data_source);
    resource.version.clone_from(&source.specific_version);
    // A request that omits the time of the scan resets it to 1970.
    let scanned = source.scan_at.filter(|time| time.0 > 0);
    let time = scope.time_of(scanned.and_then(|time| time.to_offset_date_time().ok()));
    let mut event = Event::inventory(Metadata::new("RISKEN", "AWS"), resource, time);

    let mut owner = Account::default();
    owner.name.clone_from(&account.name);
    owner.type_id = Some(AWS_ACCOUNT);
    owner.uid.clone_from(&account.aws_account_id);
    let mut cloud = Cloud::new("AWS", "");
    cloud.account = Some(owner).filter(|owner| owner.uid.is_some() || owner.name.is_some());
    event.cloud = Some(cloud);

    let state = source.status.as_ref().map(ToString::to_string);
    event.status_detail = source.status_detail.clone().filter(|detail| !detail.is_empty());
    if let Some(state) = state.and_then(|state| record(&state)) {
        event.other.insert("status_code".to_owned(), state);
    }
    let (name, owner) = (source.data_source.as_deref(), account.name.as_deref());
    event.message = Some(format!("{} of {}", name.unwrap_or("a data source"), owner.unwrap_or("an account")));
    let mut kept = source.clone();
    // With the role, it is what a scan proves itself with.
    kept.external_id = None;
    event.unmapped = record(&kept);
    event
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn attached_data_source_is_an_event_and_others_are_counted() {
        let account: Aws = serde_json::from_str(
            r#"{"aws_id":7,"name":"production","project_id":1001,"aws_account_id":"123456789012"}"#,
        )
        .unwrap();
        let sources: Vec<DataSource> = serde_json::from_str(
            r#"[{"aws_data_source_id":1,"data_source":"aws:guard-duty","max_score":10,"aws_id":7,"project_id":1001,
                "assume_role_arn":"arn:role","external_id":"hunter2-external","status":1,"status_detail":"","scan_at":1629337534},
               {"aws_data_source_id":2,"data_source":"aws:portscan","max_score":10},
               {"data_source":"aws:odd","aws_id":7}]"#,
        )
        .unwrap();
        let scope = Scope::new("risken.example.com", datetime!(2026-01-01 0:00 UTC));
        let report = report(&account, &sources, ProjectId::new(1001).unwrap(), &scope);
        assert_eq!((report.events.len(), report.dropped_rows()), (1, 2));
        assert_eq!((report.dropped[reason::NOT_ATTACHED], report.dropped[reason::NO_ID]), (1, 1));
        let event = &report.events[0];
        assert_eq!(
            (event.uid(), event.time.get()),
            (Some("risken/aws/risken.example.com/1001/7/1"), 1_629_337_534_000)
        );
        let text = serde_json::to_string(event).unwrap();
        assert!(text.contains("123456789012") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn scan_that_never_was_has_no_time() {
        let scope = Scope::new("risken.example.com", datetime!(2026-01-01 0:00 UTC));
        let at = |time: &str, detail: &str| {
            let json = format!(
                r#"[{{"aws_data_source_id":1,"aws_id":7,"status":1,"status_detail":"{detail}","scan_at":{time}}}]"#
            );
            let sources: Vec<DataSource> = serde_json::from_str(&json).unwrap();
            report(&Aws::default(), &sources, ProjectId::new(1001).unwrap(), &scope)
        };
        for (time, wanted) in [("0", 1_767_225_600_000), ("-1", 1_767_225_600_000), ("1", 1_000)] {
            assert_eq!(at(time, "").events[0].time.get(), wanted, "{time}");
        }
        // The text of a scan in progress has its time.
        assert!(cloud_findings::diff(&at("1", "Start scan at 1"), &at("2", "Start scan at 2")).is_empty());
    }
}
