//! Tests on a small reference of our own, over the fixtures of the small older page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Fixtures, Known, compare, outcome};
use super::*;

const OLDER: &str = include_str!("../tests/page.txt");
const NEWER: &str = include_str!("tests.json");

const FIT: Fit<'static> = Fit {
    service: "keys",
    version: "1.3",
    method: "get",
    path: "/v1/keys",
    model: "keylistv1dot3",
    name: "KeyListV1Dot3",
};

/// The older page's fixtures, with words that only a person writes.
fn older() -> Fixtures {
    let mut fixtures = compare("scp", &[OLDER.to_owned()], &Fixtures::new(), &Known::default()).unwrap().documents;
    let document = fixtures.get_mut(&key("1.1")).unwrap();
    let list = document.paths["/v1/keys"].get.as_mut().unwrap();
    list.operation_id = "list_all".to_owned();
    list.summary = Some("own summary".to_owned());
    let field = &mut document.components.schemas["Key"].properties["name"];
    field.description = Some("own words".to_owned());
    field.sdk.sensitive = true;
    fixtures
}

fn key(version: &str) -> (String, String) {
    ("keys".to_owned(), version.to_owned())
}

/// The fixtures with those that the reference adds.
fn imported() -> Fixtures {
    let mut fixtures = older();
    let fresh = read(NEWER, &fixtures, &[FIT]).unwrap().0;
    let documents = outcome(fresh, &fixtures, false).documents;
    fixtures.extend(documents);
    fixtures
}

fn value(fixtures: &Fixtures, version: &str) -> Value {
    serde_json::from_str(&fixtures[&key(version)].to_json().unwrap()).unwrap()
}

#[test]
fn each_listed_version_becomes_a_document() {
    let fixtures = imported();
    let (older, newer) = (value(&fixtures, "1.2"), value(&fixtures, "1.3"));
    assert_eq!(older["x-sdk"]["status"], "SUPPORTED");
    assert_eq!(older["x-sdk"]["sunset"], "2027-01-31");
    assert_eq!(newer["x-sdk"]["status"], "CURRENT");
    assert_eq!(newer["x-sdk"]["headers"][2]["value"], "keys 1.3", "the version is renumbered");
    assert_eq!(newer["servers"], value(&fixtures, "1.1")["servers"]);
    let paths = |document: &Value| document["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&older), ["/v1/keys", "/v1/keys/reset"], "in the order of the older fixture");
    assert_eq!(paths(&newer), ["/v1/keys", "/v1/keys/reset", "/v1/keys/{key_id}/rule"], "what is new comes last");
}

#[test]
fn version_without_a_page_takes_the_nearest_before_it() {
    let fixtures = imported();
    let (older, newer) = (value(&fixtures, "1.2"), value(&fixtures, "1.3"));
    let reset = &older["paths"]["/v1/keys/reset"]["post"];
    assert_eq!(reset["x-assumed"], "The reference has no page of this operation for 1.2; this is 1.1's.");
    assert_eq!(reset.get("requestBody"), None, "1.1 takes no body, 1.3 does");
    let reset = &newer["paths"]["/v1/keys/reset"]["post"];
    assert_eq!(reset.get("x-assumed"), None);
    assert_eq!(reset["requestBody"]["content"]["application/json"]["example"], json!({"scope": "all"}));
    let list = &newer["paths"]["/v1/keys"]["get"];
    assert_eq!(list["x-assumed"], "The reference has no page of this operation for 1.3; this is 1.2's.");
}

#[test]
fn fields_of_one_model_alone_are_optional_and_marked() {
    let document = value(&imported(), "1.3");
    let models = &document["components"]["schemas"];
    let answer = &document["paths"]["/v1/keys"]["get"]["responses"]["200"]["content"]["application/json"];
    assert_eq!(answer["schema"]["$ref"], "#/components/schemas/KeyListV1Dot3");
    assert!(models["KeyListV1Dot3"]["x-assumed"].is_string());
    let item = &models["KeyV1Dot3"];
    assert_eq!(item["required"], json!(["name", "count"]));
    let fields: Vec<&String> = item["properties"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "count", "acl", "rule"]);
    for (field, marked) in [("name", false), ("count", false), ("acl", true), ("rule", true)] {
        assert_eq!(item["properties"][field].get("x-assumed").is_some(), marked, "{field}");
    }
    assert_eq!(models.get("KeyV1Dot2"), None, "only 1.2 answers it");
}

