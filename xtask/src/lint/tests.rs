//! Tests of every rule: a tiny good document, one thing broken in it, the findings.

use serde_json::{Value, json};

use super::*;

mod examples;

/// A document without findings, for the tests to break.
fn good() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Tiny", "version": "1.0", "description": "d"},
        "security": [{"Token": []}],
        "x-sdk": {"vendor": "nhn", "service": "tiny", "envelope": "body"},
        "paths": {"/v1/keys/{id}": {"get": {
            "operationId": "list_keys",
            "summary": "s",
            "description": "d",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "description": "d", "schema": {"type": "string"}},
                {"name": "page", "in": "query", "description": "d",
                 "schema": {"type": ["integer", "null"], "minimum": 0, "default": 0}, "example": 1},
                {"name": "size", "in": "query", "description": "d", "schema": {"$ref": "#/components/schemas/Size", "default": 20}}
            ],
            "requestBody": {"required": true, "description": "d", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Key"}, "example": {"name": "abc"}
            }}},
            "responses": {
                "200": {"description": "d", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Answer"},
                    "examples": {"all": {"value": {"body": {
                        "keys": [{"name": "abc", "at": "2024-05-17T00:23:17Z", "any": {"x": 1}}], "paging": {"total": 1}
                    }}}, "one": {"value": {"name": "abc"}}}
                }}},
                "404": {"description": "d"}
            },
            "x-sdk": {
                "idempotency": "safe",
                "effect": "read",
                "page": {"style": "page", "index": "page", "size": "size", "items": "keys", "total": "paging.total"},
                "split": {"parameter": "page", "operationId": "show_key", "summary": "s", "description": "d",
                          "effect": "read", "schema": "#/components/schemas/Key", "example": "one"}
            }
        }}},
        "components": {
            "schemas": {
                "Answer": {"type": "object", "description": "d", "x-sdk": {"envelope": true},
                           "properties": {"body": {"$ref": "#/components/schemas/List"}}},
                "List": {"type": "object", "description": "d", "required": ["keys"], "properties": {
                    "keys": {"type": "array", "description": "d", "items": {"$ref": "#/components/schemas/Key"}},
                    "paging": {"oneOf": [{"$ref": "#/components/schemas/Paging"}, {"type": "null"}], "description": "d"}
                }},
                "Paging": {"type": "object", "description": "d", "properties": {
                    "total": {"type": "integer", "description": "d", "examples": [3]}
                }},
                "Key": {"type": "object", "description": "d", "required": ["name"], "properties": {
                    "name": {"type": "string", "description": "d", "pattern": "^[a-z]*$", "minLength": 2,
                             "maxLength": 4, "examples": ["abc"], "x-sdk": {"alias": ["nmae"]}},
                    "at": {"type": ["string", "null"], "format": "date-time", "description": "d"},
                    "any": {"type": "object", "description": "d"}
                }},
                "Size": {"type": "integer", "description": "d", "enum": [10, 20]},
                "Spare": {"type": "object", "description": "d", "x-sdk": {"unused": true}, "properties": {
                    "flag": {"type": "boolean", "description": "d", "default": true}
                }}
            },
            "securitySchemes": {"Token": {"type": "http", "scheme": "bearer", "description": "d"}}
        }
    })
}

/// The findings after the value at `pointer` is replaced; `null` takes it away.
fn broken(pointer: &str, value: Value) -> Vec<String> {
    let mut document = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    match document.pointer_mut(parent).unwrap() {
        Value::Object(fields) if value.is_null() => {
            assert!(fields.remove(&key).is_some(), "{pointer}");
        }
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer} leads into {other}"),
    }
    let findings = check_text(&document.to_string());
    findings.iter().map(Finding::to_string).collect()
}

/// Expects one finding, at `place` below `root`, that holds `told`.
fn expect(pointer: &str, value: Value, place: &str, told: &str) {
    let found = broken(pointer, value);
    assert_eq!(found.len(), 1, "{pointer}: {found:#?}");
    assert!(found[0].starts_with(&format!("{place}: ")), "{found:?}");
    assert!(found[0].contains(told), "{found:?}");
}

const GET: &str = "/paths/~1v1~1keys~1{id}/get";
const KEY: &str = "/components/schemas/Key";

#[test]
fn good_document_has_no_findings() {
    assert_eq!(check_text(&good().to_string()), Vec::new());
}

