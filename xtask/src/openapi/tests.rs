//! Tests of reading and writing documents.

use super::*;

const TINY: &str = r##"{
  "openapi": "3.1.0",
  "info": {"title": "Tiny", "version": "1.0"},
  "x-sdk": {"vendor": "scp", "service": "tiny"},
  "paths": {"/v1/keys": {"get": {"operationId": "list_keys", "responses": {"200": {"description": "d"}}}}},
  "components": {"schemas": {"Key": {"type": "object", "properties": {
    "zeta": {"type": ["string", "null"]}, "alpha": {"type": "object", "additionalProperties": true}
  }, "required": ["zeta"]}}}
}"##;

fn pointer_of(from: &str, to: &str) -> String {
    let text = TINY.replace(from, to);
    assert_ne!(text, TINY);
    Document::parse(&text).unwrap_err().pointer
}

#[test]
fn document_keeps_its_order_and_round_trips() {
    let document = Document::parse(TINY).unwrap();
    let key = document.resolve("#/components/schemas/Key").unwrap();
    assert_eq!(key.properties.keys().collect::<Vec<_>>(), ["zeta", "alpha"]);
    assert!(key.properties["zeta"].nullable());
    let text = document.to_json().unwrap();
    assert_eq!(Document::parse(&text).unwrap(), document);
    assert!(text.ends_with("}\n"));
}

#[test]
fn unknown_keywords_are_named_by_pointer() {
    let added = pointer_of(r#""type": ["string", "null"]"#, r#""type": "string", "foo": 1"#);
    assert_eq!(added, "/components/schemas/Key/properties/zeta/foo");
    let added = pointer_of(r#""vendor": "scp""#, r#""vendor": "scp", "bar": 1"#);
    assert_eq!(added, "/x-sdk/bar");
    let added = pointer_of(r#""operationId""#, r#""x": 1, "operationId""#);
    assert_eq!(added, "/paths/~1v1~1keys/get/x");
    let added = pointer_of("true", r#"{"title": "t"}"#);
    assert_eq!(added, "/components/schemas/Key/properties/alpha/additionalProperties/title");
}

#[test]
fn wrong_type_is_named_by_pointer() {
    let wrong = pointer_of(r#"["string", "null"]"#, "1");
    assert_eq!(wrong, "/components/schemas/Key/properties/zeta/type");
}
