//! Each rule on a small document of our own: one change, and what it is called.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Bump, Change, ROUNDS, Tree, What, changes, judge, settle};
use crate::import::{Fixtures, Outcome};
use crate::openapi::Document;
use crate::vendors::Vendors;

const DOCUMENT: &str = include_str!("../../tests/drift/keys-1.0.json");
const KEYS: &str = "/paths/~1v1~1keys";
const KEY: &str = "/paths/~1v1~1keys~1{key_id}";
const MODELS: &str = "/components/schemas";

/// A pointer, and the new value there.
type Edit = (String, Option<Value>);

/// Edits of the document, and the changes that they make.
type Case = (Vec<Edit>, Vec<(What, &'static str)>);

/// Sets the member that the pointer leads to, or removes it if there is no value.
fn edit(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}")), value) {
        (Value::Object(members), Some(value)) => _ = members.insert(key, value),
        (Value::Object(members), None) => assert!(members.shift_remove(&key).is_some(), "nothing at {pointer}"),
        (Value::Array(items), Some(value)) => items.insert(key.parse().unwrap(), value),
        (Value::Array(items), None) => _ = items.remove(key.parse().unwrap()),
        (other, _) => panic!("{parent} is {other}"),
    }
}

fn found(before: &Value, after: &Value) -> Vec<Change> {
    changes(before, after, (&BTreeMap::new(), &BTreeMap::new()))
}