#[test]
fn fixtures_have_no_findings() {
    let files = fixture_files(&crate::root().join("fixtures")).unwrap();
    assert!(files.len() >= 10, "{files:?}");
    for path in files {
        let findings = check_text(&fs::read_to_string(&path).unwrap());
        assert_eq!(findings, Vec::new(), "{}", path.display());
    }
}

#[test]
fn unknown_keyword_is_reported() {
    let place = format!("{KEY}/properties/name/foo");
    expect(&place, json!(1), &place, "unknown field `foo`");
    let place = format!("{GET}/x-sdk/retry");
    expect(&place, json!(1), &place, "unknown field `retry`");
    assert_eq!(check_text("{").len(), 1);
}

#[test]
fn filter_says_what_it_compares_and_refuses_zero() {
    let told = "Returns only keys like this.";
    let filter = |schema: Value, sdk: Value| json!({"name": "f", "in": "query", "description": told, "schema": schema, "x-sdk": sdk});
    let place = format!("{GET}/parameters/2");
    let integer = |minimum: i64| json!({"type": "integer", "minimum": minimum});
    let server = json!({"type": "integer", "x-sdk": {"checked_by_server": [{"minimum": 1}]}});
    for (schema, sdk, wanted) in [
        (json!({"type": "string"}), json!({"match": "equal"}), None),
        (json!({"type": ["array", "null"], "items": {"type": "string"}}), json!({"match": "equal"}), None),
        (json!({"type": "string"}), json!({}), Some("x-sdk: missing match")),
        (json!({"type": ["string", "null"]}), json!({"name": "like"}), Some("x-sdk: missing match")),
        (integer(1), json!({}), None),
        (server, json!({}), None),
        (integer(0), json!({}), Some("schema: a filter by number needs a `minimum` above 0")),
        (json!({"type": "integer"}), json!({}), Some("schema: a filter by number needs")),
    ] {
        let found = broken(&place, filter(schema.clone(), sdk));
        let found: Vec<_> = found.iter().filter_map(|line| line.strip_prefix(&format!("{place}/"))).collect();
        assert_eq!(found.len(), wanted.iter().len(), "{schema}: {found:?}");
        assert!(found.iter().zip(wanted).all(|(found, wanted)| found.starts_with(wanted)), "{schema}: {found:?}");
    }
}

#[test]
fn effect_is_stated_for_every_operation() {
    for place in [format!("{GET}/x-sdk"), format!("{GET}/x-sdk/split")] {
        let effect = format!("{place}/effect");
        expect(&effect, Value::Null, &place, "missing effect");
        expect(&effect, json!("delete"), &effect, "`delete` is not read, mutate or destroy");
        assert_eq!(broken(&effect, json!("destroy")), Vec::<String>::new());
    }
}

#[test]
fn response_with_a_sensitive_property_says_whether_it_reveals_it() {
    let [own, split] = [format!("{GET}/x-sdk"), format!("{GET}/x-sdk/split")];
    let mut document = good();
    document["components"]["schemas"]["Key"]["properties"]["name"]["x-sdk"]["sensitive"] = json!(true);
    let told = |document: &Value| {
        let findings: Vec<_> = check_text(&document.to_string()).iter().map(Finding::to_string).collect();
        findings.into_iter().filter(|finding| finding.contains("eals")).collect::<Vec<_>>()
    };
    let why = "the response has a sensitive property";
    let missing = [format!("{own}: missing reveals_secrets: {why}"), format!("{split}: missing revealsSecrets: {why}")];
    assert_eq!(told(&document), missing);
    for revealed in [true, false] {
        document.pointer_mut(&own).unwrap()["reveals_secrets"] = json!(revealed);
        document.pointer_mut(&split).unwrap()["revealsSecrets"] = json!(revealed);
        assert_eq!(told(&document), Vec::<String>::new(), "{revealed}");
    }
    for place in [format!("{own}/reveals_secrets"), format!("{split}/revealsSecrets")] {
        assert_eq!(broken(&place, json!(false)), Vec::<String>::new());
        expect(&place, json!(true), &place, "the response has no sensitive property");
    }
}

#[test]
fn assumption_is_a_sentence() {
    for place in [String::new(), GET.to_owned(), KEY.to_owned(), format!("{KEY}/properties/name")] {
        let place = format!("{place}/x-assumed");
        expect(&place, json!("because"), &place, "not a sentence");
        expect(&place, json!(""), &place, "not a sentence");
        assert_eq!(broken(&place, json!("The page does not tell.")), Vec::<String>::new(), "{place}");
    }
}

