//! Reads the printed page of the vendor: plain text in, services with their calls and models out.

use serde_json::Value;

use super::row::{Field, field, join_broken_rows};
use super::{ImportError, cells};
use crate::names;
use crate::openapi::{Header, Place, Schema};

mod call;

use call::call;

/// One service of the page.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) line: usize,
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
    let mut service = Service { line: block.line, title: block.title.to_owned(), ..Service::default() };
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
        _ if text.len() == 8 && text.is_ascii() => {
            let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
            names::is_day(&day)
                .then_some(Some(day))
                .ok_or_else(|| ImportError::new(line, format!("`{text}` is not a day")))
        }
        _ => Err(ImportError::new(line, format!("`{text}` is not a day"))),
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
