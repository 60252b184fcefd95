//! Lists that go round, move, lead elsewhere or take too long.

use super::*;
use crate::transport::{Transport, TransportError};

/// A page with ids, and whatever else.
fn named(keys: &str, names: &str, more: &str) -> String {
    let names: Vec<_> = names.split(' ').map(|name| format!("\"{name}\"")).collect();
    format!(r#"{{"keys":[{keys}],"names":[{}]{more}}}"#, names.join(","))
}

#[tokio::test]
async fn list_that_repeats_ends_for_every_cycle_length() {
    for length in 1..5 {
        // Page after page without a total; the third is the first again, and so on.
        let with_ids: Vec<_> = (0..length).map(|i| named(&format!("{i}"), &format!("id{i}"), "")).collect();
        let without: Vec<_> = (0..length).map(|i| format!(r#"{{"keys":[{i},{i}]}}"#)).collect();
        for (pages, each) in [(with_ids, 1), (without, 2)] {
            let twice: Vec<_> = pages.iter().chain(&pages).map(String::as_str).collect();
            let (items, why, resume) = cut(&twice, numbered).await;
            assert_eq!((items, resume), (length * each, Some(length.to_string())), "{why}");
            assert!(why.contains("the same page again"), "{why}");
        }
        // The same round by markers, which are new each time.
        let link = |i: usize| format!(r#","links":[{{"rel":"next","href":"/x?marker=m{i}"}}]"#);
        let marked_pages: Vec<_> =
            (0..2 * length).map(|i| named("7", &format!("id{}", i % length), &link(i))).collect();
        let texts: Vec<_> = marked_pages.iter().map(String::as_str).collect();
        let (items, why, _) = cut(&texts, marked).await;
        assert_eq!(items, length, "{why}");
        assert!(why.contains("the same page again"), "{why}");
    }
}

#[tokio::test]
async fn total_that_changes_or_is_too_small_makes_the_list_incomplete() {
    let page = |keys: &str, count: u32| format!(r#"{{"keys":[{keys}],"count":{count}}}"#);
    let back = [page("1", 3), page("2", 4), page("3", 3)];
    let (items, why, _) = cut(&[&back[0], &back[1], &back[2]], numbered).await;
    assert!(items == 3 && why.contains("from 3 to 4 items"), "{items} {why}");
    for count in [0, 1] {
        let (items, why, _) = cut(&[&page("1,2", count)], numbered).await;
        assert!(items == 2 && why.contains(&format!("from {count} to 2 items")), "{items} {why}");
    }
    let shrinks = [page("1,2", 4), page("", 2)];
    let (items, why, _) = cut(&[&shrinks[0], &shrinks[1]], numbered).await;
    assert!(items == 2 && why.contains("from 4 to 2 items"), "{items} {why}");
    // An empty page in the middle ends a numbered list, and the total tells that it was not all.
    let (items, why, _) = cut(&[&page("1", 3), &page("", 3), &page("3", 3)], numbered).await;
    assert!(items == 1 && why.contains("after 1 of 3 items"), "{items} {why}");
}

#[tokio::test]
async fn markers_decide_alone_whether_there_is_more() {
    let link = |href: &str| format!(r#","links":[{{"rel":"next","href":"{href}"}}]"#);
    // An empty page in the middle is not an end, and neither is one that misses ids.
    let pages = [
        named("1", "a", &link("/x?marker=1")),
        format!(r#"{{"keys":[]{}}}"#, link("/x?marker=2")),
        named("3", "", r#","links":[]"#),
    ];
    let texts: Vec<_> = pages.iter().map(String::as_str).collect();
    check(&texts, Request::new(&LIST), marked, Ok(&[1, 3]), &["", "marker=1", "marker=2"]).await;
    for href in ["/x", "/x?", "/x?limit=1", "/x?marker=", "/x?marker=#marker=1", "/x#?marker=1"] {
        let (items, why, resume) = cut(&[&named("1", "a", &link(href)), &named("2", "b", "")], marked).await;
        assert!(items == 1 && why.contains("gave no marker for it"), "{href}: {why}");
        assert_eq!(resume, None);
    }
    for none in [r#","links":[{"rel":"next","href":null}]"#, r#","links":[{"rel":"next","href":""}]"#, r#","links":[]"#]
    {
        check(&[&named("1", "a", none)], Request::new(&LIST), marked, Ok(&[1]), &[""]).await;
    }
}

#[tokio::test]
async fn next_link_never_changes_host_or_path() {
    for href in [
        "https://evil.example/x?marker=1",
        "//evil.example/?marker=1",
        "http://keys.example/other?marker=1",
        "https://keys.example@evil.example/keys?marker=1",
        "javascript:x?marker=1",
    ] {
        let transport = Arc::new(
            FakeTransport::new()
                .answer(200, &named("1", "a", &format!(r#","links":[{{"rel":"next","href":"{href}"}}]"#)))
                .answer(200, &named("2", "b", r#","links":[]"#)),
        );
        let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
            .transport(Arc::clone(&transport))
            .build()
            .unwrap()
            .with_version(&V1);
        let listing = marked(Call::new(&client, Request::new(&LIST))).items().into_listing().await.unwrap();
        assert!(listing.is_complete());
        let targets: Vec<_> = transport.sent().iter().map(|request| request.uri().to_string()).collect();
        assert_eq!(targets, ["https://keys.example/keys", "https://keys.example/keys?marker=1"], "{href}");
    }
}

/// A transport whose responses take a while.
#[derive(Debug)]
struct Slow(FakeTransport, Arc<FakeRuntime>, Duration);

impl Transport for Slow {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<http::Response<Bytes>, TransportError>> {
        self.1.advance(self.2);
        self.0.send(request)
    }
}

/// Three pages, each of which takes this many seconds, and the clock.
fn slow_list(seconds: u64) -> (Arc<Slow>, Client) {
    let page = |key: u32| format!(r#"{{"keys":[{key}],"count":3}}"#);
    let pages = (1..=3).fold(FakeTransport::new(), |transport, key| transport.answer(200, &page(key)));
    let runtime = Arc::new(FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
    let transport = Arc::new(Slow(pages, Arc::clone(&runtime), Duration::from_secs(seconds)));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .runtime(runtime)
        .build()
        .unwrap()
        .with_version(&V1);
    (transport, client)
}

#[tokio::test]
async fn list_timeout_counts_time_in_flight_and_not_the_caller() {
    // Seconds that each page takes, seconds that the caller works on each, pages that come within 10 seconds.
    for (delay, work, pages) in [(0, 3600, 3), (3, 0, 3), (3, 3600, 3), (5, 0, 2), (5, 3600, 2), (10, 3600, 1)] {
        let (transport, client) = slow_list(delay);
        let list = numbered(Call::new(&client, Request::new(&LIST))).items();
        let mut items = list.list_timeout(Duration::from_secs(10));
        let mut seen = 0;
        let end = loop {
            match items.next().await {
                Some(Ok(_)) => seen += 1,
                end => break end,
            }
            transport.1.advance(Duration::from_secs(work));
        };
        assert_eq!(seen, pages, "{delay} {work}");
        match end {
            None => assert_eq!(pages, 3),
            Some(Ok(_)) => unreachable!(),
            Some(Err(error)) => assert!(items.next().await.is_none(), "{error}"),
        }
        assert_eq!(transport.0.sent().len(), pages);
    }
}

#[tokio::test]
async fn list_timeout_that_is_over_names_the_page_and_keeps_what_came() {
    let (transport, client) = slow_list(5);
    let list = numbered(Call::new(&client, Request::new(&LIST))).items().list_timeout(Duration::from_secs(10));
    let listing = list.into_listing().await.unwrap();
    let Incomplete { reason, resume } = listing.incomplete().unwrap();
    let IncompleteReason::Failed(error) = reason else { panic!("{reason:?}") };
    assert_eq!((listing.items(), resume.as_deref()), ([1, 2].as_slice(), Some("2")));
    assert_eq!((error.kind(), error.is_unsent(), error.is_transient()), (ErrorKind::Timeout, true, true));
    assert_eq!(error.to_string(), "test keys 1 list failed: no time is left for page 3 of the list");
    assert_eq!(transport.0.sent().len(), 2);
}

#[tokio::test]
async fn call_timeout_of_a_list_limits_each_page() {
    let (_, client) = slow_list(4);
    let call = || Call::new(&client, Request::new(&LIST)).call_timeout(Duration::from_secs(5));
    assert_eq!(numbered(call()).items().try_collect().await.unwrap(), [1, 2, 3]);
}
