//! Tests of the import of NHN Cloud and RISKEN on small pages of our own.

use serde_json::{Value, json};

use super::super::{Fixtures, Known, Outcome, compare};
use crate::openapi::Document;

mod refused;

const PUBLIC: &str = include_str!("tests/public.md");
const GOVERNMENT: &str = include_str!("tests/government.txt");
const LATER: &str = include_str!("tests/later.md");
const SPACED: &str = include_str!("tests/spaced.txt");
const BARRED: &str = include_str!("tests/barred.txt");
const RISKEN: &str = include_str!("tests/risken.md");
const RISKEN_TEXT: &str = include_str!("tests/risken.txt");

const ROOT: &str = "/keymanager/v9.1/appkey/{appkey}";

/// The fault of the public page: a comma too many.
const FAULT: &str =
    "secure-key-manager 9.1 put /keymanager/v9.1/appkey/{appkey}/keys/{keyid}: an example is not JSON (public page)";

fn import(vendor: &str, pages: &[&str], fixtures: &Fixtures, known: &[&str]) -> Outcome {
    let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
    let quoted: Vec<String> = known.iter().map(|line| format!("'{line}'")).collect();
    let known = format!("[[known]]\nreason = \"tested\"\ndifferences = [{}]\n", quoted.join(", "));
    compare(vendor, &pages, fixtures, &Known::parse(&known).unwrap()).unwrap()
}

/// Fixtures that agree with the pages.
fn imported(vendor: &str, pages: &[&str]) -> Fixtures {
    import(vendor, pages, &Fixtures::new(), &[FAULT]).documents
}

fn lines(vendor: &str, pages: &[&str], fixtures: &Fixtures) -> Vec<String> {
    import(vendor, pages, fixtures, &[FAULT]).lines
}

fn value(fixtures: &Fixtures, version: &str) -> Value {
    let found = fixtures.iter().find(|((_, own), _)| own == version).unwrap();
    serde_json::from_str(&found.1.to_json().unwrap()).unwrap()
}

/// The model that the payload of an operation's response has.
fn payload<'a>(document: &'a Value, operation: &Value) -> &'a Value {
    let reference = |value: &Value| value["$ref"].as_str().unwrap().trim_start_matches('#').to_owned();
    let media = &operation["responses"]["200"]["content"]["application/json"];
    let envelope = document.pointer(&reference(&media["schema"])).unwrap();
    let field = document["x-sdk"]["envelope"].as_str().unwrap();
    document.pointer(&reference(&envelope["properties"][field])).unwrap()
}

