//! Compares the request of every operation with its fixture.

#![cfg(test)]

use std::collections::BTreeSet;

use cloud_sandbox::spec::Place;
use conformance::fixture::{self, Documented};
use conformance::harness::{Recorder, Secrets};
use conformance::{Context, Entry};
use serde_json::Value;

const SECRETS: Secrets = Secrets { mark: "test-" };

/// Headers that HTTP itself, or any client, sends.
const ORDINARY: &[&str] = &["accept", "content-type", "user-agent"];

#[tokio::test]
async fn requests_match_their_documentation() {
    let mut wrong = Vec::new();
    for entry in conformance::entries() {
        if let Err(why) = check(entry).await {
            wrong.push(format!("{entry}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check(entry: &Entry) -> Result<(), String> {
    let documented = fixture::find(entry).map_err(|error| error.to_string())?;
    let (status, answer) = documented.response();
    let transport = Recorder::new(SECRETS, status, answer.as_ref());
    let context = Context::new(SECRETS.clients(&transport));
    (entry.call)(&context).await?;
    let sent = transport.sent();
    let [request] = sent.as_slice() else { return Err(format!("{} requests instead of one", sent.len())) };
    method_and_path(&documented, request)?;
    query(&documented, request)?;
    headers(&documented, entry, request)?;
    body(&documented, request)
}

type Sent = http::Request<bytes::Bytes>;

fn method_and_path(documented: &Documented, request: &Sent) -> Result<(), String> {
    if request.method() != documented.operation.method.as_str() {
        return Err(format!("{} instead of {}", request.method(), documented.operation.method));
    }
    let path = request.uri().path();
    let path = match &*documented.operation.document.vendor {
        "risken" => path.strip_prefix("/api/v1").ok_or("the path does not begin with /api/v1")?,
        _ => path,
    };
    let (sent, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), documented.operation.path.split('/').collect());
    let same = |(sent, wanted): (&&str, &&str)| {
        if wanted.starts_with('{') { !sent.is_empty() && !sent.contains('{') } else { sent == wanted }
    };
    if sent.len() != wanted.len() || !sent.iter().zip(&wanted).all(same) {
        return Err(format!("{path} instead of {}", documented.operation.path));
    }
    Ok(())
}

fn query(documented: &Documented, request: &Sent) -> Result<(), String> {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let sent: BTreeSet<_> = pairs.map(|(name, _)| name.to_owned()).collect();
    let mut required = BTreeSet::new();
    for parameter in documented.parameters(Place::Query) {
        if parameter.required || documented.split_parameter() == Some(&*parameter.name) {
            required.insert(parameter.name.clone());
        }
    }
    // The calls of the run give only what is required, so nothing else may appear.
    if sent == required { Ok(()) } else { Err(format!("query {sent:?} instead of {required:?}")) }
}

fn headers(documented: &Documented, entry: &Entry, request: &Sent) -> Result<(), String> {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for parameter in documented.parameters(Place::Header) {
        wanted.insert(parameter.name.to_lowercase());
    }
    // The page's header block of the temporary key repeats that of all others; its parameters are what counts.
    let by_vault_token = wanted.contains("svaccesskey");
    for (name, value) in &documented.operation.headers {
        let name = name.to_lowercase();
        let fixed = ["scp-clienttype", "accept-language", "scp-api-version"].contains(&name.as_str());
        if by_vault_token
            && ["scp-accesskey", "scp-signature", "scp-timestamp", "scp-clienttype"].contains(&name.as_str())
        {
            continue;
        }
        let sent = request.headers().get(&name).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
        if fixed && sent != value {
            return Err(format!("header {name}: `{sent}` instead of `{value}`"));
        }
        if sent.is_empty() && name != "content-type" {
            return Err(format!("header {name} is missing"));
        }
        wanted.insert(name);
    }
    if entry.vendor == "risken" {
        wanted.insert("authorization".to_owned());
    }
    if documented.operation.schemes.iter().any(|scheme| scheme == "UserAccessKeyToken") {
        wanted.insert("x-nhn-authorization".to_owned());
        let sent = request.headers().get("x-nhn-authorization").and_then(|sent| sent.to_str().ok());
        if sent != Some(&format!("Bearer {}", SECRETS.token())) {
            return Err("no bearer token".to_owned());
        }
    }
    for (scheme, name, value) in [
        ("UserAccessKeyId", "x-tc-authentication-id", SECRETS.user_access_key().0),
        ("UserAccessKeySecret", "x-tc-authentication-secret", SECRETS.user_access_key().1),
    ] {
        if documented.operation.schemes.iter().any(|own| own == scheme) {
            wanted.insert(name.to_owned());
            let sent = request.headers().get(name).and_then(|sent| sent.to_str().ok());
            if sent != Some(&value) {
                return Err(format!("header {name} does not hold its half of the key"));
            }
        }
    }
    for name in request.headers().keys().map(http::HeaderName::as_str) {
        if !wanted.contains(name) && !ORDINARY.contains(&name) {
            return Err(format!("header {name} is not documented"));
        }
    }
    let agent = request.headers().get("user-agent").and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    let named = match entry.vendor {
        "scp" => "scp-security/",
        "nhn" => "nhn-security/",
        "risken" => "risken-aws/",
        vendor => return Err(format!("no user agent is known for `{vendor}`")),
    };
    if !agent.starts_with(named) {
        return Err(format!("the user agent is `{agent}`"));
    }
    let json = request.headers().get("content-type").is_some_and(|value| value == "application/json");
    if json == documented.body_schema().is_some() { Ok(()) } else { Err(format!("content type is json: {json}")) }
}

fn body(documented: &Documented, request: &Sent) -> Result<(), String> {
    let Some(schema) = documented.body_schema() else {
        return if request.body().is_empty() { Ok(()) } else { Err("a body where none is documented".to_owned()) };
    };
    let sent: Value = serde_json::from_slice(request.body()).map_err(|error| error.to_string())?;
    fits(documented, schema, &sent, "body")?;
    holds(&sent, &documented.body_example(), "body")
}

/// The types on the wire are the documented ones, all that is required is there, and nothing else.
fn fits(documented: &Documented, schema: &'static Value, sent: &Value, place: &str) -> Result<(), String> {
    let null_allowed = schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()))
        || schema["oneOf"].as_array().is_some_and(|shapes| shapes.iter().any(|shape| shape["type"] == "null"));
    if sent.is_null() {
        return if null_allowed { Ok(()) } else { Err(format!("{place} is null")) };
    }
    let shape = documented.resolve(schema);
    let kind = match sent {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        _ => "object",
    };
    let documented_kinds = match &shape["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect(),
        _ => return Err(format!("{place} has no documented type")),
    };
    if !documented_kinds.iter().any(|documented| documented == kind) {
        return Err(format!("{place} is a {kind} instead of {documented_kinds:?}"));
    }
    for (index, item) in sent.as_array().into_iter().flatten().enumerate() {
        fits(documented, &shape["items"], item, &format!("{place}[{index}]"))?;
    }
    for (name, member) in sent.as_object().into_iter().flatten() {
        let property = &shape["properties"][name];
        if property.is_null() {
            return Err(format!("{place}.{name} is not documented"));
        }
        fits(documented, property, member, &format!("{place}.{name}"))?;
    }
    for name in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if sent.is_object() && sent.get(name).is_none() {
            return Err(format!("{place}.{name} is missing"));
        }
    }
    Ok(())
}

/// Everything that the page's example sends is sent.
fn holds(sent: &Value, example: &Value, place: &str) -> Result<(), String> {
    match example {
        Value::Object(members) => {
            for (name, member) in members {
                let found = sent.get(name).ok_or_else(|| format!("{place}.{name} of the example is not sent"))?;
                holds(found, member, &format!("{place}.{name}"))?;
            }
            Ok(())
        }
        Value::Array(items) if sent.as_array().map(Vec::len) != Some(items.len()) => {
            Err(format!("{place} has another length than in the example"))
        }
        _ => Ok(()),
    }
}
