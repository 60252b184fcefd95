//! Tests of lists in pages.
use std::sync::Arc;

use serde::Deserialize;

use super::*;
use crate::client::Client;
use crate::dialect::{Answer, Dialect, Reading};
use crate::endpoint::Endpoint;
use crate::operation::{ApiVersion, Idempotency, Lifecycle, Method, Operation, Segment};
use crate::request::Request;
use crate::testing::FakeTransport;

static V1: ApiVersion =
    ApiVersion { vendor: "test", service: "keys", number: "1", status: Lifecycle::Current, sunset: None };
static LIST: Operation = Operation {
    version: &V1,
    name: "list",
    title: "",
    method: Method::Get,
    path: &[Segment::Literal("/keys")],
    success: &[200],
    idempotency: Idempotency::Safe,
    auth: "",
    envelope: "",
    returns: true,
};

#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn prepare(&self, _: &'static Operation, _: &mut http::HeaderMap) -> Result<()> {
        Ok(())
    }
    fn read(&self, _: &'static Operation, answer: &Answer) -> Reading {
        Reading::Payload(answer.body.clone())
    }
}

#[derive(Debug, Deserialize)]
struct List {
    keys: Vec<i64>,
    count: Option<i64>,
    links: Option<Vec<Json>>,
}

impl Page for List {
    type Item = i64;
    fn into_items(self) -> Vec<i64> {
        self.keys
    }
    fn len(&self) -> usize {
        self.keys.len()
    }
    fn total(&self) -> Option<i64> {
        self.count
    }
    fn next_marker(&self) -> Option<String> {
        marker_from_links(self.links.as_deref(), "marker")
    }
}

async fn check(
    answers: &[&str],
    request: Request,
    pages: impl FnOnce(Call<List>) -> Pages<List>,
    wanted: Result<&[i64], &str>,
    queries: &[&str],
) {
    let transport = answers.iter().fold(FakeTransport::new(), |transport, answer| transport.answer(200, answer));
    let transport = Arc::new(transport);
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Arc::new(Plain))
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    let seen = pages(Call::new(&client, request)).items().collect().await;
    match wanted {
        Ok(wanted) => assert_eq!(seen.unwrap(), wanted),
        Err(wanted) => assert!(seen.unwrap_err().to_string().contains(wanted)),
    }
    let sent: Vec<_> = transport.sent().iter().map(|r| r.uri().query().unwrap_or("").to_owned()).collect();
    assert_eq!(sent, queries);
}

fn numbered(call: Call<List>) -> Pages<List> {
    Pages::numbered(call, "page", "size", 0)
}

fn marked(call: Call<List>) -> Pages<List> {
    Pages::marked(call, "marker")
}

#[tokio::test]
async fn numbered_pages_end_with_the_total() {
    let answers = [r#"{"keys":[1,2],"count":3}"#, r#"{"keys":[3],"count":3}"#];
    check(
        &answers,
        Request::new(&LIST).query("name", "x"),
        numbered,
        Ok(&[1, 2, 3]),
        &["name=x&page=0", "name=x&page=1"],
    )
    .await;
    check(&[r#"{"keys":[],"count":0}"#], Request::new(&LIST), numbered, Ok(&[]), &["page=0"]).await;
}

#[tokio::test]
async fn numbered_pages_start_where_asked_and_end_with_a_short_page() {
    let answers = [r#"{"keys":[5,6]}"#, r#"{"keys":[7]}"#];
    let request = Request::new(&LIST).query("size", 2).query("page", 2);
    check(&answers, request, numbered, Ok(&[5, 6, 7]), &["size=2&page=2", "size=2&page=3"]).await;
    let answers = [r#"{"keys":[5,6],"count":7}"#, r#"{"keys":[7],"count":7}"#];
    let request = Request::new(&LIST).query("size", 2).query("page", 2);
    check(&answers, request, numbered, Ok(&[5, 6, 7]), &["size=2&page=2", "size=2&page=3"]).await;
    let answers = [r#"{"keys":[1]}"#, r#"{"keys":[]}"#];
    check(&answers, Request::new(&LIST), numbered, Ok(&[1]), &["page=0", "page=1"]).await;
}

#[tokio::test]
async fn markers_come_from_the_next_link_and_stop_when_repeated() {
    let link = |marker: &str| {
        format!(
            r#"{{"keys":[1],"links":[{{"rel":"self","href":"/x"}},{{"rel":"next","href":"https://evil.example/x?limit=1&marker={marker}"}}]}}"#
        )
    };
    let (first, second) = (link("a%2Fb%20c"), r#"{"keys":[2],"links":[]}"#);
    check(&[&first, second], Request::new(&LIST), marked, Ok(&[1, 2]), &["", "marker=a/b%20c"]).await;
    let same = link("m");
    check(&[&same], Request::new(&LIST).query("marker", "m"), marked, Ok(&[1]), &["marker=m"]).await;
}

#[tokio::test]
async fn an_error_ends_the_list() {
    check(
        &[r#"{"keys":[1],"count":2}"#, "{}"],
        Request::new(&LIST),
        numbered,
        Err("`keys` is missing"),
        &["page=0", "page=1"],
    )
    .await;
}

#[tokio::test]
async fn limits_hold_for_lists_too_unless_skipped() {
    const RULES: &[crate::Rule] = &[crate::Rule::Max(100)];
    let request = || Request::new(&LIST).query("size", 101).check(|check| check.number("size", 101, RULES));
    check(&[r#"{"keys":[]}"#], request(), numbered, Err("`size` must be at most 100"), &[]).await;
    let skipping = |call: Call<List>| numbered(call.skip_validation());
    check(&[r#"{"keys":[]}"#], request(), skipping, Ok(&[]), &["size=101&page=0"]).await;
}
