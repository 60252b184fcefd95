//! The guide's list of spans and events is what the SDKs emit: names, levels, targets and fields.

#![allow(deprecated, reason = "calls a version that has ended")]
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cloud_core::testing::FakeTransport;
use cloud_sandbox::{Fault, Sandbox};
use nhn_security::Nhn;
use nhn_security::{Language, Region};
use scp_security::{ConfigSource, RetryPolicy, Scp};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// `DEBUG span call` and the names of the fields, as declared.
type Listed = BTreeMap<String, BTreeSet<String>>;

/// Keeps what the SDKs emit, with all fields that the callsite declares.
#[derive(Clone, Default)]
struct Emitted {
    all: Arc<Mutex<Listed>>,
    last: Arc<AtomicU64>,
}

impl Emitted {
    fn add(&self, kind: &str, name: &str, metadata: &Metadata<'_>) {
        let crates = ["cloud_core::", "scp_security::", "nhn_security::", "risken_aws::"];
        if crates.iter().any(|name| metadata.target().starts_with(name)) {
            let fields = metadata.fields().iter().map(|field| field.name().to_owned());
            let key = format!("{} {kind} {name}", metadata.level());
            self.all.lock().unwrap().insert(key, fields.filter(|name| name != "message").collect());
        }
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Emitted {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add("span", span.metadata().name(), span.metadata());
        Id::from_u64(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.add("event", &message.0, event.metadata());
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The rows of the table below `## Logging`.
fn documented() -> Listed {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/resilience.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("\n## Logging\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.contains('`'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (format!("{} {} {}", cells[0], cells[1], cells[2].trim_matches('`')), quoted(cells[3]))
    })
    .collect()
}

/// Variables that earn a warning each.
#[derive(Debug)]
struct Careless;

impl ConfigSource for Careless {
    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "SCP_VAULT_TOKEN_ID" => " an-id ",
            "SCP_VAULT_TOKEN_SECRET" => "'a-secret'",
            "SCP_SECRET_VAULT_ID" => "a-vault",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

async fn scenario() {
    Scp::builder()
        .config_source(Careless)
        .endpoint("http://keys.example")
        .allow_insecure_http()
        .transport(FakeTransport::new())
        .build()
        .unwrap();

    let sandbox = Sandbox::start().await.unwrap();
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
    let scp = Scp::builder()
        .endpoint(sandbox.endpoint())
        .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    sandbox.fault(Fault::status(502)).unwrap();
    scp.kms_v1_0().show_key("3265ab469f0d406d83073da3e11e7a6c").await.unwrap();

    let nhn = Nhn::builder()
        .endpoint(sandbox.endpoint())
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .build()
        .unwrap();
    sandbox.fault(Fault::token_revoked().on("nhn/security-advisor").unwrap()).unwrap();
    nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
    sandbox.shutdown().await.unwrap();
}

#[tokio::test]
async fn guide_lists_what_is_emitted() {
    let emitted = Emitted::default();
    scenario().with_subscriber(emitted.clone()).await;
    let emitted = emitted.all.lock().unwrap().clone();
    assert_eq!(emitted, documented());
}
