//! Config Inspection of Samsung Cloud Platform: create, run and read a diagnosis.

use std::time::Duration;

use scp_security::config_inspection::types::{
    AuthKeyRequest, CheckType, ChecklistVersion, CreateDiagnosisRequest, CreateDiagnosisResponse,
    DiagnosisScheduleRequest, RequestDiagnosisRequest,
};
use scp_security::{ErrorKind, Scp};

use super::common::{refused, sandbox, scp, settings, waiting};

const ID: &str = "DIA-ROUNDTRIP";
const ACCOUNT: &str = "0e3dffc50eb247a1adf4f2e5c82c4f99";

/// Creates the diagnosis with the newest version of its checklist.
async fn create(scp: &Scp) {
    let versions = checklists(scp, CheckType::BestPractice).await;
    let made = save(scp, versions[0].check_list_version_id.as_deref().unwrap()).await.unwrap();
    assert_eq!(made.diagnosis_id, ID);
}

/// The versions of a checklist, newest first.
async fn checklists(scp: &Scp, check_type: CheckType) -> Vec<ChecklistVersion> {
    let list = scp.config_inspection().list_checklist_versions().diagnosis_check_type(check_type).size(1).items();
    list.try_collect().await.unwrap()
}

async fn save(scp: &Scp, checklist: &str) -> scp_security::Result<CreateDiagnosisResponse> {
    let schedule = DiagnosisScheduleRequest::builder()
        .diagnosis_start_time_pattern("08:00")
        .frequency_type("MONTH")
        .frequency_value("1")
        .build();
    let wanted = CreateDiagnosisRequest::builder()
        .diagnosis_id(ID)
        .diagnosis_name("Round-Trip")
        .diagnosis_type("Console")
        .diagnosis_check_type(CheckType::BestPractice)
        .check_list_version_id(checklist)
        .csp_type("SCP")
        .plan_type("STANDARD")
        .account_id(ACCOUNT)
        .diagnosis_account_id(ACCOUNT)
        .auth_key_request(AuthKeyRequest::new("9b72a9856e494e67afc69atd3631fe38"))
        .schedule_request(schedule)
        .build();
    scp.config_inspection().create_diagnosis(&wanted).await
}

#[tokio::test]
async fn diagnosis_completes_with_a_result() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let inspection = scp.config_inspection();
    create(&scp).await;
    let state = async || inspection.show_diagnosis(ID).await.unwrap().summary_responses.recent_diagnosis_state;
    assert_eq!(
        inspection
            .list_diagnosis_results()
            .diagnosis_id(ID)
            .first_page()
            .await
            .unwrap()
            .diagnosis_result_responses
            .len(),
        0
    );

    let set = settings(&sandbox);
    let request = RequestDiagnosisRequest::builder()
        .diagnosis_id(ID)
        .access_key(&*set["SCP_ACCESS_KEY"])
        .secret_key(&*set["SCP_SECRET_KEY"])
        .tenant_id(ACCOUNT)
        .build();
    assert!(inspection.request_diagnosis(&request).await.unwrap().result);
    assert_ne!(state().await.as_deref(), Some("Completed"), "it takes a while");
    sandbox.advance(Duration::from_secs(60));
    assert_eq!(state().await.as_deref(), Some("Completed"));

    let results = inspection.list_diagnosis_results().diagnosis_id(ID).first_page().await.unwrap();
    assert_eq!(results.diagnosis_result_responses.len(), 1);
    let result = &results.diagnosis_result_responses[0];
    let counts = [result.count_pass, result.count_fail, result.count_na, result.count_error];
    let sum: i64 = counts.iter().copied().flatten().sum();
    assert!(sum > 0);
    assert_eq!(result.diagnosis_total_count, Some(sum));

    // Every item once, page by page, and as many of each kind as were counted.
    let sequence = result.diagnosis_request_sequence.as_deref().unwrap();
    let (mut items, mut outcomes) = (Vec::new(), Vec::new());
    let mut found = inspection.show_diagnosis_result(ID, sequence).limit(3).items();
    while let Some(item) = found.next().await {
        let item = item.unwrap();
        items.push(item.diagnosis_item);
        outcomes.push(item.diagnosis_result);
    }
    assert_eq!(items.len() as i64, sum);
    items.sort();
    items.dedup();
    assert_eq!(items.len() as i64, sum, "no item comes twice");
    // The counts of passed, failed, absent and broken checks, in the order of their codes.
    for (code, count) in ["01", "03", "02", "04"].into_iter().zip(counts) {
        let counted = outcomes.iter().filter(|outcome| outcome.starts_with(code)).count();
        assert_eq!(Some(counted as i64), count, "{code}: {outcomes:?}");
    }
    inspection.delete_diagnosis(ID).await.unwrap().require_deleted().unwrap();
    refused(inspection.show_diagnosis(ID).await, 404);
}

