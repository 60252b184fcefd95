//! Reads one fixture into operations and says where it is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::model::{Content, Document, Operation, Page, Parameter, Place, RequestBody, Segment, Split, Success};

type Load<T> = Result<T, String>;

/// Reads all operations of one document and compiles the patterns of its schemas.
pub(super) fn document(text: &str) -> Load<Vec<Operation>> {
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let schemas = root.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut patterns = HashMap::new();
    let items = object(&root, "/paths")?.values().filter_map(Value::as_object);
    let parameters = items.flat_map(Map::values).filter_map(|operation| operation.get("parameters"));
    schemas.values().chain(parameters).try_for_each(|schema| compile_patterns(schema, &mut patterns))?;
    let optional = |pointer| root.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let shared = Arc::new(Document {
        vendor: string(&root, "/x-sdk/vendor")?.to_owned(),
        service: string(&root, "/x-sdk/service")?.to_owned(),
        version: string(&root, "/info/version")?.to_owned(),
        status: optional("/x-sdk/status"),
        sunset: optional("/x-sdk/sunset"),
        envelope: optional("/x-sdk/envelope"),
        schemas,
        patterns,
    });
    let headers = headers(&root);
    let mut operations = Vec::new();
    for (path, item) in object(&root, "/paths")? {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let security = operation.get("security").or_else(|| root.get("security"));
            let read = read(&shared, path, method, operation, security, &headers);
            operations.push(read.map_err(|reason| format!("{method} {path}: {reason}"))?);
        }
    }
    Ok(operations)
}

fn read(
    document: &Arc<Document>,
    path: &str,
    method: &str,
    raw: &Value,
    security: Option<&Value>,
    shared_headers: &Option<Vec<(String, String)>>,
) -> Load<Operation> {
    let list = raw.get("parameters").and_then(Value::as_array);
    let parameters = list.into_iter().flatten().map(parameter).collect::<Load<Vec<_>>>()?;
    let body = raw.get("requestBody").map(request_body).transpose()?;
    let schemes = security.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let split = raw.pointer("/x-sdk/split");
    Ok(Operation {
        document: Arc::clone(document),
        name: string(raw, "/operationId")?.to_owned(),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        template: segments(path),
        parameters,
        headers: headers(raw).or_else(|| shared_headers.clone()).unwrap_or_default(),
        body,
        schemes: schemes.flat_map(|scheme| scheme.keys().cloned()).collect(),
        success: success(raw, split)?,
        split: split.map(|split| read_split(raw, split)).transpose()?,
        page: raw.pointer("/x-sdk/page").map(|page| read_page(document, page)).transpose()?,
    })
}

/// Cuts a path template; a trailing slash does not make a segment.
fn segments(path: &str) -> Vec<Segment> {
    let cut = path.trim_start_matches('/').trim_end_matches('/').split('/');
    cut.map(|piece| match piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}')) {
        Some(name) => Segment::Param(name.to_owned()),
        None => Segment::Literal(piece.to_owned()),
    })
    .collect()
}

fn parameter(raw: &Value) -> Load<Parameter> {
    let place = match string(raw, "/in")? {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        other => return Err(format!("unknown parameter place {other:?}")),
    };
    let flag = |pointer| raw.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
    Ok(Parameter {
        name: string(raw, "/name")?.to_owned(),
        place,
        documented_required: flag("/required"),
        required: flag("/required") || flag("/x-sdk/required_by_server"),
        schema: raw.get("schema").cloned().unwrap_or_default(),
        example: raw.get("example").cloned().unwrap_or_default(),
        from_settings: raw.pointer("/x-sdk/source").and_then(Value::as_str) == Some("config"),
    })
}

/// The request headers that a document or an operation lists, by name.
fn headers(raw: &Value) -> Option<Vec<(String, String)>> {
    let listed = raw.pointer("/x-sdk/headers")?.as_array()?;
    let field = |header: &Value, name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(listed.iter().map(|header| (field(header, "name"), field(header, "value"))).collect())
}

fn request_body(raw: &Value) -> Load<RequestBody> {
    Ok(RequestBody {
        required: raw.get("required").and_then(Value::as_bool).unwrap_or(false),
        schema: value(raw, "/content/application~1json/schema")?.clone(),
        example: raw.pointer("/content/application~1json/example").cloned().unwrap_or_default(),
    })
}

