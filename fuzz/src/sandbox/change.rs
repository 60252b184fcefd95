//! Changes the documented example of a call as the fuzzer's bytes say.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Number, Value, json};

use super::documented::{Content, Documented};
use super::text::{Memory, next};

/// A call as it will be written down.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) call: Documented,
    /// Headers that go in when everything else stands.
    pub(super) headers: Vec<(String, String)>,
    /// The content type where another one than the right one is sent.
    pub(super) kind: Option<String>,
    /// What is sent in the place of the body.
    pub(super) bytes: Option<Vec<u8>>,
    /// Whether path and query go out without escapes.
    pub(super) bare: bool,
    /// Whether the call may cost as much as making an RSA key does.
    pub(super) dear: bool,
}

/// Headers to which someone may listen.
const HEADERS: [&str; 18] = [
    "scp-api-version",
    "scp-timestamp",
    "scp-signature",
    "scp-accesskey",
    "scp-clienttype",
    "scp-accountid",
    "svtimestamp",
    "svaccesskey",
    "svsignature",
    "authorization",
    "x-nhn-authorization",
    "x-toast-client-mac-addr",
    "accept-language",
    "content-length",
    "transfer-encoding",
    "host",
    "x-forwarded-for",
    "user-agent",
];

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get"];

/// Takes a call and up to seven changes from the input.
pub(super) fn changed(input: &mut Unstructured<'_>, all: &[Documented], memory: &Memory) -> Result<Changed> {
    let which = usize::from(input.arbitrary::<u16>()?) % all.len();
    let flags = input.arbitrary::<u8>()?;
    let mut call = all[which].clone();
    if flags & 8 == 0 {
        call.query.retain(|(_, _, required)| *required);
    }
    if flags & 32 != 0 {
        link(memory, &mut call);
    }
    let bare = flags & 16 != 0;
    let mut changed = Changed { call, headers: Vec::new(), kind: None, bytes: None, bare, dear: false };
    for _ in 0..flags % 8 {
        change(input, memory, &mut changed)?;
    }
    Ok(changed)
}

/// Puts what earlier answers gave under the same names in the place of the examples: ids, ciphertexts, signatures.
fn link(memory: &Memory, call: &mut Documented) {
    for (name, value) in &mut call.path {
        if let Some(known) = name.as_ref().and_then(|name| memory.named(name)) {
            known.clone_into(value);
        }
    }
    for (name, value, _) in &mut call.query {
        if let Some(known) = memory.named(name) {
            known.clone_into(value);
        }
    }
    if let Content::Json(Value::Object(map)) = &mut call.body {
        for (name, value) in map {
            match memory.named(name) {
                Some(known) if value.is_string() && name != "name" => *value = Value::from(known),
                _ => {}
            }
        }
    }
}

fn change(input: &mut Unstructured<'_>, memory: &Memory, changed: &mut Changed) -> Result<()> {
    let (what, place) = (input.arbitrary::<u8>()?, usize::from(input.arbitrary::<u8>()?));
    let call = &mut changed.call;
    match what % 16 {
        0..=2 => {
            let mut arguments: Vec<_> = call.path.iter_mut().filter(|(name, _)| name.is_some()).collect();
            let count = arguments.len();
            if count > 0 {
                let value = &mut arguments[place % count].1;
                *value = next(input, memory, value)?;
            }
        }
        3 | 4 if !call.query.is_empty() => {
            let place = place % call.query.len();
            call.query[place].1 = next(input, memory, &call.query[place].1)?;
        }
        5 => match place % 3 {
            0 if !call.query.is_empty() => drop(call.query.remove(place % call.query.len())),
            1 if !call.query.is_empty() => call.query.push(call.query[place % call.query.len()].clone()),
            _ => call.query.push((next(input, memory, "x")?, next(input, memory, "y")?, true)),
        },
        6 => {
            let name = HEADERS[place % HEADERS.len()].to_owned();
            changed.headers.push((name, next(input, memory, "")?));
        }
        7 => match place % 4 {
            0 => call.method = METHODS[usize::from(input.arbitrary::<u8>()?) % METHODS.len()].to_owned(),
            1 => changed.kind = Some(next(input, memory, "text/plain")?),
            2 => call.version = None,
            _ => {
                let piece = place / 4 % call.path.len();
                call.path[piece].1 = next(input, memory, &call.path[piece].1)?;
            }
        },
        8 => {
            let text = match place % 3 {
                0 => next(input, memory, "")?,
                1 => "[".repeat(place * 64),
                _ => "{\"a\":".repeat(place * 8),
            };
            changed.bytes = Some(text.into_bytes());
        }
        _ => match &mut call.body {
            Content::Json(body) => node(input, memory, body, place, what / 16)?,
            Content::Form(pairs) => {
                let place = place % pairs.len();
                pairs[place].1 = next(input, memory, &pairs[place].1)?;
            }
            // A body where none belongs.
            Content::Nothing => call.body = Content::Json(json!({})),
        },
    }
    Ok(())
}