#[test]
fn realm_is_known_and_never_required() {
    let (id, page) = (format!("{GET}/parameters/0"), format!("{GET}/parameters/1"));
    let (name, any) = (format!("{KEY}/properties/name"), format!("{KEY}/properties/any"));
    for place in [GET, &format!("{GET}/x-sdk/split"), &page, &any] {
        let realm = format!("{place}/x-realm");
        expect(&realm, json!("private"), &realm, "`private` is not a realm");
        for good in ["public", "government"] {
            assert_eq!(broken(&realm, json!(good)), Vec::<String>::new(), "{place}");
        }
    }
    for place in [id, name] {
        expect(&format!("{place}/x-realm"), json!("public"), &place, "what only one realm has cannot be required");
    }
}

#[test]
fn style_is_that_of_an_array_in_the_query() {
    let place = format!("{GET}/parameters/2");
    let styled = |kind: Value, place: &str, style: &str| json!({"name": "f", "in": place, "description": "d", "schema": kind, "x-style": style});
    let list = || json!({"type": "array", "items": {"type": "string"}});
    let at = format!("{place}/x-style: ");
    for (parameter, wanted) in [
        (styled(list(), "query", "comma"), None),
        (styled(list(), "query", "pipe"), Some("`pipe` is not a style")),
        (styled(list(), "header", "comma"), Some("only an array of the query has a style")),
        (styled(json!({"type": "string"}), "query", "comma"), Some("only an array of the query has a style")),
    ] {
        let found = broken(&place, parameter);
        let found: Vec<_> = found.iter().filter_map(|line| line.strip_prefix(&at)).collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn missing_text_is_reported() {
    for place in [
        "/info/description".to_owned(),
        format!("{GET}/summary"),
        format!("{GET}/description"),
        format!("{GET}/parameters/0/description"),
        format!("{GET}/requestBody/description"),
        format!("{GET}/x-sdk/split/summary"),
        format!("{GET}/x-sdk/split/description"),
        format!("{KEY}/description"),
        format!("{KEY}/properties/name/description"),
        "/components/schemas/Spare/description".to_owned(),
    ] {
        expect(&place, Value::Null, &place, "missing ");
        expect(&place, json!(" "), &place, "missing ");
    }
    let place = format!("{GET}/responses/404/description");
    expect(&place, json!(""), &place, "missing description");
}

#[test]
fn required_field_without_property_is_reported() {
    let place = format!("{KEY}/required");
    expect(&place, json!(["name", "nope"]), &format!("{place}/1"), "`nope` is required but is not a property");
    expect(&place, json!(["name", "name"]), &format!("{place}/1"), "required twice");
}

#[test]
fn unused_mark_that_is_wrong_is_reported() {
    let place = "/components/schemas/Spare";
    expect(&format!("{place}/x-sdk"), Value::Null, place, "no operation reaches it");
    let place = "/components/schemas/Paging/x-sdk";
    let mark = format!("{place}/unused");
    expect(place, json!({"unused": true}), &mark, "an operation reaches it");
}

#[test]
fn dangling_reference_is_reported() {
    let place = format!("{KEY}/properties/more");
    let dangling = json!({"$ref": "#/components/schemas/Nope"});
    expect(&place, dangling, &format!("{place}/$ref"), "`#/components/schemas/Nope` is not a model");
    let beside = json!({"$ref": "#/components/schemas/Size", "minimum": 1});
    expect(&place, beside, &place, "may stand beside `$ref`");
    expect("/security/0", json!({"Other": []}), "/security", "`Other` is not a security scheme");
    let place = format!("{GET}/security");
    expect(&place, json!([{"Other": []}]), &place, "`Other` is not a security scheme");
}

#[test]
fn operation_name_in_wrong_case_or_twice_is_reported() {
    let place = format!("{GET}/operationId");
    expect(&place, json!("list_Keys"), &place, "not snake_case");
    expect(&place, json!("fetch_keys"), &place, "begins with none of the verbs");
    let place = format!("{GET}/x-sdk/split/operationId");
    expect(&place, json!("list_keys"), &place, "names two operations");
    let mut other = good()["paths"]["/v1/keys/{id}"]["get"].clone();
    other["x-sdk"]["split"]["operationId"] = json!("show_other_key");
    let place = "/paths/~1v1~1keys~1{id}/post";
    let told = "`list_keys` names two operations";
    expect(place, other, &format!("{place}/operationId"), told);
    assert_eq!(broken("/paths", json!({}))[0], "/paths: no operation");
}

#[test]
fn parameter_that_contradicts_the_path_is_reported() {
    let at = |rest: &str| format!("{GET}/parameters/{rest}");
    expect(&at("0/required"), json!(false), &at("0"), "in the path but not required");
    let found = broken(&at("0/name"), json!("key"));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("`key` is not in the path template"));
    assert!(found[1].contains("`{id}` of the path is not described"));
    let twice = json!({"name": "page", "in": "query", "description": "d", "schema": {"type": "integer"}});
    let found = broken(&at("2"), twice);
    assert!(found.iter().any(|line| line.contains("`page` stands twice")));
    let found = broken(&at("2/in"), json!("cookie"));
    assert!(found[0].contains("`cookie` is not a place"), "{found:?}");
}

#[test]
fn page_rule_without_target_is_reported() {
    let at = |rest: &str| format!("{GET}/x-sdk/page/{rest}");
    expect(&at("style"), json!("scroll"), &at("style"), "`scroll` is not a style");
    expect(&at("index"), json!("offset"), &at("index"), "is not a query parameter");
    expect(&at("size"), json!("id"), &at("size"), "is not a query parameter");
    expect(&at("items"), json!("nope"), &at("items"), "`nope` is not a field");
    expect(&at("items"), json!("paging"), &at("items"), "`paging` is not an array");
    expect(&at("total"), json!("paging.sum"), &at("total"), "`paging.sum` is not a field");
    let found = broken("/x-sdk/envelope", json!("data"));
    assert!(found.iter().any(|line| line.contains("no answer to find the items in")));
}

#[test]
fn split_without_target_is_reported() {
    let at = |rest: &str| format!("{GET}/x-sdk/split/{rest}");
    expect(&at("parameter"), json!("value"), &at("parameter"), "is not a query parameter");
    let found = broken(&at("schema"), json!("#/components/schemas/Nope"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("is not a model of this document"));
    let found = broken(&at("example"), json!("two"));
    assert!(found.iter().any(|line| line.contains("`two` is not an example")));
}

#[test]
fn operation_without_idempotency_or_success_is_reported() {
    let place = format!("{GET}/x-sdk/idempotency");
    expect(&place, json!("maybe"), &place, "`maybe` is not safe");
    let found = broken(&place, Value::Null);
    assert_eq!(found, [format!("{GET}/x-sdk: missing idempotency")]);
    let found = broken(&format!("{GET}/responses"), json!({"404": {"description": "d"}}));
    assert!(found.iter().any(|line| line.contains("no success status")));
    let xml = json!({"text/xml": {"schema": {"$ref": "#/components/schemas/Key"}}});
    let found = broken(&format!("{GET}/requestBody/content"), xml);
    assert!(found[0].contains("only `application/json` is known"), "{found:?}");
}

#[test]
fn pattern_that_does_not_compile_is_reported() {
    let place = format!("{KEY}/properties/at/pattern");
    expect(&place, json!("^["), &place, "no regular expression");
}

#[test]
fn description_that_names_a_format_without_its_mark_is_reported() {
    // A property that no example shows.
    let place = format!("{KEY}/properties/at");
    for (text, mark, told) in [
        ("The message, in Base64.", json!({"contentEncoding": "base64"}), "says Base64"),
        ("Ciphertext, with Base64.", json!({"format": "ciphertext"}), "says Base64"),
        ("The code, in Base64.", json!({"x-sdk": {"type": "hmac"}}), "says Base64"),
        ("The certificate in PEM format.", json!({"contentMediaType": "application/x-pem-file"}), "says PEM"),
        ("`Y` if it is on, otherwise `N`.", json!({"x-sdk": {"type": "yes_no"}}), "says `Y` or `N`"),
        ("`y` if it is on, otherwise `n`.", json!({"x-sdk": {"type": "yes_no_lowercase"}}), "says `Y` or `N`"),
        ("The day, `YYYYMMDD`.", json!({"x-sdk": {"type": "basic_date"}}), "says YYYYMMDD"),
        ("The day, `YYYY-MM-DD`.", json!({"x-sdk": {"type": "date_or_time"}}), "says YYYY-MM-DD"),
        ("The time, `YYYY-MM-DD HH:MM:SS`.", json!({"format": "date-time"}), "says YYYY-MM-DD"),
        ("Networks in CIDR notation.", json!({"x-sdk": {"type": "networks"}}), "says CIDR"),
        ("A field, a colon and `asc` or `desc`.", json!({"x-sdk": {"type": "sort"}}), "says how a list is sorted"),
        ("The list: `A` (new) or `B`.", json!({"x-sdk": {"enum": "Kind"}}), "lists values"),
        ("`A`, `B`, or `C`.", json!({"x-sdk": {"enum": "Kind"}}), "lists values"),
    ] {
        let mut property = json!({"type": "string", "description": text});
        expect(&place, property.clone(), &format!("{place}/description"), told);
        // A parameter is held to the same, and so are the items of one that is an array.
        let mut parameter = json!({"name": "page", "in": "query", "description": text, "schema": {"type": "string"}});
        let mut list = json!({"name": "page", "in": "query", "description": text,
                              "schema": {"type": "array", "items": {"type": "string"}}});
        let at = format!("{GET}/parameters/1");
        for unmarked in [&parameter, &list] {
            let found = broken(&at, unmarked.clone());
            assert!(found.iter().any(|line| line.contains(told)), "{text}: {found:?}");
        }
        let mark = mark.as_object().unwrap();
        property.as_object_mut().unwrap().extend(mark.clone());
        parameter["schema"].as_object_mut().unwrap().extend(mark.clone());
        list["schema"]["items"].as_object_mut().unwrap().extend(mark.clone());
        for (place, marked) in [(&place, property), (&at, parameter), (&at, list)] {
            assert_eq!(broken(place, marked), Vec::<String>::new(), "{text}");
        }
    }
    for examples in ["Kind, such as `A` or `B`.", "`A`. `B` or `C` are assumed."] {
        let property = json!({"type": "string", "description": examples});
        assert_eq!(broken(&place, property), Vec::<String>::new(), "{examples}");
    }
    // A header is no argument.
    let header = json!({"name": "X-Signature", "in": "header", "description": "In Base64.", "schema": {"type": "string"},
                        "x-sdk": {"source": "signer"}});
    let found = broken(&format!("{GET}/parameters/2"), header);
    assert!(!found.iter().any(|line| line.contains("says")), "{found:?}");
}

#[test]
fn names_and_days_of_the_document_are_checked() {
    for (pointer, value, told) in [
        ("/x-sdk/service", "../../x", "lower-case letters, digits and dashes"),
        ("/x-sdk/service", "Tiny", "lower-case letters"),
        ("/x-sdk/vendor", "a/b", "lower-case letters"),
        ("/info/title", "two\nlines", "a title on one line"),
        ("/info/version", "../1", "a version number"),
        ("/x-sdk/status", "OLD", "a lifecycle state"),
        ("/x-sdk/sunset", "2026-02-30", "a day such as"),
        ("/x-sdk/sunset", "soon", "a day such as"),
    ] {
        expect(pointer, json!(value), pointer, told);
    }
    let found = broken(&format!("{GET}/x-sdk/title"), json!("a\nb"));
    assert!(found[0].contains("a title on one line"), "{found:?}");
}

#[test]
fn model_that_leads_back_to_itself_is_reported() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    for loops in [
        reference("Size"),
        json!({"oneOf": [reference("Size"), {"type": "null"}]}),
        json!({"type": "array", "items": reference("Size"), "description": "d"}),
    ] {
        let found = broken("/components/schemas/Size", loops);
        assert!(found.iter().any(|line| line.contains("leads back to itself")), "{found:?}");
    }
}

#[test]
fn file_is_called_after_its_content() {
    let document = Document::parse(&good().to_string()).unwrap();
    for (path, findings) in [
        ("fixtures/nhn/tiny-1.0.json", 0),
        ("fixtures/scp/tiny-1.0.json", 1),
        ("fixtures/nhn/tiny-1.1.json", 1),
        ("fixtures/nhn/other-1.0.json", 1),
    ] {
        let mut found = Vec::new();
        document::placed(Path::new(path), &document, &mut found);
        assert_eq!(found.len(), findings, "{path}: {found:?}");
    }
}
