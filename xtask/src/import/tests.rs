//! Tests of the import on a tiny page that holds every trap of the real one.

use serde_json::{Value, json};

use super::*;
use crate::openapi::{DocumentSdk, Operation, Schema};

mod differences;

const PAGE: &str = include_str!("tests/page.txt");

fn document(version: &str) -> Document {
    let documents = read_page(PAGE).unwrap();
    documents[&("keys".to_owned(), version.to_owned())].clone()
}

fn operation<'a>(document: &'a Document, id: &str) -> &'a Operation {
    let mut operations = document.operations();
    operations.find(|(.., own)| own.operation_id == id).map(|(.., own)| own).unwrap()
}

fn field<'a>(document: &'a Document, model: &str, name: &str) -> &'a Schema {
    &document.components.schemas[model].properties[name]
}

fn as_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// The error of the page with one text replaced.
fn error(from: &str, to: &str) -> String {
    assert!(PAGE.contains(from), "{from}");
    read_page(&PAGE.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn service_versions_and_regions_are_read() {
    let document = document("1.0");
    assert_eq!(document.info.title, "Key Service");
    assert_eq!(document.sdk.status.as_deref(), Some("DEPRECATED"));
    assert_eq!(document.sdk.sunset.as_deref(), Some("2026-05-31"));
    assert_eq!(
        as_json(&document.sdk.regions),
        json!([{"environment": "s", "region": "kr-west1"}, {"environment": "e", "region": "kr-east1"}])
    );
    assert_eq!(document.servers[0].url, "https://keys.{region}.{environment}.example.com");
    assert_eq!(as_json(&document.security), json!([{"ScpAccesskey": [], "ScpClientType": []}]));
    assert_eq!(document.sdk.headers[2].value, "keys 1.0");
}

#[test]
fn pattern_keeps_its_bars() {
    let document = document("1.1");
    let state = field(&document, "Key", "state");
    assert_eq!(state.pattern.as_deref(), Some("^(Active|Stop)$"));
    assert_eq!(state.examples, [json!("Active")]);
}

#[test]
fn glued_limits_are_taken_apart() {
    let document = document("1.1");
    assert_eq!(
        as_json(field(&document, "Key", "name")),
        json!({"type": "string", "pattern": "^[a-z0-9]*$", "minLength": 3, "maxLength": 63, "examples": ["testkey"]})
    );
    assert_eq!(
        as_json(field(&document, "KeyRequest", "days")),
        json!({"type": "integer", "minimum": 7, "maximum": 30, "examples": [7]})
    );
    // An empty example before a limit.
    assert_eq!(as_json(field(&document, "KeyRequest", "note")), json!({"type": "string", "maxLength": 100}));
}

#[test]
fn row_broken_in_backticks_is_one_row() {
    let document = document("1.1");
    assert_eq!(
        as_json(field(&document, "Key", "rule")),
        json!({"type": "string", "examples": ["first line\nsecond line"]})
    );
    assert_eq!(document.components.schemas["Key"].properties.len(), 9);
}

#[test]
fn rows_without_description_and_with_null() {
    let document = document("1.1");
    assert_eq!(
        as_json(field(&document, "KeyList", "keys")),
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Key"}})
    );
    assert_eq!(
        as_json(field(&document, "Key", "owner")),
        json!({"oneOf": [{"$ref": "#/components/schemas/User"}, {"type": "null"}]})
    );
    assert_eq!(
        as_json(field(&document, "Key", "made_at")),
        json!({"type": ["string", "null"], "format": "date-time", "examples": ["20251008"]})
    );
    assert_eq!(document.components.schemas["Key"].required, ["name", "state", "rule", "made_at", "count"]);
}

#[test]
fn defaults_are_json_and_foreign_text_is_none() {
    let document = document("1.1");
    assert_eq!(field(&document, "Key", "used").default, Some(json!(true)), "True is a boolean");
    assert_eq!(
        as_json(field(&document, "KeyList", "isTaken")),
        json!({"type": "boolean", "examples": [true]}),
        "a description in the default column is not a default"
    );
    assert_eq!(
        as_json(field(&document, "KeyRequest", "kind")),
        json!({"type": "string", "enum": ["basic", "advanced"], "default": "advanced", "examples": ["advanced"]})
    );
}

#[test]
fn python_spelling_becomes_json() {
    let document = document("1.1");
    let example = |name: &str| field(&document, "KeyList", name).examples.clone();
    assert_eq!(example("sort"), [json!(["created_at:asc"])]);
    assert_eq!(example("links"), [json!([{"href": "http://example.com", "rel": "self"}])]);
    assert_eq!(field(&document, "Key", "count").examples, [json!(["36"])], "a list for an integer stays what it is");
    assert_eq!(field(&document, "Key", "sealed").examples, [json!("[AES] abc==")], "a bracket alone makes no list");
}

#[test]
fn parameters_keep_order_type_and_default() {
    let document = document("1.1");
    let list = operation(&document, "list_keys");
    assert_eq!(
        as_json(&list.parameters),
        json!([
            {"name": "name", "in": "query", "required": true, "schema": {"type": "string"}, "example": "testkey"},
            {"name": "page", "in": "query", "schema": {"type": ["integer", "null"], "default": 0}, "example": 0},
            {"name": "state", "in": "query",
             "schema": {"type": ["array", "string", "null"], "items": {"type": "string"}}, "example": "VALID"},
            {"name": "tag", "in": "query",
             "schema": {"type": ["array", "null"], "items": {"type": "string"}}, "example": ["a"]},
            {"name": "mine", "in": "query", "schema": {"type": "boolean", "default": false}, "example": false},
        ])
    );
}

#[test]
fn operations_without_parameters_or_bodies() {
    let document = document("1.1");
    assert!(operation(&document, "reset_all").parameters.is_empty());
    assert!(
        operation(&document, "reset_all").responses["200"].content.is_empty(),
        "a status with None and an empty example has no content"
    );
    let delete = operation(&document, "delete_key");
    assert!(delete.responses["204"].content.is_empty());
    assert_eq!(delete.responses["403"].content.len(), 0);
    let body = delete.request_body.as_ref().unwrap();
    assert!(body.required, "a DELETE may have a body");
    assert_eq!(body.content["application/json"].example, Some(json!({"days": "7"})));
}

#[test]
fn example_bodies_keep_their_key_order() {
    let document = document("1.1");
    let list = operation(&document, "list_keys");
    let example = list.responses["200"].content["application/json"].example.as_ref().unwrap();
    assert_eq!(example.to_string(), r#"{"sort":["created_at:asc"],"keys":[],"links":[]}"#);
}

#[test]
fn header_parameters_are_the_signers() {
    let document = document("1.1");
    let temporary = operation(&document, "get_temporary_key");
    assert_eq!(temporary.parameters[0].sdk.source.as_deref(), Some("signer"));
    assert_eq!(as_json(&temporary.security), json!([{"SvAccesskey": [], "SvClientType": []}]));
    assert_eq!(document.components.security_schemes["SvClientType"].name.as_deref(), Some("Svclienttype"));
}

#[test]
fn models_go_where_they_are_reached() {
    let (new, old) = (document("1.1"), document("1.0"));
    let names = |document: &Document| -> Vec<String> { document.components.schemas.keys().cloned().collect() };
    assert_eq!(names(&new), ["Key", "KeyList", "KeyRequest", "Lost", "User"]);
    assert_eq!(names(&old), ["KeyRequest", "Lost"]);
    assert!(new.components.schemas["Lost"].sdk.unused);
    assert!(old.components.schemas["Lost"].sdk.unused);
    assert!(!new.components.schemas["Key"].sdk.unused);
}

#[test]
fn prose_is_not_imported() {
    for version in ["1.0", "1.1"] {
        let text = document(version).to_json().unwrap();
        for prose in ["Vendor prose", "prose of a field", "Bad Request", "OK"] {
            assert!(!text.contains(prose), "{prose} in {version}");
        }
    }
}

#[test]
fn page_that_contradicts_itself_stops_the_import() {
    let wrong = error("| 1.1 | - |\nParameters", "| 1.1 | 20300101 |\nParameters");
    assert!(wrong.contains("differs from the version table"), "{wrong}");
    let wrong = error("/v1/keys?name={name}", "/v1/keys?other={other}");
    assert!(wrong.contains("`other` is in the request path"), "{wrong}");
    let wrong = error("| 200 | OK | KeyList |", "| 200 | OK | Missing |");
    assert!(wrong.contains("model `Missing` is not on the page"), "{wrong}");
    let wrong = error("| integer |", "| whole |");
    assert!(wrong.contains("`whole` is not a known type"), "{wrong}");
    let wrong = error("\"keys\": [],", "\"keys\": [");
    assert!(wrong.contains("example is not valid JSON"), "{wrong}");
    let wrong = error("Response 204", "Response 202");
    assert!(wrong.contains("undocumented status 202"), "{wrong}");
    assert!(wrong.starts_with("line "), "{wrong}");
    let wrong = error("Minimum : 7", "Minimum : seven");
    assert!(wrong.contains("`Minimum : seven` is not a limit"), "{wrong}");
    assert!(read_page("nothing here").is_err());
}

#[test]
fn hand_written_parts_stay() {
    let fresh = document("1.1");
    let mut old = fresh.clone();
    old.info.description = Some("own words".to_owned());
    old.sdk.source = Some("a page".to_owned());
    let delete = old.paths["/v1/keys/{key_id}"].delete.as_mut().unwrap();
    delete.operation_id = "remove".to_owned();
    delete.summary = Some("own summary".to_owned());
    delete.sdk.idempotency = Some("unsafe".to_owned());
    delete.parameters[0].description = Some("own parameter".to_owned());
    delete.parameters[0].sdk.required_by_server = true;
    delete.responses["204"].description = "own answer".to_owned();
    let key = &mut old.components.schemas["Key"];
    key.description = Some("own model".to_owned());
    key.properties["name"].sdk.sensitive = true;
    key.properties["name"].sdk.deviation = Some("own sentence".to_owned());
    key.properties["name"].content_encoding = Some("base64".to_owned());
    key.properties["rule"].content_media_type = Some("application/json".to_owned());
    key.properties["sealed"].format = Some("ciphertext".to_owned());
    key.properties["state"].sdk.enumeration = Some("State".to_owned());
    let enums = json!({"enums": {"State": {"description": "own state", "values": ["Active"]}}});
    old.sdk.enums = serde_json::from_value::<DocumentSdk>(enums).unwrap().enums;
    let reset = old.paths["/v1/keys/reset"].post.as_mut().unwrap();
    reset.sdk.lost_response = Some("own loss".to_owned());
    reset.sdk.already_deleted = Some(json!({}));
    assert_eq!(differences(&fresh, &old), Vec::<String>::new(), "the page states none of this");
    assert_eq!(merge(fresh.clone(), Some(&old)), old, "nothing is lost");

    // A fact that the fixture states wrongly comes back, with the words around it kept.
    let mut wrong = old.clone();
    wrong.components.schemas["Key"].properties["name"].max_length = Some(9);
    wrong.components.schemas["Key"].required.clear();
    assert_eq!(merge(fresh.clone(), Some(&wrong)), old);
    assert_eq!(merge(fresh.clone(), None), fresh);
}

/// The import of a changed page over the fixtures of the page, after `write` has written into those of 1.1.
fn imported(write: impl Fn(&mut Document), edits: &[(&str, &str)]) -> (Outcome, Document) {
    let pages = [PAGE.to_owned()];
    let mut fixtures = compare("scp", &pages, &Fixtures::new(), &Known::default()).unwrap().documents;
    let key = ("keys".to_owned(), "1.1".to_owned());
    write(fixtures.get_mut(&key).unwrap());
    let mut changed = PAGE.to_owned();
    for (from, to) in edits {
        assert!(changed.contains(from), "{from}");
        changed = changed.replace(from, to);
    }
    let outcome = compare("scp", &[changed], &fixtures, &Known::default()).unwrap();
    let document = outcome.documents[&key].clone();
    (outcome, document)
}

#[test]
fn operation_whose_path_is_written_otherwise_keeps_its_hand_written_parts() {
    let write = |old: &mut Document| {
        let delete = old.operation_mut("/v1/keys/{key_id}", "delete").unwrap();
        delete.operation_id = "remove".to_owned();
        delete.parameters[0].description = Some("own words".to_owned());
    };
    for to in ["/v1/keys/{keyId}", "/v1/keys/{key_id}/", "/v1/key/{key_id}"] {
        let name = if to.contains("keyId") { "keyId" } else { "key_id" };
        let edits = [("/v1/keys/{key_id}", to), ("| path | key_id required", &format!("| path | {name} required"))];
        let (outcome, document) = imported(write, &edits);
        let delete = document.operation(to, "delete").unwrap();
        assert_eq!(delete.operation_id, "remove", "{to}");
        assert_eq!(delete.parameters[0].name, name);
        assert_eq!(delete.parameters[0].description.as_deref(), Some("own words"), "{to}");
        let told = format!(
            "keys 1.1 delete /v1/keys/{{key_id}}: path `{to}` in the page, `/v1/keys/{{key_id}}` in the fixture"
        );
        assert!(outcome.lines.contains(&told), "{:#?}", outcome.lines);
        assert!(!outcome.lines.iter().any(|line| line.contains("operation")), "{:#?}", outcome.lines);
    }
}

#[test]
fn success_under_another_status_keeps_the_hand_written_parts() {
    let write = |old: &mut Document| {
        let list = old.operation_mut("/v1/keys", "get").unwrap();
        list.responses["200"].description = "own answer".to_owned();
        let delete = old.operation_mut("/v1/keys/{key_id}", "delete").unwrap();
        delete.responses["204"].description = "own end".to_owned();
        old.components.schemas["KeyList"].description = Some("own model".to_owned());
    };
    let edits = [
        ("| 200 | OK | KeyList |", "| 201 | OK | Keys |"),
        ("Response 200\n{\n\"sort\"", "Response 201\n{\n\"sort\""),
        ("| 204 | No Content |", "| 202 | No Content |"),
        ("Response 204", "Response 202"),
        ("KeyList\n", "Keys\n"),
    ];
    let (_, document) = imported(write, &edits);
    assert_eq!(document.operation("/v1/keys", "get").unwrap().responses["201"].description, "own answer");
    let delete = document.operation("/v1/keys/{key_id}", "delete").unwrap();
    assert_eq!(delete.responses["202"].description, "own end");
    assert_ne!(delete.responses["403"].description, "own end");
    assert_eq!(document.components.schemas["Keys"].description.as_deref(), Some("own model"));
}

#[test]
fn values_in_the_words_of_a_page_are_compared_with_the_enumeration() {
    let enumerated = |values: &'static [&'static str]| {
        move |old: &mut Document| {
            let enums = json!({"enums": {"State": {"description": "own state", "values": values}}});
            old.sdk.enums = serde_json::from_value::<DocumentSdk>(enums).unwrap().enums;
            old.components.schemas["Key"].properties["state"].sdk.enumeration = Some("State".to_owned());
            let list = old.operation_mut("/v1/keys", "get").unwrap();
            list.parameters.iter_mut().find(|own| own.name == "name").unwrap().schema.sdk.enumeration =
                Some("State".to_owned());
        }
    };
    let (state, name) = ("| state required | State", "| query | name required | prose");
    let told = |place: &str, what: &str| format!("keys 1.1 {place}: {what}");
    let differ = |place: &str, page: &str, fixture: &str| {
        let what = format!("values differ; only in the description: {page}; only in `State`: {fixture}");
        vec![told(place, &what)]
    };
    let gone = |place: &str| vec![told(place, "no values in the description, but in `State`")];
    let (key, list) = ("Key.state", "list_keys.name");
    for (values, state_text, name_text, expected) in [
        (&["Active", "Stop"][..], "State(Active, Stop)", "Name(Active, Stop)", Vec::new()),
        (&["Stop", "Active"], "State(Active, Stop)", "Name(Stop or Active)", Vec::new()),
        (&["Active"], "State(Active, Stop)", "Name(Active)", differ(key, "Stop", "none")),
        (
            &["Active", "Stop", "Error"],
            "State(Active, Stop, Error)",
            "Name(Error)",
            differ(list, "none", "Active, Stop"),
        ),
        (&["Active", "Stop"], "State(On, Stop)", "Name(Active, Stop)", differ(key, "On", "Active")),
        (&["Active", "Stop"], "State(Active, Stop)", "Name(Active, Error)", differ(list, "Error", "Stop")),
        // A list of one value, and one that is gone.
        (&["Active", "Stop"], "State(Active)", "Name(Active, Stop)", differ(key, "none", "Stop")),
        (&["Active", "Stop"], "State", "Name(Active, Stop)", gone(key)),
        (&["Active", "Stop"], "State(Active, Stop)", "Name", gone(list)),
    ] {
        let rows = (format!("| state required | {state_text}"), format!("| query | name required | {name_text} prose"));
        let (outcome, _) = imported(enumerated(values), &[(state, &rows.0), (name, &rows.1)]);
        assert_eq!(outcome.lines, expected, "{values:?} {state_text} {name_text}");
        assert!(outcome.known.is_empty());
    }
    // A fixture without an enumeration lacks one as soon as the page lists values.
    let own = told(list, "values only in the description, which no enumeration has: On, Off");
    for (name_text, expected) in [("Name", Vec::new()), ("Name(s)", Vec::new()), ("Name(On, Off)", vec![own])] {
        let row = format!("| query | name required | {name_text} prose");
        assert_eq!(imported(|_| {}, &[(name, &row)]).0.lines, expected);
    }
}

#[test]
fn known_list_of_values_is_known_of_later_versions() {
    let pages = [PAGE.replacen("| note optional | Note", "| note optional | Note(On, Off)", 1)];
    let fixtures = compare("scp", &pages, &Fixtures::new(), &Known::default()).unwrap().documents;
    let line = |number: &str| {
        format!("keys {number} KeyRequest.note: values only in the description, which no enumeration has: On, Off")
    };
    for (known, open) in [(&[][..], &["1.0", "1.1"][..]), (&["1.0"], &[]), (&["1.0", "1.1"], &[]), (&["1.1"], &["1.0"])]
    {
        let lines = |own: &[&str]| own.iter().map(|number| line(number)).collect::<Vec<_>>();
        let quoted: Vec<String> = lines(known).iter().map(|line| format!("'{line}'")).collect();
        let text = format!("[[known]]\nreason = \"tested\"\ndifferences = [{}]\n", quoted.join(", "));
        let outcome = compare("scp", &pages, &fixtures, &Known::parse(&text).unwrap()).unwrap();
        assert_eq!((outcome.lines, outcome.known), (lines(open), lines(known).into_iter().collect()), "{known:?}");
    }
}

#[test]
fn new_version_starts_from_the_one_before() {
    let mut documents = Fixtures::new();
    for version in ["1.2", "1.10", "2.0"] {
        let mut own = document("1.1");
        own.info.version = version.to_owned();
        documents.insert(("keys".to_owned(), version.to_owned()), own);
    }
    let found = |version: &str| ancestor(&documents, "keys", version).map(|own| own.info.version.clone());
    assert_eq!(found("1.11").as_deref(), Some("1.10"));
    assert_eq!(found("2.0").as_deref(), Some("2.0"));
    assert_eq!(found("1.1"), None);
}

#[test]
fn folders_are_compared_as_a_whole() {
    let pages = [PAGE.to_owned()];
    let mut fixtures = compare("scp", &pages, &Fixtures::new(), &Known::default()).unwrap().documents;
    assert_eq!(compare("scp", &pages, &fixtures, &Known::default()).unwrap().lines, Vec::<String>::new());
    let old = fixtures.remove(&("keys".to_owned(), "1.0".to_owned())).unwrap();
    for version in ["0.9", "1.10"] {
        fixtures.insert(("keys".to_owned(), version.to_owned()), old.clone());
    }
    // A version beyond the page's newest comes from another page.
    assert_eq!(
        compare("scp", &pages, &fixtures, &Known::default()).unwrap().lines,
        ["keys 1.0: in the page, no fixture", "keys 0.9: fixture, not in the page"]
    );
}

#[test]
fn names_that_would_leave_the_folder_are_refused() {
    let url = "https://keys.{region}";
    for name in ["..", "../../x", "/etc/x", "Keys", "", "a b", "keys\\x"] {
        let told = error(url, &format!("https://{name}.{{region}}"));
        assert!(told.contains("is not the name of a service"), "{name}: {told}");
    }
    let told = read_page(&PAGE.replace("1.1", "../1")).unwrap_err().to_string();
    assert!(told.contains("line"), "{told}");
    assert!(error("| 1.0 | DEPRECATED | 20260531 |", "| ../1 | DEPRECATED | 20260531 |").contains("line"));
}

#[test]
fn day_outside_of_the_calendar_is_refused() {
    for day in ["20261301", "20260230", "2026053x", "éééé", "+0260531"] {
        let told = error("| 1.0 | DEPRECATED | 20260531 |", &format!("| 1.0 | DEPRECATED | {day} |"));
        assert!(told.contains(&format!("`{day}` is not a day")), "{told}");
    }
}

#[test]
fn import_writes_inside_its_folder_alone() {
    let root = std::env::temp_dir().join(format!("xtask-import-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    let page = root.join("page.txt");
    fs::write(&page, PAGE.replacen("https://keys.{region}", "https://../../escaped.{region}", 1)).unwrap();
    let name = page.to_string_lossy().into_owned();
    let told = run(&root, "scp", &[&name], false).unwrap_err().to_string();
    assert!(told.contains("is not the name of a service"), "{told}");
    fs::write(&page, PAGE).unwrap();
    run(&root, "scp", &[&name], false).unwrap();
    let mut written: Vec<String> = fs::read_dir(root.join("fixtures/scp"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    written.sort();
    assert_eq!(written, ["keys-1.0.json", "keys-1.1.json"]);
    fs::remove_dir_all(&root).unwrap();
}
