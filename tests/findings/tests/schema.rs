//! Every event of the sandbox and of the documented examples, against OCSF's own schema; and what became no event.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use cloud_findings::{Class, Gap, Report};
use cloud_sandbox::{Answers, Fault, Sandbox};
use findings::{Fleet, SERVICES};

/// The report of each service.
async fn reports(sandbox: &Sandbox) -> Vec<(&'static str, Report)> {
    let fleet = Fleet::of(sandbox, 0);
    let mut reports = Vec::new();
    for ((service, _), target) in SERVICES.into_iter().zip(fleet.targets()) {
        reports.push((service, fleet.clone().inspect(target).await.unwrap()));
    }
    reports
}

/// A report as a line.
fn shown(service: &str, report: &Report) -> String {
    let dropped: Vec<_> = report.dropped.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let gaps = report.incomplete.len();
    format!("{service}: {} events, dropped [{}], {gaps} gaps", report.events.len(), dropped.join(", "))
}

#[track_caller]
fn check(reports: &[(&str, Report)], wanted: &[&str]) {
    let found: Vec<_> = reports.iter().map(|(service, report)| shown(service, report)).collect();
    assert_eq!(found, wanted);
    let mut lines = Vec::new();
    reports.iter().for_each(|(_, report)| report.write_jsonl(&mut lines).unwrap());
    let count: usize = reports.iter().map(|(_, report)| report.events.len()).sum();
    if let Some(said) = validate(&lines) {
        assert_eq!(said, Ok(format!("{count} events are valid\n")));
    }
}

