//! Documents that the generator refuses: a small good one, one thing broken in it, the message.

use serde_json::{Value, json};

use super::*;

const TABLE: &str = r#"
[[vendor]]
name = "scp"
title = "Tiny"
crate = "scp-security"
handle = "Scp"
[[vendor.service]]
name = "tiny"
module = "tiny"
default = "1.0"
page = "https://example.com/"
"#;

pub(crate) fn good() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Tiny", "version": "1.0"},
        "x-sdk": {"vendor": "scp", "service": "tiny", "status": "CURRENT", "sunset": "2026-08-31"},
        "paths": {"/v1/keys": {"get": {
            "operationId": "show_key",
            "responses": {"200": {"description": "d", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Key"}
            }}}},
            "x-sdk": {"idempotency": "safe", "effect": "read", "title": "Show Key"}
        }}},
        "components": {"schemas": {
            "Key": {"type": "object", "properties": {
                "name": {"type": "string"},
                "old": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}},
                "names": {"$ref": "#/components/schemas/Names"},
                "owner": {"$ref": "#/components/schemas/Owner"}
            }},
            "Names": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}},
            "Owner": {"type": "object", "properties": {"id": {"type": "string"}}}
        }}
    })
}

pub(crate) fn lowered(document: &Value) -> Result<Vec<Service>, String> {
    let document = Document::parse(&document.to_string()).unwrap();
    let fixture = Fixture { source: "fixtures/scp/tiny-1.0.json".to_owned(), document };
    lower(&Vendors::parse(TABLE).unwrap(), &[fixture]).map_err(|problem| problem.to_string())
}

#[test]
fn good_document_is_lowered() {
    // A model may hold a list of itself, directly or by way of another name.
    assert_eq!(lowered(&good()).unwrap().len(), 1);
}

#[test]
fn broken_documents_are_refused_at_their_place() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let list = |name: &str| json!({"type": "array", "items": reference(name)});
    let or_null = |name: &str| json!({"oneOf": [reference(name), {"type": "null"}]});
    for (pointer, value, place, told) in [
        ("/x-sdk/sunset", json!("2026-02-30"), "/x-sdk/sunset", "`2026-02-30` is not a day"),
        ("/x-sdk/sunset", json!("next summer"), "/x-sdk/sunset", "is not a day"),
        ("/x-sdk/status", json!("OLD"), "/x-sdk/status", "`OLD` is not a lifecycle state"),
        ("/info/title", json!("Tiny\n[dependencies]"), "/info/title", "must be one line"),
        ("/paths/~1v1~1keys/get/x-sdk/title", json!("a\nb"), "/paths/~1v1~1keys/get/x-sdk/title", "must be one line"),
        ("/paths/~1v1~1keys/get/x-sdk/effect", json!("delete"), "/paths/~1v1~1keys/get/x-sdk/effect", "say `read`"),
        ("/components/schemas/Names", reference("Names"), "/components/schemas/Names", "leads back to itself"),
        ("/components/schemas/Names", list("Names"), "/components/schemas/Names", "leads back to itself"),
        ("/components/schemas/Names", or_null("Names"), "/components/schemas/Names", "leads back to itself"),
        ("/components/schemas/Owner/properties/id", or_null("Owner"), "/components/schemas/Owner", "contains itself"),
        ("/components/schemas/Owner/properties/id", reference("Key"), "/components/schemas/Key", "contains itself"),
    ] {
        let mut document = good();
        *document.pointer_mut(pointer).unwrap() = value;
        let error = lowered(&document).unwrap_err();
        assert!(error.starts_with(&format!("fixtures/scp/tiny-1.0.json#{place}: ")), "{error}");
        assert!(error.contains(told), "{error}");
    }
    let mut document = good();
    document["components"]["schemas"]["Names"] = reference("More");
    document["components"]["schemas"]["More"] = list("Names");
    assert!(lowered(&document).unwrap_err().contains("leads back to itself"));
}

#[test]
fn each_version_authenticates_in_its_own_way() {
    let versions = [("1.0", Some(json!([{"Token": []}]))), ("1.1", Some(json!([]))), ("1.2", None)];
    let pair = ("1.3", Some(json!([{"KeyId": [], "KeySecret": []}])));
    let fixtures = versions.into_iter().chain([pair]).map(|(number, security)| {
        let mut document = good();
        document["info"]["version"] = json!(number);
        document["security"] = security.unwrap_or_default();
        let document = Document::parse(&document.to_string()).unwrap();
        Fixture { source: format!("fixtures/scp/tiny-{number}.json"), document }
    });
    let fixtures: Vec<_> = fixtures.collect();
    let services = lower(&Vendors::parse(TABLE).unwrap(), &fixtures).unwrap();
    let ways = services[0].versions.iter().map(|version| (&*version.auth, &*version.operations[0].auth));
    assert_eq!(ways.collect::<Vec<_>>(), [("", ""), ("none", "none"), ("", ""), ("KeyId", "KeyId")]);
}
