//! Calls every documented operation as its own example shows it.

use std::path::Path;

use cloud_sandbox::{Answers, Sandbox};
use serde_json::{Map, Value, json};

use super::nhn;
use super::raw::{Call, RawResponse, setting};
use super::scp_signer::Signer;

/// The field that one of the modes adds.
const UNKNOWN: &str = "xSandboxUnknown";

/// One documented call, and the response that the page shows.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    vendor: String,
    pub(crate) call: Call,
    pub(crate) vault: bool,
    pub(crate) status: u16,
    example: Option<Value>,
    schema: Value,
    pub(crate) document: Value,
}

pub(crate) fn documents() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for vendor in ["scp", "nhn", "risken"] {
        for entry in std::fs::read_dir(root.join(vendor)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    found.sort_by(|a: &(String, Value), b| a.0.cmp(&b.0));
    found
}

fn cases(sandbox: &Sandbox) -> Vec<Case> {
    let mut cases = Vec::new();
    for (file, document) in documents() {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{file} {}", operation["operationId"].as_str().unwrap());
                cases.push(case(sandbox, &document, name, path, method, operation, None));
                if let Some(split) = operation["x-sdk"].get("split") {
                    let name = format!("{file} {}", split["operationId"].as_str().unwrap());
                    cases.push(case(sandbox, &document, name, path, method, operation, Some(split)));
                }
            }
        }
    }
    cases
}

pub(crate) fn case(
    sandbox: &Sandbox,
    document: &Value,
    name: String,
    path: &str,
    method: &str,
    operation: &Value,
    split: Option<&Value>,
) -> Case {
    let vendor = document["x-sdk"]["vendor"].as_str().unwrap().to_owned();
    let mut target = if vendor == "risken" { format!("/api/v1{path}") } else { path.to_owned() };
    let mut query = Vec::new();
    let splitter = operation["x-sdk"]["split"]["parameter"].as_str();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let key = parameter["name"].as_str().unwrap();
        let value = escape(&argument(sandbox, path, parameter, document));
        match parameter["in"].as_str().unwrap() {
            "path" => target = target.replace(&format!("{{{key}}}"), &value),
            "query" if Some(key) == splitter && split.is_none() => {}
            "query" => query.push(format!("{key}={value}")),
            _ => {}
        }
    }
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let method = match method {
        "get" => "GET",
        "post" => "POST",
        "put" => "PUT",
        "delete" => "DELETE",
        other => panic!("{other}"),
    };
    let mut call = Call::new(method, target);
    if vendor == "scp" {
        let version = document["info"]["version"].as_str().unwrap();
        let service = document["x-sdk"]["service"].as_str().unwrap();
        call = call.header("Scp-Api-Version", format!("{service} {version}"));
    }
    if let Some(content) = operation.pointer("/requestBody/content/application~1json") {
        call = call.json(&typed(document, &content["schema"], &content["example"]));
    }
    let (status, response) = good(operation);
    let content = response.pointer("/content/application~1json");
    let example = content.map(|content| match (content.get("example"), split) {
        (Some(example), _) => example.clone(),
        (None, Some(split)) => content["examples"][split["example"].as_str().unwrap()]["value"].clone(),
        (None, None) => content["examples"]["list"]["value"].clone(),
    });
    let vault = operation.get("security").is_some_and(|security| security.to_string().contains("SvAccesskey"));
    let schema = match (content, split) {
        (Some(_), Some(split)) => json!({"$ref": split["schema"]}),
        (Some(content), None) => content["schema"].clone(),
        (None, _) => Value::Null,
    };
    let document = document.clone();
    Case { schema, document, name, vendor, call, vault, status, example }
}

/// The good status with an example, or the only one.
fn good(operation: &Value) -> (u16, &Value) {
    let answers = operation["responses"].as_object().unwrap();
    let good: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with('2')).collect();
    let shown = good.iter().find(|(_, response)| response.get("content").is_some());
    let (status, response) = shown.or(good.first()).unwrap();
    (status.parse().unwrap(), response)
}

fn argument(sandbox: &Sandbox, path: &str, parameter: &Value, document: &Value) -> String {
    let name = parameter["name"].as_str().unwrap();
    if name.eq_ignore_ascii_case("appkey") {
        return setting(
            sandbox,
            match path.split('/').nth(1).unwrap() {
                "advisor" => "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
                "ssc" => "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
                _ => "NHN_CLOUD_SKM_APP_KEY",
            },
        );
    }
    // One page shows another project than that of the token.
    if name == "project_id" {
        return "1001".to_owned();
    }
    let schema = follow(document, &parameter["schema"]);
    let value = match (parameter.get("example"), schema["enum"].get(0)) {
        (Some(example), _) => typed(document, schema, example),
        (None, Some(first)) => first.clone(),
        (None, None) if schema["type"] == "integer" => json!(1),
        (None, None) => json!("x"),
    };
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

pub(crate) fn follow<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(choice) = schema["oneOf"].get(0) {
        return follow(document, choice);
    }
    match schema["$ref"].as_str() {
        Some(target) => follow(document, document.pointer(&target[1..]).unwrap()),
        None => schema,
    }
}