/// Picks the successful response: the status that is named, else one with a body, else the first.
fn success(raw: &Value, split: Option<&Value>) -> Load<Success> {
    let named = raw.pointer("/x-sdk/success_example_status").map(text);
    let good: Vec<_> = object(raw, "/responses")?.iter().filter(|(status, _)| status.starts_with('2')).collect();
    let wanted = good
        .iter()
        .find(|(status, _)| Some(*status) == named.as_ref())
        .or_else(|| good.iter().find(|(_, response)| response.get("content").is_some()))
        .or_else(|| good.first());
    let Some((status, response)) = wanted else {
        return Err("no good status is documented".to_owned());
    };
    let content = response.pointer("/content/application~1json");
    let claimed = split.and_then(|split| split.get("example")).and_then(Value::as_str);
    Ok(Success {
        status: status.parse().map_err(|_| format!("status {status:?} is not a number"))?,
        content: content.map(|content| main_content(content, claimed)).transpose()?,
    })
}

/// The schema with its example; of several examples, the one that no split claims.
fn main_content(content: &Value, claimed: Option<&str>) -> Load<Content> {
    let several = content.get("examples").and_then(Value::as_object).into_iter().flatten();
    let mut unclaimed =
        several.filter(|(name, _)| Some(&***name) != claimed).filter_map(|(_, shown)| shown.get("value"));
    let example = content.get("example").or_else(|| unclaimed.next());
    Ok(Content {
        schema: content.get("schema").cloned().unwrap_or_default(),
        example: example.cloned().ok_or("the successful response has no example")?,
    })
}

fn read_page(document: &Document, page: &Value) -> Load<Page> {
    let place = document.envelope.as_deref().filter(|place| *place != "*");
    let whole = |path: &str| place.map_or_else(|| path.to_owned(), |place| format!("{place}.{path}"));
    Ok(Page {
        index: string(page, "/index")?.to_owned(),
        first: page.get("first").and_then(Value::as_u64),
        items: whole(string(page, "/items")?),
        total: page.get("total").and_then(Value::as_str).map(whole),
    })
}

fn read_split(raw: &Value, split: &Value) -> Load<Split> {
    let name = string(split, "/example")?;
    let examples = object(raw, "/responses/200/content/application~1json/examples")?;
    let example = examples.get(name).and_then(|example| example.get("value"));
    let mut schema = Map::new();
    schema.insert("$ref".to_owned(), value(split, "/schema")?.clone());
    Ok(Split {
        name: string(split, "/operationId")?.to_owned(),
        parameter: string(split, "/parameter")?.to_owned(),
        value: split.get("value").and_then(Value::as_str).map(str::to_owned),
        content: Content {
            schema: Value::Object(schema),
            example: example.cloned().ok_or_else(|| format!("the split names no example {name:?}"))?,
        },
    })
}

/// Compiles every pattern below a schema, whichever keyword holds it.
fn compile_patterns(schema: &Value, into: &mut HashMap<String, Regex>) -> Load<()> {
    match schema {
        Value::Object(map) => {
            if let Some(pattern) = map.get("pattern").and_then(Value::as_str)
                && !into.contains_key(pattern)
            {
                let compiled = Regex::new(pattern).map_err(|error| format!("pattern {pattern:?}: {error}"))?;
                into.insert(pattern.to_owned(), compiled);
            }
            map.values().try_for_each(|inner| compile_patterns(inner, into))
        }
        Value::Array(list) => list.iter().try_for_each(|inner| compile_patterns(inner, into)),
        _ => Ok(()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn value<'a>(raw: &'a Value, pointer: &str) -> Load<&'a Value> {
    raw.pointer(pointer).ok_or_else(|| format!("{pointer} is missing"))
}

fn string<'a>(raw: &'a Value, pointer: &str) -> Load<&'a str> {
    value(raw, pointer)?.as_str().ok_or_else(|| format!("{pointer} is not a string"))
}

fn object<'a>(raw: &'a Value, pointer: &str) -> Load<&'a Map<String, Value>> {
    value(raw, pointer)?.as_object().ok_or_else(|| format!("{pointer} is not an object"))
}
