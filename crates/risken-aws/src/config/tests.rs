//! Tests of settings: where they come from, what is refused, and that none is shown.

use std::collections::HashMap;

use cloud_core::ErrorKind;
use cloud_core::testing::FakeTransport;

use super::*;

const CANARY: &str = "canary-7f3a-token";

fn build(builder: RiskenBuilder, variables: &[(&str, &str)]) -> Result<Risken> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    builder.build_with(&|name| variables.get(name).map(|value| (*value).to_owned()))
}

/// URL and token of a request that is sent with these settings.
async fn sent(builder: RiskenBuilder, variables: &[(&str, &str)]) -> (String, String) {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"data":{}}"#));
    let risken = build(builder.transport(Arc::clone(&transport) as _), variables).unwrap();
    risken.aws().list_aws(1).await.unwrap();
    let request = transport.sent().remove(0);
    let header = &request.headers()["authorization"];
    assert!(header.is_sensitive());
    (request.uri().to_string(), header.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_url_is_completed() {
    for (url, wanted) in [
        ("https://risken.example", "https://risken.example/api/v1"),
        ("https://risken.example/", "https://risken.example/api/v1"),
        ("https://risken.example/api", "https://risken.example/api/v1"),
        ("https://risken.example/api/v1", "https://risken.example/api/v1"),
        ("https://risken.example/api/v1/", "https://risken.example/api/v1"),
        ("https://risken.example/sub/", "https://risken.example/sub/api/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"),
    ] {
        let (seen, _) = sent(Risken::builder().url(url).access_token("t"), &[]).await;
        assert_eq!(seen, format!("{wanted}/aws/list-aws/?project_id=1"), "{url}");
    }
    let (seen, _) =
        sent(Risken::builder().url("http://gateway:8000").access_token("t").allow_insecure_http(), &[]).await;
    assert_eq!(seen, "http://gateway:8000/api/v1/aws/list-aws/?project_id=1");
}

#[tokio::test]
async fn builder_before_environment_and_first_name_before_second() {
    let all = [
        ("RISKEN_URL", "https://first.example"),
        ("RISKEN_API_ENDPOINT", "https://second.example"),
        ("RISKEN_ACCESS_TOKEN", "first"),
        ("RISKEN_API_TOKEN", "second"),
    ];
    let path = "/api/v1/aws/list-aws/?project_id=1";
    let given = Risken::builder().url("https://given.example").access_token("given");
    assert_eq!(sent(given, &all).await, (format!("https://given.example{path}"), "Bearer given".into()));
    assert_eq!(sent(Risken::builder(), &all).await, (format!("https://first.example{path}"), "Bearer first".into()));
    let second = [("RISKEN_URL", ""), all[1], ("RISKEN_ACCESS_TOKEN", " "), ("RISKEN_API_TOKEN", " second\n")];
    assert_eq!(
        sent(Risken::builder(), &second).await,
        (format!("https://second.example{path}"), "Bearer second".into())
    );
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    const URL: (&str, &str) = ("RISKEN_URL", "https://a.example");
    let cases: &[Case] = &[
        (&[], &["url of the site", "RiskenBuilder::url", "RISKEN_URL", "RISKEN_API_ENDPOINT"]),
        (&[URL], &["access token", "RiskenBuilder::access_token", "RISKEN_ACCESS_TOKEN", "RISKEN_API_TOKEN"]),
        (
            &[("RISKEN_API_ENDPOINT", "http://a.example"), ("RISKEN_API_TOKEN", "t")],
            &["RISKEN_API_ENDPOINT: ", "https"],
        ),
        (&[("RISKEN_URL", "a.example"), ("RISKEN_API_TOKEN", "t")], &["RISKEN_URL: "]),
        (&[URL, ("RISKEN_API_TOKEN", "two\nlines")], &["RISKEN_API_TOKEN: ", "control characters"]),
        (&[URL, ("RISKEN_ACCESS_TOKEN", "t\u{e9}")], &["RISKEN_ACCESS_TOKEN: ", "non-ascii"]),
    ];
    for (variables, words) in cases {
        let error = build(Risken::builder(), variables).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in *words {
            assert!(error.to_string().contains(word), "{error} should contain {word}");
        }
        assert!(!error.to_string().contains("two"), "{error}");
    }
    let error = build(Risken::builder().url("https://a.example").access_token(" "), &[]).unwrap_err();
    assert!(error.to_string().contains("RiskenBuilder::access_token: the access token is empty"), "{error}");
}

#[tokio::test]
async fn no_debug_or_error_shows_the_token() {
    let transport = FakeTransport::new().answer_with(401, &[("content-type", "text/plain")], "Unauthenticated\n");
    let builder = Risken::builder().url("https://a.example").access_token(CANARY).transport(Arc::new(transport));
    let mut shown = format!("{builder:?}");
    let risken = build(builder, &[]).unwrap();
    let call = risken.aws().list_aws(1);
    shown.push_str(&format!("{risken:?} {:?} {call:?}", risken.aws()));
    let error = call.await.unwrap_err();
    shown.push_str(&format!("{error} {error:?}"));
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(shown.contains("a.example"), "the rest is shown: {shown}");
}
