//! Secrets stay secret: canaries in every credential and every sensitive field must not appear in logs or
//! output, however an operation ends.

#![cfg(test)]

use std::sync::Arc;

use cloud_core::testing::{assert_no_leak, assert_no_leak_async};
use cloud_core::transport::Stage;
use conformance::fixture::{self, Documented};
use conformance::harness::{Recorder, Reply, Secrets};
use conformance::{Context, Entry, Plant};
use serde_json::{Value, json};

const MARK: &str = "canary/7Qz+9";
const SECRETS: Secrets = Secrets { mark: MARK };

/// Puts the canary into every sensitive field of a body.
struct Canary(Documented);

impl Plant for Canary {
    fn body(&self, _: &str, body: &mut Value) {
        if let Some(schema) = self.0.body_schema() {
            plant(&self.0, schema, body);
        }
    }
}

fn plant(documented: &Documented, schema: &'static Value, value: &mut Value) -> usize {
    let mut count = 0;
    documented.visit(schema, value, &mut |property, value| {
        if property["x-sdk"]["sensitive"] == true && value.is_string() {
            *value = planted(property, count).into();
            count += 1;
        }
    });
    count
}

/// The canary in the format of the field.
fn planted(property: &Value, count: usize) -> String {
    let media = property["contentMediaType"].as_str();
    match (media, property["contentEncoding"].as_str(), property["x-sdk"]["type"].as_str()) {
        (Some("application/json"), _, _) => json!({"password": format!("{MARK}{count}")}).to_string(),
        (Some(_), _, _) => format!("-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n"),
        // It is Base64 itself.
        (_, Some("base64"), None) => MARK.to_owned(),
        _ => format!("{MARK}{count}"),
    }
}

/// How many sensitive fields the schema has; every example shows each of them at least once.
fn sensitive(documented: &Documented, schema: Option<&'static Value>) -> usize {
    schema.map_or(0, |schema| documented.sensitive_fields(schema).len())
}

/// The documented good answer with canaries, and how many there are.
fn planted_answer(documented: &Documented) -> (u16, Option<Value>, usize) {
    let (status, mut answer) = documented.response();
    let mut count = 0;
    if let (Some(answer), Some(schema)) = (&mut answer, documented.response_schema()) {
        add_fields_of_one_realm(documented, answer);
        count = plant(documented, schema, answer);
    }
    (status, answer, count)
}

/// Adds the fields of the payload that only one realm has, which no example shows.
fn add_fields_of_one_realm(documented: &Documented, answer: &mut Value) {
    let Some(schema) = documented.payload_schema() else { return };
    let properties = documented.resolve(schema)["properties"].as_object().into_iter().flatten();
    for (name, _) in properties.filter(|(_, property)| property["x-realm"].is_string()) {
        answer["body"][name] = "x".into();
    }
}

fn planted_body(documented: &Documented) -> usize {
    let Some(schema) = documented.body_schema() else { return 0 };
    let mut body = documented.body_example();
    plant(documented, schema, &mut body)
}

/// Makes the call with this reply, proves that nothing leaks, and returns how it ended.
async fn judged(entry: &'static Entry, documented: &Documented, reply: Reply) -> (Result<(), String>, Arc<Recorder>) {
    let transport = Recorder::replying(SECRETS, reply);
    let context = Context::new(SECRETS.clients(&transport)).with_plant(Canary(*documented)).planning();
    let shown = assert_no_leak_async(MARK, || async {
        let result = (entry.call)(&context).await;
        let error = result.err().unwrap_or_default();
        vec![error, context.shown(), format!("{context:?} {context:#?}")]
    });
    let error = shown.await.swap_remove(0);
    (if error.is_empty() { Ok(()) } else { Err(error) }, transport)
}

#[tokio::test]
async fn secrets_are_not_shown_on_success() {
    let mut missed = Vec::new();
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, answer, count) = planted_answer(&documented);
        for (place, planted, schema) in [
            ("response", count, documented.response_schema()),
            ("body", planted_body(&documented), documented.body_schema()),
        ] {
            let documented = sensitive(&documented, schema);
            if planted < documented {
                missed.push(format!("{entry}: {planted} of {documented} sensitive fields in the {place}"));
            }
        }
        let (result, transport) = judged(entry, &documented, Reply::answer(status, answer.as_ref())).await;
        assert_eq!(result, Ok(()), "{entry}");
        if planted_body(&documented) > 0 {
            let body = transport.sent()[0].body().clone();
            assert!(String::from_utf8_lossy(&body).contains(MARK), "{entry}: the canary was not sent");
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test]
async fn authentication_headers_are_sensitive() {
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, answer, _) = planted_answer(&documented);
        let (_, transport) = judged(entry, &documented, Reply::answer(status, answer.as_ref())).await;
        let sent = transport.sent();
        for request in &sent {
            let shown = format!("{:?}", request.headers());
            assert!(!shown.contains(MARK) && !shown.contains("aa:bb:cc"), "{entry}: {shown}");
            let hidden = request.headers().values().filter(|value| value.is_sensitive()).count();
            let wanted = match (entry.vendor, entry.service, entry.version) {
                ("scp", ..) => 2,
                // The MAC address, and a token or the key and its secret.
                ("nhn", "secure-key-manager", "1.3") => 2,
                ("nhn", "secure-key-manager", "1.2") => 3,
                _ => 1,
            };
            assert_eq!(hidden, wanted, "{entry}: {shown}");
        }
        assert_eq!(sent.len(), 1, "{entry}");
    }
}

