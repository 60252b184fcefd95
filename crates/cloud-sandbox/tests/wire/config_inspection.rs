//! Config Inspection with state: schedules, runs that take time, results that add up, pages by marker.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::fixed_clock::{DAY, Service, sandbox, signer};
use super::raw::{Call, RawResponse, setting};
use super::scp_signer::first_error;

const PATH: &str = "/v1/configinspection";
const SERVICE: Service = Service("configinspection");
const SEEDED: &str = "DIA-943731CB8E3045C289BAECAEC3532097";
const SECOND: Duration = Duration::from_secs(1);

fn diagnosis(id: &str) -> Value {
    json!({
        "account_id": "acc", "csp_type": "SCP", "diagnosis_account_id": "acc", "diagnosis_check_type": "BP",
        "diagnosis_id": id, "diagnosis_name": "Mine", "diagnosis_type": "Console", "plan_type": "STANDARD",
        "auth_key_request": {
            "auth_key_id": "k", "diagnosis_id": null,
            "auth_key_created_at": "2026-01-01 12:00:00", "auth_key_expired_at": "2026-06-02 12:00:00",
        },
        "schedule_request": {
            "diagnosis_id": id, "diagnosis_start_time_pattern": "08:00", "frequency_type": "DAY",
            "frequency_value": "everyDay", "use_diagnosis_check_type_bp": "y", "use_diagnosis_check_type_ssi": "n",
        },
    })
}

async fn create(sandbox: &Sandbox, id: &str) {
    let response = SERVICE.call(sandbox, "1.1", "POST", "/diagnosis/save", Some(&diagnosis(id))).await;
    assert_eq!(response.expect(201).json(), json!({"diagnosis_id": id, "result": true}));
}

async fn request(sandbox: &Sandbox, id: &str, access_key: &str) -> RawResponse {
    let body = json!({
        "access_key": access_key, "secret_key": "SAMPLE KEY", "tenant_id": "1", "diagnosis_check_type": "SSI",
        "diagnosis_id": id,
    });
    SERVICE.call(sandbox, "1.1", "POST", "/diagnosis/request", Some(&body)).await
}

async fn summary(sandbox: &Sandbox, id: &str) -> Value {
    SERVICE.get(sandbox, &format!("/diagnosis/detail/{id}")).await["summary_responses"].clone()
}

async fn results(sandbox: &Sandbox, query: &str) -> Vec<Value> {
    let list = SERVICE.get(sandbox, &format!("/report/diagnosis/list{query}")).await;
    list["diagnosis_result_responses"].as_array().unwrap().clone()
}

#[track_caller]
fn refused(response: &RawResponse) -> String {
    first_error(response, 400).1
}

#[tokio::test]
async fn diagnosis_request_ends_in_a_result_with_matching_counts() {
    let sandbox = sandbox().await;
    create(&sandbox, "DIA-1").await;
    let fresh = summary(&sandbox, "DIA-1").await;
    assert_eq!([&fresh["recent_diagnosis_state"], &fresh["recent_diagnosis_at"]], [&Value::Null, &Value::Null]);
    assert_eq!(request(&sandbox, "DIA-1", "SAMPLE KEY").await.expect(201).json(), json!({"result": true}));
    for state in ["Requested", "In_Progress"] {
        assert_eq!(summary(&sandbox, "DIA-1").await["recent_diagnosis_state"], state);
        assert!(results(&sandbox, "?diagnosis_id=DIA-1").await.is_empty());
        sandbox.advance(3 * SECOND);
    }
    let done = summary(&sandbox, "DIA-1").await;
    assert_eq!([&done["recent_diagnosis_state"], &done["error_state"]], [&json!("Completed"), &Value::Null]);
    assert_eq!(done["recent_diagnosis_at"], "2026-06-01T00:00:00Z");

    let row = results(&sandbox, "?diagnosis_id=DIA-1").await.remove(0);
    assert_eq!([&row["diagnosis_result"], &row["diagnosis_check_type"]], ["SUCCESS", "SSI"]);
    assert_eq!(row["proceed_date"], "2026-06-01T00:00:05Z");
    let sequence = row["diagnosis_request_sequence"].as_str().unwrap();
    let target = format!("/report/diagnosis/detail?diagnosis_id=DIA-1&diagnosis_request_sequence={sequence}");
    let result = SERVICE.get(&sandbox, &target).await;
    let items = result["result_detail_list"].as_array().unwrap();
    let of = |code: &str| items.iter().filter(|item| item["diagnosis_result"] == code).count();
    for (name, code) in [("count_pass", "01"), ("count_na", "02"), ("count_fail", "03"), ("count_error", "04")] {
        assert_eq!(row[name], of(code), "{name}");
    }
    assert_eq!([&row["total"], &row["diagnosis_total_count"], &row["count_check"]], [items.len(); 3]);
    assert_eq!([&result["total"], &result["count"]], [&json!(items.len()), &Value::Null]);
}

