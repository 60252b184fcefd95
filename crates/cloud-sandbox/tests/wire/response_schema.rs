//! Checks the successful responses of Samsung Cloud Platform against the schema of their version.

use std::sync::LazyLock;

use serde_json::Value;

use super::every_operation::{documents, follow};
use super::raw::{Call, RawResponse};

static DOCUMENTS: LazyLock<Vec<(String, Value)>> = LazyLock::new(documents);

/// Fails when a successful response is not what its version documents.
#[track_caller]
pub(crate) fn check(call: &Call, response: &RawResponse) {
    if response.status >= 300 {
        return;
    }
    let (document, operation) = find(call).unwrap_or_else(|| panic!("{call:?} is not documented"));
    let documented = &operation["responses"][response.status.to_string()];
    assert!(documented.is_object(), "{call:?}: {response:?}");
    match documented.pointer("/content/application~1json/schema") {
        Some(schema) => fits(document, schema, &response.json(), "").unwrap_or_else(|why| panic!("{call:?}: {why}")),
        None => assert_eq!((&*response.body, response.header("content-type")), ("", None), "{call:?}"),
    }
}

/// The operation of the version that the call names, or else of the newest.
fn find(call: &Call) -> Option<(&'static Value, &'static Value)> {
    let path = call.target.split('?').next()?;
    let version = call.headers.iter().find(|(name, _)| name == "Scp-Api-Version").map(|(_, value)| value.as_str());
    let documents = DOCUMENTS.iter().map(|(_, document)| document).filter(|document| match version {
        Some(version) => {
            let named = (document["x-sdk"]["service"].as_str(), document["info"]["version"].as_str());
            version.split_once(' ').is_some_and(|(service, number)| named == (Some(service), Some(number)))
        }
        None => document["x-sdk"]["status"] == "CURRENT",
    });
    let mut found: Vec<_> = documents
        .flat_map(|document| document["paths"].as_object().into_iter().flatten().map(move |item| (document, item)))
        .filter(|(_, (template, item))| item.get(call.method.to_lowercase()).is_some() && leads(template, path))
        .collect();
    // Literal segments win, and of versions that call themselves current the newest.
    let number = |document: &Value| document["info"]["version"].as_str().unwrap_or_default().to_owned();
    found.sort_by_key(|(document, (template, _))| (template.matches('{').count(), std::cmp::Reverse(number(document))));
    let (document, (_, item)) = found.first()?;
    Some((document, &item[call.method.to_lowercase()]))
}

fn leads(template: &str, path: &str) -> bool {
    let (wanted, got) = (template.split('/'), path.split('/'));
    wanted.clone().count() == got.clone().count()
        && wanted.zip(got).all(|(wanted, got)| wanted == got || (wanted.starts_with('{') && !got.is_empty()))
}

/// Whether a value has the documented type, with all that is required and nothing that is not documented.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let target = follow(document, schema);
    let nullable = schema["oneOf"].is_array() || target["type"].to_string().contains("\"null\"");
    if value.is_null() {
        return if nullable { Ok(()) } else { Err(format!("{at} is null")) };
    }
    let kind = match value {
        Value::Null | Value::Object(_) => "object",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    };
    if !target["type"].to_string().contains(&format!("\"{kind}\"")) {
        return Err(format!("{at} is of type {kind}"));
    }
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| fits(document, &target["items"], item, &format!("{at}/{index}"))),
        Value::Object(map) => {
            let Some(properties) = target["properties"].as_object() else { return Ok(()) };
            let required = target["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(name) = required.into_iter().find(|name| !map.contains_key(*name)) {
                return Err(format!("{at} lacks {name}"));
            }
            map.iter().try_for_each(|(name, value)| {
                let property = properties.get(name).ok_or_else(|| format!("{at}/{name} is not documented"))?;
                fits(document, property, value, &format!("{at}/{name}"))
            })
        }
        Value::String(text) if target["format"] == "date-time" => {
            // A day alone, or with a time behind a T or a space.
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let day = text.len() == 8 && digits == 8;
            let time = text.len() >= 19 && digits >= 14 && b"T ".contains(&text.as_bytes()[10]);
            if day || time { Ok(()) } else { Err(format!("{at} is no date: {text}")) }
        }
        _ => Ok(()),
    }
}

#[test]
fn mismatches_are_reported() {
    let document = serde_json::json!({"components": {"schemas": {"Row": {"type": "object", "required": ["id"], "properties": {
        "id": {"type": "string"}, "count": {"type": ["integer", "null"]}, "at": {"type": "string", "format": "date-time"},
        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
    }}}}});
    let schema = serde_json::json!({"$ref": "#/components/schemas/Row"});
    let check = |value: Value| fits(&document, &schema, &value, "").err();
    assert_eq!(check(serde_json::json!({"id": "1", "count": null, "at": "20260601", "rows": [{"id": "2"}]})), None);
    for (wrong, why) in [
        (serde_json::json!({"count": 1}), " lacks id"),
        (serde_json::json!({"id": 1}), "/id is of type integer"),
        (serde_json::json!({"id": null}), "/id is null"),
        (serde_json::json!({"id": "1", "more": 1}), "/more is not documented"),
        (serde_json::json!({"id": "1", "at": "soon"}), "/at is no date: soon"),
        (serde_json::json!({"id": "1", "rows": [{}]}), "/rows/0 lacks id"),
    ] {
        assert_eq!(check(wrong).as_deref(), Some(why));
    }
}
