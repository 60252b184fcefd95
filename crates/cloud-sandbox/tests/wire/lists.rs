//! Every list that has pages: they make up the whole list, filtered and sorted, whatever has changed before.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use cloud_sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;

use super::fixed_clock::{START, signer};
use super::nhn::token;
use super::raw::{Call, setting};

mod kinds;

/// A filter as a query, and what it leaves.
type Filter = (&'static str, fn(&Value) -> bool);

/// The calls of a stage, from the rows that the list has before it.
type Stage = fn(&[Value]) -> Vec<Call>;

/// A list and what happens to it.
struct Kind {
    name: &'static str,
    /// Path and query, to which more of the query is added.
    target: &'static str,
    /// Where the rows are in a response.
    rows: &'static str,
    pages: Pages,
    /// The fields that it can be sorted by, under the names that the rows have.
    fields: &'static [&'static str],
    filters: &'static [Filter],
    /// The call that shows a row of which the list has only the ID.
    details: Option<(&'static str, &'static str)>,
    seed: fn() -> Value,
    /// Creation, update and deletion.
    stages: [Stage; 3],
    /// How far the time moves after each call.
    step: Duration,
}

/// How a list is asked for a page, an order, and for all rows as they are without one.
#[derive(Clone, Copy, PartialEq)]
enum Pages {
    /// By number from 0, as Samsung Cloud Platform counts them.
    Number,
    /// After the last row of the page before.
    Marker,
    /// By number from 1, without an order.
    FromOne,
    /// After a number of rows.
    Offset,
    /// All rows at once, in the order of a field, which may descend.
    Whole(&'static str, bool),
}

impl Pages {
    /// The rows of a page; Secure Key Manager allows no fewer.
    fn size(self) -> usize {
        if self == Self::FromOne { 10 } else { 3 }
    }

    fn whole(self, fields: &[&str]) -> String {
        match self {
            Self::Number => "size=1000&sort=created_at:asc".to_owned(),
            Self::Marker => "limit=1000&sort=created_at:asc".to_owned(),
            Self::FromOne => "pageSize=100".to_owned(),
            // The first field is the ID.
            Self::Offset => format!("limit=200&sort={}", fields[0]),
            Self::Whole(..) => String::new(),
        }
    }

    /// The page after so many rows; of one with markers the first.
    fn part(self, skip: usize) -> String {
        let (size, page) = (self.size(), skip / self.size());
        match self {
            Self::Number => format!("size={size}&page={page}"),
            Self::Marker => format!("limit={size}&with_count=true"),
            Self::FromOne => format!("pageSize={size}&pageNumber={}", page + 1),
            Self::Offset => format!("limit={size}&offset={skip}"),
            Self::Whole(..) => String::new(),
        }
    }

