//! Every documented example response decodes and encodes without loss.

#![cfg(test)]

use conformance::fixture::{self, Documented};
use conformance::harness::{Recorder, Secrets};
use conformance::{Context, Entry};
use serde_json::Value;

const SECRETS: Secrets = Secrets { mark: "test-" };

/// Makes the call with this answer; what was decoded, encoded again, if its type can be.
async fn decode(entry: &Entry, status: u16, answer: Option<&Value>) -> Result<Option<Value>, String> {
    let transport = Recorder::new(SECRETS, status, answer);
    let context = Context::new(SECRETS.clients(&transport));
    (entry.call)(&context).await?;
    Ok(context.answer(&format!("{}.{}.{}", entry.service, entry.version, entry.operation)))
}

/// The payload of an answer, out of its envelope.
fn payload(documented: &Documented, answer: &Value) -> Value {
    match documented.operation.document.envelope.as_deref() {
        Some("*") | None => answer.clone(),
        Some(name) => answer[name].clone(),
    }
}

fn wrap(documented: &Documented, answer: &Value, payload: Value) -> Value {
    let mut answer = answer.clone();
    match documented.operation.document.envelope.as_deref() {
        Some("*") => {
            for (name, member) in payload.as_object().into_iter().flatten() {
                answer[name] = member.clone();
            }
            answer
        }
        None => payload,
        Some(name) => {
            answer[name] = payload;
            answer
        }
    }
}

/// Equal but for what reading leniently changes: a number for its text, one value for a list of it, null for absent or "".
fn same(shown: &Value, encoded: &Value) -> bool {
    match (shown, encoded) {
        (Value::Object(shown), Value::Object(encoded)) => {
            let forth = shown.iter().all(|(name, value)| {
                let misspelled = if name == "clientSentCerfificate" { "clientSentCertificate" } else { name };
                // The common header is not part of the payload.
                name == "header"
                    || encoded.get(misspelled).map_or(value.is_null() || value == "", |other| same(value, other))
            });
            let back = encoded
                .iter()
                .all(|(name, value)| value.is_null() || shown.contains_key(name) || name == "clientSentCertificate");
            forth && back
        }
        (Value::Array(shown), Value::Array(encoded)) => {
            shown.len() == encoded.len() && shown.iter().zip(encoded).all(|(a, b)| same(a, b))
        }
        (Value::Array(shown), encoded) if shown.len() == 1 => same(&shown[0], encoded),
        (Value::String(shown), Value::Null) => shown.is_empty(),
        (Value::String(shown), Value::Number(number)) => *shown == number.to_string(),
        (Value::String(shown), Value::Bool(value)) => shown.eq_ignore_ascii_case(&value.to_string()),
        (Value::Number(shown), Value::String(encoded)) => shown.to_string() == *encoded,
        (Value::Number(shown), Value::Number(encoded)) => shown.as_f64() == encoded.as_f64(),
        (shown, encoded) => shown == encoded,
    }
}

#[tokio::test]
async fn example_responses_round_trip() {
    let mut wrong = Vec::new();
    let (mut decoded, mut encoded_again, mut serializable) = (0, 0, 0);
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, answer) = documented.response();
        let is_serializable = |schema| documented.sensitive_fields(schema).is_empty();
        serializable += usize::from(documented.payload_schema().is_some_and(is_serializable));
        match decode(entry, status, answer.as_ref()).await {
            Err(why) => wrong.push(format!("{entry}: {why}")),
            Ok(None) => decoded += 1,
            Ok(Some(first)) => {
                decoded += 1;
                encoded_again += 1;
                let answer = answer.unwrap_or_default();
                if !same(&payload(&documented, &answer), &first) {
                    wrong.push(format!("{entry}: {answer} became {first}"));
                }
                let again = wrap(&documented, &answer, first.clone());
                match decode(entry, status, Some(&again)).await {
                    Ok(Some(second)) if second == first => {}
                    other => wrong.push(format!("{entry}: {first} became {other:?}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(decoded, conformance::entries().count());
    // The other types hold a secret, or there is no payload.
    assert_eq!(encoded_again, serializable);
}

#[tokio::test]
async fn timestamps_keep_their_text() {
    let mut dates = 0;
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        let (status, Some(mut answer)) = documented.response() else { continue };
        let Some(schema) = documented.response_schema() else { continue };
        let mut planted = Vec::new();
        documented.visit(schema, &mut answer, &mut |property, value| {
            let is_date = property["format"] == "date-time" || property["x-sdk"]["type"] == "timestamp";
            if is_date && value.is_string() {
                let text = format!("no date at all {}", planted.len());
                *value = text.clone().into();
                planted.push(text);
            }
        });
        let back = decode(entry, status, Some(&answer)).await.unwrap_or_else(|why| panic!("{entry}: {why}"));
        if let Some(back) = back {
            let back = back.to_string();
            for text in &planted {
                assert!(back.contains(&format!("\"{text}\"")), "{entry}: {text} is lost in {back}");
            }
            dates += planted.len();
        }
    }
    assert!(dates > 200, "only {dates} dates were tried");
}
