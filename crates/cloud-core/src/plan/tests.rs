//! Tests of plans: what they hold, what they show, and that nothing is sent.
use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use time::macros::datetime;

use crate::auth::{Generation, SignContext, SignaturePlan};
use crate::dialect::{Dialect, RawResponse, ResponseOutcome};
use crate::operation::{ApiVersion, CallContext, Method, Operation, Segment};
use crate::page::Pages;
use crate::page::tests::List;
use crate::request::{Body, Request};
use crate::testing::{FakeRuntime, FakeTransport, assert_no_leak};
use crate::validate::{Constraint, Validator};
use crate::{BoxFuture, Call, Client, Endpoint, ErrorKind, Plan, Result, Signer};

static V1: ApiVersion = ApiVersion::new("test", "keys", "1");
static SHOW: Operation = Operation::new(
    "show",
    Method::Get,
    &[Segment::Literal("/app/"), Segment::Config("app"), Segment::Literal("/keys/"), Segment::Param("key")],
);
static CREATE: Operation = Operation::new("create", Method::Post, &[Segment::Literal("/keys")]);

/// Has an app key and a secret header, whose variable is named after it.
#[derive(Debug)]
struct Vendor;

impl Dialect for Vendor {
    fn prepare(&self, _: CallContext, headers: &mut HeaderMap) -> Result<()> {
        let mut address = HeaderValue::from_static("hunter22-address");
        address.set_sensitive(true);
        headers.insert("x-mac-addr", address);
        Ok(())
    }

    fn config(&self, _: CallContext, name: &str) -> Option<&str> {
        (name == "app").then_some("hunter22-app")
    }

    fn shell_variable(&self, _: CallContext, name: &str) -> Option<&'static str> {
        (name == "app").then_some("APP_KEY")
    }

    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        ResponseOutcome::Payload(answer.body.clone())
    }
}

/// Sends a token, which may have to be requested first, and the time.
#[derive(Debug)]
struct Token {
    pending: bool,
}

const TIME: HeaderName = HeaderName::from_static("x-time");

impl Token {
    fn add(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) {
        assert_eq!(context.url, request.uri().to_string());
        let mut token = HeaderValue::from_static("Bearer hunter22-token");
        token.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, token);
        request.headers_mut().insert(TIME, HeaderValue::from(context.now.unix_timestamp()));
    }
}

impl Signer for Token {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        self.add(context, request);
        Box::pin(std::future::ready(Ok(Generation::FIXED)))
    }

    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        self.add(context, request);
        let plan = SignaturePlan::new(&["TOKEN"]).step("now=$(date +%s)").header(TIME, "$now");
        Ok(plan.header(AUTHORIZATION, "Bearer $TOKEN").pending(self.pending))
    }
}

