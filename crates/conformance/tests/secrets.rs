//! No secret shows: canaries in every credential and every sensitive field, looked for in all that is printed.

#![cfg(test)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance::fixture::{self, Documented};
use conformance::harness::{Recorder, Secrets};
use conformance::{Context, Entry, Plant};
use serde_json::Value;

const MARK: &str = "canary/7Qz+9";
const SECRETS: Secrets = Secrets { mark: MARK };

/// Puts the canary into every sensitive field of a body.
struct Canary(Documented);

impl Plant for Canary {
    fn body(&self, _: &str, body: &mut Value) {
        if let Some(schema) = self.0.body_schema() {
            plant(&self.0, &schema.clone(), body);
        }
    }
}

fn plant(documented: &Documented, schema: &Value, value: &mut Value) -> usize {
    let mut count = 0;
    documented.visit(schema, value, &mut |property, value| {
        if property["x-sdk"]["sensitive"] == true && value.is_string() {
            *value = format!("{MARK}{count}").into();
            count += 1;
        }
    });
    count
}

/// The canary as it is and as it would look encoded.
fn forms() -> Vec<String> {
    let percent = MARK.bytes().map(|byte| match byte {
        b'/' | b'+' => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    });
    let percent = percent.collect::<String>();
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    // Of Base64, the part that does not depend on what follows.
    let stable = |text: String| text[..MARK.len() / 3 * 4].to_owned();
    vec![MARK.to_owned(), percent, hex, stable(STANDARD.encode(MARK)), stable(URL_SAFE_NO_PAD.encode(MARK))]
}

/// Everything printed around a call that gets this answer.
async fn shown(entry: &Entry, documented: &Documented, status: u16, answer: Option<&Value>) -> (String, bool) {
    let transport = Recorder::new(SECRETS, status, answer);
    let context = Context::new(SECRETS.clients(&transport)).with_plant(Canary(documented.clone()));
    let result = (entry.call)(&context).await;
    let worked = result.is_ok();
    (format!("{}\n{result:?}\n{context:?}", context.shown()), worked)
}

#[tokio::test]
async fn nothing_printed_holds_a_secret() {
    let (mut in_answers, mut in_bodies) = (0, 0);
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, mut answer) = documented.answer();
        if let (Some(answer), Some(schema)) = (&mut answer, documented.answer_schema()) {
            in_answers += plant(&documented, &schema.clone(), answer);
        }
        if let Some(schema) = documented.body_schema() {
            let mut body = documented.operation["requestBody"]["content"]["application/json"]["example"].clone();
            in_bodies += plant(&documented, &schema.clone(), &mut body);
        }
        // A service that echoes what it was sent, in the vendor's envelope of errors.
        let echo = serde_json::json!({
            "errors": [{"code": "Echo", "title": MARK, "detail": format!("not valid: {MARK}0")}],
            "header": {"isSuccessful": false, "resultCode": -1, "resultMessage": format!("not valid: {MARK}0")},
            "error": {"code": "Unknown", "message": format!("not valid: {MARK}0")},
        });
        let broken = serde_json::json!({"header": {"isSuccessful": true}, "body": MARK, "data": MARK, "results": MARK});
        let cases = [(status, answer, true), (400, Some(echo), false), (200, Some(broken), false)];
        for (status, answer, good) in cases {
            let echoes = status == 400;
            let (text, worked) = shown(entry, &documented, status, answer.as_ref()).await;
            assert!(worked || !good, "{entry}: {text}");
            assert!(!echoes || !worked, "{entry} took a refusal for an answer");
            // An echo of what this call did not send is the service's own text, not a leak of ours.
            if echoes && !has_secret_body(&documented) {
                continue;
            }
            for form in forms() {
                assert!(!text.contains(&form), "{entry}, status {status}: `{form}` shows in {text}");
            }
        }
    }
    // From the fixtures: so many sensitive fields stand in examples. A new one raises the numbers.
    assert_eq!((in_answers, in_bodies), (29, 18));
}

fn has_secret_body(documented: &Documented) -> bool {
    let Some(schema) = documented.body_schema() else { return false };
    let mut body = documented.operation["requestBody"]["content"]["application/json"]["example"].clone();
    plant(documented, &schema.clone(), &mut body) > 0
}
