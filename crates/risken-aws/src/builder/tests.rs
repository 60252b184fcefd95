//! Tests of settings: where they come from, what is refused, and that none is shown.

use cloud_core::config::ConfigSource;
use cloud_core::testing::FakeTransport;
use cloud_core::{Error, ErrorKind};

use super::*;
use crate::ProjectId;

const CANARY: &str = "canary-7f3a-token";

#[derive(Debug)]
struct Variables(Vec<(&'static str, &'static str)>);

impl ConfigSource for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }
}

fn with(variables: &[(&'static str, &'static str)]) -> RiskenBuilder {
    Risken::builder().config_source(Variables(variables.to_vec()))
}

fn error(builder: RiskenBuilder) -> Error {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error
}

/// URL and token of a request that is sent with these settings.
async fn sent(builder: RiskenBuilder) -> (String, String) {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"data":{}}"#));
    let risken = builder.transport(Arc::clone(&transport)).build().unwrap();
    risken.aws().list_aws(ProjectId::new(1).unwrap()).await.unwrap();
    let request = transport.sent().remove(0);
    let header = &request.headers()["authorization"];
    assert!(header.is_sensitive());
    (request.uri().to_string(), header.to_str().unwrap().to_owned())
}

#[test]
fn handle_and_builder_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Risken>();
    check::<RiskenBuilder>();
}

#[tokio::test]
async fn user_agent_names_the_crate_and_the_caller_first() {
    let crate_name = concat!("risken-aws/", env!("CARGO_PKG_VERSION"));
    for (app, wanted) in [(None, crate_name.to_owned()), (Some("my-app/1.2"), format!("my-app/1.2 {crate_name}"))] {
        let transport = Arc::new(FakeTransport::new().answer(200, r#"{"data":{}}"#));
        let mut builder = Risken::builder().endpoint("https://a.example").access_token("t");
        if let Some(app) = app {
            builder = builder.app_name(app);
        }
        builder
            .transport(Arc::clone(&transport))
            .build()
            .unwrap()
            .aws()
            .list_aws(ProjectId::new(1).unwrap())
            .await
            .unwrap();
        assert_eq!(transport.sent()[0].headers()["user-agent"], wanted);
    }
}

#[tokio::test]
async fn site_url_is_completed_with_the_path_of_the_api() {
    for (url, wanted) in [
        ("https://risken.example", "https://risken.example/api/v1"),
        ("https://risken.example/", "https://risken.example/api/v1"),
        ("https://risken.example/api", "https://risken.example/api/v1"),
        ("https://risken.example/api/v1", "https://risken.example/api/v1"),
        ("https://risken.example/api/v1/", "https://risken.example/api/v1"),
        ("https://risken.example/sub/", "https://risken.example/sub/api/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"),
    ] {
        let (seen, _) = sent(Risken::builder().endpoint(url).access_token("t")).await;
        assert_eq!(seen, format!("{wanted}/aws/list-aws/?project_id=1"), "{url}");
    }
    let (seen, _) =
        sent(Risken::builder().endpoint("http://gateway:8000").access_token("t").allow_insecure_http()).await;
    assert_eq!(seen, "http://gateway:8000/api/v1/aws/list-aws/?project_id=1");
}

#[tokio::test]
async fn builder_comes_before_environment_and_first_variable_before_second() {
    let all = [
        ("RISKEN_URL", "https://first.example"),
        ("RISKEN_API_ENDPOINT", "https://second.example"),
        ("RISKEN_ACCESS_TOKEN", "first"),
        ("RISKEN_API_TOKEN", "second"),
    ];
    let path = "/api/v1/aws/list-aws/?project_id=1";
    let given = with(&all).endpoint("https://given.example").access_token("given");
    assert_eq!(sent(given).await, (format!("https://given.example{path}"), "Bearer given".into()));
    assert_eq!(sent(with(&all)).await, (format!("https://first.example{path}"), "Bearer first".into()));
    let second = [all[1], ("RISKEN_ACCESS_TOKEN", " "), ("RISKEN_API_TOKEN", " second\n")];
    assert_eq!(sent(with(&second)).await, (format!("https://second.example{path}"), "Bearer second".into()));
}

#[test]
fn missing_or_malformed_setting_is_named_with_every_place_searched() {
    type Case = (&'static [(&'static str, &'static str)], &'static str);
    const URL: (&str, &str) = ("RISKEN_URL", "https://a.example");
    let cases: &[Case] = &[
        (&[], "endpoint is not set: use RiskenBuilder::endpoint, or set RISKEN_URL or RISKEN_API_ENDPOINT"),
        (
            &[URL],
            "access_token is not set: use RiskenBuilder::access_token, or set RISKEN_ACCESS_TOKEN or RISKEN_API_TOKEN",
        ),
        (
            &[("RISKEN_API_ENDPOINT", "http://a.example"), ("RISKEN_API_TOKEN", "t")],
            "setting endpoint = `http://a.example` (RISKEN_API_ENDPOINT): the endpoint must begin with https://",
        ),
        (&[("RISKEN_URL", "a.example"), ("RISKEN_API_TOKEN", "t")], "setting endpoint (RISKEN_URL): the endpoint"),
        (
            &[("RISKEN_URL", ""), ("RISKEN_API_ENDPOINT", "https://a.example")],
            "setting endpoint (RISKEN_URL): the variable is empty; unset it",
        ),
        (
            &[URL, ("RISKEN_API_TOKEN", "two\nlines")],
            "setting access_token (RISKEN_API_TOKEN): the value contains control",
        ),
        (
            &[URL, ("RISKEN_ACCESS_TOKEN", "t\u{e9}")],
            "setting access_token (RISKEN_ACCESS_TOKEN): the value contains blanks or",
        ),
    ];
    for (variables, wanted) in cases {
        let text = error(with(variables)).to_string();
        assert!(text.starts_with(wanted) && !text.contains("two"), "{text}");
    }
    let text = error(Risken::builder()).to_string();
    assert!(text.ends_with("or `.env()` to read RISKEN_URL or RISKEN_API_ENDPOINT"), "{text}");
    let text = error(Risken::builder().endpoint("https://a.example").access_token(" t")).to_string();
    assert!(text.starts_with("setting access_token (RiskenBuilder::access_token): the value begins or ends"), "{text}");
}

#[tokio::test]
async fn debug_and_errors_do_not_show_the_token() {
    let transport = FakeTransport::new().answer_with(401, &[("content-type", "text/plain")], "Unauthenticated\n");
    let builder = Risken::builder().endpoint("https://a.example").access_token(CANARY).transport(transport);
    let mut shown = format!("{builder:?}");
    let risken = builder.build().unwrap();
    let call = risken.aws().list_aws(ProjectId::new(1).unwrap());
    shown.push_str(&format!("{risken:?} {:?} {call:?}", risken.aws()));
    let error = call.await.unwrap_err();
    shown.push_str(&format!("{error} {error:?}"));
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(shown.contains("a.example"), "the rest is shown: {shown}");
}