#[test]
fn hand_written_parts_reach_models_that_replace_others() {
    let document = value(&imported(), "1.3");
    let list = &document["paths"]["/v1/keys"]["get"];
    assert_eq!((&list["operationId"], &list["summary"]), (&json!("list_all"), &json!("own summary")));
    let name = &document["components"]["schemas"]["KeyV1Dot3"]["properties"]["name"];
    assert_eq!((&name["description"], &name["x-sdk"]["sensitive"]), (&json!("own words"), &json!(true)));
}

#[test]
fn missing_type_comes_from_the_older_fixture() {
    let document = value(&imported(), "1.2");
    let rule = &document["components"]["schemas"]["KeyV1Dot2"]["properties"]["rule"];
    assert_eq!(rule, &json!({"type": "string", "examples": ["first line\nsecond line"]}));
}

#[test]
fn alternatives_of_two_arrays_are_an_array_of_the_model() {
    let document = value(&imported(), "1.3");
    let targets = &document["components"]["schemas"]["RuleRequest"]["properties"]["targets"];
    assert_eq!(targets, &json!({"type": "array", "items": {"$ref": "#/components/schemas/UserV1Dot2"}}));
}

#[test]
fn model_of_another_shape_than_before_gets_a_name_of_its_own() {
    let fixtures = imported();
    for (version, models) in [("1.2", &["KeyListV1Dot2", "KeyV1Dot2"][..]), ("1.3", &["UserV1Dot2"])] {
        let document = value(&fixtures, version);
        for name in models {
            let reason =
                document["components"]["schemas"][name]["x-assumed"].as_str().unwrap_or_else(|| panic!("{name}"));
            let before = name.trim_end_matches("V1Dot2");
            assert!(reason.contains(&format!("`{before}`")) && reason.ends_with("in 1.1."), "{reason}");
        }
    }
    let name = &value(&fixtures, "1.2")["components"]["schemas"]["KeyV1Dot2"]["properties"]["name"];
    assert_eq!(name["description"], "own words", "it takes over the words of the model before");
    let lost = &value(&fixtures, "1.3")["components"]["schemas"]["Lost"];
    assert_eq!(lost["x-sdk"]["unused"], true, "the same shape, the same name");
}

#[test]
fn withdrawn_operation_and_its_models_are_absent() {
    for version in ["1.2", "1.3"] {
        let document = value(&imported(), version);
        assert_eq!(document["paths"].get("/v1/keys/gone"), None);
        let told = document["x-assumed"].as_str().unwrap();
        assert_eq!(told.contains("`POST /v1/keys/gone`"), version == "1.2", "{told}");
        assert!(told.contains("`DELETE /v1/keys/{key_id}`"), "1.1 has it: {told}");
        let models = document["components"]["schemas"].as_object().unwrap();
        for absent in ["Gone", "Part", "KeyRequest", "KeyRequestV1Dot2"] {
            assert!(!models.contains_key(absent), "{absent} in {version}");
        }
        assert_eq!(models["Lost"]["x-sdk"]["unused"], true, "no version serves it");
    }
}

#[test]
fn effect_of_reading_is_known_and_others_are_kept() {
    let mut fixtures = imported();
    let effect = |fixtures: &Fixtures, path: &str, method: &str| {
        fixtures[&key("1.3")].operation(path, method).unwrap().sdk.effect.clone()
    };
    assert_eq!(effect(&fixtures, "/v1/keys", "get").as_deref(), Some("read"));
    assert_eq!(effect(&fixtures, "/v1/keys/{key_id}/rule", "put"), None, "a person says it");
    let document = fixtures.get_mut(&key("1.3")).unwrap();
    document.operation_mut("/v1/keys/reset", "post").unwrap().sdk.effect = Some("destroy".to_owned());
    let fresh = read(NEWER, &fixtures, &[FIT]).unwrap().0;
    let again = outcome(fresh, &fixtures, false).documents;
    assert_eq!(effect(&again, "/v1/keys/reset", "post").as_deref(), Some("destroy"));
}

