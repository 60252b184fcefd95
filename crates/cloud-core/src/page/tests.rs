//! Tests of lists in pages.
use std::sync::Arc;

use serde::Deserialize;

use super::*;
use crate::Json;
use crate::client::Client;
use crate::dialect::{Dialect, RawResponse, ResponseOutcome};
use crate::endpoint::Endpoint;
use crate::operation::{ApiVersion, CallContext, Idempotency, Method, Operation, Segment};
use crate::request::Request;
use crate::testing::{FakeRuntime, FakeTransport};

mod odd;

static V1: ApiVersion = ApiVersion::new("test", "keys", "1");
static LIST: Operation =
    Operation::new("list", Method::Get, &[Segment::Literal("/keys")]).idempotency(Idempotency::Safe);

#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn prepare(&self, _: CallContext, _: &mut http::HeaderMap) -> Result<()> {
        Ok(())
    }
    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        ResponseOutcome::Payload(answer.body.clone())
    }
}

/// A page whose items are their own ids.
#[derive(Debug, Deserialize)]
pub(crate) struct List {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    numbers: Vec<i64>,
    keys: Vec<i64>,
    count: Option<u64>,
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
    fn total(&self) -> Option<u64> {
        self.count
    }
    fn ids(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
    fn number_ids(&self) -> Vec<i64> {
        self.numbers.clone()
    }
    fn next_marker(&self) -> NextMarker {
        let Some(links) = &self.links else { return NextMarker::Unknown };
        let next = links.iter().find(|link| text(link, "rel").as_deref() == Some("next"));
        let Some(link) = next.and_then(|next| text(next, "href")).filter(|link| !link.is_empty()) else {
            return NextMarker::End;
        };
        let link = link.split('#').next().unwrap();
        let query = link.split_once('?').map_or("", |(_, query)| query);
        let marker = query.split('&').filter_map(|pair| pair.strip_prefix("marker=")).next();
        NextMarker::Marker(decode(marker.unwrap_or_default()))
    }
}

fn text(json: &Json, name: &str) -> Option<String> {
    json.get(name)?.as_str().map(str::to_owned)
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
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let listing = pages(Call::new(&client, request)).items().into_listing().await;
    let seen = listing.and_then(Listing::into_rest);
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
async fn numbered_pages_start_where_asked_and_end_with_an_empty_page() {
    // A service may return less than was asked for, so without a total a short page is no end.
    let answers = [r#"{"keys":[5,6]}"#, r#"{"keys":[7]}"#, r#"{"keys":[8]}"#, r#"{"keys":[]}"#];
    let request = Request::new(&LIST).query("size", 2).query("page", 2);
    let queries = ["size=2&page=2", "size=2&page=3", "size=2&page=4", "size=2&page=5"];
    check(&answers, request, numbered, Ok(&[5, 6, 7, 8]), &queries).await;
    let answers = [r#"{"keys":[5,6],"count":7}"#, r#"{"keys":[7],"count":7}"#];
    let request = Request::new(&LIST).query("size", 2).query("page", 2);
    check(&answers, request, numbered, Ok(&[5, 6, 7]), &["size=2&page=2", "size=2&page=3"]).await;
    let answers = [r#"{"keys":[1]}"#, r#"{"keys":[]}"#];
    check(&answers, Request::new(&LIST), numbered, Ok(&[1]), &["page=0", "page=1"]).await;
}

#[tokio::test]
async fn offset_counts_the_items_before_the_page() {
    let offset = |call| Pages::offset(call, "offset");
    let answers = [r#"{"keys":[1,2],"count":4}"#, r#"{"keys":[3],"count":4}"#, r#"{"keys":[4],"count":4}"#];
    let queries = ["limit=2&offset=0", "limit=2&offset=2", "limit=2&offset=3"];
    check(&answers, Request::new(&LIST).query("limit", 2), offset, Ok(&[1, 2, 3, 4]), &queries).await;
    let request = || Request::new(&LIST).query("offset", 3);
    check(&[r#"{"keys":[4],"count":4}"#], request(), offset, Ok(&[4]), &["offset=3"]).await;
    let short = [r#"{"keys":[4],"count":5}"#, r#"{"keys":[],"count":5}"#];
    check(&short, request(), offset, Err("it ended after 1 of 5 items"), &["offset=3", "offset=4"]).await;
    let untold = [r#"{"keys":[1]}"#, r#"{"keys":[]}"#];
    check(&untold, Request::new(&LIST), offset, Ok(&[1]), &["offset=0", "offset=1"]).await;
    let again = [r#"{"keys":[1],"names":["a"],"count":2}"#, r#"{"keys":[1],"names":["a"],"count":2}"#];
    check(&again, Request::new(&LIST), offset, Err("the same page again"), &["offset=0", "offset=1"]).await;
}

#[tokio::test]
async fn item_whose_number_comes_again_makes_the_list_incomplete() {
    let offset = |call| Pages::offset(call, "offset");
    let first = r#"{"keys":[1,2],"numbers":[1,2],"count":4}"#;
    for (second, wanted) in [
        (r#"{"keys":[2,3],"numbers":[2,3],"count":4}"#, "an item came twice"),
        (r#"{"keys":[2,1],"numbers":[2,1],"count":4}"#, "the same page again"),
    ] {
        let queries = ["offset=0", "offset=2"];
        check(&[first, second], Request::new(&LIST), offset, Err(wanted), &queries).await;
    }
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
}

#[tokio::test]
async fn items_of_a_page_come_before_the_next_page_is_requested() {
    let answers = [r#"{"keys":[1,2],"count":3}"#, r#"{"keys":[3],"count":3}"#];
    let transport = answers.iter().fold(FakeTransport::new(), |transport, answer| transport.answer(200, answer));
    let transport = Arc::new(transport);
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let mut items = numbered(Call::new(&client, Request::new(&LIST))).items();
    for (item, requests) in [(Some(1), 1), (Some(2), 1), (Some(3), 2), (None, 2)] {
        assert_eq!(items.next().await.transpose().unwrap(), item);
        assert_eq!(transport.sent().len(), requests, "after {item:?}");
    }
}

#[tokio::test]
async fn error_ends_the_list() {
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
    const RULES: &[crate::Constraint] = &[crate::Constraint::Max(100)];
    let request = || {
        let mut request = Request::new(&LIST);
        request.set_query("size", 101, RULES);
        request
    };
    check(&[r#"{"keys":[]}"#], request(), numbered, Err("`size` must be at most 100"), &[]).await;
    let skipping = |call: Call<List>| numbered(call.skip_validation());
    check(&[r#"{"keys":[]}"#], request(), skipping, Ok(&[]), &["size=101&page=0"]).await;
}

/// What came, why it is not everything, and where to go on.
async fn cut(answers: &[&str], pages: impl FnOnce(Call<List>) -> Pages<List>) -> (usize, String, Option<String>) {
    let transport = answers.iter().fold(FakeTransport::new(), |transport, answer| transport.answer(200, answer));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::new(transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let collected = pages(Call::new(&client, Request::new(&LIST))).items().into_listing().await.unwrap();
    let incomplete = collected.incomplete().expect("an incomplete list");
    (collected.items().len(), incomplete.to_string(), incomplete.resume.clone())
}

#[tokio::test]
async fn incomplete_list_says_why_and_where_to_resume() {
    let check = |seen: (usize, String, Option<String>), items: usize, wanted: &str, resume: Option<&str>| {
        assert!(seen.1.contains(wanted), "{}", seen.1);
        assert_eq!((seen.0, seen.2.as_deref()), (items, resume), "{wanted}");
    };
    let page = |keys: &str, count: u32| format!(r#"{{"keys":[{keys}],"count":{count}}}"#);
    let (two, one, none) = (page("1,2", 9), page("3", 9), page("", 9));
    check(cut(&[&two, &one, &none], numbered).await, 3, "it ended after 3 of 9 items", None);
    check(cut(&[&two], numbered).await, 2, "the service sent the same page again", Some("1"));
    check(cut(&[&page("1", 2), &page("2", 3), &page("3", 3)], numbered).await, 3, "from 2 to 3 items", None);
    let twice = [r#"{"keys":[1],"names":["a"],"count":3}"#, r#"{"keys":[2,3],"names":["a","b"],"count":3}"#];
    check(cut(&twice, numbered).await, 3, "came twice", None);
    check(cut(&[&two, "{}"], numbered).await, 2, "`keys` is missing", Some("1"));
    check(cut(&[&two, &one], |call| numbered(call).page_cap(1)).await, 2, "more than the 1 pages", Some("1"));
    let link = |key: u32, marker: &str| {
        format!(r#"{{"keys":[{key}],"links":[{{"rel":"next","href":"/x?marker={marker}"}}]}}"#)
    };
    let round = [link(1, "a"), link(2, "b"), link(3, "a")];
    check(cut(&[&round[0], &round[1], &round[2]], marked).await, 3, "the same marker again", None);
    check(cut(&[&link(1, "m"), "{}"], marked).await, 1, "`keys` is missing", Some("m"));
}

#[tokio::test]
async fn stream_of_an_incomplete_list_ends_with_an_error() {
    let transport =
        FakeTransport::new().answer(200, r#"{"keys":[1],"count":5}"#).answer(200, r#"{"keys":[],"count":5}"#);
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::new(transport))
        .build()
        .unwrap()
        .with_version(&V1);
    let mut items = numbered(Call::new(&client, Request::new(&LIST))).items();
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    let error = items.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(error.to_string(), "test keys 1 list failed: the list is incomplete: it ended after 1 of 5 items");
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn list_started_later_is_not_complete() {
    let page = |keys: &str| format!(r#"{{"keys":[{keys}],"count":5}}"#);
    let marked_page = r#"{"keys":[4,5],"links":[]}"#;
    let later = "it was started at a later page than the first";
    type Start = fn(Call<List>) -> Pages<List>;
    let begin = |name: &'static str, value: &'static str| Request::new(&LIST).query(name, value);
    type Case<'a> = (Request, Start, Vec<String>, &'a [i64], &'a str);
    let cases: [Case<'_>; 6] = [
        (begin("page", "1").query("size", 3), numbered, vec![page("4,5")], &[4, 5], later),
        (begin("page", "1"), numbered, vec![page("4,5"), page("")], &[4, 5], later),
        // Beyond the end, whether or not the size is known.
        (begin("page", "9").query("size", 3), numbered, vec![page("")], &[], "it ended after 0 of 5 items"),
        (begin("page", "9"), numbered, vec![page("")], &[], "it ended after 0 of 5 items"),
        (Request::new(&LIST), numbered, vec![page("")], &[], "it ended after 0 of 5 items"),
        (begin("marker", "m"), marked, vec![marked_page.to_owned()], &[4, 5], later),
    ];
    for (request, pages, answers, items, why) in cases {
        let transport = answers.iter().fold(FakeTransport::new(), |transport, answer| transport.answer(200, answer));
        let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
            .transport(Arc::new(transport))
            .build()
            .unwrap();
        let listing = pages(Call::new(&client, request)).items().into_listing().await.unwrap();
        assert_eq!((listing.items(), listing.is_complete()), (items, false), "{why}");
        assert!(listing.incomplete().unwrap().to_string().contains(why), "{:?}", listing.incomplete());
        assert_eq!(listing.into_complete().unwrap_err().kind(), ErrorKind::Incomplete);
    }
}

#[tokio::test]
async fn marker_list_without_links_is_complete_only_by_its_total() {
    for (page, why) in [
        (r#"{"keys":[1],"links":[]}"#, None),
        (r#"{"keys":[1],"links":[],"count":1}"#, None),
        (r#"{"keys":[1],"count":1}"#, None),
        (r#"{"keys":[1],"count":2}"#, Some("after 1 of 2 items")),
        (r#"{"keys":[1]}"#, Some("told neither whether another page follows nor how many items")),
        (r#"{"keys":[1],"links":null}"#, Some("told neither whether another page follows")),
    ] {
        let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
            .transport(Arc::new(FakeTransport::new().answer(200, page)))
            .build()
            .unwrap();
        let listing = marked(Call::new(&client, Request::new(&LIST))).items().into_listing().await.unwrap();
        assert_eq!(listing.items(), [1]);
        let seen = listing.incomplete().map(ToString::to_string);
        assert_eq!(seen.is_some(), why.is_some(), "{page}");
        assert!(seen.unwrap_or_default().contains(why.unwrap_or_default()), "{page}");
    }
}

#[tokio::test]
async fn incomplete_is_an_error_with_the_cause_of_its_page() {
    let listing = |answer: &'static str| async move {
        let transport = FakeTransport::new().answer(200, r#"{"keys":[1],"count":2}"#);
        let transport = match answer {
            "" => transport.fail(crate::transport::Stage::Response),
            answer => transport.answer(200, answer),
        };
        let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
            .transport(Arc::new(transport))
            .build()
            .unwrap();
        numbered(Call::new(&client, Request::new(&LIST))).items().into_listing().await.unwrap()
    };
    for (answer, kind, caused) in
        [(r#"{"keys":[],"count":2}"#, ErrorKind::Incomplete, false), ("", ErrorKind::Transport, true)]
    {
        let mut listing = listing(answer).await;
        let incomplete = listing.incomplete.take().unwrap();
        let source = std::error::Error::source(&incomplete);
        assert_eq!(source.is_some(), caused, "{incomplete}");
        assert_eq!(Error::from(incomplete).kind(), kind);
        assert_eq!(listing.into_partial(), [1]);
    }
}