/// The example with the types that its schema declares, where the page contradicts itself.
fn typed(document: &Value, schema: &Value, example: &Value) -> Value {
    let schema = follow(document, schema);
    let kinds = schema["type"].to_string();
    match example {
        Value::Object(map) => {
            let inner = map.iter().map(|(name, value)| {
                let property = schema["properties"].get(name).unwrap_or(&Value::Null);
                (name.clone(), typed(document, property, value))
            });
            Value::Object(inner.collect::<Map<_, _>>())
        }
        Value::Array(list) if kinds.contains("array") => {
            list.iter().map(|item| typed(document, &schema["items"], item)).collect()
        }
        Value::Array(list) if kinds.contains("string") && list.len() == 1 => list[0].clone(),
        // One page shows a name with spaces beside a pattern that has none.
        Value::String(text) if schema["pattern"].is_string() => json!(text.replace(' ', "-")),
        Value::String(text) if !kinds.contains("string") => {
            text.to_ascii_lowercase().parse().unwrap_or_else(|_| example.clone())
        }
        other => other.clone(),
    }
}

async fn send(sandbox: &Sandbox, token: &str, case: &Case) -> RawResponse {
    let call = case.call.clone();
    let call = match &*case.vendor {
        "scp" if case.vault => Signer::vault(sandbox).sign(sandbox.endpoint(), call),
        "scp" => Signer::of(sandbox).sign(sandbox.endpoint(), call),
        "nhn" => call
            .header("x-nhn-authorization", format!("Bearer {token}"))
            .header("X-TC-AUTHENTICATION-ID", setting(sandbox, "NHN_CLOUD_USER_ACCESS_KEY_ID"))
            .header("X-TC-AUTHENTICATION-SECRET", setting(sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY")),
        _ => call.header("Authorization", format!("Bearer {}", setting(sandbox, "RISKEN_ACCESS_TOKEN"))),
    };
    call.send(sandbox.endpoint()).await
}

/// Sends every case and lists each response that the check does not accept.
async fn check(answers: Answers, accepts: impl Fn(&Case, &RawResponse) -> Result<(), String>) {
    let sandbox = Sandbox::builder().answers(answers).start().await.unwrap();
    let token = nhn::token(&sandbox).await;
    let cases = cases(&sandbox);
    assert!(!cases.is_empty());
    let mut failures = Vec::new();
    for case in &cases {
        let response = send(&sandbox, &token, case).await;
        let status = (response.status == case.status).then_some(());
        let verdict = status.ok_or_else(|| format!("{response:?}")).and_then(|()| accepts(case, &response));
        if let Err(reason) = verdict {
            failures.push(format!("{}: {} {:?}: {reason}", case.name, case.call.target, case.call.body));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[tokio::test]
async fn every_operation_returns_its_example() {
    check(Answers::Examples, |case, response| match &case.example {
        None if response.body.is_empty() && response.header("content-type").is_none() => Ok(()),
        None => Err(format!("no body is documented: {response:?}")),
        Some(example) if response.json() == *example => Ok(()),
        Some(example) => Err(format!("expected {example}, got {}", response.body)),
    })
    .await;
}

/// Whether a reduced response holds what is required and nothing else.
fn reduced(case: &Case, schema: &Value, example: &Value, got: &Value, at: &str) -> Result<(), String> {
    let schema = follow(&case.document, schema);
    match (example, got) {
        (Value::Array(shown), Value::Array(list)) if shown.len() == list.len() => {
            let mut pairs = shown.iter().zip(list);
            pairs.try_for_each(|(shown, got)| reduced(case, &schema["items"], shown, got, &format!("{at}[]")))
        }
        (Value::Object(shown), Value::Object(map)) if schema["properties"].is_object() => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, property) in schema["properties"].as_object().unwrap() {
                let at = format!("{at}/{name}");
                let target = follow(&case.document, property);
                let nullable = target["type"].to_string().contains("null") || property["oneOf"].is_array();
                let rows = case.vendor == "risken" && target["type"] == "array";
                match (required.contains(&json!(name)) || rows, shown.get(name), map.get(name)) {
                    (true, Some(_), Some(Value::Null)) if nullable => {}
                    (true, Some(shown), Some(got)) if !nullable => reduced(case, property, shown, got, &at)?,
                    (true, None, None) | (false, _, None) => {}
                    other => return Err(format!("{at}: {other:?}")),
                }
            }
            let mut names = map.keys();
            let stray = names.find(|name| schema["properties"].get(name).is_none());
            stray.map_or(Ok(()), |name| Err(format!("{at}: stray {name}")))
        }
        (shown, got) if shown == got => Ok(()),
        (shown, got) => Err(format!("{at}: expected {shown}, got {got}")),
    }
}

#[tokio::test]
async fn required_only_responses_have_required_fields_only() {
    check(Answers::RequiredOnly, |case, response| match &case.example {
        None if response.body.is_empty() => Ok(()),
        None => Err("no body is documented".to_owned()),
        Some(example) => reduced(case, &case.schema, example, &response.json(), ""),
    })
    .await;
}

/// Takes the added field out again; an object that lacks it is an error, unless it is documented as empty.
fn without_unknown(value: Value) -> Result<Value, String> {
    match value {
        Value::Array(list) => list.into_iter().map(without_unknown).collect(),
        Value::Object(map) if map.is_empty() => Ok(Value::Object(map)),
        Value::Object(mut map) => {
            map.shift_remove(UNKNOWN).ok_or_else(|| format!("nothing was added to {map:?}"))?;
            let inner = map.into_iter().map(|(name, value)| Ok((name, without_unknown(value)?)));
            Ok(Value::Object(inner.collect::<Result<_, String>>()?))
        }
        plain => Ok(plain),
    }
}

#[tokio::test]
async fn unknown_fields_are_added_to_every_object() {
    check(Answers::ExamplesPlusUnknown, |case, response| match &case.example {
        None if response.body.is_empty() => Ok(()),
        None => Err("no body is documented".to_owned()),
        Some(example) => {
            let plain = without_unknown(response.json())?;
            if plain == *example { Ok(()) } else { Err(format!("expected {example}, got {plain}")) }
        }
    })
    .await;
}