fn cases() -> Vec<Case> {
    let set = |at: &str, value: Value| vec![(at.to_owned(), Some(value))];
    let cut = |at: &str| vec![(at.to_owned(), None)];
    let field = |model: &str, name: &str| format!("{MODELS}/{model}/properties/{name}");
    let text = || json!({"type": "string", "description": "d"});
    let query =
        |required: bool| json!({"name": "q", "in": "query", "required": required, "schema": {"type": "string"}});
    let body =
        |model: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("{MODELS}/{model}")}}}});
    let create = "CreateKeyRequest";
    vec![
        // The document.
        (set("/x-sdk/status", json!("SUPPORTED")), vec![(What::VersionState, "")]),
        (set("/x-sdk/status", json!("DEPRECATED")), vec![(What::VersionDeprecated, "")]),
        (set("/x-sdk/sunset", json!("2028-01-01")), vec![(What::LifecycleDate, "")]),
        (set("/x-sdk/headers", json!([])), vec![(What::Protocol, "headers")]),
        (set("/x-sdk/regions", json!([])), vec![(What::Endpoint, "regions")]),
        (set("/info/title", json!("Key Service")), vec![(What::Documentation, "info")]),
        (
            set("/servers", json!([{"url": "https://a.example.com"}])),
            vec![(What::Endpoint, "https://a.example.com"), (What::Endpoint, "https://keys.{region}.example.com")],
        ),
        (set("/servers/0/description", json!("d")), vec![(What::Endpoint, "servers")]),
        (set("/security", json!([])), vec![(What::Protocol, "security")]),
        (set("/components/securitySchemes", json!({"a": {}})), vec![(What::Protocol, "security schemes")]),
        (set("/x-other", json!(1)), vec![(What::Unknown, "x-other")]),
        (
            set("/x-sdk/envelope", json!("data")),
            vec![
                (What::ModelRenamed, "ListKeysResponse"),
                (What::ModelRenamed, "ShowUsageResponse"),
                (What::Unknown, "envelope"),
                (What::ResponseType, "list_keys"),
                (What::ResponseType, "create_key"),
                (What::ResponseType, "show_key"),
                (What::ResponseType, "update_key"),
                (What::ResponseType, "show_usage"),
            ],
        ),
        (set("/x-sdk/enums", json!({"Use": {"description": "d", "values": ["a"]}})), vec![(What::ModelAdded, "Use")]),
        // Operations.
        (
            set("/paths/~1v1~1new", json!({"get": {"operationId": "show_new"}})),
            vec![(What::OperationAdded, "show_new")],
        ),
        (cut(&format!("{KEY}/delete")), vec![(What::OperationRemoved, "delete_key")]),
        (set(&format!("{KEY}/get/operationId"), json!("get_key")), vec![(What::OperationRenamed, "show_key")]),
        (set(&format!("{KEY}/get/deprecated"), json!(true)), vec![(What::OperationDeprecated, "show_key")]),
        (set(&format!("{KEY}/get/x-sdk/title"), json!("Get Key")), vec![(What::Documentation, "show_key")]),
        (set(&format!("{KEY}/get/x-sdk/idempotency"), json!("unsafe")), vec![(What::Unknown, "show_key")]),
        (set(&format!("{KEY}/get/security"), json!([])), vec![(What::Protocol, "show_key")]),
        (set(&format!("{KEYS}/get/parameters/0"), query(true)), vec![(What::ArgumentAdded, "list_keys.q")]),
        (set(&format!("{KEYS}/get/parameters/0"), query(false)), vec![(What::OptionAdded, "list_keys.q")]),
        (
            set(&format!("{KEYS}/get/parameters/0"), json!({"name": "X-Q", "in": "header", "schema": {}})),
            vec![(What::Protocol, "list_keys.X-Q")],
        ),
        (cut(&format!("{KEYS}/get/parameters/1")), vec![(What::ParameterRemoved, "list_keys.size")]),
        (
            set(&format!("{KEYS}/get/parameters/1/required"), json!(true)),
            vec![(What::ParameterRequired, "list_keys.size")],
        ),
        (
            set(&format!("{KEYS}/get/parameters/0/schema/type"), json!("boolean")),
            vec![(What::ParameterType, "list_keys.state")],
        ),
        (set(&format!("{KEYS}/get/parameters/1/schema/default"), json!(50)), vec![(What::Default, "list_keys.size")]),
        (
            set(&format!("{KEYS}/get/parameters/1/schema/maximum"), json!(50)),
            vec![(What::LimitTightened, "list_keys.size")],
        ),
        (
            set(&format!("{KEYS}/get/parameters/1/schema/maximum"), json!(500)),
            vec![(What::LimitLoosened, "list_keys.size")],
        ),
        (
            set(&format!("{KEYS}/get/parameters/0/schema/enum"), json!(["on"])),
            vec![(What::LimitTightened, "list_keys.state")],
        ),
        (
            set(&format!("{KEY}/get/requestBody"), body("Usage")),
            vec![(What::ModelRenamed, "ShowUsageResponse"), (What::BodyAdded, "show_key")],
        ),
        (cut(&format!("{KEY}/put/requestBody")), vec![(What::BodyRemoved, "update_key")]),
        (set(&format!("{KEY}/put/requestBody"), body("KeyKind")), vec![(What::BodyType, "update_key")]),
        (
            set(&format!("{KEY}/get/responses/200"), body("Usage")),
            vec![(What::ModelRenamed, "ShowUsageResponse"), (What::ResponseType, "show_key")],
        ),
        (set(&format!("{KEY}/get/responses/202"), body("Key")), vec![(What::Protocol, "show_key")]),
        (set(&format!("{KEY}/get/responses/409"), json!({})), vec![(What::Documentation, "show_key")]),
        // Models.
        (set(&format!("{MODELS}/Other"), json!({"type": "object"})), vec![(What::Documentation, "Other")]),
        (
            [
                set(&format!("{MODELS}/Other"), json!({"type": "object"})),
                set(&field("Key", "other"), json!({"$ref": format!("#{MODELS}/Other")})),
            ]
            .concat(),
            vec![(What::ResponseFieldAdded, "Key.other"), (What::ModelAdded, "Other")],
        ),
        (
            [
                set(
                    &format!("{MODELS}/Kind"),
                    json!({
                        "type": "string", "description": "Kind of a key.", "enum": ["aes", "rsa"],
                        "x-sdk": {"type": "open_enum"}
                    }),
                ),
                cut(&format!("{MODELS}/KeyKind")),
                set(&field("Key", "kind"), json!({"$ref": format!("#{MODELS}/Kind")})),
                set(&field(create, "kind"), json!({"$ref": format!("#{MODELS}/Kind")})),
            ]
            .concat(),
            vec![
                (What::ModelRenamed, "KeyKind"),
                (What::Documentation, "CreateKeyRequest.kind"),
                (What::Documentation, "Key.kind"),
            ],
        ),
        (cut(&format!("{MODELS}/Usage")), vec![(What::ModelRemoved, "Usage")]),
        (set(&field("Key", "origin"), text()), vec![(What::ResponseFieldAdded, "Key.origin")]),
        (
            [set(&field("Key", "origin"), text()), set(&format!("{MODELS}/Key/required/0"), json!("origin"))].concat(),
            vec![(What::ResponseFieldAdded, "Key.origin")],
        ),
        (
            [set(&field("Usage", "total"), text()), set(&format!("{MODELS}/Usage/required"), json!(["total"]))]
                .concat(),
            vec![(What::FirstRequiredField, "Usage.total")],
        ),
        (set(&field(create, "owner"), text()), vec![(What::RequestFieldAdded, "CreateKeyRequest.owner")]),
        (
            [set(&field(create, "owner"), text()), set(&format!("{MODELS}/{create}/required/2"), json!("owner"))]
                .concat(),
            vec![(What::RequestFieldRequired, "CreateKeyRequest.owner")],
        ),
        (cut(&field("Key", "note")), vec![(What::FieldRemoved, "Key.note")]),
        (set(&format!("{MODELS}/Key/required"), json!(["id", "name"])), vec![(What::FieldPresence, "Key.kind")]),
        (
            set(&format!("{MODELS}/{create}/required/2"), json!("note")),
            vec![(What::FieldPresence, "CreateKeyRequest.note")],
        ),
        (set(&format!("{MODELS}/Usage/required"), json!(["calls"])), vec![(What::FieldPresence, "Usage.calls")]),
        (set(&field("Key", "id/type"), json!(["string", "null"])), vec![(What::FieldPresence, "Key.id")]),
        (set(&field("Key", "note/type"), json!(["string", "null"])), vec![(What::FieldNull, "Key.note")]),
        (
            set(&field("UpdateKeyRequest", "labels/type"), json!(["array", "null"])),
            vec![(What::FieldPresence, "UpdateKeyRequest.labels")],
        ),
        (set(&field("Key", "note/type"), json!("integer")), vec![(What::FieldType, "Key.note")]),
        (set(&field("Key", "note/format"), json!("date-time")), vec![(What::FieldType, "Key.note")]),
        (set(&field("Usage", "calls/format"), json!("int64")), vec![]),
        (
            set(&field("KeyList", "keys/items"), json!({"type": "object"})),
            vec![(What::ModelRenamed, "Key"), (What::FieldType, "KeyList.keys")],
        ),
        (
            [
                cut(&field(create, "name")),
                set(
                    &field(create, "name"),
                    json!({
                        "type": "string", "description": "Name.", "minLength": 3, "maxLength": 63
                    }),
                ),
            ]
            .concat(),
            vec![(What::FieldOrder, create)],
        ),
        (
            set(&field("Key", "note/x-sdk"), json!({"sensitive": true})),
            vec![(What::FieldType, "Key.note"), (What::TraitsLost, "KeyList"), (What::TraitsLost, "Key")],
        ),
        (set(&format!("{MODELS}/KeyKind/enum/2"), json!("ec")), vec![(What::EnumValueAdded, "KeyKind")]),
        (cut(&format!("{MODELS}/KeyKind/enum/0")), vec![(What::EnumValueRemoved, "KeyKind")]),
        (set(&field(create, "name/minLength"), json!(4)), vec![(What::LimitTightened, "CreateKeyRequest.name")]),
        (cut(&field(create, "name/maxLength")), vec![(What::LimitLoosened, "CreateKeyRequest.name")]),
        (set(&field(create, "name/pattern"), json!("^a$")), vec![(What::LimitTightened, "CreateKeyRequest.name")]),
        (
            set(&field("UpdateKeyRequest", "labels/items/maxLength"), json!(10)),
            vec![(What::LimitTightened, "UpdateKeyRequest.labels")],
        ),
        (set(&field("Key", "name/maxLength"), json!(10)), vec![(What::ResponseLimit, "Key.name")]),
        (set(&field("Key", "note/examples"), json!(["a"])), vec![(What::Documentation, "Key.note")]),
        (set(&field("Key", "note/x-other"), json!(1)), vec![(What::Unknown, "Key.note")]),
    ]
}

