//! One difference of each kind, and the line that reports it.

use serde_json::{Map as Object, Value, json};

use super::*;

mod models;

/// The lines after `change` is made to the fixture of version 1.1, as JSON.
fn lines(change: impl Fn(&mut Value)) -> Vec<String> {
    let page = document("1.1");
    let mut fixture = as_json(&page);
    change(&mut fixture);
    let fixture = Document::parse(&fixture.to_string()).unwrap();
    // Text, since maps compare equal in any order.
    let changed = page.to_json().unwrap() != fixture.to_json().unwrap();
    assert!(changed, "the change must change something");
    differences(&page, &fixture)
}

/// The one line after the value at `pointer` is replaced; `null` takes it away.
fn line(pointer: &str, value: Value) -> String {
    let found = lines(|fixture| put(fixture, pointer, value.clone()));
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn put(fixture: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    match fixture.pointer_mut(parent).unwrap() {
        Value::Object(fields) if value.is_null() => {
            assert!(fields.shift_remove(&key).is_some(), "{pointer}");
        }
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) if value.is_null() => {
            items.remove(key.parse().unwrap());
        }
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer} leads into {other}"),
    }
}

const LIST: &str = "/paths/~1v1~1keys/get";
const DELETE: &str = "/paths/~1v1~1keys~1{key_id}/delete";
const KEY: &str = "/components/schemas/Key";

#[test]
fn equal_documents_have_no_differences() {
    assert_eq!(differences(&document("1.1"), &document("1.1")), Vec::<String>::new());
}

