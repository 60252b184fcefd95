//! Tests of the lenient codecs.
use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    #[serde(with = "As::<LenientInt>")]
    count: i64,
    #[serde(default, with = "As::<Option<LenientInt>>")]
    maybe: Option<i64>,
    #[serde(with = "As::<LenientBool>")]
    on: bool,
    #[serde(default, with = "As::<LenientOptionalBool>")]
    valid: Option<bool>,
    #[serde(default, with = "As::<Vec<LenientInt>>")]
    rules: Vec<i64>,
}

fn check(json: &str, wanted: Option<(i64, Option<i64>, bool, Option<bool>)>) {
    let read = from_json::<Sample>(json.as_bytes());
    let seen = read.as_ref().ok().map(|s| (s.count, s.maybe, s.on, s.valid));
    assert_eq!(seen, wanted, "{json}: {read:?}");
    if let Ok(sample) = read {
        let written = json_text(&sample);
        assert_eq!(from_json::<Sample>(written.as_bytes()).unwrap(), sample, "{json} is not lossless");
    }
}

fn json_text<T: Serialize>(value: &T) -> String {
    String::from_utf8(json(value).unwrap().to_vec()).unwrap()
}

#[test]
fn integers_and_booleans_are_lenient() {
    check(r#"{"count":1,"on":true}"#, Some((1, None, true, None)));
    check(r#"{"count":"36","maybe":["7"],"on":"True","valid":""}"#, Some((36, Some(7), true, None)));
    check(r#"{"count":["36"],"maybe":null,"on":["false"],"valid":null}"#, Some((36, None, false, None)));
    check(r#"{"count":2.0,"on":0,"valid":"true"}"#, Some((2, None, false, Some(true))));
    check(r#"{"count":2.5,"on":true}"#, None);
    check(r#"{"count":[1,2],"on":true}"#, None);
    check(r#"{"count":[],"on":true}"#, None);
    check(r#"{"count":"many","on":true}"#, None);
    check(r#"{"count":1,"on":"perhaps"}"#, None);
    check(r#"{"count":1,"on":""}"#, None);
    check(r#"{"count":18446744073709551615,"on":true}"#, None);
}

#[test]
fn a_text_that_comes_as_a_number_keeps_every_digit_or_is_refused() {
    #[derive(Deserialize)]
    struct Id(#[serde(with = "As::<LenientText>")] String);

    let read = |json: &str| from_json::<Id>(json.as_bytes()).map(|id| id.0).map_err(|error| error.to_string());
    for (json, text) in [
        (r#""00ff""#, "00ff"),
        ("7", "7"),
        ("-7", "-7"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0.5", "0.5"),
        ("true", "true"),
    ] {
        assert_eq!(read(json).as_deref(), Ok(text));
    }
    for json in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1e30"] {
        assert!(read(json).unwrap_err().contains("a number of at most 64 bits"), "{json}");
    }
}

#[test]
fn one_or_many_keeps_its_shape() {
    for text in [r#""a""#, r#"["a"]"#, r#"["a","b"]"#, "[]"] {
        let value: OneOrMany<String> = from_json(text.as_bytes()).unwrap();
        assert_eq!(json_text(&value), text);
    }
}

#[test]
fn patch_tells_absent_null_and_value_apart() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Update {
        #[serde(default, skip_serializing_if = "Patch::is_absent")]
        field: Patch<String>,
    }
    for (field, text) in
        [(Patch::Absent, "{}"), (Patch::Null, r#"{"field":null}"#), (Patch::from("x"), r#"{"field":"x"}"#)]
    {
        let update = Update { field };
        assert_eq!(json_text(&update), text);
        assert_eq!(from_json::<Update>(text.as_bytes()).unwrap(), update);
    }
}

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
        (r#"{"keys":"S3CRET"}"#, "`keys` is not a sequence"),
        (r#"{}"#, "`keys` is missing"),
        (r#"{"keys":["#, "the json ends early, at line 1 column 9"),
        ("<html>", "not json, at line 1 column 1"),
        (r#"{"keys":[]} x"#, "not json, at line 1 column 13"),
    ];
    for (text, wanted) in cases {
        let error = from_json::<Page>(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted) || wanted.starts_with("not json"), "{text}: {error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
}

#[test]
fn a_list_is_not_taken_for_an_object() {
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
        (r#"["S3CRET",[],null,null,null]"#, "`the whole value` is not an object"),
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
fn deep_nesting_is_an_error_and_no_crash() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!("{}null{}", open.repeat(100_000), close.repeat(100_000));
        let error = from_json::<Json>(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().len() < 200, "{error}");
    }
}
