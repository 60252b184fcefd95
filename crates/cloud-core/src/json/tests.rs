//! Tests of reading JSON: what errors say, and which shapes are accepted.

use serde::Deserialize;

use super::*;
use crate::Json;
use crate::codegen::{As, LenientInt};

#[test]
fn errors_name_the_place_and_quote_nothing() {
    #[derive(Debug, Deserialize)]
    struct Page {
        #[allow(dead_code)]
        keys: Vec<Key>,
    }
    #[derive(Debug, Deserialize)]
    struct Key {
        #[allow(dead_code)]
        state: String,
        #[serde(default, with = "As::<Option<LenientInt>>")]
        #[allow(dead_code)]
        version: Option<i64>,
    }
    let cases = [
        (r#"{"keys":[{"state":"a"},{}]}"#, "`keys[1].state` is missing"),
        (r#"{"keys":[{"state":7}]}"#, "`keys[0].state` is not a string"),
        (r#"{"keys":[{"state":"a","version":"S3CRET"}]}"#, "`keys[0].version` is not an integer"),
        (r#"{"keys":"S3CRET"}"#, "`keys` is not an array"),
        (r#"{}"#, "`keys` is missing"),
        (r#"{"keys":["#, "response truncated at line 1 column 9"),
        (r#"{"keys":[{"state":"a","state":"b"}]}"#, "`state` comes twice in `keys[0]`"),
        (r#"{"keys":[],"keys":[]}"#, "`keys` comes twice"),
        ("{\"keys\": [\n  {\"state\": \"\\\"{[,\"},\n {\"state\": {\"a\": 1}}]}", "`keys[1].state` is not a string"),
        (
            "{\"keys\": [ {\"state\": \"a\", \"version\": [1, 2]}]}",
            "`keys[0].version` is not one value or a list of one",
        ),
        ("{\"keys\": [[]]}", "`keys[0]` is not an object"),
        ("{\"other\": [[1, {\"a\": []}]], \"keys\": {}}", "`keys` is not an array"),
        ("<html>", "invalid JSON at line 1 column 1"),
        (r#"{"keys":[]} x"#, "text follows the JSON value"),
    ];
    for (text, wanted) in cases {
        let error = from_json::<Page>(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let error = from_json::<Json>(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "cannot decode the response: byte 6 is not UTF-8; a proxy may have altered it");
    let error = from_json::<Json>(b"{\"a\":\"\xed\x95").unwrap_err();
    assert_eq!(error.to_string(), "response truncated at byte 6; the connection or a proxy may have cut it");
}

#[test]
fn array_is_not_accepted_as_an_object() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Page {
        name: String,
        #[serde(default)]
        keys: Vec<Key>,
        owner: Option<Key>,
        state: Option<State>,
        pair: Option<(String, i64)>,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Key {
        id: String,
        #[serde(default, with = "As::<Option<LenientInt>>")]
        version: Option<i64>,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    enum State {
        On { since: String },
    }
    let good = r#"{"name":"a","keys":[{"id":"k","version":"1"}],"owner":{"id":"o"},"state":{"On":{"since":"x"}},"pair":["a",1]}"#;
    let page = from_json::<Page>(good.as_bytes()).unwrap();
    assert_eq!((page.keys[0].version, page.owner.unwrap().id.as_str(), page.pair.unwrap().1), (Some(1), "o", 1));
    for (text, place) in [
        (r#"["S3CRET",[],null,null,null]"#, "the whole value is not an object"),
        (r#"{"name":"a","keys":[["S3CRET",1]]}"#, "`keys[0]` is not an object"),
        (r#"{"name":"a","owner":["S3CRET",1]}"#, "`owner` is not an object"),
        (r#"{"name":"a","state":{"On":["S3CRET"]}}"#, "`state.On` is not an object"),
    ] {
        let error = from_json::<Page>(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(place), "{text}: {error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
}

#[test]
fn deep_nesting_returns_an_error() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!("{}null{}", open.repeat(100_000), close.repeat(100_000));
        let error = from_json::<Json>(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().len() < 200, "{error}");
    }
}

#[test]
fn many_tiny_objects_are_refused() {
    let list = |object: &str, count: usize| format!("[{}]", vec![object; count].join(","));
    for (object, count, good) in [
        ("{}", 90_000, true),
        ("{}", 300_000, false),
        ("{\"a\":{}}", 300_000, false),
        ("{\"port\":443,\"proto\":\"tcp\"}", 90_000, true),
        ("{\"name\":\"twenty-four characters!\"}", 100_000, true),
        ("\"{{{{{{{{{\\\"{{{{{{{{{\"", 100_000, true),
    ] {
        let outcome = from_json::<serde_json::Value>(list(object, count).as_bytes());
        assert_eq!(outcome.is_ok(), good, "{count} of {object}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("more objects"), "{error}");
        }
    }
}