#[test]
fn hand_written_texts_are_not_compared() {
    let found = lines(|fixture| {
        put(fixture, "/info/description", json!("words"));
        put(fixture, "/x-sdk/source", json!("page"));
        put(fixture, &format!("{LIST}/operationId"), json!("all_keys"));
        put(fixture, &format!("{LIST}/summary"), json!("words"));
        put(fixture, &format!("{LIST}/x-sdk/idempotency"), json!("unsafe"));
        put(fixture, &format!("{KEY}/description"), json!("words"));
        let sdk = json!({"sensitive": true, "deviation": "words", "type": "optional"});
        put(fixture, &format!("{KEY}/properties/name/x-sdk"), sdk);
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn document_differences_are_reported() {
    assert_eq!(
        line("/info/title", json!("Other")),
        "keys 1.1: title `Key Service` in the page, `Other` in the fixture"
    );
    assert_eq!(
        line("/x-sdk/status", json!("SUPPORTED")),
        "keys 1.1: state `CURRENT` in the page, `SUPPORTED` in the fixture"
    );
    assert_eq!(
        line("/x-sdk/sunset", json!("2027-01-01")),
        "keys 1.1: sunset date absent in the page, `2027-01-01` in the fixture"
    );
    assert_eq!(
        line("/x-sdk/regions/1", Value::Null),
        "keys 1.1 e/kr-east1: environment and region in the page, absent in the fixture"
    );
    assert_eq!(
        line("/x-sdk/headers/1/value", json!("OpenApi")),
        "keys 1.1: header Scp-ClientType `Openapi` in the page, `OpenApi` in the fixture"
    );
    assert_eq!(
        line("/servers/0/url", json!("https://other")),
        "keys 1.1: URL `https://keys.{region}.{environment}.example.com` in the page, `https://other` in the fixture"
    );
    assert_eq!(
        line("/servers/0/variables/region/enum", json!(["kr-west1"])),
        "keys 1.1: server variables differ from the region table"
    );
    assert_eq!(line("/security", json!([])), "keys 1.1: security differs");
    let scheme = "/components/securitySchemes/ScpAccesskey/name";
    assert_eq!(
        lines(|fixture| put(fixture, scheme, json!("Other"))),
        [
            "keys 1.1 ScpAccesskey (apiKey header Scp-Accesskey): security scheme in the page, absent in the fixture",
            "keys 1.1 ScpAccesskey (apiKey header Other): security scheme absent in the page, in the fixture"
        ]
    );
}

#[test]
fn operation_differences_are_reported() {
    assert_eq!(
        line("/paths/~1v1~1keys~1reset", Value::Null),
        "keys 1.1 post /v1/keys/reset: operation in the page, absent in the fixture"
    );
    let mut path = Object::new();
    path.insert("post".to_owned(), as_json(&operation(&document("1.1"), "reset_all")));
    assert_eq!(
        line("/paths/~1v1~1new", Value::Object(path)),
        "keys 1.1 post /v1/new: operation absent in the page, in the fixture"
    );
    assert_eq!(
        line(&format!("{LIST}/x-sdk/title"), json!("All Keys")),
        "keys 1.1 list_keys: title `List Keys` in the page, `All Keys` in the fixture"
    );
    assert_eq!(
        line(&format!("{LIST}/x-sdk/state"), json!("PLANNED")),
        "keys 1.1 list_keys: state `ACTIVE` in the page, `PLANNED` in the fixture"
    );
    let headers = json!([{"name": "Extra", "value": "1"}]);
    assert_eq!(
        line(&format!("{LIST}/x-sdk/headers"), headers),
        "keys 1.1 list_keys: header Extra absent in the page, `1` in the fixture"
    );
    assert_eq!(
        line("/paths/~1v1~1temporary/get/security", Value::Null),
        "keys 1.1 get_temporary_key: security differs"
    );
}

#[test]
fn parameter_differences_are_reported() {
    let at = |rest: &str| format!("{LIST}/parameters/{rest}");
    assert_eq!(
        line(&at("4"), Value::Null),
        "keys 1.1 list_keys query mine: parameter in the page, absent in the fixture"
    );
    let found = lines(|fixture| put(fixture, &at("0/name"), json!("title")));
    assert_eq!(
        found,
        [
            "keys 1.1 list_keys query name: parameter in the page, absent in the fixture",
            "keys 1.1 list_keys query title: parameter absent in the page, in the fixture"
        ]
    );
    assert_eq!(
        line(&at("0/required"), json!(false)),
        "keys 1.1 list_keys query name: required true in the page, false in the fixture"
    );
    assert_eq!(
        line(&at("1/schema/default"), json!(1)),
        "keys 1.1 list_keys query page: default 0 in the page, 1 in the fixture"
    );
    assert_eq!(
        line(&at("1/schema/default"), Value::Null),
        "keys 1.1 list_keys query page: default 0 in the page, absent in the fixture"
    );
    assert_eq!(
        line(&at("1/example"), json!(2)),
        "keys 1.1 list_keys query page: example 0 in the page, 2 in the fixture"
    );
    assert_eq!(
        line(&at("1/schema/type"), json!(["string", "null"])),
        "keys 1.1 list_keys query page: type `integer` in the page, `string` in the fixture"
    );
    let found = lines(|fixture| {
        let list = fixture.pointer_mut(&format!("{LIST}/parameters")).unwrap();
        list.as_array_mut().unwrap().swap(0, 1);
    });
    assert_eq!(found, ["keys 1.1 list_keys: parameters stand in another order in the page"]);
}

#[test]
fn body_and_status_differences_are_reported() {
    assert_eq!(
        line(&format!("{DELETE}/requestBody"), Value::Null),
        "keys 1.1 delete_key: body in the page, absent in the fixture"
    );
    assert_eq!(
        line(&format!("{DELETE}/requestBody/required"), json!(false)),
        "keys 1.1 delete_key: body required true in the page, false in the fixture"
    );
    let json_at = |rest: &str| format!("{DELETE}/requestBody/content/application~1json/{rest}");
    assert_eq!(line(&json_at("example/days"), json!("8")), "keys 1.1 delete_key body: example differs at `/days`");
    assert_eq!(
        line(&json_at("schema/$ref"), json!("#/components/schemas/Key")),
        "keys 1.1 delete_key body: type `KeyRequest` in the page, `Key` in the fixture"
    );
    assert_eq!(
        line(&format!("{DELETE}/responses/403"), Value::Null),
        "keys 1.1 delete_key 403: status in the page, absent in the fixture"
    );
    let status = json!({"description": "words"});
    assert_eq!(
        line(&format!("{DELETE}/responses/409"), status),
        "keys 1.1 delete_key 409: status absent in the page, in the fixture"
    );
    let answer = format!("{LIST}/responses/200/content");
    assert_eq!(
        line(&answer, Value::Null),
        "keys 1.1 list_keys 200 application/json: media type in the page, absent in the fixture"
    );
    let schema = json!({"$ref": "#/components/schemas/Key"});
    assert_eq!(
        line(&format!("{answer}/application~1json/schema"), schema),
        "keys 1.1 list_keys 200: type `KeyList` in the page, `Key` in the fixture"
    );
    assert_eq!(
        line(&format!("{answer}/application~1json/example/keys"), json!([1])),
        "keys 1.1 list_keys 200: example differs at `/keys`"
    );
    assert_eq!(
        line(&format!("{answer}/application~1json/example"), Value::Null),
        "keys 1.1 list_keys 200: example in the page, absent in the fixture"
    );
    // Another order of the same keys is a difference too.
    let found = lines(|fixture| {
        let at = format!("{answer}/application~1json/example");
        let example = fixture.pointer_mut(&at).unwrap().as_object_mut().unwrap();
        let sort = example.shift_remove("sort").unwrap();
        example.insert("sort".to_owned(), sort);
    });
    assert_eq!(found, ["keys 1.1 list_keys 200: example differs at ``"]);
}
