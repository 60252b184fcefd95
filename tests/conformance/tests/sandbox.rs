//! All documented operations of all versions over HTTP against the sandbox, which validates every request.

#![cfg(test)]

use std::pin::pin;
use std::task::{self, Poll, Waker};

use cloud_sandbox::{Answers, Sandbox};
use conformance::{Clients, Context, Outcome};
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;
use tokio::runtime::Builder;

/// The SDKs with what the sandbox would have exported.
fn clients(sandbox: &Sandbox) -> Clients {
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
    let scp = Scp::builder()
        .endpoint(get("SCP_ENDPOINT"))
        .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
        .vault_token(get("SCP_VAULT_TOKEN_ID"), get("SCP_VAULT_TOKEN_SECRET"))
        .secret_vault_id(get("SCP_SECRET_VAULT_ID"))
        .build();
    let nhn = Nhn::builder()
        .endpoint(get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .server_security_check_app_key(get("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"))
        .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .build();
    let risken = Risken::builder().endpoint(get("RISKEN_URL")).access_token(get("RISKEN_ACCESS_TOKEN")).build();
    let text = |error: scp_security::Error| error.to_string();
    Clients { scp: scp.map_err(text), nhn: nhn.map_err(text), risken: risken.map_err(text) }
}

async fn check(answers: Answers) {
    all_good(&Sandbox::builder().answers(answers).start().await.unwrap()).await;
}

async fn all_good(sandbox: &Sandbox) {
    good(&conformance::run(clients(sandbox), None, |_| {}).await);
}

fn good(outcomes: &[Outcome]) {
    let failed: Vec<_> = outcomes.iter().filter(|o| o.result.is_err()).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(outcomes.len(), conformance::entries().count());
}

#[tokio::test]
async fn names_of_nhn_are_free_in_a_second_run_on_the_same_state() {
    let sandbox = Sandbox::start().await.unwrap();
    for run in 1..=2 {
        let outcomes = conformance::run(clients(&sandbox), Some("nhn"), |_| {}).await;
        let failed: Vec<_> = outcomes.iter().filter(|o| o.result.is_err()).map(ToString::to_string).collect();
        assert!(failed.is_empty(), "run {run}: {}", failed.join("\n"));
    }
}

#[tokio::test]
async fn documented_calls_succeed_with_state() {
    let sandbox = Sandbox::start().await.unwrap();
    all_good(&sandbox).await;
    // A call that succeeds although it finds nothing tests little.
    let noted: Vec<_> = sandbox.calls().into_iter().filter(|call| call.note.is_some()).collect();
    assert!(noted.is_empty(), "{noted:?}");
}

#[test]
fn documented_calls_succeed_when_they_block_a_thread() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let context = Context::new(clients(&sandbox)).blocking();
    // Nothing is awaited, so one poll makes all calls.
    let mut run = pin!(conformance::run_in(&context, None, |_| {}));
    match run.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(outcomes) => good(&outcomes),
        Poll::Pending => panic!("a call did not block"),
    }
}

#[tokio::test]
async fn documented_calls_succeed_with_example_responses() {
    check(Answers::Examples).await;
}

#[tokio::test]
async fn responses_with_required_fields_only_decode() {
    check(Answers::RequiredOnly).await;
}

#[tokio::test]
async fn responses_with_unknown_fields_decode() {
    check(Answers::ExamplesPlusUnknown).await;
}

#[tokio::test]
async fn query_with_non_ascii_characters_is_signed_as_sent() {
    let sandbox = Sandbox::builder().answers(Answers::Examples).start().await.unwrap();
    let scp = clients(&sandbox).scp.unwrap();
    for name in ["한글 a+b&c=d/e?f:g", "'\"<>`{|}[]^\\%#~!$()*,;@", "%2e%2e+%20", "\u{1f511}"] {
        scp.certificate_manager().list_certificates().name(name).first_page().await.unwrap();
        scp.certificate_manager().show_certificate(name).await.unwrap();
    }
}

#[tokio::test]
async fn entries_are_those_of_the_fixtures() {
    let mut names: Vec<_> = conformance::entries().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, conformance::fixture::names().unwrap());
}
