//! Every operation of Samsung Cloud Platform, with every documented constraint kept and broken.

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::every_operation::{Case, case, documents, follow};
use super::raw::{Call, RawResponse, stateless};
use super::scp_signer::{Signer, first_error};

/// Text that fits no documented pattern.
const ODD: &str = "\u{1F512} odd";

/// Something done to a request, and whether it is still a good one.
#[derive(Debug)]
struct Change {
    what: String,
    good: bool,
    to: Value,
}

impl Change {
    fn new(what: impl Into<String>, good: bool, to: Value) -> Self {
        Self { what: what.into(), good, to }
    }
}

/// What can be done to a value of the schema.
fn changes(document: &Value, schema: &Value, value: &Value) -> Vec<Change> {
    let target = follow(document, schema);
    let kinds = target["type"].to_string();
    let nullable = kinds.contains("null") || schema["oneOf"].is_array();
    let mut found = vec![Change::new("is null", nullable, Value::Null)];
    let stranger = if kinds.contains("string") { json!(7) } else { json!("seven") };
    found.push(Change::new("has another type", false, stranger));
    found.extend(bounds(target));
    if kinds.contains("integer") {
        found.push(Change::new("is a fraction", false, json!(7.5)));
    }
    if value.is_number() || value.is_boolean() {
        found.push(Change::new("is quoted", true, json!(value.to_string())));
    }
    if kinds.contains("array") {
        // The page shows most lists empty.
        let fields = follow(document, &target["items"])["required"].as_array().is_some_and(|list| !list.is_empty());
        found.push(Change::new("holds an incomplete entry", !fields, json!([{}])));
        found.push(Change::new("holds something else", false, json!(["entry"])));
    }
    if let Some(map) = value.as_object() {
        let required = target["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in target["properties"].as_object().unwrap() {
            if map.contains_key(name) {
                let mut without = map.clone();
                without.shift_remove(name);
                found.push(Change::new(format!("lacks {name}"), !required.contains(&json!(name)), without.into()));
            }
            let inner = map.get(name).unwrap_or(&Value::Null);
            for change in changes(document, property, inner) {
                let mut changed = map.clone();
                changed.insert(name.clone(), change.to);
                found.push(Change::new(format!("{name} {}", change.what), change.good, changed.into()));
            }
        }
        let mut more = map.clone();
        more.insert("undocumented".to_owned(), json!(1));
        found.push(Change::new("has a field too many", false, more.into()));
    }
    found
}

/// Values at the documented bounds and one step beyond.
fn bounds(schema: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    for (name, step) in [("minLength", -1), ("maxLength", 1)] {
        if let Some(length) = schema[name].as_i64() {
            let text = |length: i64| json!("a".repeat(length.try_into().unwrap()));
            found.push(Change::new(format!("is at its {name}"), true, text(length)));
            found.push(Change::new(format!("is beyond its {name}"), false, text(length + step)));
        }
    }
    for (name, step) in [("minimum", -1), ("maximum", 1)] {
        if let Some(bound) = schema[name].as_i64() {
            found.push(Change::new(format!("is at its {name}"), true, json!(bound)));
            found.push(Change::new(format!("is beyond its {name}"), false, json!(bound + step)));
        }
    }
    if schema["pattern"].is_string() || schema["enum"].is_array() {
        found.push(Change::new("is odd", false, json!(ODD)));
    }
    found
        .extend(schema["enum"].as_array().into_iter().flatten().map(|one| Change::new("is listed", true, one.clone())));
    found
}

/// Each operation with its case, the changes of its body, and the targets that are refused.
fn operations(sandbox: &Sandbox) -> Vec<(Case, Vec<Change>, Vec<String>)> {
    let mut found = Vec::new();
    for (file, document) in documents() {
        if document["x-sdk"]["vendor"] != "scp" {
            continue;
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{file} {}", operation["operationId"].as_str().unwrap());
                let case = case(sandbox, &document, name, path, method, operation, None);
                let schema = operation.pointer("/requestBody/content/application~1json/schema");
                let changes = schema.map(|schema| {
                    let body = serde_json::from_str(case.call.body.as_deref().unwrap()).unwrap();
                    changes(&document, schema, &body)
                });
                let bad = bad_targets(&document, operation, &case.call.target);
                found.push((case, changes.unwrap_or_default(), bad));
            }
        }
    }
    found
}

/// The target with a query that is not the documented one.
fn bad_targets(document: &Value, operation: &Value, target: &str) -> Vec<String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let with = |pairs: &[&str]| format!("{path}?{}", pairs.join("&"));
    let mut found = vec![with(&[&pairs[..], &["undocumented=1"]].concat())];
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
        let name = parameter["name"].as_str().unwrap();
        let kinds = follow(document, &parameter["schema"])["type"].to_string();
        let others: Vec<_> = pairs.iter().copied().filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
        let own = pairs.iter().copied().find(|pair| pair.starts_with(&format!("{name}="))).unwrap();
        if parameter["required"] == true {
            found.push(with(&others));
        }
        if kinds.contains("integer") || kinds.contains("boolean") {
            found.push(with(&[&others[..], &[&*format!("{name}=odd")]].concat()));
        }
        if !kinds.contains("array") {
            found.push(with(&[&pairs[..], &[own]].concat()));
        }
        found.push(with(&[&others[..], &[&*format!("{name}=%zz")]].concat()));
    }
    found
}

