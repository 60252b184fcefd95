//! What a page states about one operation, in the form that is compared with a fixture.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ImportError;
use super::limits::Limits;
use crate::openapi::Header;

/// Which of a vendor's realms a page describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Realm {
    Public,
    Government,
}

impl Realm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Government => "government",
        }
    }
}

/// What one page says of one version.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) vendor: &'static str,
    /// The field with the payload of a response, or `*`.
    pub(super) envelope: &'static str,
    pub(super) service: String,
    pub(super) version: String,
    pub(super) realm: Realm,
    /// Addresses of the service, without paths.
    pub(super) hosts: BTreeSet<String>,
    /// Whether the page describes the version as a whole, so that what it lacks is absent.
    pub(super) whole: bool,
    pub(super) operations: Vec<Stated>,
    /// What is wrong in the page itself, but has only one reading: the operation, and what it is.
    pub(super) faults: Vec<(String, String)>,
}

/// One operation.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) line: usize,
    /// The page's name of it, where it prints one.
    pub(super) title: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    /// The query parameter that selects this format of a path with two.
    pub(super) select: Option<String>,
    /// Headers of the request, where the page shows them.
    pub(super) headers: Vec<Header>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Body>,
    pub(super) answer: Option<Body>,
}

/// A parameter in the path or the query.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) place: &'static str,
    /// Absent where only the path names it.
    pub(super) kind: Option<&'static str>,
    pub(super) required: Option<bool>,
    pub(super) limits: Limits,
}

/// A request or a response.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) example: Option<Value>,
    /// Fields of the request, or of the payload of the response.
    pub(super) fields: Vec<Node>,
}

/// A row of a table of fields.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) required: Option<bool>,
    pub(super) limits: Limits,
}

/// A field with the fields inside it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) name: String,
    /// The row of the table, if there is one.
    pub(super) kind: Option<&'static str>,
    pub(super) required: Option<bool>,
    pub(super) limits: Limits,
    /// The example's value, if it shows the field.
    pub(super) shown: Option<Value>,
    pub(super) fields: Vec<Node>,
}

impl Node {
    /// The type by the table, else by the example.
    pub(super) fn type_name(&self) -> Option<&'static str> {
        self.kind.or_else(|| self.shown.as_ref().and_then(type_of))
    }
}

/// The JSON type of a value; nothing for null.
pub(super) fn type_of(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

/// The fields that an example shows and a table lists. A row belongs to the first field of its name that has no row
/// yet; a row without such a field is on the level of the row before it.
pub(super) fn tree(example: Option<&Value>, rows: &[Row]) -> Result<Vec<Node>, ImportError> {
    let mut nodes = example.map(shown).unwrap_or_default();
    let mut before: Vec<String> = Vec::new();
    for row in rows {
        let path: Vec<&str> = row.name.split('.').collect();
        let place = match path.len() {
            1 => find(&nodes, &row.name).unwrap_or_else(|| {
                let parent = before.len().saturating_sub(1);
                before.iter().take(parent).cloned().chain([row.name.clone()]).collect()
            }),
            _ => path.iter().map(|part| (*part).to_owned()).collect(),
        };
        let node = slot(&mut nodes, &place);
        if node.kind.is_some() {
            return Err(ImportError::new(row.line, format!("`{}` stands twice in the table", row.name)));
        }
        node.kind = Some(row.kind);
        node.required = row.required;
        node.limits = row.limits.clone();
        before = place;
    }
    Ok(nodes)
}

fn shown(value: &Value) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let fields = shown(member);
                nodes.push(Node { name: name.clone(), shown: Some(member.clone()), fields, ..Node::default() });
            }
        }
        Value::Array(items) => {
            for item in items.iter().flat_map(shown) {
                match nodes.iter_mut().find(|own| own.name == item.name) {
                    Some(own) if own.shown == Some(Value::Null) => *own = item,
                    Some(_) => {}
                    None => nodes.push(item),
                }
            }
        }
        _ => {}
    }
    nodes
}

/// Path to the first field of the name that has no row.
fn find(nodes: &[Node], name: &str) -> Option<Vec<String>> {
    if nodes.iter().any(|own| own.name == name && own.kind.is_none()) {
        return Some(vec![name.to_owned()]);
    }
    nodes.iter().find_map(|node| {
        let inner = find(&node.fields, name)?;
        Some([node.name.clone()].into_iter().chain(inner).collect())
    })
}

/// The field at the path, made where it is missing.
fn slot<'a>(nodes: &'a mut Vec<Node>, path: &[String]) -> &'a mut Node {
    let (name, rest) = path.split_first().map_or((String::new(), path), |(name, rest)| (name.clone(), rest));
    let at = nodes.iter().position(|own| own.name == name).unwrap_or_else(|| {
        nodes.push(Node { name, ..Node::default() });
        nodes.len() - 1
    });
    let node = &mut nodes[at];
    if rest.is_empty() { node } else { slot(&mut node.fields, rest) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(name: &str) -> Row {
        Row { line: 7, name: name.to_owned(), kind: "string", required: None, limits: Limits::default() }
    }

    fn names(nodes: &[Node]) -> Vec<String> {
        let inner = |node: &Node| match node.fields.is_empty() {
            true => node.name.clone(),
            false => format!("{}({})", node.name, names(&node.fields).join(" ")),
        };
        nodes.iter().map(inner).collect()
    }

    #[test]
    fn rows_find_their_place_in_the_example() {
        let example = json!({"list": [{"id": 1, "end": null}, {"id": 2, "end": "x", "more": {"a": 1}}]});
        let rows = [row("list"), row("id"), row("absent"), row("more.b"), row("end")];
        let nodes = tree(Some(&example), &rows).unwrap();
        assert_eq!(names(&nodes), ["list(id end more(a) absent)", "more(b)"]);
        let item = &nodes[0].fields;
        assert_eq!(item[1].shown, Some(json!("x")), "the item that shows more than null");
        assert_eq!(item[2].kind, None, "shown, in no table");
        let error = tree(Some(&example), &[row("list"), row("list")]).unwrap_err();
        assert!(error.to_string().starts_with("line 7 of the page: `list` stands twice"), "{error}");
    }
}