#[test]
fn each_change_follows_its_rule() {
    let before: Value = serde_json::from_str(DOCUMENT).unwrap();
    assert_eq!(found(&before, &before), []);
    let mut wrong = Vec::new();
    for (edits, expected) in cases() {
        let mut after = before.clone();
        for (pointer, value) in &edits {
            edit(&mut after, pointer, value.clone());
        }
        let told: Vec<(What, String)> = found(&before, &after).into_iter().map(|own| (own.what, own.place)).collect();
        let expected: Vec<(What, String)> = expected.iter().map(|(what, place)| (*what, (*place).to_owned())).collect();
        if told != expected {
            wrong.push(format!("{edits:?}: {told:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn enumerations_of_strings_are_compared_by_value() {
    let mut before: Value = serde_json::from_str(DOCUMENT).unwrap();
    before["x-sdk"]["enums"] = json!({
        "Use": {"description": "d", "values": ["a", "b"]}, "Old": {"description": "d", "values": ["a"]}
    });
    let mut after = before.clone();
    after["x-sdk"]["enums"] = json!({"Use": {"description": "e", "values": ["a", "c"], "names": {"c": "Cc"}}});
    let told: Vec<(What, String)> = found(&before, &after).into_iter().map(|own| (own.what, own.place)).collect();
    let expected = [
        (What::Documentation, "Use"),
        (What::EnumValueAdded, "Use"),
        (What::EnumValueRemoved, "Use"),
        (What::Unknown, "Use"),
        (What::ModelRemoved, "Old"),
    ];
    assert_eq!(told, expected.map(|(what, place)| (what, place.to_owned())));
}

/// The Rust type is named after the operation, so the vendor's new name breaks nothing; a new field is one.
#[test]
fn request_with_another_name_is_compared_with_its_old_self() {
    let before: Value = serde_json::from_str(DOCUMENT).unwrap();
    let text =
        DOCUMENT.replace("CreateKeyRequest", "KeyCreation").replace("\"maxLength\": 63\n", "\"maxLength\": 64\n");
    let found = found(&before, &serde_json::from_str(&text).unwrap());
    let told: Vec<(What, &str)> = found.iter().map(|own| (own.what, own.place.as_str())).collect();
    assert_eq!(
        told,
        [
            (What::Documentation, "CreateKeyRequest"),
            (What::LimitLoosened, "KeyCreation.name"),
            (What::ResponseLimit, "Key.name"),
        ]
    );
}

#[test]
fn each_rule_has_a_case() {
    let seen: BTreeSet<What> = cases().into_iter().flat_map(|(_, expected)| expected).map(|(what, _)| what).collect();
    // These compare versions with each other, or lists: see `shared.rs` and `tests/page_drift.rs`.
    let elsewhere = [
        // These have tests of their own below.
        What::ArgumentOrder,
        What::ModelUse,
        What::VersionAdded,
        What::VersionEnded,
        What::VersionUnlisted,
        What::VersionRestored,
        What::VersionsListed,
        What::ListRead,
        What::TypeSplit,
    ];
    let missing: Vec<&What> = What::ALL.iter().filter(|own| !seen.contains(own) && !elsewhere.contains(own)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Settles one document, whose title changes in the first `changing` imports.
fn settled(changing: usize) -> Result<BTreeSet<String>, String> {
    let key = ("keys".to_owned(), "1.0".to_owned());
    let document = Document::parse(DOCUMENT).unwrap();
    let fixtures = Fixtures::from([(key.clone(), document.clone())]);
    let mut tree =
        Tree { vendors: Vendors::parse("").unwrap(), documents: BTreeMap::from([("scp".to_owned(), fixtures)]) };
    let round = Cell::new(0);
    let import = |_: &str, _: &[String], _: &Fixtures| {
        round.set(round.get() + 1);
        let mut document = document.clone();
        document.info.title = format!("Keys {}", round.get().min(changing));
        let documents = Fixtures::from([(key.clone(), document)]);
        Ok(Outcome { lines: vec![format!("round {}", round.get())], documents, ..Outcome::default() })
    };
    settle(&[("scp", Vec::new())], &mut tree, import).map_err(|error| error.to_string())
}

#[test]
fn documents_that_never_settle_are_an_error_that_names_them() {
    for changing in 1..ROUNDS {
        let last = format!("round {}", changing + 1);
        assert_eq!(settled(changing), Ok(BTreeSet::from([last])), "only the last round counts");
    }
    let error = settled(ROUNDS).unwrap_err();
    assert_eq!(error, "each import of the same pages gives another document: scp keys 1.0");
}

/// What is told about a document after edits, each as its rule and its text.
fn texts(before: &Value, edits: &[(String, Option<Value>)]) -> Vec<(What, String)> {
    let mut after = before.clone();
    for (pointer, value) in edits {
        edit(&mut after, pointer, value.clone());
    }
    found(before, &after).into_iter().map(|own| (own.what, own.text())).collect()
}

fn assert_texts(before: &Value, edits: &[(String, Option<Value>)], expected: &[(What, &str)]) {
    let expected: Vec<(What, String)> = expected.iter().map(|(what, text)| (*what, (*text).to_owned())).collect();
    assert_eq!(texts(before, edits), expected, "{edits:?}");
}

#[test]
fn parameter_that_no_method_shows_changes_only_the_protocol() {
    let mut before: Value = serde_json::from_str(DOCUMENT).unwrap();
    let own = |place: &str, source: &str| {
        json!({"name": "app", "in": place, "required": true, "description": "d", "schema": {"type": "string"},
            "x-sdk": {"source": source}})
    };
    edit(&mut before, &format!("{KEYS}/get/parameters/0"), Some(own("header", "signer")));
    edit(&mut before, &format!("{KEYS}/post/parameters"), Some(json!([own("path", "config")])));
    for (parameter, operation) in [("get/parameters/0", "list_keys"), ("post/parameters/0", "create_key")] {
        let protocol = format!("`{operation}.app`: {}", What::Protocol.words());
        let documentation = format!("`{operation}.app`: {}", What::Documentation.words());
        for (key, value, what, how) in [
            ("required", Some(json!(false)), What::Protocol, "required"),
            ("schema/type", Some(json!("integer")), What::Protocol, "schema"),
            ("schema/maxLength", Some(json!(10)), What::Protocol, "schema"),
            ("schema/x-other", Some(json!(1)), What::Protocol, "schema"),
            ("schema/description", Some(json!("e")), What::Documentation, "schema"),
            ("schema/examples", Some(json!(["a"])), What::Documentation, "schema"),
            ("description", Some(json!("e")), What::Documentation, "description"),
            ("example", Some(json!("e")), What::Documentation, "example"),
        ] {
            let words = if what == What::Protocol { &protocol } else { &documentation };
            let edits = [(format!("{KEYS}/{parameter}/{key}"), value)];
            assert_texts(&before, &edits, &[(what, &format!("{words}, {how}"))]);
        }
        let place = if operation == "list_keys" { "header" } else { "path" };
        let removed = format!("{protocol}, {place} removed");
        assert_texts(&before, &[(format!("{KEYS}/{parameter}"), None)], &[(What::Protocol, &removed)]);
    }
    let edits = [(format!("{KEYS}/post/parameters/0/x-sdk/source"), None)];
    assert_eq!(texts(&before, &edits)[0].0, What::Unknown, "the value becomes an argument");
}

#[test]
fn answer_is_compared_whatever_its_status() {
    let before: Value = serde_json::from_str(DOCUMENT).unwrap();
    let responses = format!("{KEY}/get/responses");
    let answer = |model: &str| {
        let schema = json!({"$ref": format!("#{MODELS}/{model}")});
        Some(json!({"description": "Done.", "content": {"application/json": {"schema": schema}}}))
    };
    let moved = |model: &str| [(format!("{responses}/200"), None), (format!("{responses}/201"), answer(model))];
    let statuses = |new: &'static str| {
        [(What::Protocol, "`show_key`: path, headers, authentication or statuses, status 200"), (What::Protocol, new)]
    };
    let to_201 = statuses("`show_key`: path, headers, authentication or statuses, status 201");
    let to_204 = statuses("`show_key`: path, headers, authentication or statuses, status 204");
    assert_texts(&before, &moved("Key"), &to_201);
    let renamed = (What::ModelRenamed, "`ShowUsageResponse`: model renamed, ShowUsageResponse -> ShowKeyResponse");
    let other = (What::ResponseType, "`show_key`: type of a response, Key -> Usage");
    assert_texts(&before, &moved("Usage"), &[&[renamed, other][..], &to_201].concat());
    let empty =
        [(format!("{responses}/200"), None), (format!("{responses}/204"), Some(json!({"description": "Done."})))];
    let nothing = (What::ResponseType, "`show_key`: type of a response, Key -> nothing");
    assert_texts(&before, &empty, &[&[nothing][..], &to_204].concat());
    // A second success has no type of its own.
    let mut two = before.clone();
    edit(&mut two, &format!("{responses}/202"), answer("Key"));
    let second = (What::Protocol, "`show_key`: path, headers, authentication or statuses, response 202");
    assert_texts(&two, &[(format!("{responses}/202"), answer("KeyList"))], &[second]);
}

#[test]
fn models_are_paired_by_the_answer_whatever_its_status() {
    let before: Value = serde_json::from_str(DOCUMENT).unwrap();
    let text = DOCUMENT.replace("schemas/Usage\"", "schemas/Use\"").replace("\"Usage\": {", "\"Use\": {");
    let mut after: Value = serde_json::from_str(&text).unwrap();
    let responses = "/paths/~1v1~1usage/get/responses";
    let answer = after.pointer(&format!("{responses}/200")).cloned();
    edit(&mut after, &format!("{responses}/200"), None);
    edit(&mut after, &format!("{responses}/201"), answer);
    edit(&mut after, &format!("{MODELS}/Use/properties/calls/type"), Some(json!("string")));
    let told: Vec<String> = found(&before, &after).iter().map(Change::text).collect();
    let expected = [
        "`Usage`: documentation, now Use",
        "`show_usage`: path, headers, authentication or statuses, status 200",
        "`show_usage`: path, headers, authentication or statuses, status 201",
        "`Use.calls`: type of a field, integer -> string",
    ];
    assert_eq!(told, expected);
}

#[test]
fn answer_is_the_payload_inside_of_the_envelope() {
    let mut before: Value = serde_json::from_str(DOCUMENT).unwrap();
    before["x-sdk"]["envelope"] = json!("data");
    let envelope = |payload: Value| {
        let fields = json!({"data": payload});
        json!({"type": "object", "description": "d", "properties": fields, "x-sdk": {"envelope": true}})
    };
    let key = json!({"$ref": format!("#{MODELS}/Key")});
    for name in ["Whole", "Other"] {
        before["components"]["schemas"][name] = envelope(key.clone());
    }
    let schema = format!("{KEY}/get/responses/200/content/application~1json/schema");
    before.pointer_mut(&schema).unwrap()["$ref"] = json!(format!("#{MODELS}/Whole"));
    let payload = format!("{MODELS}/Whole/properties/data");
    let envelope = (What::Documentation, "`Whole`: documentation, envelope");
    for (value, other) in [
        (Some(json!({"$ref": format!("#{MODELS}/KeyList")})), "KeyList"),
        (Some(json!({"type": "array", "items": key})), "array[Key]"),
        // Neither has anything to hand over.
        (Some(json!({"type": "object"})), "nothing"),
        (None, "nothing"),
    ] {
        let told = texts(&before, &[(payload.clone(), value)]);
        let expected = (What::ResponseType, format!("`show_key`: type of a response, Key -> {other}"));
        assert_eq!(told.iter().find(|(what, _)| *what == What::ResponseType), Some(&expected), "{told:?}");
        assert!(told.contains(&(envelope.0, envelope.1.to_owned())), "{told:?}");
    }
    // Another envelope around the same payload changes nothing for callers.
    let told = texts(&before, &[(format!("{schema}/$ref"), Some(json!(format!("#{MODELS}/Other"))))]);
    assert!(told.iter().all(|(what, _)| what.bump() <= Bump::Patch) && !told.is_empty(), "{told:?}");
    // So is the answer of the second format.
    let mut split = before.clone();
    split.pointer_mut(&format!("{KEY}/get/x-sdk")).unwrap()["split"] =
        json!({"parameter": "detail", "operationId": "show_whole", "schema": format!("#{MODELS}/Other")});
    let told = texts(&split, &[(format!("{MODELS}/Other/properties/data"), Some(json!({"type": "string"})))]);
    let expected = (What::ResponseType, "`show_whole`: type of a response, Key -> string".to_owned());
    assert!(told.contains(&expected), "{told:?}");
}

/// What the command would tell about two states of the document.
fn judged(before: &Value, after: &Value) -> Vec<Change> {
    const TABLE: &str = "[[vendor]]\nname = \"scp\"\ntitle = \"Test\"\ncrate = \"keys\"\nhandle = \"Keys\"\n\n\
        [[vendor.service]]\nname = \"keys\"\nmodule = \"keys\"\ndefault = \"1.0\"\npage = \"https://example.com/\"\n";
    let tree = |own: &Value| {
        let key = ("keys".to_owned(), "1.0".to_owned());
        let documents = Fixtures::from([(key, serde_json::from_value(own.clone()).unwrap())]);
        Tree { vendors: Vendors::parse(TABLE).unwrap(), documents: BTreeMap::from([("scp".to_owned(), documents)]) }
    };
    judge(&tree(before), &tree(after)).unwrap().into_iter().flat_map(|own| own.changes).collect()
}

#[test]
fn changed_path_changes_only_the_protocol() {
    let before: Value = serde_json::from_str(DOCUMENT).unwrap();
    for (from, to, names, operations) in [
        ("/v1/keys/{key_id}", "/v1/keys/{keyId}", ["key_id", "keyId"], &["show_key", "update_key", "delete_key"][..]),
        ("/v1/keys/{key_id}", "/v1/keys/{key_id}/", ["", ""], &["show_key", "update_key", "delete_key"]),
        ("/v1/usage", "/v1/usages", ["", ""], &["show_usage"]),
    ] {
        let text = DOCUMENT.replace(&format!("\"{from}\""), &format!("\"{to}\""));
        let [old, new] = names.map(|name| format!("\"name\": \"{name}\""));
        let after: Value = serde_json::from_str(&text.replace(&old, &new)).unwrap();
        let told: Vec<(What, String)> = judged(&before, &after).into_iter().map(|own| (own.what, own.text())).collect();
        let methods = ["GET", "PUT", "DELETE"];
        let line = |(name, method): (&&str, &str)| {
            let words = What::Protocol.words();
            (What::Protocol, format!("`{name}`: {words}, {method} {from} -> {to}"))
        };
        let expected: Vec<(What, String)> = operations.iter().zip(methods).map(line).collect();
        assert_eq!(told, expected);
    }
    // What changes beside the path is told as ever.
    let text = DOCUMENT.replace("/v1/keys/{key_id}", "/v1/keys/{key_id}/");
    let mut after: Value = serde_json::from_str(&text).unwrap();
    let at = "/paths/~1v1~1keys~1{key_id}~1/get/parameters/0/schema/type";
    edit(&mut after, at, Some(json!("integer")));
    assert!(judged(&before, &after).iter().any(|own| own.what == What::ParameterType));
    // Another operation at another path is new.
    edit(&mut after, "/paths/~1v1~1keys~1{key_id}~1/get/x-sdk/title", Some(json!("Show Key State")));
    let item = after["paths"].as_object_mut().unwrap().shift_remove("/v1/keys/{key_id}/").unwrap();
    after["paths"]["/v1/keys/{key_id}/state"] = json!({"get": item["get"]});
    let told: Vec<What> = judged(&before, &after).iter().map(|own| own.what).collect();
    assert!(told.contains(&What::OperationRemoved) && told.contains(&What::OperationAdded), "{told:?}");
}

#[test]
fn order_of_placeholders_is_that_of_the_arguments() {
    let mut before: Value = serde_json::from_str(DOCUMENT).unwrap();
    let item = before["paths"].as_object_mut().unwrap().shift_remove("/v1/usage").unwrap();
    let placed = |path: &str, names: [&str; 3]| {
        let mut document = before.clone();
        let own = |name: &&str| {
            let sdk = if *name == "app" { json!({"source": "config"}) } else { json!({}) };
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}, "x-sdk": sdk})
        };
        document["paths"][path] = item.clone();
        document["paths"][path]["get"]["parameters"] = names.iter().map(own).collect();
        document
    };
    let old = placed("/{app}/a/{a}/b/{b}", ["app", "a", "b"]);
    for (path, names, is_swapped) in [
        ("/{app}/b/{b}/a/{a}", ["app", "a", "b"], true),
        ("/{app}/a/{b}/b/{a}", ["app", "a", "b"], true),
        ("/a/{a}/{app}/b/{b}", ["app", "a", "b"], false),
        ("/{app}/a/{x}/b/{y}", ["app", "x", "y"], false),
    ] {
        let told: Vec<What> = judged(&old, &placed(path, names)).iter().map(|own| own.what).collect();
        let order = told.contains(&What::ArgumentOrder);
        assert_eq!((told[0], order), (What::Protocol, is_swapped), "{path}: {told:?}");
    }
}

/// `list_keys` with these query parameters, and with a second format if `split` has one. A name ends with `!` if the
/// parameter is required, with `@` if it is a required instant.
fn with_parameters(names: &[&str], split: &Value) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let parameter = |text: &&str| {
        let name = text.trim_end_matches(['!', '@']);
        let schema = match text.ends_with('@') {
            true => json!({"type": "string", "format": "date-time"}),
            false => json!({"type": "string"}),
        };
        json!({"name": name, "in": "query", "required": name != *text, "description": "d", "schema": schema})
    };
    let operation = document.pointer_mut(&format!("{KEYS}/get")).unwrap();
    operation["parameters"] = names.iter().map(parameter).collect();
    if !split.is_null() {
        operation["x-sdk"]["split"] = split.clone();
        operation["x-sdk"]["split"]["operationId"] = json!("list_details");
        operation["x-sdk"]["split"]["schema"] = json!(format!("#{MODELS}/Key"));
    }
    document
}

/// Parameters before and after, and the changes of `list_keys`.
fn assert_parameters(old: (&[&str], &Value), new: (&[&str], &Value), expected: &[(What, &str)]) {
    let changes = found(&with_parameters(old.0, old.1), &with_parameters(new.0, new.1));
    let told: Vec<(What, &str)> = changes.iter().map(|own| (own.what, own.place.as_str())).collect();
    assert_eq!(told, expected, "{old:?} {new:?}");
}

#[test]
fn order_of_arguments_is_a_part_of_each_format() {
    let order = &[(What::ArgumentOrder, "list_keys")][..];
    let none = Value::Null;
    for (old, new, expected) in [
        (&["a!", "b!"][..], &["b!", "a!"][..], order),
        (&["a!", "b!", "c"], &["c", "a!", "b!"], &[]),
        (&["a", "b"], &["b", "a"], &[]),
        (&["a!", "b"], &["b", "a!"], &[]),
        (
            &["a!", "b!"],
            &["c!", "b!"],
            &[(What::ParameterRemoved, "list_keys.a"), (What::ArgumentAdded, "list_keys.c")],
        ),
        // Two instants are arguments of their own, and beside another argument they are one period.
        (&["from@", "to@"], &["to@", "from@"], order),
        (&["a!", "from@", "to@"], &["to@", "from@", "a!"], &[]),
    ] {
        assert_parameters((old, &none), (new, &none), expected);
    }
    let detail = json!({"parameter": "detail"});
    let second = &[(What::ArgumentOrder, "list_details")][..];
    assert_parameters((&["detail!", "a!"], &detail), (&["a!", "detail!"], &detail), second);
}

#[test]
fn each_format_is_compared_with_its_own_parameters() {
    let none = Value::Null;
    let split = |only: Value, value: Value| {
        let mut split = json!({"parameter": "detail"});
        for (key, own) in [("only", only), ("value", value)] {
            if !own.is_null() {
                split[key] = own;
            }
        }
        split
    };
    let plain = split(none.clone(), none.clone());
    let fixed = split(none.clone(), json!("yes"));
    let only = split(json!(["a"]), none.clone());
    let (removed, added) = (What::ParameterRemoved, What::OperationAdded);
    let both = &["detail", "a"][..];
    for (old, new, expected) in [
        // What selects the new format, and what it alone takes, are no options of the first one any more.
        (&none, &plain, &[(removed, "list_keys.detail"), (added, "list_details")][..]),
        (&none, &fixed, &[(removed, "list_keys.detail"), (added, "list_details")]),
        (&none, &only, &[(removed, "list_keys.detail"), (removed, "list_keys.a"), (added, "list_details")]),
        (&plain, &none, &[(What::OptionAdded, "list_keys.detail"), (What::OperationRemoved, "list_details")]),
        (&plain, &only, &[(removed, "list_keys.a")]),
        (&only, &plain, &[(What::OptionAdded, "list_keys.a")]),
        (&plain, &fixed, &[(removed, "list_details.detail")]),
        (&fixed, &plain, &[(What::ArgumentAdded, "list_details.detail")]),
        (&fixed, &split(none.clone(), json!("no")), &[(What::Protocol, "list_details")]),
        (
            &plain,
            &json!({"parameter": "a"}),
            &[
                (removed, "list_keys.a"),
                (What::OptionAdded, "list_keys.detail"),
                (What::ParameterRequired, "list_details.detail"),
                (What::ParameterRequired, "list_details.a"),
            ],
        ),
    ] {
        assert_parameters((both, old), (both, new), expected);
    }
    // Without a second format in between, callers of either lose the option.
    let lost = &[(removed, "list_keys.a"), (removed, "list_details.a")];
    assert_parameters((both, &plain), (&["detail"], &plain), lost);
    assert_parameters((both, &only), (&["detail"], &json!({"parameter": "detail"})), &[(removed, "list_details.a")]);
}

/// The document with a field that is required and nullable, or not.
fn with_presence(model: &str, field: &str, required: bool, nullable: bool) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let own = &mut document["components"]["schemas"][model];
    let mut names: Vec<Value> = own["required"].as_array().cloned().unwrap_or_default();
    names.retain(|name| name != field);
    if required {
        names.insert(0, json!(field));
    }
    own["required"] = names.into();
    own["properties"][field]["type"] = if nullable { json!(["string", "null"]) } else { json!("string") };
    document
}

