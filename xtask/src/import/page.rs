//! Reads the printed page of the vendor: plain text in, services with their calls and models out.

use serde_json::Value;

use super::row::{Field, field, join_broken_rows, schema_of};
use super::{ImportError, cells};
use crate::openapi::{Header, Place, Schema};

/// One service of the page.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) title: String,
    pub(super) url: String,
    pub(super) versions: Vec<Lifecycle>,
    pub(super) regions: Vec<Place>,
    pub(super) calls: Vec<Call>,
    pub(super) models: Vec<Model>,
}

/// State and guaranteed-until day of an API version.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Lifecycle {
    pub(super) version: String,
    pub(super) status: String,
    pub(super) not_before: Option<String>,
}

/// One operation in one version.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) line: usize,
    pub(super) title: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) state: String,
    pub(super) lifecycle: Lifecycle,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) responses: Vec<(String, Option<Schema>)>,
    pub(super) headers: Vec<Header>,
    pub(super) request: Option<Value>,
    pub(super) answers: Vec<(String, Option<Value>)>,
}

/// A row of a parameter table.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) place: String,
    pub(super) field: Field,
}

/// The body row of a parameter table.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) schema: Schema,
}

/// One model.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

/// A heading with the lines below it.
struct Block<'a> {
    line: usize,
    depth: usize,
    title: &'a str,
    lines: Vec<(usize, &'a str)>,
}

/// Reads every service of the page.
pub(super) fn parse(text: &str) -> Result<Vec<Service>, ImportError> {
    let mut services: Vec<Service> = Vec::new();
    let mut in_models = false;
    let mut title = "";
    for block in blocks(text) {
        if block.depth == 1 {
            services.push(overview(&block)?);
            continue;
        }
        let Some(service) = services.last_mut() else {
            return Err(ImportError::new(block.line, "heading before the first service"));
        };
        match (block.depth, in_models) {
            (2, _) => in_models = block.title == "Models",
            (3, false) => title = block.title,
            (3, true) => service.models.push(model(&block)?),
            (4, false) => service.calls.push(call(title, &block)?),
            _ => return Err(ImportError::new(block.line, "heading out of place")),
        }
    }
    if services.is_empty() {
        return Err(ImportError::new(1, "no service heading such as `1 - Name`"));
    }
    Ok(services)
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if let Some((depth, title)) = heading(line) {
            blocks.push(Block { line: index + 1, depth, title, lines: Vec::new() });
        } else if let Some(block) = blocks.last_mut()
            && !line.is_empty()
        {
            block.lines.push((index + 1, line));
        }
    }
    blocks
}

/// Depth and title of a heading such as `3.1.2 - Change State Of Key`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let (number, title) = line.split_once(" - ")?;
    let parts = number.split('.');
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.clone().all(numeric).then(|| (parts.count(), title.trim()))
}

fn overview(block: &Block<'_>) -> Result<Service, ImportError> {
    let mut service = Service { title: block.title.to_owned(), ..Service::default() };
    let mut part = "";
    for &(line, text) in &block.lines {
        match text {
            "Overview" | "Version" | "OpenAPI URL" | "Environment and Region List" => part = text,
            _ if part == "OpenAPI URL" => text.clone_into(&mut service.url),
            _ => match (part, table_row(text).as_deref()) {
                ("Version", Some([version, status, day])) => {
                    service.versions.push(Lifecycle {
                        version: version.clone(),
                        status: status.clone(),
                        not_before: day_of(day, line)?,
                    });
                }
                ("Environment and Region List", Some([environment, region])) => {
                    service.regions.push(Place { environment: environment.clone(), region: region.clone() });
                }
                (_, Some(_)) => return Err(ImportError::new(line, "table row out of place")),
                _ => {}
            },
        }
    }
    for (missing, what) in [
        (service.url.is_empty(), "an OpenAPI URL"),
        (service.versions.is_empty(), "a version table"),
        (service.regions.is_empty(), "a region table"),
    ] {
        if missing {
            return Err(ImportError::new(block.line, format!("service without {what}")));
        }
    }
    Ok(service)
}

/// Cells of a data row; nothing for prose, rulers and header rows.
fn table_row(text: &str) -> Option<Vec<String>> {
    let is_header = text.starts_with("|---")
        || ["| Version |", "| environment |", "| Type |", "| HTTP Code |", "| Name |"]
            .iter()
            .any(|start| text.starts_with(start));
    (text.starts_with('|') && !is_header).then(|| cells(text))
}

/// `20260831` as `2026-08-31`, `-` as nothing.
fn day_of(text: &str, line: usize) -> Result<Option<String>, ImportError> {
    match text {
        "-" => Ok(None),
        _ if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(Some(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])))
        }
        _ => Err(ImportError::new(line, format!("`{text}` is no day"))),
    }
}

fn model(block: &Block<'_>) -> Result<Model, ImportError> {
    let mut fields = Vec::new();
    for (line, row) in join_broken_rows(&block.lines) {
        if let Some(cells) = table_row(&row) {
            fields.push(field(&cells, line)?);
        }
    }
    Ok(Model { name: block.title.to_owned(), fields })
}

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

fn call(title: &str, block: &Block<'_>) -> Result<Call, ImportError> {
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
                format!("`{name}` is in the request path but is no required query parameter"),
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
        .map_err(|error| ImportError::new(line, format!("example is no JSON: {error}")))
}
