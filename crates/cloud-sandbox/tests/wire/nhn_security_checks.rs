//! Security Advisor's rules by region and language, and Server Security Check's periods and pages.

use std::time::Duration;

use cloud_sandbox::{NhnStatuses, Sandbox};
use serde_json::{Value, json};

use super::nhn::token;
use super::raw::{Call, RawResponse, setting};

async fn advisor(sandbox: &Sandbox, token: &str, rest: &str) -> RawResponse {
    let key = setting(sandbox, "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY");
    get(sandbox, token, format!("/advisor/v1.0/appKey/{key}/{rest}")).await
}

async fn check(sandbox: &Sandbox, token: &str, rest: &str) -> RawResponse {
    let key = setting(sandbox, "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY");
    get(sandbox, token, format!("/ssc/v1.0/appKey/{key}/inspection_result/{rest}")).await
}

async fn get(sandbox: &Sandbox, token: &str, target: String) -> RawResponse {
    Call::new("GET", target).header("x-nhn-authorization", format!("Bearer {token}")).send(sandbox.endpoint()).await
}

/// A summary query over June 2025.
fn june(more: &str) -> String {
    format!("summary?regionCode=KR1&from=2025-06-01T00:00:00%2B09:00&to=2025-06-30T23:59:59%2B09:00{more}")
}