/// Changes one place of a JSON text, counted from its top.
pub(super) fn node(
    input: &mut Unstructured<'_>,
    memory: &Memory,
    body: &mut Value,
    place: usize,
    how: u8,
) -> Result<()> {
    let mut left = place % count(body);
    let Some(found) = find(body, &mut left) else { return Ok(()) };
    match (how, found) {
        (0..=6, value) => {
            let now = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *value = Value::String(next(input, memory, &now)?);
        }
        (7, value) => *value = number(input)?,
        (8, value) => {
            *value = [Value::Null, json!(true), json!(false), json!({}), json!([])]
                [usize::from(input.arbitrary::<u8>()? % 5)]
            .clone();
        }
        // As many as a list may hold, and more; not of what is large already.
        (9, value) if value.to_string().len() <= 4096 => {
            *value = Value::Array(vec![value.clone(); usize::from(input.arbitrary::<u8>()?)])
        }
        (10, value) => *value = json!({ "a": value.take() }),
        (_, Value::Object(map)) => rename(input, memory, map, how)?,
        (11, Value::Array(list)) => list.push(list.first().cloned().unwrap_or_default()),
        (12, Value::Array(list)) => drop(list.pop()),
        (_, value) => {
            let now = value.to_string();
            *value = serde_json::from_str(&next(input, memory, &now)?).unwrap_or_default();
        }
    }
    Ok(())
}

fn rename(input: &mut Unstructured<'_>, memory: &Memory, map: &mut Map<String, Value>, how: u8) -> Result<()> {
    let names: Vec<String> = map.keys().cloned().collect();
    let place = usize::from(input.arbitrary::<u8>()?);
    let name = names.get(place % names.len().max(1)).cloned().unwrap_or_default();
    match how {
        11 | 12 => drop(map.remove(&name)),
        13 => {
            let value = map.remove(&name).unwrap_or_default();
            map.insert(next(input, memory, &name)?, value);
        }
        _ => {
            map.insert(next(input, memory, &name)?, Value::String(next(input, memory, "")?));
        }
    }
    Ok(())
}

fn number(input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match input.arbitrary::<u8>()? {
        0 => i64::MIN.into(),
        1 => i64::MAX.into(),
        2 => u64::MAX.into(),
        3 => json!(1e308),
        4 => json!(-0.0),
        5 => json!(5e-324),
        6 => json!(2.0),
        7 => (i64::from(i32::MAX) + 1).into(),
        8 => Number::from(input.arbitrary::<i64>()?).into(),
        9 => Number::from_f64(input.arbitrary::<f64>()?).map_or(Value::Null, Value::Number),
        small => (i16::from(small) - 20).into(),
    })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(count).sum(),
        Value::Array(list) => list.iter().map(count).sum(),
        _ => 0,
    }
}

fn find<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Object(map) => map.values_mut().find_map(|value| find(value, left)),
        Value::Array(list) => list.iter_mut().find_map(|value| find(value, left)),
        _ => None,
    }
}
