//! Config Inspection of Samsung Cloud Platform: create, request, show and delete a diagnosis.

#![allow(deprecated, reason = "calls a version that has ended")]

use scp_security::config_inspection::Client;
use scp_security::config_inspection::types::{
    AuthKeyRequest, CheckType, CreateDiagnosisRequest, DiagnosisScheduleRequest, RequestDiagnosisRequest,
};

use crate::load::run::Session;

const ACCOUNT: &str = "0e3dffc50eb247a1adf4f2e5c82c4f99";
/// A diagnosis of the default seed with a result, and the number of its run.
const SEEDED: &str = "DIA-943731CB8E3045C289BAECAEC3532097";
const SEQUENCE: &str = "SCPCIS-E75FD21CA524441C9C1B1B381D5974F7";

/// Creates, requests and deletes a diagnosis.
pub(super) async fn diagnose(session: &mut Session) {
    let inspection = session.clients.scp.config_inspection();
    let id = format!("DIA-{}", session.tag);
    let versions = inspection.list_checklist_versions().diagnosis_check_type(CheckType::BestPractice).size(1).items();
    let versions = session.call("scp/configinspection/list_checklist_versions/1.3", whole!(versions)).await;
    let Some(newest) = versions.and_then(|versions| versions.into_iter().find_map(|one| one.check_list_version_id))
    else {
        return;
    };
    let schedule = DiagnosisScheduleRequest::builder()
        .diagnosis_start_time_pattern("08:00")
        .frequency_type("MONTH")
        .frequency_value("1")
        .build();
    let wanted = CreateDiagnosisRequest::builder()
        .diagnosis_id(&*id)
        .diagnosis_name(&*session.tag)
        .diagnosis_type("Console")
        .diagnosis_check_type(CheckType::BestPractice)
        .check_list_version_id(newest)
        .csp_type("SCP")
        .plan_type("STANDARD")
        .account_id(ACCOUNT)
        .diagnosis_account_id(ACCOUNT)
        .auth_key_request(AuthKeyRequest::new("9b72a9856e494e67afc69atd3631fe38"))
        .schedule_request(schedule)
        .build();
    let call = inspection.create_diagnosis(&wanted);
    let made = session.call_counted("scp/configinspection/create_diagnosis/1.3", call).await;
    let mut exists = made.value.is_some();
    if made.value.is_some_and(|made| made.require_accepted().is_err()) {
        session.report_mismatch("a new diagnosis was not created");
    }
    if let Some(executed) = made.executed {
        let call = inspection.list_diagnoses().diagnosis_id(&id).first_page();
        let found = session.call_without_fault("scp/configinspection/list_diagnoses/1.3", call).await;
        let count = found.map(|found| found.summary_responses.len() as u64);
        session.check_count("create_diagnosis", &executed, count);
        exists = count.is_some_and(|count| count > 0);
    }
    if exists {
        let _ = diagnosing(session, &inspection, &id).await;
        let delete = || async { inspection.delete_diagnosis(&id).await?.require_deleted() };
        session.clean_up("scp/configinspection/delete_diagnosis/1.3", delete).await;
    }
}

async fn diagnosing(session: &mut Session, inspection: &Client, id: &str) -> Option<()> {
    let variable = |name: &str| session.clients.variables.get(name).cloned().unwrap_or_default();
    let request = RequestDiagnosisRequest::builder()
        .diagnosis_id(id)
        .access_key(variable("SCP_ACCESS_KEY"))
        .secret_key(variable("SCP_SECRET_KEY"))
        .tenant_id(ACCOUNT)
        .build();
    let call = inspection.request_diagnosis(&request);
    let requested = session.call("scp/configinspection/request_diagnosis/1.3", call).await?;
    if requested.require_accepted().is_err() {
        session.report_mismatch("a diagnosis was not started");
    }
    session.call("scp/configinspection/show_diagnosis/1.3", inspection.show_diagnosis(id)).await?;
    let results = inspection.list_diagnosis_results().diagnosis_id(id).first_page();
    session.call("scp/configinspection/list_diagnosis_results/1.3", results).await.map(drop)
}

/// Lists the results of a diagnosis of the seed data, in pages.
pub(super) async fn results(session: &mut Session) {
    let inspection = session.clients.scp.config_inspection();
    session.call("scp/configinspection/list_diagnoses/1.3", inspection.list_diagnoses().limit(2).first_page()).await;
    let pages = inspection.show_diagnosis_result(SEEDED, SEQUENCE).limit(5).count_total(true).items();
    let items = session.call("scp/configinspection/show_diagnosis_result/1.3", whole!(pages)).await;
    if items.is_some_and(|items| items.len() != 12) {
        session.report_mismatch("a result does not have all of its items");
    }
    let older = session.clients.scp.config_inspection_v1_0();
    session.call("scp/configinspection/show_diagnosis/1.0", older.show_diagnosis(SEEDED)).await;
}