fn numbers(response: &RawResponse) -> Vec<u64> {
    let body = response.expect(200).json();
    body["results"].as_array().unwrap().iter().map(|row| row["usageStasNo"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn rules_depend_on_the_region_and_texts_on_the_language() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = token(&sandbox).await;
    let rows = async |region: &str, language: &str| {
        let response = advisor(&sandbox, &token, &format!("inspection_results?region={region}&lang={language}")).await;
        response.expect(200).json()["body"].as_array().unwrap().clone()
    };
    for (region, count) in [("KR1", 13), ("KR2", 12), ("JP1", 12), ("US1", 9)] {
        assert_eq!(rows(region, "EN").await.len(), count, "{region}");
    }
    let korean = rows("KR1", "KO").await;
    let english = rows("KR1", "EN").await;
    assert_eq!(english[0]["inspectContent"], "Security Groups Inspection");
    assert_ne!(korean[0]["inspectContent"], english[0]["inspectContent"]);
    assert_ne!(korean[0]["inspectContent"], rows("KR1", "JA").await[0]["inspectContent"]);
    let row = |number: u64| english.iter().find(|row| row["ruleNo"] == number).unwrap();
    for number in [12, 13] {
        let names: Vec<_> = row(number).as_object().unwrap().keys().collect();
        assert_eq!(names, ["ruleNo", "inspectRange", "inspectContent", "detectionCount", "exceptionCount"]);
    }
    assert_eq!((&row(1)["status"], &row(1)["detectionCount"]), (&json!("critical"), &json!(1)));
    for query in ["region=KR1", "lang=KO", "region=EU1&lang=KO", "region=KR1&lang=FR"] {
        advisor(&sandbox, &token, &format!("inspection_results?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn project_without_inspection_has_no_date() {
    let never = json!({"nhn": {"advisor": {"latestInspectionTime": null}}});
    for (seed, names) in [(json!({}), 1), (never, 0)] {
        let sandbox = Sandbox::builder().seed_data(seed).start().await.unwrap();
        let token = token(&sandbox).await;
        let body = advisor(&sandbox, &token, "last_inspection_date").await.expect(200).json()["body"].clone();
        assert_eq!(body.as_object().unwrap().len(), names, "{body}");
    }
}

#[tokio::test]
async fn disabled_settings_have_no_details() {
    let off = json!({"nhn": {"advisor": {"setting": {"isEnableAutoInspect": false}}}});
    for (seed, names) in [(json!({}), 5), (off, 2)] {
        let sandbox = Sandbox::builder().seed_data(seed).start().await.unwrap();
        let token = token(&sandbox).await;
        let body = advisor(&sandbox, &token, "setting").await.expect(200).json()["body"].clone();
        assert_eq!(body.as_object().unwrap().len(), names, "{body}");
        assert_eq!(body["emails"], json!(["nhncloud@nhn.com"]));
    }
}

#[tokio::test]
async fn inspection_pages_are_complete_and_newest_first() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = token(&sandbox).await;
    let whole = numbers(&check(&sandbox, &token, &june("&limit=1000")).await);
    assert!(whole.len() > 30);
    let mut paged = Vec::new();
    for page in 1.. {
        let response = check(&sandbox, &token, &june(&format!("&page={page}&limit=7"))).await;
        let place = response.json()["page"].clone();
        assert_eq!(place, json!({"itemPerPage": 7, "page": page, "totalCount": whole.len()}));
        let numbers = numbers(&response);
        if numbers.is_empty() {
            break;
        }
        paged.extend(numbers);
    }
    assert_eq!(paged, whole);
    assert_eq!(numbers(&check(&sandbox, &token, &june("")).await), whole[..10]);
    let july = june("").replace("2025-06-30", "2025-07-31").replace("2025-06-01", "2025-07-02");
    assert_eq!(numbers(&check(&sandbox, &token, &july).await), [1, 2]);
}

#[tokio::test]
async fn inspection_list_is_filtered() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = token(&sandbox).await;
    let total = async |query: String| -> Value {
        check(&sandbox, &token, &query).await.expect(200).json()["page"]["totalCount"].clone()
    };
    let all = total(june("")).await.as_u64().unwrap();
    let (m, f) = (total(june("&bss=M")).await.as_u64().unwrap(), total(june("&bss=F")).await.as_u64().unwrap());
    assert!(m > 0 && f > 0 && m + f == all);
    assert_eq!(total(june("&kind=OS")).await, all);
    assert_eq!(total(june("&kind=WAS")).await, 0);
    assert_eq!(total(june("").replace("KR1", "JP1")).await, 0);
    let windows = check(&sandbox, &token, &june("&limit=1").replace("KR1", "KR2")).await;
    assert_eq!(windows.expect(200).json()["results"][0]["os"], "Window");
}

#[tokio::test]
async fn period_longer_than_a_month_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = token(&sandbox).await;
    let query = |from: &str, to: &str| format!("summary?regionCode=KR1&from={from}&to={to}");
    let at = |day: &str| format!("{day}T00:00:00%2B09:00");
    for (from, to, status) in [
        (at("2025-06-01"), "2025-06-30T23:59:59%2B09:00".to_owned(), 200),
        (at("2025-06-01"), at("2025-07-01"), 400),
        (at("2025-02-01"), "2025-02-28T23:59:59%2B09:00".to_owned(), 200),
        (at("2025-02-01"), at("2025-03-01"), 400),
        (at("9999-12-01"), "9999-12-31T23:59:59%2B09:00".to_owned(), 200),
        (at("2025-06-02"), at("2025-06-01"), 400),
        (at("2025-06-01"), at("2025-06-01"), 200),
        ("2025-06-01T00:00:00Z".to_owned(), at("2025-06-02"), 400),
        ("2025-06-01T00:00:00.5%2B09:00".to_owned(), at("2025-06-02"), 400),
        ("2025-06-01%2000:00:00%2B09:00".to_owned(), at("2025-06-02"), 400),
    ] {
        check(&sandbox, &token, &query(&from, &to)).await.expect(status);
    }
    for more in ["&page=0", "&limit=0", "&limit=1001", "&kind=DB", "&bss=X"] {
        let refused = check(&sandbox, &token, &june(more)).await;
        let header = refused.expect(400).json()["header"].clone();
        assert_eq!((&header["isSuccessful"], &header["success"]), (&json!(false), &json!(false)), "{more}");
    }
    check(&sandbox, &token, &june("").replace("KR1", "XX9")).await.expect(400);
}

#[tokio::test]
async fn details_agree_with_the_summary_in_every_language() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = token(&sandbox).await;
    let summaries = check(&sandbox, &token, &june("&limit=5")).await.expect(200).json();
    for row in summaries["results"].as_array().unwrap() {
        let mut names = Vec::new();
        for language in ["", "?language=KO", "?language=EN", "?language=JA"] {
            let response = check(&sandbox, &token, &format!("details/{}{language}", row["usageStasNo"])).await;
            let body = response.expect(200).json();
            let items = body["results"].as_array().unwrap();
            let weak = items.iter().filter(|item| item["resultCode"] == "X").count();
            assert_eq!((json!(items.len()), json!(weak)), (row["checkCount"].clone(), row["weakCount"].clone()));
            assert!(body.get("page").is_none());
            names.push(items[0]["itemName"].clone());
        }
        assert_eq!(names[0], names[1]);
        assert!(names[1] != names[2] && names[2] != names[3]);
    }
    assert_eq!(check(&sandbox, &token, "details/999").await.expect(404).json()["header"]["isSuccessful"], false);
    check(&sandbox, &token, "details/one").await.expect(400);
}

#[tokio::test]
async fn token_expiring_between_pages_is_refused_in_the_envelope() {
    for (statuses, status) in [(NhnStatuses::ByService, 401), (NhnStatuses::AlwaysOk, 200)] {
        let builder = Sandbox::builder().token_lifetime(Duration::from_secs(60)).nhn_statuses(statuses);
        let sandbox = builder.start().await.unwrap();
        let first = token(&sandbox).await;
        check(&sandbox, &first, &june("&page=1")).await.expect(200);
        sandbox.advance(Duration::from_secs(60));
        let refused = check(&sandbox, &first, &june("&page=2")).await;
        let header = refused.expect(status).json()["header"].clone();
        assert_eq!((&header["isSuccessful"], &header["resultCode"]), (&json!(false), &json!(80007)));
        let second = token(&sandbox).await;
        assert_eq!(check(&sandbox, &second, &june("&page=2")).await.expect(200).json()["page"]["page"], 2);
    }
}
