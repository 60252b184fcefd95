//! Error texts for invalid responses: for every operation one line with status and request
//! id, and nothing else of the response but its bounded error text.

#![cfg(test)]

use conformance::harness::{Recorder, Reply, Secrets};
use conformance::{Context, Entry, fixture};
use serde_json::{Value, json};

const ID: (&str, &str) = ("x-request-id", "request-7Qz9");
const PLAIN: &[(&str, &str)] = &[ID, ("content-type", "application/json")];
const PACKED: &[(&str, &str)] = &[ID, ("content-encoding", "gzip")];
const HTML: &[(&str, &str)] = &[ID, ("content-type", "text/html")];
const FLOOD: &str = "flood of text ";

struct Bad {
    name: &'static str,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    /// One of these stands in the error.
    says: &'static [&'static str],
}

fn bad(name: &'static str, status: u16, body: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Bad {
    Bad { name, status, headers: PLAIN, body: body.into(), says }
}

/// Answers that are wrong for every operation that returns something. `good` is its good answer.
fn all(good: &Value) -> Vec<Bad> {
    let text = good.to_string();
    let not_read = &["cannot decode", "is not an object", "has no `header`", "has no `data`"];
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut latin = text.clone().into_bytes();
    latin.insert(2, 0xe9);
    let flood = FLOOD.repeat(2_000);
    let failure = json!({
        "errors": [{"code": "Odd", "title": "odd", "detail": flood}],
        "header": {"isSuccessful": false, "resultCode": -1, "resultMessage": flood},
        "error": {"code": "Odd", "message": flood},
    });
    let lines = json!({
        "errors": [{"code": "Od\nd", "title": "a", "detail": "first\r\nINFO second\u{1b}[31m\u{85}third"}],
        "header": {"isSuccessful": false, "resultCode": "-\n1", "resultMessage": "first\r\nINFO second\u{1b}[31m\u{85}third"},
        "error": {"code": "Od\nd", "message": "first\r\nINFO second\u{1b}[31m\u{85}third"},
    });
    vec![
        Bad { headers: HTML, ..bad("a page", 200, "<html>\n<b>no</b>", &["HTML page instead of JSON"]) },
        Bad { headers: HTML, ..bad("a page of a gateway", 502, "<html>\n<b>no</b>", &["HTML page", " failed: "]) },
        bad("nothing", 200, "", &["the response body is empty; expected JSON"]),
        bad("words", 200, "upstream\nconnect error", &["plain text instead of JSON"]),
        bad("the end missing", 200, &text.as_bytes()[..text.len() - 1], &["response truncated", "is not an object"]),
        bad("more behind it", 200, format!("{text}{text}"), &["text follows", "is not an object"]),
        bad("a number", 200, "7", not_read),
        bad("a text", 200, "\"7\"", not_read),
        bad("a list", 200, format!("[{text}]"), not_read),
        bad("null", 200, "null", not_read),
        bad("another encoding", 200, utf16, &["cannot decode", "response truncated", "is not an object"]),
        bad("bytes that are no text", 200, latin, &["cannot decode", "is not an object"]),
        bad("a mark before it", 200, format!("\u{feff}{text}"), &["plain text instead of JSON"]),
        Bad {
            headers: PACKED,
            ..bad("something packed", 200, [0x1f, 0x8b, 8, 0], &["compressed or otherwise encoded"])
        },
        bad("a redirect", 302, "", &["redirect, which is not followed"]),
        bad("a failure in good clothes", 200, failure.to_string(), &[" refused: "]),
        bad("a failure of many words", 400, failure.to_string(), &[" refused: "]),
        bad("a failure of several lines", 400, lines.to_string(), &[" refused: "]),
        bad("success in bad clothes", 500, text, &[" failed: "]),
    ]
}

async fn call(entry: &'static Entry, bad: &Bad) -> Result<(), String> {
    let secrets = Secrets { mark: "" };
    let transport = Recorder::replying(secrets, Reply::Headed(bad.status, bad.headers, bad.body.clone()));
    (entry.call)(&Context::new(secrets.clients(&transport))).await
}

#[tokio::test]
async fn error_for_invalid_response_is_one_line_with_status_and_request_id() {
    let mut checked = 0;
    for entry in conformance::entries() {
        // Where nothing is returned, nothing in a good answer can be wrong but its shape.
        let Some(good) = fixture::find(entry).unwrap().response().1 else { continue };
        for bad in all(&good) {
            let Err(error) = call(entry, &bad).await else {
                // Nothing of what the vendor documents here is read, or null stands for what is empty.
                let ignored = call(entry, &self::bad("", 200, "{}", &[])).await.is_ok() || bad.name == "null";
                assert!(ignored || entry.vendor == "nhn", "{entry} took {} for an answer", bad.name);
                continue;
            };
            let shown = format!("{entry}: {}: {error}", bad.name);
            assert!(!error.chars().any(char::is_control) && error.chars().count() < 600, "{shown}");
            assert!(error.contains(&format!("status {}", bad.status)), "{shown}");
            assert!(error.contains(ID.1), "{shown}");
            // Two vendors can have services of one name.
            assert!(error.contains(&format!("{entry} ")), "{shown}");
            assert!(bad.says.iter().any(|says| error.contains(says)), "{shown}");
            assert!(error.matches(FLOOD).count() < 40, "{shown}");
            checked += 1;
        }
    }
    assert!(checked > 2000, "only {checked} answers were checked");
}
