//! Plans: each is the request that is sent, apart from what is redacted.

#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use cloud_core::testing::FakeRuntime;
use cloud_core::{Plan, Runtime};
use conformance::harness::{Recorder, Secrets};
use conformance::{Context, Entry, fixture};
use scp_security::Scp;
use time::macros::datetime;

const SECRETS: Secrets = Secrets { mark: "test-" };
/// The app keys of [`Secrets::clients`], which stand in URLs.
const APP_KEYS: [&str; 3] = ["test-sa-appkey", "test-ssc-appkey", "test-skm-appkey"];

type Sent = http::Request<bytes::Bytes>;

fn runtime() -> Arc<dyn Runtime> {
    clock()
}

fn clock() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
}

/// Compares a plan with what was sent.
fn equals(plan: &Plan, sent: &Sent) -> Result<(), String> {
    let app_key = |url: &str, from: &str| url.replace(from, "<app key>");
    let planned_url = app_key(&app_key(plan.url(), "{appkey}"), "{appKey}");
    let sent_url = APP_KEYS.iter().fold(sent.uri().to_string(), |url, key| app_key(&url, key));
    if planned_url != sent_url {
        return Err(format!("{planned_url} instead of {sent_url}"));
    }
    if (plan.method().as_str(), plan.body().unwrap_or_default()) != (sent.method().as_str(), &sent.body()[..]) {
        return Err("another method or body".to_owned());
    }
    if plan.headers().len() != sent.headers().len() {
        return Err(format!("{:?} instead of {:?}", plan.headers(), sent.headers()));
    }
    for header in plan.headers() {
        let value = sent.headers().get(&header.name).ok_or_else(|| format!("{} is not sent", header.name))?;
        let shown = (!value.is_sensitive()).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if header.value != shown {
            return Err(format!("{}: {:?} instead of {shown:?}", header.name, header.value));
        }
        if header.length != value.len() && !plan.requests_credentials() {
            return Err(format!("{}: {} bytes instead of {}", header.name, header.length, value.len()));
        }
    }
    Ok(())
}

async fn check(entry: &Entry) -> Result<(), String> {
    let (status, answer) = fixture::find(entry).map_err(|error| error.to_string())?.response();
    let transport = Recorder::new(SECRETS, status, answer.as_ref());
    let context = Context::new(SECRETS.clients_at(&transport, &runtime())).planning();
    // The second call has a token at hand, if it needs one.
    for requests in [entry.vendor == "nhn" && entry.version != "1.2", false] {
        (entry.call)(&context).await?;
        let (plans, sent) = (context.plans(), transport.sent());
        let (Some(plan), Some(request)) = (plans.last(), sent.last()) else {
            return Err("nothing was sent".to_owned());
        };
        if (plans.len(), plan.operation().name) != (sent.len(), entry.operation) {
            return Err("the plan is of another operation, or more was sent".to_owned());
        }
        let needs_token = requests && transport.count() > sent.len();
        if plan.requests_credentials() != needs_token {
            return Err(format!("it requests credentials: {}", plan.requests_credentials()));
        }
        equals(plan, request)?;
        let line = plan.as_curl();
        if line.contains("test-") {
            return Err(format!("a credential in {line}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn plan_of_every_operation_equals_what_is_sent() {
    let mut wrong = Vec::new();
    for entry in conformance::entries() {
        if let Err(why) = check(entry).await {
            wrong.push(format!("{entry}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn list_plans_the_page_that_it_fetches_first() {
    let reply = serde_json::json!({"data": {}});
    let transport = Recorder::new(SECRETS, 200, Some(&reply));
    let clients = SECRETS.clients_at(&transport, &runtime());
    let (scp, risken) = (clients.scp.unwrap(), clients.risken.unwrap());
    let (project, finding) = (1001.try_into().unwrap(), 2.try_into().unwrap());
    let numbered = scp.kms().list_keys().size(20);
    let marked = scp.config_inspection().list_diagnoses();
    let offset = risken.finding().list_finding_tags(project, finding);
    let plans = [numbered.plan().unwrap(), marked.plan().unwrap(), offset.plan().unwrap()];
    assert_eq!(transport.count(), 0, "a plan sends nothing");
    let (_, _, _) = (numbered.pages().next().await, marked.pages().next().await, offset.pages().next().await);
    for (plan, sent) in plans.iter().zip(transport.sent()) {
        equals(plan, &sent).unwrap();
    }
    assert_eq!(transport.sent().len(), plans.len());
}

#[tokio::test]
async fn plan_requests_no_credentials_and_says_that_the_call_would() {
    let reply = serde_json::json!({"access_key": "k", "secret_key": "s", "expired_at": "2026-01-02 00:00:00.000"});
    let transport = Recorder::new(SECRETS, 200, Some(&reply));
    let clock = clock();
    let runtime = || Arc::clone(&clock) as Arc<dyn Runtime>;
    let builder = Scp::builder()
        .endpoint("http://127.0.0.1:9")
        .vault_token("an-id", "a-secret")
        .secret_vault_id("a-vault")
        .transport(Arc::clone(&transport) as Arc<dyn cloud_core::Transport>)
        .runtime(runtime());
    let scp = builder.build().unwrap();
    let nhn = SECRETS.clients_at(&transport, &runtime()).nhn.unwrap();
    let temporary = || scp.kms().show_key("a-key").plan().unwrap();
    let token = || nhn.secure_key_manager().unwrap().list_key_stores().plan().unwrap();
    for plan in [temporary(), token()] {
        assert!(plan.requests_credentials());
        assert!(plan.to_string().contains(": [requested by the call]"), "{plan}");
    }
    assert_eq!(transport.count(), 0);
    // A vault token signs the request for the temporary key, and is at hand.
    assert!(!scp.secret_vault().show_temporary_key("a-vault").plan().unwrap().requests_credentials());
    let _ = (scp.kms().show_key("a-key").await, nhn.secure_key_manager().unwrap().list_key_stores().await);
    assert!(!temporary().requests_credentials() && !token().requests_credentials());
    // Expired ones are not at hand.
    clock.advance(Duration::from_secs(2 * 86_400));
    assert!(temporary().requests_credentials() && token().requests_credentials());
}
