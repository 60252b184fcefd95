//! Reads pages of RISKEN, as Markdown or as plain text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{self, Body, Page, Parameter, Realm, Row, Stated};
use super::limits;
use super::{ImportError, loose};
use crate::names;
use crate::openapi::Header;

/// The version in the address of every call: `/api/v1`.
const VERSION: &str = "1";

/// What the page says.
pub(super) fn read(text: &str) -> Result<Page, ImportError> {
    let mut reader = Reader::default();
    let lines: Vec<(usize, &str)> = text.lines().enumerate().map(|(index, line)| (index + 1, plain(line))).collect();
    let mut at = 0;
    while let Some((line, text)) = lines.get(at) {
        at += 1;
        if text.starts_with('{') {
            let (json, taken) = json(&lines[at - 1..]);
            at += taken - 1;
            reader.json(*line, &json)?;
        } else {
            reader.line(*line, text)?;
        }
    }
    reader.finish()?;
    let service = reader.operations.first().and_then(|own| own.path.trim_start_matches('/').split('/').next());
    let service = service.ok_or_else(|| ImportError::new(1, "no call such as `GET: /…/`"))?.to_owned();
    if !names::is_label(&service) {
        return Err(ImportError::new(reader.operations[0].line, format!("`{service}` is not the name of a service")));
    }
    let other = |own: &&Stated| !own.path.starts_with(&format!("/{service}/"));
    match reader.operations.iter().find(other) {
        Some(own) => Err(ImportError::new(own.line, format!("`{}` is not of `{service}`", own.path))),
        None => Ok(Page {
            vendor: "risken",
            envelope: "data",
            service,
            version: VERSION.to_owned(),
            realm: Realm::Public,
            // Every site has its own.
            hosts: BTreeSet::new(),
            whole: true,
            operations: reader.operations,
            faults: Vec::new(),
        }),
    }
}

/// The line without marks of headings and fences; an example may begin right after a fence.
fn plain(line: &str) -> &str {
    let line = line.trim();
    match line.strip_prefix("```") {
        Some(rest) => rest.trim_start_matches(|own: char| own.is_ascii_alphabetic()).trim(),
        None => line.trim_start_matches('#').trim(),
    }
}