struct Note(&'static str);

impl Body for Note {
    fn encode(&self) -> Result<Bytes> {
        Ok(Bytes::from_static(self.0.as_bytes()))
    }

    fn validate(&self, validator: &mut Validator) {
        validator.text("note", self.0, &[Constraint::MaxChars(20)]);
    }
}

fn client(transport: &Arc<FakeTransport>, pending: bool) -> Client {
    Client::builder(Endpoint::parse("https://keys.example").unwrap(), Vendor)
        .signer(Token { pending })
        .transport(Arc::clone(transport))
        .runtime(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
        .user_agent(HeaderValue::from_static("it's-me/1.0"))
        .build()
        .unwrap()
        .with_version(&V1)
}

fn show() -> Request {
    Request::new(&SHOW).path("key", "o'key $1").query("name", "hunter22 `name`").query("size", 20_i64)
}

fn create(note: &'static str) -> Request {
    Request::new(&CREATE).body(&Note(note))
}

#[tokio::test]
async fn plan_is_the_request_that_is_sent_without_credentials() {
    for request in [show, || create("\"hunter22\"")] {
        let transport = Arc::new(FakeTransport::new().answer(200, "1"));
        let call = Call::<u32>::new(&client(&transport, false), request());
        let plan = call.plan().unwrap();
        assert!(transport.sent().is_empty(), "a plan sends nothing");
        call.await.unwrap();
        let sent = transport.sent().remove(0);
        assert_eq!(
            (plan.method().as_str(), plan.body().unwrap_or_default()),
            (sent.method().as_str(), &sent.body()[..])
        );
        assert_eq!(plan.url().replace("{app}", "hunter22-app"), sent.uri().to_string());
        let planned = plan.headers().iter().map(|header| (header.name.clone(), header.value.clone(), header.length));
        let headers = sent.headers().iter().map(|(name, value)| {
            let shown = (!value.is_sensitive()).then(|| value.to_str().unwrap().to_owned());
            (name.clone(), shown, value.len())
        });
        assert_eq!(planned.collect::<Vec<_>>(), headers.collect::<Vec<_>>());
    }
}

#[test]
fn printed_plan_shows_no_values() {
    let transport = Arc::new(FakeTransport::new());
    let shown = assert_no_leak("hunter22", || {
        let plans = [show(), create("\"hunter22\"")].map(|request| {
            let plan = Call::<u32>::new(&client(&transport, false), request).plan().unwrap();
            [plan.to_string(), format!("{plan:?} {plan:#?}")]
        });
        plans.concat()
    });
    assert_eq!(
        shown[0],
        "test keys 1 show\n\
         GET https://keys.example/app/{app}/keys/{key}?name=…&size=…\n\
         accept: application/json\n\
         user-agent: it's-me/1.0\n\
         x-mac-addr: [redacted]\n\
         authorization: [redacted]\n\
         x-time: 1767225600\n\
         no body"
    );
    assert!(shown[2].contains("POST https://keys.example/keys\n"), "{}", shown[2]);
    assert!(shown[2].ends_with("\nbody: 10 bytes of application/json"), "{}", shown[2]);
    let pending = Call::<u32>::new(&client(&transport, true), show()).plan().unwrap();
    assert!(pending.requests_credentials());
    assert!(pending.to_string().contains("\nauthorization: [requested by the call]\n"), "{pending}");
}

#[test]
fn curl_line_quotes_values_and_names_what_must_be_set() {
    let transport = Arc::new(FakeTransport::new());
    let plan = |request| Call::<u32>::new(&client(&transport, false), request).plan().unwrap();
    let (show, create) = (plan(show()), plan(create("1")));
    assert_eq!(show.variables(), ["TOKEN", "APP_KEY", "X_MAC_ADDR"]);
    assert_eq!(
        show.as_curl(),
        r#"(: "${TOKEN:?}" "${APP_KEY:?}" "${X_MAC_ADDR:?}" && "#.to_owned()
            + r#"url='https://keys.example/app/'"$APP_KEY"'/keys/o%27key%20%241?name=hunter22%20%60name%60&size=20' && "#
            + r#"now=$(date +%s) && curl -sS -g -X GET "$url" -H 'accept: application/json' "#
            + r#"-H 'user-agent: it'\''s-me/1.0' -H "x-mac-addr: $X_MAC_ADDR" "#
            + r#"-H "authorization: Bearer $TOKEN" -H "x-time: $now")"#
    );
    assert_eq!(create.variables(), ["TOKEN", "X_MAC_ADDR", "BODY_FILE"]);
    assert!(create.as_curl().ends_with(r#" --data-binary @"$BODY_FILE")"#), "{}", create.as_curl());
    let bare = plan(Request::new(&CREATE)).as_curl();
    assert!(bare.ends_with(" -H 'content-type:' -d '')"), "{bare}");
}

#[tokio::test]
async fn plan_fails_as_the_call_does() {
    let long = "\"longer than the limit of the note\"";
    let cases: [(fn() -> Request, ErrorKind); 4] = [
        (|| create("\"longer than the limit of the note\""), ErrorKind::Request),
        (|| Request::new(&SHOW), ErrorKind::Request),
        (|| Request::new(&SHOW).path("key", ".."), ErrorKind::Request),
        (|| create("1").query("name", ""), ErrorKind::Request),
    ];
    let transport = Arc::new(FakeTransport::new().answer(200, "1"));
    for (request, kind) in cases {
        let call = || Call::<u32>::new(&client(&transport, false), request());
        let error = call().plan().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), call().await.unwrap_err().to_string());
    }
    let client = client(&transport, false);
    let refused = Call::<u32>::new(&client.clone().read_only(), create("1"));
    assert_eq!(refused.plan().unwrap_err().kind(), ErrorKind::Restricted);
    let call = Call::<u32>::new(&client, create(long));
    let error = call.plan().unwrap_err().to_string();
    assert_eq!(error, call.plan().unwrap_err().to_string(), "a plan leaves the call as it is");
    assert!(call.skip_validation().plan().is_ok());
}

#[tokio::test]
async fn list_plans_its_next_page() {
    let transport = Arc::new(
        FakeTransport::new().answer(200, r#"{"keys":[1,2],"count":3}"#).answer(200, r#"{"keys":[3],"count":3}"#),
    );
    let call = Call::new(&client(&transport, false), Request::new(&CREATE).query("size", 2_i64));
    let mut pages = Pages::<List>::numbered(call, "page", "size", 1);
    let mut planned = Vec::new();
    while let Ok(plan) = pages.plan() {
        planned.push(plan.url().to_owned());
        pages.next().await.unwrap().unwrap();
    }
    let sent: Vec<_> = transport.sent().iter().map(|sent| sent.uri().to_string()).collect();
    assert_eq!((planned.len(), &planned), (2, &sent));
    let ended: Result<Plan> = pages.plan();
    assert_eq!(ended.unwrap_err().message(), "the list has ended; no page follows");
}
