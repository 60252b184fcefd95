//! Tests of waiting for a run, in every version.

#![allow(deprecated, reason = "calls a version that has ended")]

use std::sync::Arc;
use std::time::Duration;

use cloud_core::ErrorKind;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use time::macros::datetime;

use crate::Scp;

const EARLIER: &str = "2026-01-01 00:00:00";
const LATER: &str = "2026-01-02 00:00:00";

const VERSIONS: &[&str] =
    if cfg!(feature = "ended-versions") { &["1.0", "1.1", "1.2", "1.3"] } else { &["1.2", "1.3"] };

/// State, time and error of the latest run; an empty text stands for null.
type Run = (&'static str, &'static str, &'static str);

fn summary((state, at, error): Run) -> String {
    let or_null = |text: &str| if text.is_empty() { "null".to_owned() } else { format!("{text:?}") };
    format!(
        r#"{{"created_at":"{EARLIER}","csp_type":"SCP","diagnosis_account_id":"a","diagnosis_check_type":"BP",
        "diagnosis_id":"DIA-1","diagnosis_name":"n","diagnosis_type":"Console","plan_type":"STANDARD",
        "recent_diagnosis_state":{},"recent_diagnosis_at":{},"error_state":{}}}"#,
        or_null(state),
        or_null(at),
        or_null(error)
    )
}

fn detail(run: Run) -> String {
    let summary = summary(run);
    let key = r#"{"auth_key_id":"k","auth_key_state":"ACTIVATED","user_id":"u"}"#;
    format!(r#"{{"auth_key_responses":{key},"schedule_response":{{}},"summary_responses":{summary}}}"#)
}

/// Waits in each version; how often was polled, and the state or the error.
async fn wait(before: Run, runs: &[Run]) -> (usize, Result<String, (ErrorKind, String)>) {
    let before = summary(before);
    let mut seen = Vec::new();
    for version in VERSIONS {
        let transport =
            Arc::new(runs.iter().fold(FakeTransport::new(), |script, run| script.answer(200, &detail(*run))));
        let scp = Scp::builder()
            .endpoint("https://inspection.example")
            .credentials("a", "b")
            .transport(Arc::clone(&transport))
            .runtime(FakeRuntime::new(datetime!(2026-01-02 0:00 UTC)))
            .build()
            .unwrap();
        macro_rules! poll {
            ($client:expr) => {{
                let waiter = $client.wait_until_completed(&serde_json::from_str(&before).unwrap());
                let outcome = waiter.interval(Duration::from_secs(30)).deadline(Duration::from_secs(600)).await;
                outcome.map(|run| run.recent_diagnosis_at.unwrap().to_string())
            }};
        }
        let outcome = match *version {
            #[cfg(feature = "ended-versions")]
            "1.0" => poll!(scp.config_inspection_v1_0()),
            #[cfg(feature = "ended-versions")]
            "1.1" => poll!(scp.config_inspection_v1_1()),
            "1.2" => poll!(scp.config_inspection_v1_2()),
            _ => poll!(scp.config_inspection()),
        };
        let sent = transport.sent();
        assert!(sent.iter().all(|one| one.uri().path().ends_with("/diagnosis/detail/DIA-1")), "{sent:?}");
        let named = format!("scp configinspection {version} show_diagnosis failed: ");
        seen.push((
            sent.len(),
            outcome.map_err(|error| {
                let text = error.to_string();
                (error.kind(), text.strip_prefix(&named).unwrap_or(&text).to_owned())
            }),
        ));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "all versions agree");
    seen.remove(0)
}

#[tokio::test]
async fn wait_until_completed_waits_for_the_new_run() {
    let first: Run = ("", "", "");
    let good: Run = ("Completed", EARLIER, "");
    let bad: Run = ("Error", EARLIER, "CONNECTION_FAIL");
    let cases: &[(Run, &[Run])] = &[
        (first, &[("", "", ""), ("Requested", LATER, ""), ("In_Progress", LATER, ""), ("Completed", LATER, "")]),
        (good, &[good, good, ("Completed", LATER, "")]),
        (good, &[("In progress", EARLIER, ""), ("completed", EARLIER, "")]),
        (bad, &[bad, ("Requested", LATER, "CONNECTION_FAIL"), ("COMPLETED", LATER, "")]),
        (("In_Progress", EARLIER, ""), &[("In_Progress", EARLIER, ""), good]),
    ];
    for (before, runs) in cases {
        let (polls, outcome) = wait(*before, runs).await;
        let at = runs.last().unwrap().1.to_owned();
        assert_eq!((polls, outcome), (runs.len(), Ok(at)), "{before:?} {runs:?}");
    }
}

#[tokio::test]
async fn failed_run_is_an_error_that_names_its_state() {
    let good: Run = ("Completed", EARLIER, "");
    let cases: &[(Run, &[Run], &str)] = &[
        (good, &[good, ("In_Progress", LATER, ""), ("Error", LATER, "CONNECTION_FAIL")], "Error (CONNECTION_FAIL)"),
        (good, &[("Completed", LATER, "CONNECTION_FAIL")], "Completed (CONNECTION_FAIL)"),
        (good, &[("FAILED", LATER, "")], "FAILED"),
        (good, &[("Requested", LATER, "CONNECTION_FAIL")], "Requested (CONNECTION_FAIL)"),
        (("Error", EARLIER, "OLD"), &[("Error", EARLIER, "OLD"), ("Error", LATER, "NEW")], "Error (NEW)"),
    ];
    for (before, runs, state) in cases {
        let (polls, outcome) = wait(*before, runs).await;
        let error = (ErrorKind::FailureState, format!("ended in state {state}"));
        assert_eq!((polls, outcome), (runs.len(), Err(error)), "{before:?} {runs:?}");
    }
}

#[tokio::test]
async fn run_that_never_ends_or_begins_is_a_timeout_with_the_last_state() {
    let good: Run = ("Completed", EARLIER, "");
    for (before, run, state) in [
        (good, ("In_Progress", LATER, ""), "In_Progress"),
        (good, good, "Completed (the run before)"),
        (("", "", ""), ("", "", ""), "none"),
    ] {
        let (polls, outcome) = wait(before, &[run]).await;
        let text = format!("not finished within 600 s: last state {state}; wait longer with deadline()");
        assert_eq!((polls, outcome), (20, Err((ErrorKind::Timeout, text))), "{run:?}");
    }
}
