//! How often each operation is sent by default when it fails.
//!
//! The table is written by hand. A change in it is a change for users.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud_core::Runtime;
use cloud_core::testing::FakeRuntime;
use cloud_core::transport::Stage;
use conformance::harness::{Recorder, Reply, Secrets};
use conformance::{Context, Entry};
use time::macros::datetime;

const TABLE: &str = include_str!("defaults.txt");

/// What goes wrong each time, in the order of the table's columns.
fn failures() -> [Reply; 5] {
    [
        Reply::Fail(Stage::Connect),
        Reply::Fail(Stage::PossiblySent),
        Reply::Answer(503, String::new()),
        Reply::Answer(429, String::new()),
        Reply::Answer(500, String::new()),
    ]
}

/// How often it is sent when the same thing goes wrong each time.
async fn attempts(entry: &Entry, reply: Reply) -> usize {
    let secrets = Secrets { mark: "" };
    let transport = Recorder::replying(secrets, reply);
    let runtime: Arc<dyn Runtime> = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let context = Context::new(secrets.clients_at(&transport, &runtime));
    assert!((entry.call)(&context).await.is_err(), "{entry}");
    transport.sent().len()
}

#[tokio::test]
async fn operations_are_sent_as_often_as_the_table_says() {
    let mut wanted: BTreeMap<&str, &str> = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.rsplit_once(": ").unwrap())
        .collect();
    let mut changed = Vec::new();
    for entry in conformance::entries() {
        let mut found = Vec::new();
        for reply in failures() {
            found.push(attempts(entry, reply).await.to_string());
        }
        let (name, found) = (entry.to_string(), found.join(" "));
        if wanted.remove(&*name) != Some(&*found) {
            changed.push(format!("{name}: {found}"));
        }
    }
    assert!(changed.is_empty(), "these differ from the table:\n{}", changed.join("\n"));
    assert!(wanted.is_empty(), "the table has operations that are not there: {wanted:?}");
}