fn json(lines: &[(usize, &str)]) -> (String, usize) {
    let mut text = String::new();
    for (index, (_, line)) in lines.iter().enumerate() {
        text.push_str(line);
        text.push('\n');
        if loose::is_closed(&text) {
            return (text, index + 1);
        }
    }
    (text, lines.len())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Section {
    #[default]
    Prose,
    Endpoint,
    Parameters,
    Sample,
    Response,
}

#[derive(Default)]
struct Reader {
    section: Section,
    title: Option<String>,
    open: Option<Open>,
    operations: Vec<Stated>,
}

#[derive(Default)]
struct Open {
    line: usize,
    title: Option<String>,
    method: String,
    path: String,
    /// Rows with the place of each.
    rows: Vec<(String, Row)>,
    headers: Vec<Header>,
    data: Option<(usize, Value)>,
    answer: Option<Value>,
}

impl Reader {
    fn line(&mut self, line: usize, text: &str) -> Result<(), ImportError> {
        let fail = |what: &str| Err(ImportError::new(line, format!("`{text}` {what}")));
        let section = match text {
            "Endpoint" => Section::Endpoint,
            "Parameters" => Section::Parameters,
            "Code sample" => Section::Sample,
            "Response" => Section::Response,
            _ => {
                return match self.section {
                    _ if text.is_empty() || is_ruler(text) => Ok(()),
                    Section::Endpoint => self.call(line, text),
                    Section::Parameters => self.parameter(line, text),
                    Section::Sample => self.sample(line, text),
                    Section::Response if text.starts_with("Status: ") => match text {
                        "Status: 200 OK" => Ok(()),
                        _ => fail("is not a known status"),
                    },
                    // After the example begins the next operation.
                    Section::Response if self.open.as_ref().is_none_or(|own| own.answer.is_none()) => {
                        fail("is neither a status nor an example")
                    }
                    _ => {
                        self.finish()?;
                        self.prose(text);
                        Ok(())
                    }
                };
            }
        };
        if section == Section::Endpoint {
            self.finish()?;
        } else if self.open.is_none() {
            return fail("stands before the first call");
        }
        self.section = section;
        Ok(())
    }

    fn prose(&mut self, text: &str) {
        let word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if word && text.starts_with(|first: char| first.is_ascii_uppercase()) {
            self.title = Some(text.to_owned());
        }
    }

    fn call(&mut self, line: usize, text: &str) -> Result<(), ImportError> {
        let found = text.split_once(": ").filter(|(method, path)| {
            matches!(*method, "GET" | "POST") && path.starts_with('/') && path.ends_with('/') && self.open.is_none()
        });
        let Some((method, path)) = found else {
            return Err(ImportError::new(line, format!("`{text}` is not a call such as `GET: /…/`")));
        };
        let open = Open { line, method: method.to_lowercase(), path: path.to_owned(), ..Open::default() };
        self.open = Some(Open { title: self.title.take(), ..open });
        Ok(())
    }

    fn parameter(&mut self, line: usize, text: &str) -> Result<(), ImportError> {
        let cells: Vec<String> = match text.strip_prefix('|') {
            Some(inner) => inner.trim_end_matches('|').split('|').map(|own| own.trim().to_owned()).collect(),
            None => text.splitn(4, ' ').map(str::to_owned).collect(),
        };
        if cells.first().is_some_and(|own| own == "Name") {
            return Ok(());
        }
        let (required, description) = match cells.get(3).map(String::as_str) {
            Some(rest) if text.starts_with('|') => (rest == "yes", cells.get(4).cloned().unwrap_or_default()),
            Some(rest) => (rest == "yes" || rest.starts_with("yes "), rest.trim_start_matches("yes").trim().to_owned()),
            None => (false, String::new()),
        };
        let [name, kind, place, ..] = &cells[..] else {
            return Err(ImportError::new(line, format!("`{text}` is not a row of a parameter")));
        };
        let known =
            matches!(place.as_str(), "query" | "body") && (required || cells.get(3).is_none_or(|own| own != "no"));
        let kind = type_name(kind).filter(|_| known);
        let kind = kind.ok_or_else(|| ImportError::new(line, format!("`{text}` has no known type and place")))?;
        let limits = limits::read(&description, kind);
        let name = name.trim_matches('`').to_owned();
        let row = Row { line, name, kind, required: Some(required), limits };
        if let Some(open) = &mut self.open {
            open.rows.push((place.clone(), row));
        }
        Ok(())
    }

    fn sample(&mut self, line: usize, text: &str) -> Result<(), ImportError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let text = text.trim_end_matches('\\').trim();
        let quoted = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('\''));
        if text == format!("curl -X{}", open.method.to_uppercase()) {
            return Ok(());
        }
        if let Some((name, value)) = quoted("--header '").and_then(|own| own.split_once(": ")) {
            open.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        } else if let Some(data) = quoted("--data '") {
            let value = serde_json::from_str(data)
                .map_err(|error| ImportError::new(line, format!("example is not valid JSON: {error}")))?;
            open.data = Some((line, value));
        } else if let Some(url) = quoted("'") {
            let address = url.split_once("/api/v1").map_or("", |(_, rest)| rest);
            if address.split('?').next() != Some(open.path.as_str()) {
                return Err(ImportError::new(line, format!("the sample calls another address than {}", open.path)));
            }
        } else {
            return Err(ImportError::new(line, format!("`{text}` is not a known part of a sample")));
        }
        Ok(())
    }

    fn json(&mut self, line: usize, text: &str) -> Result<(), ImportError> {
        let value = serde_json::from_str(text)
            .map_err(|error| ImportError::new(line, format!("example is not valid JSON: {error}")))?;
        match &mut self.open {
            Some(open) if self.section == Section::Response && open.answer.is_none() => {
                open.answer = Some(value);
                Ok(())
            }
            _ => Err(ImportError::new(line, "example out of place")),
        }
    }

    fn finish(&mut self) -> Result<(), ImportError> {
        self.section = Section::Prose;
        let Some(open) = self.open.take() else { return Ok(()) };
        let answer =
            open.answer.ok_or_else(|| ImportError::new(open.line, format!("{} shows no response", open.path)))?;
        let (query, body): (Vec<_>, Vec<_>) = open.rows.into_iter().partition(|(place, _)| place == "query");
        let body: Vec<Row> = body.into_iter().map(|(_, row)| row).collect();
        let parameter = |(_, row): (String, Row)| Parameter {
            name: row.name,
            place: "query",
            kind: Some(row.kind),
            required: row.required,
            limits: row.limits,
        };
        let request = match (open.data, body.first()) {
            (Some((_, example)), Some(_)) => {
                let mut fields = facts::tree(Some(&example), &body)?;
                numbers(&mut fields);
                Some(Body { example: Some(example), fields })
            }
            (None, None) => None,
            (Some((line, _)), None) => return Err(ImportError::new(line, "a request body without a table")),
            (None, Some(row)) => return Err(ImportError::new(row.line, "a request body without an example")),
        };
        let payload = answer.get("data").cloned();
        let payload = payload.ok_or_else(|| ImportError::new(open.line, "a response without `data`"))?;
        let fields = facts::tree(Some(&payload), &[])?;
        self.operations.push(Stated {
            line: open.line,
            title: open.title,
            method: open.method,
            path: open.path,
            headers: open.headers,
            parameters: query.into_iter().map(parameter).collect(),
            request,
            answer: Some(Body { example: Some(answer), fields }),
            ..Stated::default()
        });
        Ok(())
    }
}

/// The page calls every number a number; the example tells which have fractions.
fn numbers(nodes: &mut [facts::Node]) {
    for node in nodes {
        let fraction = node.shown.as_ref().is_some_and(Value::is_f64);
        if node.kind == Some("integer") && fraction {
            node.kind = Some("number");
        }
        // An object has no row of its own; its fields' rows say what is required.
        if node.kind.is_none() && !node.fields.is_empty() {
            node.required = Some(node.fields.iter().any(|own| own.required == Some(true)));
        }
        numbers(&mut node.fields);
    }
}

fn type_name(text: &str) -> Option<&'static str> {
    Some(match text {
        "number" => "integer",
        "float" => "number",
        "string" => "string",
        "boolean" => "boolean",
        "[]string" => "array",
        _ => return None,
    })
}

fn is_ruler(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| matches!(byte, b'|' | b'-' | b' ' | b':'))
}