/// What the response may say to a change; fields are not named.
fn texts(what: &str) -> &'static [&'static str] {
    let told: &[(&str, &[&str])] = &[
        ("lacks ", &["Field required"]),
        ("is null", &["Input should not be null"]),
        ("has another type", &["Input should be a valid "]),
        ("is a fraction", &["Input should be a valid integer"]),
        ("its minLength", &["String should have "]),
        ("its maxLength", &["String should have "]),
        ("its minimum", &["Input should be greater than or equal to "]),
        ("its maximum", &["Input should be less than or equal to "]),
        ("is odd", &["String should match pattern '", "Input should be "]),
        ("holds an incomplete entry", &["Field required"]),
        ("holds something else", &["Input should be a valid "]),
        ("has a field too many", &["Extra inputs are not permitted"]),
    ];
    told.iter().find(|(change, _)| what.contains(change)).map_or(&[], |(_, texts)| texts)
}

fn signer(sandbox: &Sandbox, case: &Case) -> Signer {
    if case.vault { Signer::vault(sandbox) } else { Signer::of(sandbox) }
}

async fn send(sandbox: &Sandbox, case: &Case, call: Call) -> RawResponse {
    signer(sandbox, case).send(sandbox, call).await
}

#[tokio::test]
async fn every_constraint_of_every_operation_is_checked() {
    let sandbox = stateless().await;
    let (mut good, mut bad) = (0, 0);
    for (case, changes, targets) in operations(&sandbox) {
        for change in &changes {
            let mut call = case.call.clone();
            call.body = Some(change.to.to_string());
            let response = send(&sandbox, &case, call).await;
            let wanted = if change.good { case.status } else { 400 };
            assert_eq!(response.status, wanted, "{}: {}: {response:?}", case.name, change.what);
            if change.good {
                good += 1;
                continue;
            }
            bad += 1;
            let (code, detail) = first_error(&response, 400);
            let told = texts(&change.what).iter().any(|text| detail.contains(text));
            assert!(code == "ValidationError" && told, "{}: {}: {detail}", case.name, change.what);
        }
        for target in targets {
            bad += 1;
            let call = Call { target, ..case.call.clone() };
            let response = send(&sandbox, &case, call.clone()).await;
            assert!(
                response.status == 400 && first_error(&response, 400).0 == "ValidationError",
                "{call:?}: {response:?}"
            );
        }
        // A body where there is none, none where there is one, and something that is no object.
        let bodies: &[&str] = if case.call.body.is_some() { &["", "[]", "{", "null"] } else { &["{}"] };
        for body in bodies {
            bad += 1;
            let response = send(&sandbox, &case, case.call.clone().body("application/json", *body)).await;
            assert_eq!(response.status, 400, "{}: {body}: {response:?}", case.name);
        }
    }
    assert!(good > 120 && bad > 1500, "{good} good and {bad} bad requests were made");
}

#[tokio::test]
async fn every_operation_requires_a_signature() {
    let sandbox = stateless().await;
    let operations = operations(&sandbox);
    assert_eq!(operations.len(), 197);
    let number = |case: &Case| case.document["info"]["version"].as_str().unwrap().to_owned();
    // Such as `kms-1.2 encrypt`: the service and the operation.
    let name = |case: &Case| {
        let (document, operation) = case.name.split_once(' ').unwrap();
        format!("{} {operation}", document.rsplit_once('-').unwrap().0)
    };
    let service = |case: &Case| case.document["x-sdk"]["service"].as_str().unwrap().to_owned();
    let all: Vec<_> = operations.iter().map(|(case, _, _)| (name(case), number(case))).collect();
    let versions: Vec<_> = operations.iter().map(|(case, _, _)| (service(case), number(case))).collect();
    let newest = |case: &Case| {
        let own = versions.iter().filter(|(other, _)| *other == service(case)).map(|(_, version)| version.clone());
        own.max().unwrap()
    };
    for (case, _, _) in operations {
        let unsigned = case.call.send(sandbox.endpoint()).await;
        assert_eq!(unsigned.expect(404).json()["error"], "Not Found", "{}", case.name);
        let wrong_secret = Signer { secret: "other".to_owned(), ..signer(&sandbox, &case) };
        let refused = wrong_secret.send(&sandbox, case.call.clone()).await;
        assert_eq!(first_error(&refused, 401).0, "HmacValidFail", "{}", case.name);
        let mut other = case.call.clone();
        other.headers.retain(|(name, _)| name != "Scp-Api-Version");
        for version in [format!("{} 9.9", service(&case)), service(&case), "other 1.0".to_owned()] {
            let refused = send(&sandbox, &case, other.clone().header("Scp-Api-Version", &*version)).await;
            assert_eq!(first_error(&refused, 406).0, "NoSuchVersion", "{} as {version}", case.name);
        }
        let unnamed = send(&sandbox, &case, other).await;
        let in_newest = all.iter().any(|(other, version)| *other == name(&case) && *version == newest(&case));
        if number(&case) == newest(&case) {
            // The current version responds where none is named.
            let named = send(&sandbox, &case, case.call.clone()).await;
            assert_eq!((named.status, &named.body), (case.status, &unnamed.body), "{}", case.name);
        } else if !in_newest {
            assert_eq!(first_error(&unnamed, 406).0, "NoSuchVersion", "{} is in no current version", case.name);
        }
    }
}