#[test]
fn page_becomes_a_document_with_all_of_its_calls() {
    let document = value(&imported("nhn", &[PUBLIC]), "9.1");
    assert_eq!(document["x-sdk"]["service"], "secure-key-manager");
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(|own| &own[ROOT.len()..]).collect();
    assert_eq!(paths, ["/keys/{keyid}", "/auths/ipv4s", "/auths/macs", "/stores/{storeId}/ips"]);
    let get = &document["paths"][format!("{ROOT}/keys/{{keyid}}")]["get"];
    let version = get["parameters"].as_array().unwrap().iter().find(|own| own["name"] == "keyVersion").unwrap();
    assert_eq!(version["schema"], json!({"type": "integer", "minimum": 1, "maximum": 9, "default": 1}));
    let example = &get["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(example["header"], json!({"resultCode": 0, "isSuccessful": true}), "the common header");
    assert_eq!(example["body"]["key"], "0x30, 0x82,");
    let model = payload(&document, get);
    assert_eq!(model["properties"]["kind"]["enum"], json!(["SECRET", "OTHER_KEY"]));
    assert_eq!(model["properties"]["end"]["type"], json!(["string", "null"]));
    assert!(model["properties"]["owners"]["items"]["$ref"].is_string());
    let body = &document["components"]["schemas"]["PutKeysKeyidRequest"];
    assert_eq!(body["properties"]["name"], json!({"type": "string", "minLength": 1, "maxLength": 100}));
    assert_eq!(body["properties"]["note"], json!({"type": "string", "maxLength": 1000}));
}

#[test]
fn query_that_selects_a_format_makes_an_operation_of_its_own() {
    let document = value(&imported("nhn", &[PUBLIC]), "9.1");
    let list = &document["paths"][format!("{ROOT}/stores/{{storeId}}/ips")]["get"];
    let split = &list["x-sdk"]["split"];
    assert_eq!((&split["parameter"], split.get("value")), (&json!("value"), None));
    assert_eq!(split["effect"], "read");
    let examples = &list["responses"]["200"]["content"]["application/json"]["examples"];
    assert_eq!(examples["list"]["value"]["body"], json!({"ipList": ["127.0.0.1"]}));
    assert_eq!(examples["detail"]["value"]["body"], json!({"ipList": [{"value": "127.0.0.1"}]}));
}

#[test]
fn second_import_finds_no_difference() {
    for (vendor, pages) in [
        ("nhn", &[PUBLIC][..]),
        ("nhn", &[LATER, PUBLIC]),
        ("nhn", &[SPACED]),
        ("nhn", &[BARRED]),
        ("risken", &[RISKEN]),
    ] {
        let fixtures = imported(vendor, pages);
        let again = import(vendor, pages, &fixtures, &[FAULT]);
        assert_eq!(again.lines, Vec::<String>::new());
        for (key, marked) in &again.documents {
            assert_eq!(marked.to_json().unwrap(), fixtures[key].to_json().unwrap(), "{key:?}");
        }
    }
}

#[test]
fn new_version_starts_with_what_older_ones_have() {
    let older = imported("nhn", &[GOVERNMENT]);
    let mut fixtures = older.clone();
    fixtures.retain(|(_, version), _| version == "9.0");
    let document = fixtures.values_mut().next().unwrap();
    let path = "/keymanager/v9.0/appkey/{appkey}/keys/{keyid}";
    document.paths[path].get.as_mut().unwrap().operation_id = "show_key".to_owned();
    let outcome = import("nhn", &[GOVERNMENT], &fixtures, &[]);
    assert_eq!(outcome.lines, ["secure-key-manager 9.1: in the page, no fixture"]);
    let document = value(&outcome.documents, "9.1");
    assert_eq!(document["paths"][format!("{ROOT}/keys/{{keyid}}")]["get"]["operationId"], "show_key");
}

#[test]
fn what_one_realm_has_is_optional_and_marked() {
    let fixtures = imported("nhn", &[PUBLIC, GOVERNMENT]);
    let document = value(&fixtures, "9.1");
    let get = &document["paths"][format!("{ROOT}/keys/{{keyid}}")]["get"];
    let model = payload(&document, get);
    assert_eq!(model["properties"]["seal"]["x-realm"], "government");
    assert!(!model["required"].as_array().unwrap().contains(&json!("seal")));
    let put = &document["paths"][format!("{ROOT}/keys/{{keyid}}")]["put"];
    assert_eq!((put.get("x-realm"), get.get("x-realm")), (Some(&json!("public")), None));
    let told = lines("nhn", &[PUBLIC, GOVERNMENT], &fixtures);
    assert_eq!(
        told,
        [
            "secure-key-manager 9.1 GetKeysKeyidResultV9Dot1.keyId: type integer in the page (government realm), string in the \
          fixture"
        ],
        "the first page decides where the two disagree"
    );
    // The page of one realm says nothing about the other.
    assert_eq!(lines("nhn", &[PUBLIC], &fixtures), Vec::<String>::new());
    let mut unmarked = fixtures.clone();
    for document in unmarked.values_mut() {
        let text = document.to_json().unwrap().replace("\"x-realm\": \"public\"", "\"x-realm\": null");
        let text = text.replace("\"x-realm\": \"government\"", "\"x-realm\": null");
        *document = Document::parse(&text).unwrap();
    }
    let told = lines("nhn", &[PUBLIC, GOVERNMENT], &unmarked).join("\n");
    assert!(
        told.contains("seal: field of only the government realm in the pages, of both realms in the fixture"),
        "{told}"
    );
}

#[test]
fn text_that_adds_calls_does_not_miss_the_others() {
    let fixtures = imported("nhn", &[LATER, PUBLIC]);
    assert_eq!(lines("nhn", &[LATER], &fixtures), Vec::<String>::new());
    let told = lines("nhn", &[PUBLIC], &fixtures);
    let path = format!("{ROOT}/keys/{{keyid}}");
    assert_eq!(told, [format!("secure-key-manager 9.1 delete {path}: operation absent in the page, in the fixture")]);
    assert_eq!(
        fixtures.values().next().unwrap().operation(&path, "delete").unwrap().sdk.effect,
        None,
        "a person says it"
    );
}

#[test]
fn tables_with_places_and_required_flags_are_read() {
    let document = value(&imported("nhn", &[SPACED]), "9.0");
    let get = &document["paths"]["/advisor/v9.0/appKey/{appKey}/results"]["get"];
    let region = get["parameters"].as_array().unwrap().iter().find(|own| own["name"] == "region").unwrap();
    assert_eq!((&region["required"], &region["schema"]["enum"]), (&json!(true), &json!(["KR1", "JP1"])));
    let document = value(&imported("nhn", &[BARRED]), "9.0");
    let get = &document["paths"]["/ssc/v9.0/appKey/{appKey}/summary"]["get"];
    let limit = get["parameters"].as_array().unwrap().iter().find(|own| own["name"] == "limit").unwrap();
    assert_eq!(limit["schema"], json!({"type": "integer", "maximum": 1000, "default": 10}));
    assert_eq!(limit.get("required"), None);
    assert_eq!(document["x-sdk"]["envelope"], "*");
}

#[test]
fn both_layouts_of_risken_say_the_same() {
    let (one, other) = (imported("risken", &[RISKEN]), imported("risken", &[RISKEN_TEXT]));
    assert_eq!(value(&one, "1"), value(&other, "1"));
    let document = value(&one, "1");
    let list = &document["paths"]["/thing/list-thing/"]["get"];
    assert_eq!(list["x-sdk"]["title"], "ListThing");
    let schemas: Vec<&Value> = list["parameters"].as_array().unwrap().iter().map(|own| &own["schema"]).collect();
    assert_eq!(schemas[1]["type"], "array");
    assert_eq!(schemas[2]["type"], "number");
    assert_eq!(schemas[3], &json!({"type": "integer", "enum": [1, 2]}));
    let models = &document["components"]["schemas"];
    assert_eq!(models["PutThngRequest"]["required"], json!(["project_id", "thing"]));
    let inner = &models["PutThngRequestThing"];
    assert_eq!(inner["properties"]["score"]["type"], "number", "the example has a fraction");
    assert_eq!(inner["required"], json!(["name"]));
    assert_eq!(document["paths"]["/thing/put-thing/"]["post"]["x-sdk"]["headers"][1]["name"], "Content-Type");
}

#[test]
fn every_changed_fact_is_named_and_taken_over() {
    for (vendor, page, from, to, told) in [
        ("nhn", PUBLIC, "| keyId | String |", "| keyId | Number |", "keyId: type integer in the page, string in the"),
        (
            "nhn",
            PUBLIC,
            "https://keys.example.com",
            "https://keys.example.org",
            "host https://keys.example.org: in the page",
        ),
        ("nhn", SPACED, "advisor.example.com", "advisor.example.org", "host https://advisor.example.org: in the page"),
        ("nhn", BARRED, "check.example.com", "check.example.org", "host https://check.example.org: in the page"),
        ("nhn", PUBLIC, "1 to 9)", "1 to 8)", "query keyVersion: maximum 8 in the page, 9 in the fixture"),
        ("nhn", PUBLIC, "default: 1,", "default: 2,", "query keyVersion: default 2 in the page, 1 in the fixture"),
        ("nhn", PUBLIC, "SECRET/OTHER_KEY", "SECRET/NEW_KEY", "kind: values [\"SECRET\",\"NEW_KEY\"] in the page"),
        ("nhn", PUBLIC, "(up to 1,000", "(up to 2,000", "note: maxLength 2000 in the page, 1000 in the fixture"),
        (
            "nhn",
            PUBLIC,
            "| kind | String |",
            "| more | Boolean | prose |\n| kind | String |",
            "more: field in the page, absent",
        ),
        ("nhn", PUBLIC, "\"keyId\": \"0fdd\"", "\"keyId\": \"1fdd\"", "response: example differs"),
        ("nhn", PUBLIC, "\"kind\": \"SECRET\"", "\"kind\": null", "kind: the example shows null"),
        (
            "nhn",
            SPACED,
            "status String O",
            "status String X",
            "status: required false in the page, true in the fixture",
        ),
        (
            "risken",
            RISKEN,
            "| `status` | number |",
            "| `state` | number |",
            "query status: parameter absent in the page",
        ),
        (
            "risken",
            RISKEN,
            "| `name` | []string | query | |",
            "| `name` | []string | query | yes |",
            "required true in the page",
        ),
        ("risken", RISKEN, "\"total\": 1}", "\"count\": 1}", "total: field absent in the page, in the fixture"),
        ("risken", RISKEN, "## PutThng", "## PutThing", "title `PutThing` in the page, `PutThng` in the fixture"),
        (
            "risken",
            RISKEN,
            "Bearer xxx' \\\n    'https",
            "Bearer yyy' \\\n    'https",
            "headers `Authorization: Bearer yyy`",
        ),
        (
            "risken",
            RISKEN,
            "POST: /thing/put-thing/",
            "POST: /thing/store-thing/",
            "post /thing/put-thing/: path `/thing/store-thing/` in the page, `/thing/put-thing/` in the fixture",
        ),
        (
            "risken",
            RISKEN,
            "## PutThng\n\n### Endpoint\n\n```yaml\nPOST: /thing/put-thing/",
            "## StoreThing\n\n### Endpoint\n\n```yaml\nPOST: /thing/store-thing/",
            "operation in the page, absent in the",
        ),
    ] {
        assert!(page.contains(from), "{from}");
        let fixtures = imported(vendor, &[page]);
        let changed = page.replacen(from, to, 1).replace(
            "/v1/thing/put-thing/",
            match to.contains("store-thing") {
                true => "/v1/thing/store-thing/",
                false => "/v1/thing/put-thing/",
            },
        );
        let outcome = import(vendor, &[&changed], &fixtures, &[FAULT]);
        assert!(outcome.lines.iter().any(|line| line.contains(told)), "{told} is not in {:#?}", outcome.lines);
        assert_eq!(lines(vendor, &[&changed], &outcome.documents), Vec::<String>::new(), "{from}");
        // What is known stays as it is in the fixture.
        let known: Vec<&str> = outcome.lines.iter().map(String::as_str).chain([FAULT]).collect();
        let kept = import(vendor, &[&changed], &fixtures, &known);
        assert_eq!(kept.lines, Vec::<String>::new());
        for (key, marked) in &kept.documents {
            assert_eq!(marked.to_json().unwrap(), fixtures[key].to_json().unwrap(), "{from}");
        }
    }
}

#[test]
fn hand_written_parts_stay() {
    let mut fixtures = imported("nhn", &[PUBLIC]);
    let document = fixtures.values_mut().next().unwrap();
    let model = &mut document.components.schemas["GetKeysKeyidResult"];
    model.description = Some("own words".to_owned());
    model.properties["keyId"].sdk.sensitive = true;
    let put = document.operation_mut(&format!("{ROOT}/keys/{{keyid}}"), "put").unwrap();
    put.sdk.effect = Some("destroy".to_owned());
    let before = document.to_json().unwrap();
    let changed = PUBLIC.replacen("1 to 9)", "1 to 8)", 1);
    let after = import("nhn", &[&changed], &fixtures, &[FAULT]).documents;
    let after = after.values().next().unwrap().to_json().unwrap();
    assert_eq!(after, before.replacen("\"maximum\": 9", "\"maximum\": 8", 1));
}

#[test]
fn operation_with_a_changed_path_keeps_its_hand_written_parts() {
    let mut fixtures = imported("nhn", &[PUBLIC]);
    let document = fixtures.values_mut().next().unwrap();
    let put = document.operation_mut(&format!("{ROOT}/keys/{{keyid}}"), "put").unwrap();
    put.summary = Some("own summary".to_owned());
    let id = put.parameters.iter_mut().find(|own| own.name == "keyid").unwrap();
    id.description = Some("own words".to_owned());
    let before = document.to_json().unwrap();
    let changed = PUBLIC.replace("{keyid}", "{key_id}");
    let outcome = import("nhn", &[&changed], &fixtures, &[&FAULT.replace("{keyid}", "{key_id}")]);
    let after = outcome.documents.values().next().unwrap().to_json().unwrap();
    let expected = before.replace("{keyid}", "{key_id}").replace("\"name\": \"keyid\"", "\"name\": \"key_id\"");
    assert_eq!(after, expected);
    let moved = |line: &&String| {
        line.ends_with("/keys/{key_id}` in the page, `/keymanager/v9.1/appkey/{appkey}/keys/{keyid}` in the fixture")
    };
    assert_eq!(outcome.lines.iter().filter(moved).count(), outcome.lines.len(), "{:#?}", outcome.lines);
    // What is known stays as it is in the fixture.
    let known: Vec<String> = outcome.lines.iter().cloned().chain([FAULT.replace("{keyid}", "{key_id}")]).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let kept = import("nhn", &[&changed], &fixtures, &known);
    assert_eq!(kept.lines, Vec::<String>::new());
    assert_eq!(kept.documents.values().next().unwrap().to_json().unwrap(), before);
}

/// The pages of the two realms name one call by different titles.
#[test]
fn path_that_both_realms_correct_is_one_moved_operation() {
    let moved = |page: &str| page.replace("{keyid}", "{key_id}");
    let (public, government) = (moved(PUBLIC), moved(GOVERNMENT));
    let fault = FAULT.replace("{keyid}", "{key_id}");
    let mut fixtures = imported("nhn", &[PUBLIC, GOVERNMENT]);
    for document in fixtures.values_mut() {
        for (_, operation) in document.paths.values_mut().flat_map(|item| item.operations_mut()) {
            operation.summary = Some("own summary".to_owned());
        }
    }
    let outcome = import("nhn", &[&public, &government], &fixtures, &[&fault]);
    let told: Vec<&String> = outcome.lines.iter().filter(|line| line.starts_with("secure-key-manager 9.1")).collect();
    let line = |method: &str| {
        let (old, new) = (format!("{ROOT}/keys/{{keyid}}"), format!("{ROOT}/keys/{{key_id}}"));
        format!("secure-key-manager 9.1 {method} {old}: path `{new}` in the page, `{old}` in the fixture")
    };
    assert!(told.contains(&&line("get")) && told.contains(&&line("put")), "{told:#?}");
    assert_eq!(
        told.len(),
        2 + lines("nhn", &[PUBLIC, GOVERNMENT], &fixtures).iter().filter(|line| line.contains(" 9.1 ")).count()
    );
    let after = value(&outcome.documents, "9.1");
    assert_eq!(after["paths"][format!("{ROOT}/keys/{{key_id}}")]["get"]["summary"], "own summary");
}
