//! NHN Cloud: a token expires during a list, and inspections are listed in pages.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use nhn_security::server_security_check::types::ItemResult;
use nhn_security::{ErrorKind, Language, Period, Region};
use time::Month;
use time::macros::datetime;

use super::common::{nhn, sandbox};

/// How often a token was asked for.
fn issued(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call.target.starts_with("/oauth2/token/create")).count()
}

#[tokio::test]
async fn token_expiring_during_a_list_is_replaced() {
    let builder = Sandbox::builder().seed(7).token_lifetime(Duration::from_secs(24 * 60 * 60));
    let sandbox = builder.start().await.unwrap();
    let check = nhn(&sandbox).build().unwrap().server_security_check().unwrap();
    let june = || Period::new(datetime!(2025-06-01 00:00 +9), datetime!(2025-06-30 23:59:59 +9)).unwrap();
    let whole = check.list_inspection_summaries(Region::Kr1, june()).limit(1000).first_page().await.unwrap();
    let wanted: Vec<_> = whole.results.iter().map(|one| one.usage_stas_no.clone()).collect();
    assert!(wanted.len() > 20, "{}", wanted.len());
    assert_eq!(issued(&sandbox), 1);

    let mut seen = Vec::new();
    let mut summaries = check.list_inspection_summaries(Region::Kr1, june()).limit(7).items();
    while let Some(summary) = summaries.next().await {
        seen.push(summary.unwrap().usage_stas_no);
        if seen.len() == 10 {
            // The client believes that its token is good for a day; the service does not any more.
            sandbox.advance(Duration::from_secs(25 * 60 * 60));
        }
    }
    assert_eq!(seen, wanted);
    assert_eq!(issued(&sandbox), 2);
}

#[tokio::test]
async fn inspection_details_agree_with_their_summary() {
    let sandbox = sandbox().await;
    let check = nhn(&sandbox).build().unwrap().server_security_check().unwrap();
    let july = Period::new(datetime!(2025-07-17 00:00 +9), datetime!(2025-07-17 23:59:59 +9)).unwrap();
    let found = check.list_inspection_summaries(Region::Kr1, july).language(Language::En).first_page().await.unwrap();
    let summary = found.results.iter().find(|one| one.instance_name == "test-ubuntu-1").unwrap();
    let details = check.list_inspection_details(summary.result_number().unwrap()).language(Language::En).await.unwrap();
    assert_eq!(details.results.len() as i64, summary.check_count);
    let weak = details.results.iter().filter(|one| one.result_code == ItemResult::Weak).count();
    assert_eq!(weak as i64, summary.weak_count);
    assert_eq!(summary.weak_count, summary.level1_weak_count + summary.level2_weak_count + summary.level3_weak_count);

    // As long as a long month, and longer than this one: the service decides.
    let long = Period::new(datetime!(2025-02-01 00:00 +9), datetime!(2025-03-04 00:00 +9)).unwrap();
    let error = check.list_inspection_summaries(Region::Kr1, long).first_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
}

#[tokio::test]
async fn every_calendar_month_is_a_period_that_the_service_accepts() {
    let sandbox = sandbox().await;
    let check = nhn(&sandbox).build().unwrap().server_security_check().unwrap();
    let mut month = Month::January;
    for _ in 0..12 {
        for year in [2024, 2025] {
            let period = Period::month(year, month).unwrap();
            check
                .list_inspection_summaries(Region::Kr1, period)
                .first_page()
                .await
                .unwrap_or_else(|error| panic!("{month}: {error}"));
        }
        month = month.next();
    }
    let june = check.list_inspection_summaries(Region::Kr1, Period::month(2025, Month::June).unwrap()).limit(1000);
    assert!(june.first_page().await.unwrap().results.len() > 20);
}

#[tokio::test]
async fn inspection_rules_differ_by_region() {
    let sandbox = sandbox().await;
    let advisor = nhn(&sandbox).build().unwrap().security_advisor().unwrap();
    let rules = async |region, language| advisor.list_inspection_results(region, language).await.unwrap();
    let korean = rules(Region::Kr1, Language::Ko).await;
    let english = rules(Region::Kr1, Language::En).await;
    assert!(!korean.is_empty());
    assert_eq!(korean.len(), english.len());
    assert_ne!(korean[0].inspect_content, english[0].inspect_content);
    assert!(korean.iter().all(|rule| rule.status.is_some() == rule.inspect_time.is_some()));
    let mut never = korean;
    for region in [Region::Kr2, Region::Jp1, Region::Us1] {
        never.extend(rules(region, Language::En).await);
    }
    assert!(never.iter().any(|rule| rule.status.is_none()), "some rule was never inspected somewhere");
}