/// Returns what the script of the repository says, where Python has the packages that it needs.
#[allow(clippy::disallowed_methods, reason = "not a setting of the SDK")]
fn validate(lines: &[u8]) -> Option<Result<String, String>> {
    let python = std::env::var("OCSF_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_packages = Command::new(&python).args(["-c", "import jsonschema, ocsf_json_schema"]).output();
    if !has_packages.is_ok_and(|output| output.status.success()) {
        // Not through the macro, whose output a test that passes does not show.
        let text = format!(
            "\nSKIPPED: no event was checked against OCSF's schema: {python} lacks what tools/ocsf/requirements.txt lists; \
             `pip install -r` it, or set OCSF_PYTHON\n\n"
        );
        std::io::stderr().write_all(text.as_bytes()).unwrap();
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/ocsf/check.py");
    let mut process = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(lines).unwrap();
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(if output.status.success() { Ok(text) } else { Err(text) })
}

#[tokio::test]
async fn script_notices_what_the_schema_forbids_and_what_it_cannot_say() {
    let sandbox = Sandbox::start().await.unwrap();
    let reports = reports(&sandbox).await;
    let event = serde_json::to_value(&reports[0].1.events[0]).unwrap();
    for (pointer, value, wanted) in [
        ("/time", serde_json::json!(1_741_676_432), "$.time: 1741676432 is not a time of this century in milliseconds"),
        ("/finding_info/last_seen_time", serde_json::json!(1_741_676_432), "$.finding_info.last_seen_time: "),
        ("/severity", serde_json::json!("Low"), "$.severity: 'Low', but severity_id "),
        ("/type_uid", serde_json::json!(200_302), "$.type_uid: not that of class and activity"),
        ("/severity_id", serde_json::json!("high"), "$.severity_id: "),
        ("/finding_info", serde_json::json!({}), "$.finding_info: 'uid' is a required property"),
        ("/compliance/status_detail", serde_json::json!("why"), "$.compliance.status_detail: deprecated since 1.4.0"),
        ("/compliance/verdict", serde_json::json!(1), "$.compliance: Additional properties are not allowed"),
    ] {
        let mut event = event.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value;
        let Some(said) = validate(event.to_string().as_bytes()) else { return };
        assert!(said.as_ref().is_err_and(|text| text.contains(wanted)), "{pointer}: {said:?}");
    }
}

#[tokio::test]
async fn events_of_the_sandbox_are_valid_and_the_rest_is_counted() {
    let sandbox = Sandbox::start().await.unwrap();
    let reports = reports(&sandbox).await;
    check(&reports, &SANDBOX);
    let mut uids = BTreeSet::new();
    for event in reports.iter().flat_map(|(_, report)| &report.events) {
        assert!(uids.insert(event.uid().unwrap()), "an uid occurs twice");
    }
    let classes: BTreeMap<u32, usize> =
        reports.iter().flat_map(|(_, report)| &report.events).fold(BTreeMap::new(), |mut counts, event| {
            *counts.entry(event.class_uid.0).or_default() += 1;
            counts
        });
    let of = |class: Class| classes[&class.0];
    assert_eq!(of(Class::DETECTION_FINDING), 2);
    assert_eq!(of(Class::CLOUD_RESOURCES_INVENTORY_INFO), 1);
}

const SANDBOX: [&str; 5] = [
    "nhn/security-advisor: 11 events, dropped [never_inspected 2], 0 gaps",
    "nhn/server-security-check: 24 events, dropped [], 0 gaps",
    "scp/config-inspection: 12 events, dropped [never_run 1], 1 gaps",
    "risken/aws: 1 events, dropped [not_attached 4], 0 gaps",
    "risken/finding: 2 events, dropped [], 0 gaps",
];

#[tokio::test]
async fn events_of_the_documented_examples_are_valid_and_the_rest_is_counted() {
    let sandbox = Sandbox::builder().answers(Answers::Examples).start().await.unwrap();
    check(&reports(&sandbox).await, &EXAMPLES);
}

/// The examples of lists announce more rows than they have, and every ID of a finding shows the same one.
const EXAMPLES: [&str; 5] = [
    "nhn/security-advisor: 11 events, dropped [never_inspected 2], 0 gaps",
    "nhn/server-security-check: 10 events, dropped [], 2 gaps",
    "scp/config-inspection: 1 events, dropped [], 3 gaps",
    "risken/aws: 1 events, dropped [], 0 gaps",
    "risken/finding: 4 events, dropped [], 0 gaps",
];

#[tokio::test]
async fn account_of_a_fleet_has_the_same_findings_under_uids_of_its_own() {
    let sandbox = Sandbox::builder().accounts(2).start().await.unwrap();
    let fleet = Fleet::of(&sandbox, 2);
    let mut uids = BTreeSet::new();
    let mut counts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for target in fleet.targets() {
        let report = fleet.clone().inspect(target.clone()).await.unwrap();
        for event in &report.events {
            let uid = event.uid().unwrap();
            assert!(target.prefixes().any(|prefix| Gap::new(prefix, "").covers(uid)), "{uid}");
            assert!(uids.insert(uid.to_owned()), "{uid}");
        }
        counts.entry(target.service).or_default().push(report.events.len());
    }
    assert!(
        counts.values().all(|counts| counts.len() == 3 && counts[0] > 0 && counts.iter().all(|own| *own == counts[0]))
    );
}

/// A schedule starts a run of each checklist at the same time.
#[tokio::test]
async fn latest_run_of_each_checklist_is_read() {
    let start = time::macros::datetime!(2026-06-15 12:00 UTC);
    let sandbox = Sandbox::builder().starts_at(start.into()).start().await.unwrap();
    let fleet = Fleet::of(&sandbox, 0);
    let target = fleet.targets().find(|target| target.service == "scp/config-inspection").unwrap();
    let before = fleet.clone().inspect(target.clone()).await.unwrap();
    sandbox.advance(std::time::Duration::from_secs(32 * 86_400));
    let after = fleet.clone().inspect(target.clone()).await.unwrap();
    let of = |checklist: &str| {
        let own = |uid: &str| uid.contains("/DIA-943731CB8E3045C289BAECAEC3532097/") && uid.contains(checklist);
        after.events.iter().filter(|event| event.uid().is_some_and(own)).count()
    };
    assert_eq!((of("/BP/"), of("/SSI/")), (12, 8));
    let found = cloud_findings::diff(&before, &after);
    // The inspection that could not connect before can have had the same results.
    assert_eq!((found.gone.len(), found.uncertain.len()), (0, 8));
    // The earlier run of the first inspection and the one that could not connect.
    assert_eq!(after.dropped.get(cloud_findings::reason::SUPERSEDED), Some(&20));

    // One run that cannot be read hides its own checklist alone.
    sandbox.fault(Fault::status(403).on("scp/configinspection/show_diagnosis_result").unwrap()).unwrap();
    let third = fleet.inspect(target).await.unwrap();
    assert_eq!(third.incomplete.len(), 1);
    let found = cloud_findings::diff(&after, &third);
    assert_eq!((found.gone.len(), found.uncertain.len()), (0, 12));
}

/// Two regions of an account, of which one is down: the rules of the organization are not gone.
#[tokio::test]
async fn failed_region_makes_organization_rules_uncertain() {
    let sandbox = Sandbox::start().await.unwrap();
    let fleet = Fleet::of(&sandbox, 0);
    let path = std::env::temp_dir().join(format!("cloud-findings-region-{}.fleet", std::process::id()));
    let targets = || fleet.targets().filter(|target| target.service == "nhn/security-advisor").collect::<Vec<_>>();
    let run = |name: &'static str| {
        let (inspected, path) = (fleet.clone(), path.with_extension(name));
        let run = cloud_findings::fleet::over(targets()).account_retries(0).checkpoint(&path);
        let run = run.run(move |target| inspected.clone().inspect(target));
        async move {
            run.await.unwrap();
            let report = cloud_findings::fleet::read([&path]).unwrap();
            std::fs::remove_file(&path).unwrap();
            report
        }
    };
    let before = run("before").await;
    assert!(before.events.iter().any(|event| event.uid().is_some_and(|uid| uid.contains("/organization/"))));
    sandbox.fault(Fault::token_revoked().always()).unwrap();
    let found = cloud_findings::diff(&before, &run("after").await);
    assert_eq!((found.gone.len(), found.uncertain.len()), (0, before.events.len()));
    assert!(found.into_events(time::macros::datetime!(2026-06-02 0:00 UTC)).is_empty());
}

#[tokio::test]
async fn pending_finding_is_suppressed_and_the_difference_shows_it() {
    use risken_aws::finding::types::{PendFindingForUpsert, PutPendFindingRequest};
    let sandbox = Sandbox::start().await.unwrap();
    let fleet = Fleet::of(&sandbox, 0);
    let target = fleet.targets().find(|target| target.service == "risken/finding").unwrap();
    let before = fleet.clone().inspect(target.clone()).await.unwrap();
    let variables: BTreeMap<_, _> = sandbox.env_vars().into_iter().collect();
    let risken = risken_aws::Risken::builder().endpoint(&*variables["RISKEN_URL"]);
    let client = risken.access_token(&*variables["RISKEN_ACCESS_TOKEN"]).build().unwrap().finding();
    let project = risken_aws::ProjectId::new(1001).unwrap();
    let id = client.list_findings(project).items().try_collect().await.unwrap()[0];
    let pend = PendFindingForUpsert::new(risken_aws::FindingId::new(id).unwrap(), project);
    client.put_pend_finding(&PutPendFindingRequest::from(pend)).await.unwrap();
    let after = fleet.inspect(target).await.unwrap();
    assert_eq!(after.events.len(), before.events.len());
    let found = cloud_findings::diff(&before, &after);
    assert_eq!((found.changed.len(), found.unchanged, found.new.len(), found.gone.len()), (1, 1, 0, 0));
    assert_eq!(found.changed[0].after.status_id, Some(cloud_findings::Status::SUPPRESSED));
}

/// Errors of every service while its credentials are refused, and findings: neither shows a credential.
#[tokio::test]
async fn checkpoint_and_progress_hold_no_credentials() {
    let sandbox = Sandbox::start().await.unwrap();
    let fleet = Fleet::of(&sandbox, 0);
    let path = std::env::temp_dir().join(format!("cloud-findings-leak-{}.fleet", std::process::id()));
    let mut shown = String::new();
    for (faults, wanted) in [(true, (0, 5)), (false, (5, 0))] {
        match faults {
            true => sandbox.fault(Fault::token_revoked().always()).unwrap(),
            false => sandbox.clear_faults(),
        }
        let (inspected, targets) = (fleet.clone(), fleet.targets());
        let run = cloud_findings::fleet::over(targets).account_retries(0).checkpoint(&path);
        let mut run = run.run(move |target| inspected.clone().inspect(target));
        while let Some(step) = run.next().await {
            shown += &format!("{step:?}");
        }
        let summary = run.finish().await.unwrap();
        assert_eq!((summary.done, summary.failed), wanted);
    }
    shown += &std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for (name, value) in sandbox.env_vars() {
        let secret = ["KEY", "SECRET", "TOKEN"].iter().any(|word| name.contains(word));
        assert!(!secret || !shown.contains(&value), "{name}");
    }
}
