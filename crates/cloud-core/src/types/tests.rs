//! Tests of the lenient codecs, of `OneOrMany` and of `Patch`.

use serde::{Deserialize, Serialize};

use crate::codegen::{As, LenientBool, LenientInt, LenientOptionalBool, LenientText, from_json, json};
use crate::{OneOrMany, Patch};

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
fn whole_numbers_are_integers_however_they_are_written() {
    let read = |json: &str| from_json::<crate::UnixSeconds>(json.as_bytes()).map(|seconds| seconds.0);
    for (json, number) in [
        ("1001.0", 1001),
        ("1001.000", 1001),
        ("-7.0", -7),
        ("1.5e3", 1500),
        ("2E+3", 2000),
        ("15000e-1", 1500),
        ("-0", 0),
        ("[12.0]", 12),
        ("9007199254740992.0", 9_007_199_254_740_992),
    ] {
        assert_eq!(read(json).ok(), Some(number), "{json}");
        assert_eq!(serde_json::from_str::<crate::UnixSeconds>(json).unwrap().0, number, "{json}");
    }
    for json in ["0.5", "1e-3", "9007199254740994.0", "18446744073709551616", "1e400", r#"{"a":"1"}"#, "{}"] {
        let error = read(json).unwrap_err().to_string();
        // serde_json may take a number beyond all floats for invalid JSON.
        assert!(error.contains("is not an integer") || json == "1e400", "{json}: {error}");
    }
}

#[test]
fn open_values_keep_their_numbers() {
    let value = crate::Json::parse(r#"{"whole":1001,"fraction":2.5,"list":[0.25]}"#).unwrap();
    assert_eq!(value.get("whole").and_then(|own| own.as_i64()), Some(1001));
    assert_eq!(value.get("fraction").unwrap().to_text(), "2.5");
    assert_eq!(value.get("list").unwrap().decode::<Vec<f64>>().unwrap(), [0.25]);
    assert_eq!(format!("{:?}", value.get("fraction").unwrap()), "number");
}

#[test]
fn lenient_text_keeps_every_digit_of_a_number_or_fails() {
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
        ("1.50", "1.5"),
        ("2.0", "2"),
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