#[test]
fn second_import_finds_no_difference() {
    let fixtures = imported();
    let fresh = read(NEWER, &fixtures, &[FIT]).unwrap().0;
    let again = outcome(fresh, &fixtures, false);
    assert_eq!(again.lines, Vec::<String>::new());
    for (key, marked) in again.documents {
        assert_eq!(marked.to_json().unwrap(), fixtures[&key].to_json().unwrap(), "{key:?}");
    }
}

#[test]
fn every_changed_fact_is_named() {
    let fixtures = imported();
    for (from, to, told) in [
        (r#""max_length": 1}"#, r#""max_length": 2}"#, "keys 1.3 RuleRequest.rule: maxLength 2 in the page, 1"),
        (r#""default": "0""#, r#""default": "1""#, "keys 1.2 list_all query page: default 1 in the page, 0"),
        (r#""status": "CURRENT""#, r#""status": "SUPPORTED""#, "keys 1.3: state `SUPPORTED` in the page"),
        (r#""2027-01-31""#, r#""2027-02-28""#, "keys 1.2: sunset date `2027-02-28` in the page"),
        (r#""code": "204""#, r#""code": "202""#, "keys 1.3 setrule 202: status in the page, absent in the fixture"),
        (r#""schema_version": "1.2""#, r#""schema_version": "1.3""#, "marked as assumed, the page states it"),
        (r#"["1.2", "1.3"]"#, r#"["1.3"]"#, "keys 1.2 post /v1/keys/reset: operation absent in the page"),
    ] {
        assert!(NEWER.contains(from), "{from}");
        let fresh = read(&NEWER.replacen(from, to, 1), &fixtures, &[FIT]).unwrap().0;
        let lines = outcome(fresh, &fixtures, false).lines;
        assert!(lines.iter().any(|line| line.contains(told)), "{told} is not in {lines:#?}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let fixtures = older();
    for (from, to, told) in [
        (r#""deprecated": false"#, r#""deprecated": true"#, "is deprecated"),
        (r#""type": "array[Key]""#, r#""type": "list of Key""#, "`list of Key` is not a known type"),
        (r#""type": "array[Key]""#, r#""type": "array[Missing]""#, "is of the model `Missing`, which the source lacks"),
        (r#""state": "ACTIVE (CURRENT)""#, r#""state": "ACTIVE""#, "`ACTIVE` is not a state"),
        (r#""method": "PUT""#, r#""method": "PATCH""#, "`PATCH` is not a known method"),
        (r#""in": "query""#, r#""in": "cookie""#, "`cookie` is not `path`, `query`, `header` or `body`"),
        (r#""date": "2027-01-31""#, r#""date": "soon""#, "`soon` is not a day"),
        (r#""schema_version": "1.3""#, r#""schema_version": "new""#, "`new` is not a version number"),
        (r#""doc_url""#, r#""extra": 1, "doc_url""#, "`extra` is not a known key"),
        (r#""max_length": 1"#, r#""longest": 1"#, "unknown field `longest`"),
        (
            r#""request_model": "ResetRequest""#,
            r#""request_model": "Key""#,
            "request model and body parameter disagree",
        ),
        (r#", "note": "the type is missing in the source""#, "", "Key.rule has no type"),
        (r#""missing": []"#, r#""missing": ["Lost"]"#, "the source lacks the model `Lost`"),
        (r#""code": "204", "description": "No Content"}"#, r#""code": "204"}"#, "missing field `description`"),
        (r#""keys": {"#, r#""locks": {"#, "no fixture to take the hosts from"),
    ] {
        let line = NEWER.lines().position(|line| line.contains(from)).unwrap_or_else(|| panic!("{from}")) + 1;
        let error = read(&NEWER.replacen(from, to, 1), &fixtures, &[FIT]).unwrap_err();
        assert!(error.to_string().contains(told), "{told}: {error}");
        // An operation or model is named by its first line, which stands at most 20 lines above.
        let found = error.line;
        assert!(found <= line && line <= found + 20 && found > 1, "line {found} for {line}: {error}");
    }
}

#[test]
fn assumption_that_no_longer_fits_is_a_finding() {
    let fixtures = older();
    for (fit, why) in [
        (Fit { version: "1.4", ..FIT }, "the reference has no such operation"),
        (Fit { path: "/v1/locks", ..FIT }, "the reference has no such operation"),
        (Fit { model: "keylistv1dot4", ..FIT }, "no model `keylistv1dot4` can be read"),
        (Fit { name: "KeyList", ..FIT }, "the page answers `KeyList` itself"),
        (Fit { model: "RuleRequest", ..FIT }, ""),
        (Fit { path: "/v1/keys/reset", method: "post", ..FIT }, "it answers no model"),
    ] {
        let (documents, stale, _) = read(NEWER, &fixtures, &[fit]).unwrap();
        assert_eq!(documents.len(), 2);
        let Some(line) = stale.first() else {
            assert!(why.is_empty(), "{fit:?}");
            continue;
        };
        let told = format!("keys {} {} {}: the assumption about `{}`", fit.version, fit.method, fit.path, fit.model);
        assert!(line.starts_with(&told) && line.contains(why) && line.contains("remove its row of FITS"), "{line}");
        let list = documents[&key("1.3")].operation("/v1/keys", "get").unwrap();
        let media = &list.responses["200"].content["application/json"];
        assert_eq!(media.schema.model(), Some("KeyListV1Dot2"), "the page's own model stays");
    }
}

/// The reference without 1.2, so that 1.3 alone is compared with what went before.
fn without_1_2() -> String {
    let text =
        NEWER.replacen("    {\"version\": \"1.2\", \"status\": \"SUPPORTED\", \"date\": \"2027-01-31\"}\n", "", 1);
    let text = text.replacen("\"date\": null},", "\"date\": null}", 1);
    text.replace("[\"1.2\", \"1.3\"]", "[\"1.3\"]")
        .replacen("[\"1.2\"]", "[\"1.3\"]", 1)
        .replace("_version\": \"1.2\"", "_version\": \"1.3\"")
}

#[test]
fn changed_model_inside_of_others_keeps_one_version_in_its_name() {
    let text = without_1_2();
    let mut fixtures = imported();
    let fresh = read(&text, &fixtures, &[]).unwrap().0;
    fixtures.extend(outcome(fresh, &fixtures, false).documents);
    let before = value(&fixtures, "1.3");
    let field = r#"{"name": "id", "required": false, "type": "string", "example": "0fdd"}"#;
    for document in fixtures.values_mut() {
        // What a vendor calls by a version is in older documents as well.
        let text =
            document.to_json().unwrap().replace("UserV1Dot3", "UserV1Dot2").replace("\"User\"", "\"UserV1Dot2\"");
        *document = Document::parse(&text.replace("schemas/User\"", "schemas/UserV1Dot2\"")).unwrap();
    }
    let text = text.replace("\"User\": {", "\"UserV1Dot2\": {").replace("array[User]", "array[UserV1Dot2]");
    let text =
        text.replacen(field, &format!("{field}, {{\"name\": \"note\", \"required\": false, \"type\": \"string\"}}"), 1);
    let after = read(&text, &fixtures, &[]).unwrap().0;
    let after: Value = serde_json::from_str(&after[&key("1.3")].to_json().unwrap()).unwrap();
    let model =
        |own: &Value| own["components"]["schemas"]["RuleRequest"]["properties"]["targets"]["items"]["$ref"].clone();
    assert_eq!(model(&before), "#/components/schemas/UserV1Dot3");
    assert_eq!(model(&after), "#/components/schemas/UserV1Dot3");
    assert!(after["components"]["schemas"]["UserV1Dot3"]["properties"]["note"].is_object());
}

#[test]
fn operation_whose_path_is_written_otherwise_keeps_its_hand_written_parts() {
    let mut fixtures = imported();
    for document in fixtures.values_mut() {
        if let Some(reset) = document.operation_mut("/v1/keys/reset", "post") {
            reset.operation_id = "empty".to_owned();
        }
        if let Some(rule) = document.operation_mut("/v1/keys/{key_id}/rule", "put") {
            rule.operation_id = "own_rule".to_owned();
            rule.parameters[0].description = Some("own words".to_owned());
        }
    }
    let text = NEWER.replace("\"/v1/keys/reset\"", "\"/v1/keys/reset/\"").replace("\"/v1/keys\"", "\"/v1/keys/\"");
    let text = text.replace("{key_id}/rule", "{keyId}/rule").replace("\"name\": \"key_id\"", "\"name\": \"keyId\"");
    let (fresh, stale, _) = read(&text, &fixtures, &[FIT]).unwrap();
    assert_eq!(stale, Vec::<String>::new(), "what is assumed of the operation still fits");
    let outcome = outcome(fresh, &fixtures, false);
    for version in ["1.2", "1.3"] {
        let document = &outcome.documents[&key(version)];
        let reset = document.operation("/v1/keys/reset/", "post").unwrap();
        assert_eq!(reset.operation_id, "empty", "{version}");
        assert_eq!(document.assumed, fixtures[&key(version)].assumed, "nothing was left out");
    }
    let rule = outcome.documents[&key("1.3")].operation("/v1/keys/{keyId}/rule", "put").unwrap();
    assert_eq!((rule.operation_id.as_str(), rule.parameters[0].name.as_str()), ("own_rule", "keyId"));
    assert_eq!(rule.parameters[0].description.as_deref(), Some("own words"));
    let expected = "keys 1.3 put /v1/keys/{key_id}/rule: path `/v1/keys/{keyId}/rule` in the page, \
                    `/v1/keys/{key_id}/rule` in the fixture";
    assert!(outcome.lines.iter().any(|line| line == expected), "{:#?}", outcome.lines);
    assert!(!outcome.lines.iter().any(|line| line.contains("operation")), "{:#?}", outcome.lines);
}

#[test]
fn values_in_descriptions_are_compared_with_the_enumeration() {
    let mut fixtures = imported();
    for document in fixtures.values_mut().filter(|own| own.info.version == "1.3") {
        let enums = json!({"enums": {"Id": {"description": "own id", "values": ["a", "b"]}}});
        document.sdk.enums = serde_json::from_value::<openapi::DocumentSdk>(enums).unwrap().enums;
        document.components.schemas["UserV1Dot2"].properties["id"].sdk.enumeration = Some("Id".to_owned());
        let list = document.operation_mut("/v1/keys", "get").unwrap();
        list.parameters[0].schema.sdk.enumeration = Some("Id".to_owned());
    }
    let (user, name) = (r#""name": "id", "required": false"#, r#""type": "string", "description": "prose""#);
    const GONE: &str = "no values in the description, but in `Id`";
    for (values, expected) in [
        ("(a, b)", None),
        ("(b,a)", None),
        ("(a \u{b610}\u{b294} b)", None),
        ("(a, c)", Some("values differ; only in the description: c; only in `Id`: b")),
        ("(a)", Some("values differ; only in the description: none; only in `Id`: b")),
        ("", Some(GONE)),
    ] {
        for (place, from, to) in [
            ("UserV1Dot2.id", user, format!(r#"{user}, "description": "Kind{values}""#)),
            ("list_all.name", name, format!(r#""type": "string", "description": "Kind{values}""#)),
        ] {
            assert!(NEWER.contains(from));
            let (fresh, _, prose) = read(&NEWER.replacen(from, &to, 1), &fixtures, &[FIT]).unwrap();
            let document = &outcome(fresh, &fixtures, false).documents[&key("1.3")];
            let told = prose::differences(&prose["keys"], document);
            let mut expected: Vec<String> = expected.iter().map(|text| format!("{place}: {text}")).collect();
            // The page lists nothing at the other place.
            let other = if place == "list_all.name" { "UserV1Dot2.id" } else { "list_all.name" };
            expected.push(format!("{other}: {GONE}"));
            assert_eq!(BTreeSet::from_iter(told), BTreeSet::from_iter(expected), "{place} {values}");
        }
    }
}
