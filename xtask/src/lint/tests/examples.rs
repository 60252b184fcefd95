//! Examples against types, limits and deviations.

use super::*;

const ANSWER: &str = "/paths/~1v1~1keys~1{id}/get/responses/200/content/application~1json";
const BODY: &str = "/paths/~1v1~1keys~1{id}/get/requestBody/content/application~1json";

#[test]
fn field_example_outside_its_type_or_limits_is_reported() {
    let place = format!("{KEY}/properties/name/examples/0");
    for (value, told) in [
        (json!(3), "example 3 is not a string"),
        (json!("A1"), "does not match `^[a-z]*$`"),
        (json!("a"), "is 1 long, out of bounds"),
        (json!("abcde"), "is 5 long, out of bounds"),
    ] {
        expect(&place, value, &place, told);
    }
    let place = format!("{GET}/parameters/1/example");
    expect(&place, json!("1"), &place, "is not an integer or null");
    expect(&place, json!(-1), &place, "out of bounds");
    let place = "/components/schemas/Spare/properties/flag/default";
    expect(place, json!("yes"), place, "is not a boolean");
    let place = format!("{GET}/parameters/2/schema/default");
    expect(&place, json!(15), &place, "not in `enum`");
}

#[test]
fn body_example_that_contradicts_the_schema_is_reported() {
    let place = format!("{BODY}/example");
    expect(&place, json!({}), &place, "lacks the required field `name`");
    expect(&place, json!({"name": "abc", "other": 1}), &format!("{place}/other"), "a field that the schema lacks");
    expect(&place, json!([]), &place, "is not an object");
    assert_eq!(broken(&place, json!({"nmae": "abc"})), [""; 0], "an alias");
    expect(&place, json!({"nmae": "ABC"}), &format!("{place}/nmae"), "does not match");
    let place = format!("{ANSWER}/examples/all/value/body");
    let told = "is not an RFC 3339 date-time";
    for text in ["2024-05-17", "2024-05-17T00:23:17", "2024-05-17 00:23:17Z", "2024-13-17T00:23:17Z"] {
        let at = format!("{place}/keys/0/at");
        expect(&at, json!(text), &at, told);
    }
    let at = format!("{place}/keys/0/at");
    assert_eq!(broken(&at, json!("2024-05-17T00:23:17.250+09:00")), [""; 0]);
    let at = format!("{place}/paging/total");
    expect(&at, json!("1"), &at, "is not an integer");
    let at = format!("{ANSWER}/examples/one/value");
    expect(&at, json!({}), &at, "lacks the required field `name`");
}

#[test]
fn deviation_excuses_only_its_own_field() {
    let mut document = good();
    let at = "/paths/~1v1~1keys~1{id}/get/requestBody/content/application~1json/example";
    *document.pointer_mut(at).unwrap() = json!({"name": 3, "at": "today"});
    let name = "/components/schemas/Key/properties/name/x-sdk";
    *document.pointer_mut(name).unwrap() = json!({"deviation": "a number"});
    let found = check_text(&document.to_string());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].pointer, format!("{BODY}/example/at"));

    // A required field that the example lacks, and an item of a list.
    *document.pointer_mut(at).unwrap() = json!({});
    assert_eq!(check_text(&document.to_string()), Vec::new());
    let keys = "/components/schemas/List/properties/keys";
    *document.pointer_mut(keys).unwrap() = json!({
        "type": "array", "description": "d", "items": {"$ref": "#/components/schemas/Key"},
        "examples": [[""]], "x-sdk": {"deviation": "text for an item"}
    });
    assert_eq!(check_text(&document.to_string()), Vec::new());
}

#[test]
fn byte_length_counts_bytes() {
    let place = format!("{KEY}/properties/at");
    let field = |bytes: bool| json!({"type": "string", "description": "d", "maxLength": 4, "examples": ["한글"], "x-sdk": {"byte_length": bytes}});
    let broken = |bytes| {
        let mut document = good();
        *document.pointer_mut(&place).unwrap() = field(bytes);
        check_text(&document.to_string())
    };
    let out_of_bounds = |found: &[Finding]| {
        let mut messages = found.iter().map(|finding| &finding.message);
        messages.any(|message| message.contains("6 long"))
    };
    assert!(!out_of_bounds(&broken(false)));
    assert!(out_of_bounds(&broken(true)));
}