#[tokio::test]
async fn invalid_access_keys_fail_the_connection_check() {
    let sandbox = sandbox().await;
    create(&sandbox, "DIA-1").await;
    request(&sandbox, "DIA-1", &setting(&sandbox, "SCP_ACCESS_KEY")).await.expect(201);
    assert_eq!(summary(&sandbox, "DIA-1").await["error_state"], Value::Null);
    sandbox.advance(5 * SECOND);
    let failed = summary(&sandbox, "DIA-1").await;
    assert_eq!([&failed["recent_diagnosis_state"], &failed["error_state"]], ["Error", "CONNECTION_FAIL"]);
    let row = results(&sandbox, "?diagnosis_id=DIA-1&diagnosis_state=Error").await.remove(0);
    assert_eq!(row["diagnosis_result"], "FAIL");
    assert_eq!(row["count_error"], row["total"]);
    assert!(results(&sandbox, "?diagnosis_id=DIA-1&diagnosis_state=Completed").await.is_empty());
}

#[tokio::test]
async fn schedule_starts_runs_when_due() {
    let sandbox = sandbox().await;
    create(&sandbox, "DIA-1").await;
    sandbox.advance(8 * 60 * 60 * SECOND);
    let due = summary(&sandbox, "DIA-1").await;
    assert_eq!([&due["recent_diagnosis_state"], &due["recent_diagnosis_at"]], ["Requested", "2026-06-01T08:00:00Z"]);
    sandbox.advance(2 * DAY + 5 * SECOND);
    let runs = results(&sandbox, "?diagnosis_id=DIA-1&sort=proceed_date:asc").await;
    let times: Vec<_> = runs.iter().map(|run| run["proceed_date"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-06-01T08:00:05Z", "2026-06-02T08:00:05Z", "2026-06-03T08:00:05Z"]);
    assert_eq!(results(&sandbox, "?diagnosis_id=DIA-1&start_date=2026-06-02&end_date=2026-06-02").await.len(), 1);
    sandbox.advance(200 * DAY);
    let kept = SERVICE.get(&sandbox, "/report/diagnosis/list?diagnosis_id=DIA-1&with_count=true").await;
    assert_eq!(kept["count"], 100, "only so many runs are remembered");
}

#[tokio::test]
async fn diagnosis_details_are_those_of_the_request() {
    let sandbox = sandbox().await;
    create(&sandbox, "DIA-1").await;
    let detail = SERVICE.get(&sandbox, "/diagnosis/detail/DIA-1").await;
    let key = &detail["auth_key_responses"];
    assert_eq!([&key["auth_key_id"], &key["auth_key_state"]], ["k", "ACTIVATED"]);
    assert_eq!(key["auth_key_expired_at"], "2026-06-02T12:00:00Z");
    assert_eq!(detail["schedule_response"], diagnosis("DIA-1")["schedule_request"]);
    sandbox.advance(2 * DAY);
    let later = SERVICE.get(&sandbox, "/diagnosis/detail/DIA-1").await;
    assert_eq!(later["auth_key_responses"]["auth_key_state"], "EXPIRED");
}

#[tokio::test]
async fn pages_are_linked_by_marker() {
    let sandbox = sandbox().await;
    for name in ["a b", "c&d", "e"] {
        create(&sandbox, name).await;
        sandbox.advance(SECOND);
    }
    let mut target = "/diagnosis/list?limit=2&with_count=true&sort=created_at:desc".to_owned();
    let mut seen = Vec::new();
    for page in 0.. {
        assert!(page < 3, "the list does not end");
        let list = SERVICE.get(&sandbox, &target).await;
        assert_eq!(list["count"], 6);
        let rows = list["summary_responses"].as_array().unwrap().clone();
        seen.extend(rows.iter().map(|row| row["diagnosis_id"].as_str().unwrap().to_owned()));
        let links = list["links"].as_array().unwrap().clone();
        assert_eq!(links[0], json!({"href": format!("{}{PATH}{target}", sandbox.endpoint()), "rel": "self"}));
        let Some(next) = links.get(1) else { break };
        assert_eq!((&next["rel"], rows.len()), (&json!("next"), 2));
        let href = next["href"].as_str().unwrap();
        target = href.strip_prefix(&format!("{}{PATH}", sandbox.endpoint())).unwrap().to_owned();
    }
    assert_eq!(seen[..3], ["e", "c&d", "a b"]);
    let all: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((all.len(), seen.len()), (6, 6));

    let items = format!(
        "/report/diagnosis/detail?diagnosis_id={SEEDED}&diagnosis_request_sequence=SCPCIS-E75FD21CA524441C9C1B1B381D5974F7"
    );
    let whole = SERVICE.get(&sandbox, &items).await;
    let first = SERVICE.get(&sandbox, &format!("{items}&limit=5")).await;
    let marker = first["result_detail_list"][4]["sub_category"].as_str().unwrap();
    let rest = SERVICE.get(&sandbox, &format!("{items}&limit=100&marker={marker}")).await;
    let rows = |of: &Value| of["result_detail_list"].as_array().unwrap().clone();
    assert_eq!([rows(&first), rows(&rest)].concat(), rows(&whole));
    assert_eq!(rest["links"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn page_links_use_the_origin_of_the_request() {
    let sandbox = sandbox().await;
    let target = format!("{PATH}/diagnosis/list?limit=1");
    let origin = "http://configinspection.example:8080";
    let call = Call::new("GET", &*target).header("Host", "configinspection.example:8080");
    let signer = signer(&sandbox);
    let list = signer.sign(origin, call).send(sandbox.endpoint()).await.expect(200).json();
    assert_eq!(list["links"][0]["href"], format!("{origin}{target}"));
    assert!(list["links"][1]["href"].as_str().unwrap().starts_with(&format!("{origin}{target}&marker=")));
}

#[tokio::test]
async fn lists_are_filtered() {
    let sandbox = sandbox().await;
    create(&sandbox, "DIA-1").await;
    let ids = async |query: &str| {
        let list = SERVICE.get(&sandbox, &format!("/diagnosis/list?sort=diagnosis_id:asc&{query}")).await;
        let rows = list["summary_responses"].as_array().unwrap().clone();
        rows.iter().map(|row| row["diagnosis_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let failed = "DIA-0C2B1E6D5F7A4E0B9A3D8C1F6E5B4A32";
    assert_eq!(ids("recent_diagnosis_state=Completed").await, [SEEDED]);
    assert_eq!(ids("recent_diagnosis_state=Completed&recent_diagnosis_state=Error").await, [failed, SEEDED]);
    assert_eq!(ids("isMine=true").await, ["DIA-1", SEEDED, "Sample Diagnosis Name"]);
    assert_eq!(ids("diagnosis_name=Sample").await, [SEEDED]);
    assert_eq!(ids("diagnosis_account_id=acc").await, ["DIA-1"]);
    assert_eq!(ids("start_date=2026-06-01%2000:00:00").await, ["DIA-1"]);
    assert_eq!(ids("end_date=2022-01-01+12:00:00").await.len(), 3);
    assert!(ids("csp_type=AWS").await.is_empty());
    assert_eq!(results(&sandbox, "?user_id=90dddfc2b1e04edba54ba2b41539a9ac").await.len(), 1);
    for wrong in ["limit=0", "marker=none", "with_count=1", "sort=marker:asc", "start_date=soon"] {
        for list in ["/diagnosis/list", "/report/diagnosis/list"] {
            SERVICE.call(&sandbox, "1.1", "GET", &format!("{list}?{wrong}"), None).await.expect(400);
        }
    }
}

#[tokio::test]
async fn invalid_diagnoses_are_refused() {
    let sandbox = sandbox().await;
    let cases = [
        ("/diagnosis_id", ""),
        ("/diagnosis_id", SEEDED),
        ("/diagnosis_check_type", "bp"),
        ("/auth_key_request/auth_key_created_at", "2026-01-01"),
        ("/auth_key_request/auth_key_expired_at", "2025-01-01 00:00:00"),
        ("/auth_key_request/diagnosis_id", "DIA-2"),
        ("/schedule_request/diagnosis_id", "DIA-2"),
        ("/schedule_request/diagnosis_start_time_pattern", "08:03"),
        ("/schedule_request/frequency_type", "YEAR"),
        ("/schedule_request/frequency_value", "1"),
        ("/schedule_request/use_diagnosis_check_type_bp", "Y"),
    ];
    for (pointer, value) in cases {
        let mut body = diagnosis("DIA-1");
        *body.pointer_mut(pointer).unwrap() = value.into();
        let detail = refused(&SERVICE.call(&sandbox, "1.1", "POST", "/diagnosis/save", Some(&body)).await);
        assert!(detail.contains(pointer.rsplit('/').next().unwrap()), "{pointer} {value}: {detail}");
    }
    let mut spaced = diagnosis("DIA-1");
    spaced["diagnosis_name"] = "Sample Diagnosis Name".into();
    assert!(
        refused(&SERVICE.call(&sandbox, "1.1", "POST", "/diagnosis/save", Some(&spaced)).await)
            .starts_with("String should match pattern")
    );
    request(&sandbox, "DIA-1", "key").await.expect(404);
    assert!(refused(&request(&sandbox, SEEDED, "").await).contains("access_key"));
}

#[tokio::test]
async fn deleted_diagnosis_loses_its_results() {
    let sandbox = sandbox().await;
    let rest = format!("/diagnosis/terminate/{SEEDED}");
    let ended = SERVICE.call(&sandbox, "1.0", "DELETE", &rest, None).await.expect(200).json();
    assert_eq!(ended["delete_flag"], true);
    SERVICE.call(&sandbox, "1.0", "DELETE", &rest, None).await.expect(404);
    SERVICE.call(&sandbox, "1.1", "GET", &format!("/diagnosis/detail/{SEEDED}"), None).await.expect(404);
    assert!(results(&sandbox, &format!("?diagnosis_id={SEEDED}")).await.is_empty());
    let save = SERVICE.call(&sandbox, "1.0", "POST", "/diagnosis/save", Some(&diagnosis(SEEDED))).await;
    assert_eq!(save.expect(201).json(), json!({"result": true}), "version 1.0 has no id in this response");
}
