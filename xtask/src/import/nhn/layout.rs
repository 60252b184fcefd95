//! Turns the lines of a page of NHN Cloud into calls, marks, tables and examples, whatever the layout.

use super::super::{ImportError, loose};

/// A part of a page with the line where it begins.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// `GET https://…` or `GET "/…"`.
    Call { method: String, url: String },
    /// `[Response Body]` and the like.
    Mark(Mark),
    /// A table: the kind that its header row tells, and the rows.
    Table { kind: Table, rows: Vec<(usize, Vec<String>)> },
    /// An example.
    Json(String),
    /// A heading of Markdown.
    Heading(String),
    /// A host alone on its line or in a table.
    Host(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Parameters,
    Request,
    Response,
    /// What all calls share.
    Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Method, URI, description.
    Calls,
    /// Name, type, description.
    Fields,
    /// Name, place, type, required, description.
    Parameters,
    /// Name, `Body`, type, description.
    BodyFields,
    /// Name, type, required, description.
    RequiredFields,
    /// Region, endpoint.
    Hosts,
}

const TABLES: [(&[&str], Table); 9] = [
    (&["Method", "URI", "Description"], Table::Calls),
    (&["Method", "URI", "설명"], Table::Calls),
    (&["Name", "Type", "Description"], Table::Fields),
    (&["이름", "타입", "설명"], Table::Fields),
    (&["Name", "Type", "Format", "Required", "Description"], Table::Parameters),
    (&["Name", "Type", "Format", "Description"], Table::BodyFields),
    (&["Name", "Format", "Required", "Description"], Table::RequiredFields),
    (&["Region", "Endpoint"], Table::Hosts),
    (&["리전", "엔드포인트"], Table::Hosts),
];

const MARKS: [(&str, Mark); 12] = [
    ("[Request Parameter]", Mark::Parameters),
    ("[Request Body]", Mark::Request),
    ("[Response Body]", Mark::Response),
    ("Request", Mark::Parameters),
    ("Response", Mark::Response),
    ("Example", Mark::Response),
    ("[HTTP Header of API Request]", Mark::Common),
    ("[Path Variables of API Request]", Mark::Common),
    ("[Common Data Header of API Response]", Mark::Common),
    ("[API 요청의 HTTP 헤더]", Mark::Common),
    ("[API 요청의 경로 변수]", Mark::Common),
    ("[API 응답의 데이터 공통 헤더]", Mark::Common),
];

/// Reads numbered lines.
pub(super) fn parts(lines: &[(usize, String)]) -> Result<Vec<(usize, Part)>, ImportError> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut fenced = false;
    while let Some((line, text)) = lines.get(at) {
        let (line, text) = (*line, text.trim());
        at += 1;
        if text.starts_with("```") {
            fenced = !fenced;
        } else if let Some(heading) = text.strip_prefix('#') {
            parts.push((line, Part::Heading(heading.trim_start_matches('#').trim().to_owned())));
        } else if let Some((_, mark)) = MARKS.iter().find(|(own, _)| *own == text) {
            parts.push((line, Part::Mark(*mark)));
        } else if text.starts_with('[') && text.ends_with(']') && !text.contains("](") {
            return Err(ImportError::new(line, format!("`{text}` is not a known mark")));
        } else if let Some((method, url)) = call(text) {
            parts.push((line, Part::Call { method, url }));
        } else if text.starts_with('{') {
            let (json, taken) = json(&lines[at - 1..]);
            at += taken - 1;
            parts.push((line, Part::Json(json)));
        } else if let Some(host) = host(text) {
            parts.push((line, Part::Host(host.to_owned())));
        } else if let Some(header) = cells(text).filter(|_| lines.get(at).is_some_and(|(_, next)| is_ruler(next))) {
            let (table, taken) = table(line, &header, &lines[at..])?;
            at += taken;
            parts.push((line, table));
        } else if fenced && !is_header(text) && !text.is_empty() {
            return Err(ImportError::new(line, format!("`{text}` is neither a call nor an example")));
        } else if text.starts_with('|') {
            return Err(ImportError::new(line, "table row without a table"));
        }
    }
    Ok(parts)
}

/// `X-NAME: value`.
fn is_header(text: &str) -> bool {
    let name = text.split_once(": ").map(|(name, _)| name);
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-'))
}

/// An address alone, or after the words of a table without bars.
fn host(text: &str) -> Option<&str> {
    let address = text.strip_prefix("All regions ").unwrap_or(text);
    (address.starts_with("https://") && !address.contains(' ')).then_some(address)
}

fn call(text: &str) -> Option<(String, String)> {
    let (method, url) = text.split_once(char::is_whitespace)?;
    let url = url.trim().trim_matches('"');
    let known = matches!(method, "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD");
    let address = url.starts_with("https://") || url.starts_with('/');
    (known && address && !url.contains('|')).then(|| (method.to_lowercase(), url.to_owned()))
}

/// The lines of an example, up to the brace that closes it.
fn json(lines: &[(usize, String)]) -> (String, usize) {
    let mut text = String::new();
    for (index, (_, line)) in lines.iter().enumerate() {
        if line.trim() == "```" {
            return (text, index);
        }
        text.push_str(line);
        text.push('\n');
        if loose::is_closed(&text) {
            return (text, index + 1);
        }
    }
    (text, lines.len())
}

fn is_ruler(text: &str) -> bool {
    let text = text.trim();
    text.contains("---") && text.bytes().all(|byte| matches!(byte, b'|' | b'-' | b' ' | b':'))
}

/// The cells of a row, with or without a bar at its beginning; nothing for other lines.
fn cells(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('|') {
        let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\u{1}");
        return Some(inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect());
    }
    // Without a bar at the beginning, a bar inside of a cell has no spaces around it.
    let inner = text.strip_suffix('|').unwrap_or(text);
    inner.contains(" | ").then(|| inner.split(" | ").map(|cell| cell.trim().to_owned()).collect())
}

fn table(line: usize, header: &[String], lines: &[(usize, String)]) -> Result<(Part, usize), ImportError> {
    let Some((_, kind)) = TABLES.iter().find(|(own, _)| own.iter().eq(header.iter())) else {
        return Err(ImportError::new(line, format!("table with the unknown columns {}", header.join(", "))));
    };
    let mut rows = Vec::new();
    let mut taken = 1;
    for (index, (number, text)) in lines.iter().enumerate().skip(1) {
        let next_table = lines.get(index + 1).is_some_and(|(_, next)| is_ruler(next));
        let Some(row) = cells(text).filter(|_| !next_table) else {
            break;
        };
        if row.len() != header.len() {
            return Err(ImportError::new(
                *number,
                format!("row of {} cells, the table has {}", row.len(), header.len()),
            ));
        }
        rows.push((*number, row));
        taken += 1;
    }
    Ok((Part::Table { kind: *kind, rows }, taken))
}