/// An error in each vendor's envelope that quotes this part of the request.
fn echo(part: &str) -> Value {
    json!({
        "errors": [{"code": "Echo", "title": part, "detail": format!("not valid: {part}")}],
        "header": {"isSuccessful": false, "resultCode": -1, "resultMessage": format!("not valid: {part}")},
        "error": {"code": "Unknown", "message": format!("not valid: {part}")},
    })
}

fn headers(request: &http::Request<bytes::Bytes>) -> String {
    let mut text = String::new();
    for (name, value) in request.headers().iter().filter(|(_, value)| value.is_sensitive()) {
        text.push_str(&format!("{name}: {} ", String::from_utf8_lossy(value.as_bytes())));
    }
    text
}

#[tokio::test]
async fn secrets_are_not_shown_when_a_refusal_echoes_them() {
    let parts: [fn(&http::Request<bytes::Bytes>) -> Value; 3] = [
        |request| echo(&headers(request)),
        |request| echo(&String::from_utf8_lossy(request.body())),
        |request| echo(&request.uri().to_string()),
    ];
    let mut quoted = 0;
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        for part in parts {
            let (result, transport) = judged(entry, &documented, Reply::Echo(400, part)).await;
            assert!(result.is_err(), "{entry} took a refusal for an answer");
            quoted += usize::from(transport.sent().iter().any(|sent| part(sent).to_string().contains(MARK)));
        }
    }
    // Tokens, keys, secrets in bodies and app keys in paths; signatures hold no secret.
    assert!(quoted > 100, "only {quoted} answers quoted a secret");
}

#[tokio::test]
async fn secrets_are_not_shown_when_decoding_fails() {
    let broken = json!({"header": {"isSuccessful": true}, "body": MARK, "data": MARK, "results": MARK});
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, answer, count) = planted_answer(&documented);
        // Where every member is optional, this is an answer without any.
        let (Ok(()) | Err(_), _) = judged(entry, &documented, Reply::answer(200, Some(&broken))).await;
        let Some(answer) = answer.map(|answer| answer.to_string()) else { continue };
        // Cut off inside, so that what came before has been read already.
        for cut in [answer.len() - 1, answer.len() * 2 / 3] {
            let text = String::from_utf8_lossy(&answer.as_bytes()[..cut]).into_owned();
            let (result, _) = judged(entry, &documented, Reply::Answer(status, text)).await;
            assert!(result.is_err() || count == 0, "{entry} took a part for the whole");
        }
        for text in [format!("<html>{MARK}</html>"), format!("upstream said {MARK}"), format!("[{MARK:?}]")] {
            for status in [200, 502] {
                let (result, _) = judged(entry, &documented, Reply::Answer(status, text.clone())).await;
                assert!(result.is_err() || count == 0, "{entry} took {text} for an answer");
            }
        }
    }
}

#[test]
fn secrets_are_not_shown_when_the_transport_fails() {
    // One thread runs everything, so what the tasks of the clients log is seen too.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let endings = assert_no_leak(MARK, || {
        runtime.block_on(async {
            let mut calls = tokio::task::JoinSet::new();
            for entry in conformance::entries() {
                for stage in [Stage::Invalid, Stage::Connect, Stage::PossiblySent, Stage::Response] {
                    calls.spawn(async move {
                        let documented = fixture::find(entry).unwrap();
                        let transport = Recorder::replying(SECRETS, Reply::Fail(stage));
                        let context = Context::new(SECRETS.clients(&transport)).with_plant(Canary(documented));
                        let error = (entry.call)(&context).await.expect_err("a failure");
                        format!("{entry}: {error} {}", context.shown())
                    });
                }
            }
            calls.join_all().await
        })
    });
    assert_eq!(endings.len(), conformance::entries().count() * 4);
}