#[tokio::test]
async fn diagnosis_uses_the_checklist_version_that_it_names() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let inspection = scp.config_inspection();
    let (best, ssi) = (checklists(&scp, CheckType::BestPractice).await, checklists(&scp, CheckType::Ssi).await);
    let (newest, oldest) = (&best[0], best.last().unwrap());
    assert_eq!(
        (newest.check_list_state.as_deref(), oldest.check_list_state.as_deref()),
        (Some("ACTIVE"), Some("INACTIVE"))
    );
    for unknown in ["00000000000000000000000000000000", ssi[0].check_list_version_id.as_deref().unwrap()] {
        let error = refused(save(&scp, unknown).await, 400);
        assert!(error.to_string().contains("check_list_version_id"), "{error}");
    }
    save(&scp, oldest.check_list_version_id.as_deref().unwrap()).await.unwrap().require_accepted().unwrap();
    let summary = async || inspection.show_diagnosis(ID).await.unwrap().summary_responses;
    assert_eq!(summary().await.check_list_version, oldest.check_list_version);

    let request = RequestDiagnosisRequest::builder()
        .diagnosis_id(ID)
        .access_key(&*settings(&sandbox)["SCP_ACCESS_KEY"])
        .secret_key(&*settings(&sandbox)["SCP_SECRET_KEY"])
        .tenant_id(ACCOUNT)
        .build();
    inspection.request_diagnosis(&request).await.unwrap().require_accepted().unwrap();
    sandbox.advance(Duration::from_secs(60));
    let results = inspection.list_diagnosis_results().diagnosis_id(ID).first_page().await.unwrap();
    let run = &results.diagnosis_result_responses[0];
    assert_eq!((&run.check_list_version, run.diagnosis_total_count), (&oldest.check_list_version, Some(8)));
    let sequence = run.diagnosis_request_sequence.as_deref().unwrap();
    let detail = inspection.show_diagnosis_result(ID, sequence).first_page().await.unwrap();
    assert_eq!((&detail.check_list_version, detail.total), (&oldest.check_list_version, 8));
    // Version 1.2 shows the same run, and of checklists nothing.
    let older = scp.config_inspection_v1_2();
    assert_eq!(older.show_diagnosis_result(ID, sequence).first_page().await.unwrap().total, 8);
}

#[tokio::test]
async fn diagnosis_with_wrong_key_ends_in_an_error() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let inspection = scp.config_inspection();
    create(&scp).await;
    let request = RequestDiagnosisRequest::builder()
        .diagnosis_id(ID)
        .access_key(&*settings(&sandbox)["SCP_ACCESS_KEY"])
        .secret_key("00000000-0000-4000-8000-000000000000")
        .tenant_id(ACCOUNT)
        .build();
    inspection.request_diagnosis(&request).await.unwrap().require_accepted().unwrap();
    sandbox.advance(Duration::from_secs(60));
    let shown = inspection.show_diagnosis(ID).await.unwrap().summary_responses;
    assert_eq!(shown.recent_diagnosis_state.as_deref(), Some("Error"));
}

#[tokio::test]
async fn waiter_sees_runs_complete_and_fail() {
    let (sandbox, runtime) = waiting().await;
    let set = settings(&sandbox);
    let scp = Scp::builder()
        .endpoint(sandbox.endpoint())
        .credentials(&*set["SCP_ACCESS_KEY"], &*set["SCP_SECRET_KEY"])
        .runtime(runtime)
        .build()
        .unwrap();
    create(&scp).await;
    let inspection = scp.config_inspection();
    // A wrong key lets a run fail; the run after it is not taken for it.
    for secret_key in [&*set["SCP_SECRET_KEY"], "wrong", &*set["SCP_SECRET_KEY"]] {
        let before = inspection.show_diagnosis(ID).await.unwrap().summary_responses;
        let request = RequestDiagnosisRequest::builder()
            .diagnosis_id(ID)
            .access_key(&*set["SCP_ACCESS_KEY"])
            .secret_key(secret_key)
            .tenant_id(ACCOUNT)
            .build();
        inspection.request_diagnosis(&request).await.unwrap().require_accepted().unwrap();
        let wait = || inspection.wait_until_completed(&before).interval(Duration::from_secs(2));
        if secret_key == "wrong" {
            let error = wait().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FailureState);
            assert!(error.to_string().ends_with("ended in state Error (CONNECTION_FAIL)"), "{error}");
        } else {
            let early = wait().deadline(Duration::from_secs(1)).await.unwrap_err();
            assert!(early.to_string().contains("last state Requested"), "{early}");
            let after = wait().await.unwrap();
            assert!(after.is_completed() && after.recent_diagnosis_at != before.recent_diagnosis_at);
        }
    }
}