    fn sort(self, field: &str, descends: bool) -> String {
        let direction = if descends { "desc" } else { "asc" };
        match self {
            Self::Offset => format!("sort={field}&direction={direction}"),
            _ => format!("sort={field}:{direction}"),
        }
    }
}

/// A state file that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("cloud-sandbox-lists-{}-{}.json", name, std::process::id())))
    }

    fn builder(&self) -> SandboxBuilder {
        let clock = || UNIX_EPOCH + Duration::from_secs(START);
        Sandbox::builder().seed(1).clock(clock).state_file(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is not there needs no removal.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A running sandbox with the credentials of all vendors.
struct Running {
    sandbox: Sandbox,
    token: String,
}

impl Running {
    async fn start(builder: SandboxBuilder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let token = token(&sandbox).await;
        Self { sandbox, token }
    }

    /// The successful response to a call, with the credentials of its vendor.
    async fn ask(&self, call: Call) -> Value {
        let (sandbox, target) = (&self.sandbox, call.target.clone());
        let call = if target.starts_with("/v1/") {
            signer(sandbox).sign(sandbox.endpoint(), call)
        } else if target.starts_with("/api/") {
            call.header("Authorization", format!("Bearer {}", setting(sandbox, "RISKEN_ACCESS_TOKEN")))
        } else {
            call.header("x-nhn-authorization", format!("Bearer {}", self.token))
                .header("X-TOAST-CLIENT-MAC-ADDR", setting(sandbox, "NHN_CLOUD_SKM_MAC_ADDRESS"))
        };
        let response = call.send(sandbox.endpoint()).await;
        assert!(response.status < 300, "{target}: {response:?}");
        let shown = if response.body.is_empty() { Value::Null } else { response.json() };
        assert_ne!(shown["header"]["isSuccessful"], false, "{target}: {shown}");
        shown
    }

    async fn page(&self, kind: &Kind, target: String) -> (Vec<Value>, Value) {
        let shown = self.ask(Call::new("GET", target)).await;
        (shown.pointer(kind.rows).and_then(Value::as_array).cloned().unwrap_or_default(), shown)
    }

    /// The target of the link to the next page.
    fn link(&self, response: &Value) -> Option<String> {
        let links = response["links"].as_array().unwrap();
        let next = links.iter().find(|link| link["rel"] == "next")?["href"].as_str().unwrap();
        Some(next.strip_prefix(self.sandbox.endpoint()).unwrap().to_owned())
    }

    /// All rows in the order of their creation, each with its fields.
    async fn whole(&self, kind: &Kind) -> Vec<Value> {
        let (mut rows, _) = self.page(kind, target(kind, &[&kind.pages.whole(kind.fields)])).await;
        if let Some((target, at)) = kind.details {
            for row in &mut rows {
                let shown = self.ask(Call::new("GET", format!("{target}{row}"))).await;
                *row = shown.pointer(at).unwrap().clone();
            }
        }
        rows
    }

    /// Compares all pages of all orders, with and without a filter, with the whole list.
    async fn check(&self, kind: &Kind, whole: &[Value], stage: &str) {
        let orders: Vec<_> = kind.fields.iter().flat_map(|field| [(*field, false), (*field, true)]).collect();
        let orders = if orders.is_empty() { vec![("", false)] } else { orders };
        let everything: Filter = ("", |_| true);
        for (filter, passes) in std::iter::once(&everything).chain(kind.filters) {
            for (field, descends) in &orders {
                let mut wanted: Vec<_> = whole.iter().filter(|row| passes(row)).cloned().collect();
                let (sorted_by, descends) = match kind.pages {
                    Pages::Whole(field, descends) => (field, descends),
                    _ => (*field, *descends),
                };
                wanted.sort_by(|one, other| compare(&one[sorted_by], &other[sorted_by]));
                if descends {
                    wanted.reverse();
                }
                let sort = if field.is_empty() { String::new() } else { kind.pages.sort(field, descends) };
                let what = format!("{} {stage} {filter} {sort}", kind.name);
                if kind.details.is_some() {
                    wanted = wanted.iter().map(|row| row["finding_id"].clone()).collect();
                }
                let mut found = Vec::new();
                let mut next = Some(target(kind, &[filter, &sort, &kind.pages.part(0)]));
                while let Some(page) = next {
                    let (rows, response) = self.page(kind, page).await;
                    total(kind.pages, &response, wanted.len(), &what);
                    let is_full = rows.len() == kind.pages.size();
                    found.extend(rows);
                    next = match kind.pages {
                        Pages::Whole(..) => None,
                        Pages::Marker => self.link(&response),
                        _ => is_full.then(|| target(kind, &[filter, &sort, &kind.pages.part(found.len())])),
                    };
                }
                assert_eq!(found, wanted, "{what}");
            }
        }
    }
}

fn target(kind: &Kind, query: &[&str]) -> String {
    let query: String = query.iter().filter(|part| !part.is_empty()).map(|part| format!("&{part}")).collect();
    format!("{}{query}", kind.target)
}

/// The length of the whole list, where pages show it.
#[track_caller]
fn total(pages: Pages, response: &Value, wanted: usize, what: &str) {
    let shown = match pages {
        Pages::Number | Pages::Marker => &response["count"],
        // Zero is left out.
        Pages::Offset if wanted > 0 => &response["data"]["total"],
        _ => return,
    };
    assert_eq!(*shown, wanted, "{what}");
}

/// Nothing comes before something.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()).unwrap(),
        _ => other.is_null().cmp(&one.is_null()),
    }
}

async fn check(kind: &Kind) {
    let file = Scratch::new(kind.name);
    let mut running = Running::start(file.builder().seed_data((kind.seed)())).await;
    let mut rows = running.whole(kind).await;
    let mut seen = vec![rows.clone()];
    running.check(kind, &rows, "fresh").await;
    for (stage, calls) in ["created", "updated", "deleted"].iter().zip(kind.stages) {
        for call in calls(&rows) {
            running.ask(call).await;
            running.sandbox.advance(kind.step);
        }
        rows = running.whole(kind).await;
        running.check(kind, &rows, stage).await;
        seen.push(rows.clone());
    }
    assert!(seen[1].len() > seen[0].len() && seen[1].len() > kind.pages.size(), "{}: created", kind.name);
    assert_ne!(seen[2], seen[1], "{}: updated", kind.name);
    assert_ne!(seen[3], seen[2], "{}: deleted", kind.name);
    for (filter, passes) in kind.filters {
        let counts = seen[1..].iter().map(|rows| (rows.iter().filter(|row| passes(row)).count(), rows.len()));
        assert!(counts.into_iter().any(|(some, all)| 0 < some && some < all), "{}: {filter} filters", kind.name);
    }
    running.sandbox.shutdown().await.unwrap();
    running = Running::start(file.builder()).await;
    assert_eq!(running.whole(kind).await, rows, "{} restarted", kind.name);
    running.check(kind, &rows, "restarted").await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_keys() {
    check(&kinds::KMS_KEYS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_secrets() {
    check(&kinds::SECRETS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_secret_versions() {
    check(&kinds::SECRET_VERSIONS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_certificates() {
    check(&kinds::CERTIFICATES).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_diagnoses() {
    check(&kinds::DIAGNOSES).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_results() {
    check(&kinds::RESULTS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_vaults() {
    check(&kinds::VAULTS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_keys_of_a_store() {
    check(&kinds::STORE_KEYS).await;
}

#[tokio::test]
async fn accounts_are_the_whole_list() {
    check(&kinds::ACCOUNTS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_findings() {
    check(&kinds::FINDINGS).await;
}

#[tokio::test]
async fn pages_are_the_whole_list_of_tags() {
    check(&kinds::TAGS).await;
}