#[test]
fn presence_counts_by_the_type_that_it_makes() {
    let (required, nullable) = ((true, false), (true, true));
    let (optional, optional_nullable) = ((false, false), (false, true));
    let (major, patch, first) = (What::FieldPresence, What::FieldNull, What::FirstRequiredField);
    for (model, field, transitions) in [
        (
            "Key",
            "id",
            [
                (required, nullable, major),
                (required, optional, major),
                (required, optional_nullable, major),
                (nullable, optional, patch),
                (nullable, optional_nullable, patch),
                (optional, optional_nullable, patch),
            ],
        ),
        // The only required field of a response also decides whether it is `Default`; of a request, what `new` takes.
        (
            "Usage",
            "calls",
            [
                (nullable, required, major),
                (optional, required, major),
                (optional_nullable, required, major),
                (optional, nullable, first),
                (optional_nullable, nullable, first),
                (nullable, optional, patch),
            ],
        ),
        (
            "CreateKeyRequest",
            "name",
            [
                (required, nullable, major),
                (required, optional, major),
                (required, optional_nullable, major),
                (nullable, optional, major),
                (nullable, optional_nullable, major),
                (optional, optional_nullable, patch),
            ],
        ),
        (
            "UpdateKeyRequest",
            "note",
            [
                (required, nullable, major),
                (required, optional, major),
                (required, optional_nullable, major),
                (nullable, optional, major),
                (nullable, optional_nullable, major),
                // `Option<T>` and `Patch<T>`.
                (optional, optional_nullable, major),
            ],
        ),
    ] {
        for (old, new, what) in transitions {
            // What loses `Default` one way, gains it the other.
            let gains = what == first || what == patch && model == "Usage";
            let reverse = match (gains, old.0) {
                (false, _) => what,
                (true, false) => patch,
                (true, true) => first,
            };
            for (old, new, what) in [(old, new, what), (new, old, reverse)] {
                let states = [old, new].map(|(required, null)| with_presence(model, field, required, null));
                let told: Vec<(What, String)> =
                    found(&states[0], &states[1]).into_iter().map(|own| (own.what, own.place)).collect();
                assert_eq!(told, [(what, format!("{model}.{field}"))], "{old:?} {new:?}");
            }
        }
    }
    let text = found(&with_presence("Key", "id", true, true), &with_presence("Key", "id", false, false));
    assert_eq!(text[0].how, "required, nullable -> optional");
}

