//! Requests that are sent again after a response was lost, and payloads that say nothing.

use super::*;

static DELETE: Operation = operation("delete", Method::Delete, Idempotency::Idempotent).returns(false);
static DELETE_WITH_PAYLOAD: Operation = operation("delete", Method::Delete, Idempotency::Idempotent);
static DELETE_WITH_KNOWN_PAYLOAD: Operation =
    operation("delete", Method::Delete, Idempotency::Idempotent).already_deleted(r#"{"deleted":true}"#);
static PUT: Operation = operation("put", Method::Put, Idempotency::Idempotent);
static ISSUE: Operation = operation("issue", Method::Post, Idempotency::Unsafe).lost_response("its token is lost");

const ABSENT: &str = r#"{"error":"absent"}"#;

/// What the first attempt meets.
#[derive(Clone, Copy, Debug)]
enum First {
    Nothing,
    Lost,
    Unconnected,
    Status(u16),
}

fn transport(first: First) -> FakeTransport {
    match first {
        First::Nothing => FakeTransport::new(),
        First::Lost => FakeTransport::new().fail(Stage::PossiblySent),
        First::Unconnected => FakeTransport::new().fail(Stage::Connect),
        First::Status(status) => FakeTransport::new().answer(status, r#"{"error":"busy"}"#),
    }
}

#[tokio::test]
async fn repeated_deletion_that_finds_nothing_is_success_only_after_a_possible_one() {
    use First::{Lost, Nothing, Status, Unconnected};
    for (operation, first, answer, wanted) in [
        (&DELETE, Lost, (404, ABSENT), Ok("null")),
        (&DELETE, Status(504), (404, ABSENT), Ok("null")),
        // Nothing was deleted before, so the answer is what it says.
        (&DELETE, Nothing, (404, ABSENT), Err(false)),
        (&DELETE, Unconnected, (404, ABSENT), Err(false)),
        (&DELETE, Status(429), (404, ABSENT), Err(false)),
        (&DELETE, Status(401), (404, ABSENT), Err(false)),
        // A gateway's 404, and other refusals.
        (&DELETE, Lost, (404, r#"{"error":"Not Found"}"#), Err(true)),
        (&DELETE, Lost, (400, r#"{"error":"scheduled"}"#), Err(true)),
        (&DELETE_WITH_PAYLOAD, Lost, (404, ABSENT), Err(true)),
        (&DELETE_WITH_KNOWN_PAYLOAD, Lost, (404, ABSENT), Ok(r#"{"deleted":true}"#)),
        (&PUT, Lost, (404, ABSENT), Err(true)),
    ] {
        let outcome = call(transport(first).answer(answer.0, answer.1), operation).await;
        let case = format!("{} {first:?} {answer:?}", operation.name);
        match (outcome.result, wanted) {
            (Ok(value), Ok(wanted)) => assert_eq!(value.to_string(), wanted, "{case}"),
            (Err(error), Err(executed)) => {
                assert_eq!(error.status(), Some(answer.0), "{case}");
                assert_eq!(error.may_have_been_executed(), executed, "{case}: {error}");
                let told = error.to_string().contains("an earlier attempt may have been executed");
                assert_eq!(told, executed, "{case}: {error}");
            }
            (result, _) => panic!("{case}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn response_of_a_repeated_deletion_keeps_its_status() {
    let transport = Arc::new(transport(First::Lost).answer(404, ABSENT));
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(&transport))
        .runtime(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
        .build()
        .unwrap();
    let response = Call::<()>::new(&client, Request::new(&DELETE)).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.parts().attempts), (404, 2));
}

#[tokio::test]
async fn error_says_what_a_lost_response_loses_for_good() {
    for (transport, lost) in [
        (transport(First::Lost), true),
        (transport(First::Status(502)), true),
        (FakeTransport::new().answer(200, "not json"), true),
        (transport(First::Unconnected), false),
        (FakeTransport::new().answer(400, r#"{"error":"no"}"#), false),
    ] {
        let error = call(transport, &ISSUE).await.result.unwrap_err();
        assert_eq!(error.to_string().contains("its token is lost"), lost, "{error}");
        assert_eq!(error.may_have_been_executed(), lost, "{error}");
    }
    assert!(!call(transport(First::Lost), &SHOW).await.result.unwrap_err().may_have_been_executed());
}

static LIST: Operation = operation("list", Method::Get, Idempotency::Safe).known_members(&["keys", "links"]);

#[tokio::test]
async fn payload_without_a_known_member_is_no_empty_result() {
    for (payload, valid) in [
        ("{}", true),
        (r#"{"keys":[]}"#, true),
        (r#"{"links":null,"newer":1}"#, true),
        (r#"{"key_list":[1]}"#, false),
        (r#"{"message":"under maintenance"}"#, false),
        (r#"{"Keys":[1]}"#, false),
    ] {
        let result = call(FakeTransport::new().answer(200, payload), &LIST).await.result;
        match result {
            Ok(value) => assert!(valid, "{payload}: {value}"),
            Err(error) => {
                assert!(!valid, "{payload}: {error}");
                assert_eq!(error.kind(), ErrorKind::Decode);
            }
        }
    }
}
