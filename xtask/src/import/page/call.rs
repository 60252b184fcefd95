//! Reads the part of the page that describes one call.

use serde_json::Value;

use super::super::ImportError;
use super::super::row::{field, join_broken_rows, schema_of};
use super::{Block, Body, Call, Parameter, day_of, table_row};
use crate::openapi::Header;

const PARTS: [&str; 8] = [
    "Description",
    "Parameters",
    "Responses",
    "Example HTTP request",
    "Request path",
    "Request header",
    "Request body",
    "Example HTTP response",
];

/// Name, line of the name, and the numbered lines below it.
type Part<'a> = (&'a str, usize, Vec<(usize, &'a str)>);

pub(super) fn call(title: &str, block: &Block<'_>) -> Result<Call, ImportError> {
    let fail = |line, what: &str| Err(ImportError::new(line, format!("{title}: {what}")));
    let mut parts: Vec<Part<'_>> = vec![("", block.line, Vec::new())];
    for &(line, text) in &block.lines {
        if PARTS.contains(&text) || is_answer(text) {
            parts.push((text, line, Vec::new()));
        } else if let Some((.., lines)) = parts.last_mut() {
            lines.push((line, text));
        }
    }
    let mut call = Call { line: block.line, title: title.to_owned(), ..Call::default() };
    for (part, line, lines) in &parts {
        match *part {
            "" => {
                let Some((method, path)) = lines.first().and_then(|(_, text)| text.split_once(' ')) else {
                    return fail(*line, "no method and path");
                };
                call.method = method.to_owned();
                call.path = path.trim().to_owned();
            }
            "Description" => state(&mut call, lines)?,
            "Parameters" => parameters(&mut call, lines)?,
            "Responses" => responses(&mut call, lines)?,
            "Request path" => request_path(&call, lines)?,
            "Request header" => call.headers = headers(lines)?,
            "Request body" => call.request = json(lines)?,
            _ => {
                if let Some(status) = part.strip_prefix("Response ") {
                    call.answers.push((status.to_owned(), json(lines)?));
                }
            }
        }
    }
    if call.lifecycle.version != block.title {
        return fail(block.line, "version of the heading and of the table disagree");
    }
    if call.responses.is_empty() {
        return fail(block.line, "no responses");
    }
    if call.request.is_some() != call.body.is_some() {
        return fail(block.line, "a body without an example or the reverse");
    }
    Ok(call)
}

fn is_answer(text: &str) -> bool {
    text.strip_prefix("Response ")
        .is_some_and(|status| !status.is_empty() && status.bytes().all(|byte| byte.is_ascii_digit()))
}

fn state(call: &mut Call, lines: &[(usize, &str)]) -> Result<(), ImportError> {
    for &(line, text) in lines {
        if let Some((state, status)) =
            text.strip_prefix("State ").and_then(|rest| rest.strip_suffix(')')).and_then(|rest| rest.split_once(" ("))
        {
            call.state = state.to_owned();
            call.lifecycle.status = status.to_owned();
        } else if let Some([version, day]) = table_row(text).as_deref() {
            call.lifecycle.version = version.clone();
            call.lifecycle.not_before = day_of(day, line)?;
        }
    }
    if call.state.is_empty() {
        return Err(ImportError::new(call.line, format!("{}: no state", call.title)));
    }
    Ok(())
}

fn parameters(call: &mut Call, lines: &[(usize, &str)]) -> Result<(), ImportError> {
    for (line, row) in join_broken_rows(lines) {
        let Some(cells) = table_row(&row) else {
            continue;
        };
        match cells.split_first() {
            Some((kind, [name, schema])) if kind == "body" => {
                call.body = Some(Body { required: name.ends_with(" required"), schema: schema_of(schema, line)? });
            }
            Some((place, rest)) if matches!(place.as_str(), "path" | "query" | "header") => {
                call.parameters.push(Parameter { place: place.clone(), field: field(rest, line)? });
            }
            _ => return Err(ImportError::new(line, "no parameter of a known kind")),
        }
    }
    Ok(())
}

fn responses(call: &mut Call, lines: &[(usize, &str)]) -> Result<(), ImportError> {
    for &(line, text) in lines {
        match table_row(text).as_deref() {
            None => {}
            Some([status, _, schema]) => {
                let schema = match schema.as_str() {
                    "None" => None,
                    name => Some(schema_of(name, line)?),
                };
                call.responses.push((status.clone(), schema));
            }
            Some(_) => return Err(ImportError::new(line, "response row without three cells")),
        }
    }
    Ok(())
}

/// The line repeats the path, at times with a query template; it must agree with the rest.
fn request_path(call: &Call, lines: &[(usize, &str)]) -> Result<(), ImportError> {
    let Some(&(line, text)) = lines.first() else {
        return Ok(());
    };
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if path != call.path {
        return Err(ImportError::new(line, "request path differs from the path"));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        let known = |parameter: &Parameter| {
            parameter.place == "query" && parameter.field.name == name && parameter.field.required
        };
        if !call.parameters.iter().any(known) {
            return Err(ImportError::new(
                line,
                format!("`{name}` is in the request path but is not a required query parameter"),
            ));
        }
    }
    Ok(())
}

fn headers(lines: &[(usize, &str)]) -> Result<Vec<Header>, ImportError> {
    let header = |&(line, text): &(usize, &str)| {
        let inner = text.trim_end_matches(',').trim_matches('"');
        let (name, value) =
            inner.split_once(" = ").ok_or_else(|| ImportError::new(line, "no header such as `\"Name = value\"`"))?;
        Ok(Header { name: name.to_owned(), value: value.to_owned() })
    };
    lines.iter().map(header).collect()
}

fn json(lines: &[(usize, &str)]) -> Result<Option<Value>, ImportError> {
    let Some(&(line, _)) = lines.first() else {
        return Ok(None);
    };
    let texts: Vec<&str> = lines.iter().map(|(_, text)| *text).collect();
    serde_json::from_str(&texts.join("\n"))
        .map(Some)
        .map_err(|error| ImportError::new(line, format!("example is not valid JSON: {error}")))
}