/// The document whose models `Key` and `UpdateKeyRequest` have a field of each kind that depends on their use.
fn with_formats() -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    for (name, schema) in [
        ("active", json!({"type": "string", "description": "d", "x-sdk": {"type": "yes_no"}})),
        ("owner", json!({"type": "integer", "description": "d", "x-sdk": {"vendor_type": "OwnerId"}})),
        ("reason", json!({"type": ["string", "null"], "description": "d"})),
    ] {
        document["components"]["schemas"]["Usage"]["properties"][name] = schema;
    }
    document
}

/// An operation that sends the model.
fn sending(model: &str, method: &str) -> Value {
    let schema = json!({"$ref": format!("#{MODELS}/{model}")});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    json!({method: {"operationId": "send_it", "requestBody": body, "responses": {"204": {"description": "Done."}}}})
}

#[test]
fn use_of_a_model_changes_the_types_of_its_fields() {
    let before = with_formats();
    let types = |update: bool| {
        let patch = ("Usage.reason", "Option<String> -> Patch<String>");
        let own = [
            ("Usage.active", "Option<Lenient<bool>> -> Option<bool>"),
            ("Usage.owner", "Option<i64> -> Option<crate::OwnerId>"),
        ];
        own.into_iter().chain(update.then_some(patch)).collect::<Vec<_>>()
    };
    let told = |before: &Value, after: &Value, versions: (&[&Value], &[&Value])| {
        let all = |own: &[&Value]| -> BTreeMap<String, Value> {
            own.iter().enumerate().map(|(number, own)| (number.to_string(), (*own).clone())).collect()
        };
        let changes = changes(before, after, (&all(versions.0), &all(versions.1)));
        let types = changes.into_iter().filter(|own| matches!(own.what, What::FieldType | What::ModelUse));
        types.map(|own| (own.place, own.how)).collect::<Vec<_>>()
    };
    let owned = |own: Vec<(&str, &str)>| -> Vec<(String, String)> {
        own.into_iter().map(|(place, how)| (place.to_owned(), how.to_owned())).collect()
    };
    for (method, update) in [("post", false), ("put", true)] {
        let mut after = before.clone();
        after["paths"]["/v1/sent"] = sending("Usage", method);
        assert_eq!(told(&before, &after, (&[], &[])), owned(types(update)));
        // Another version that sends it changes the type that both share.
        assert_eq!(told(&before, &before, (&[&before], &[&before, &after])), owned(types(update)));
        assert_eq!(told(&before, &after, (&[&after], &[&after])), [], "it was sent before");
        // The name is that of the new document.
        let text = after.to_string().replace("/Usage\"", "/Use\"").replace("\"Usage\":", "\"Use\":");
        let renamed: Vec<_> =
            types(update).iter().map(|(place, how)| (place.replace("Usage", "Use"), (*how).to_owned())).collect();
        assert_eq!(told(&before, &serde_json::from_str(&text).unwrap(), (&[], &[])), renamed);
        // No request any more: it loses its constructor and setters as well.
        let mut back: Vec<_> = vec![("Usage".to_owned(), "request and response -> response".to_owned())];
        back.extend(types(update).iter().map(|(place, how)| {
            let (one, other) = how.split_once(" -> ").unwrap();
            ((*place).to_owned(), format!("{other} -> {one}"))
        }));
        assert_eq!(told(&after, &before, (&[], &[])), back);
        // No response any more: users decode it no more.
        let mut sent = after.clone();
        sent["paths"]["/v1/usage"]["get"]["responses"] = json!({"204": {"description": "Done."}});
        let lost = [("Usage".to_owned(), "request and response -> request".to_owned())];
        assert_eq!(told(&after, &sent, (&[], &[])), lost);
    }
}
