//! The layout of the vendor's newer reference: JSON with every operation and model of each service.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Number, Value};

use super::super::prose::values;
use super::super::row::{Field, default_of, schema_of, value_of};
use crate::names;
use crate::openapi::{Map, Schema};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "source")]
    _source: IgnoredAny,
    pub(super) services: Map<Service>,
    pub(super) missing: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) display_name: String,
    pub(super) versions: Vec<Version>,
    #[serde(rename = "older_page_newest_version")]
    _older: IgnoredAny,
    pub(super) operations: Vec<Operation>,
    pub(super) models: Map<Model>,
    #[serde(rename = "models_no_operation_leads_to")]
    _unused: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) version: Dotted,
    pub(super) status: String,
    pub(super) date: Option<Day>,
}

/// One operation. Keys that are not named here end in `other`, where only examples of a version are accepted.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) versions: Vec<Dotted>,
    pub(super) schema_version: Dotted,
    /// Absent in the vendor's present list: withdrawn.
    pub(super) listed_version: Option<Dotted>,
    pub(super) state: State,
    pub(super) deprecated: bool,
    #[serde(rename = "description")]
    _description: IgnoredAny,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request_model: Option<String>,
    pub(super) responses: Vec<Response>,
    pub(super) request_example: Option<Value>,
    pub(super) response_example: Option<Value>,
    #[serde(rename = "doc_url")]
    _doc_url: IgnoredAny,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(flatten)]
    pub(super) other: Map<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    #[serde(rename = "in")]
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) required: bool,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    description: Option<String>,
    pub(super) example: Option<String>,
    pub(super) default: Option<String>,
    pub(super) constraints: Option<Constraints>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) code: String,
    #[serde(rename = "description")]
    _description: IgnoredAny,
    pub(super) model: Option<Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    /// Present if no page spells the name.
    pub(super) name_case: Option<String>,
    pub(super) fields: Vec<Entry>,
}

/// A field of a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) required: bool,
    /// Absent where the source's table is broken; a `note` says so.
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    description: Option<String>,
    pub(super) example: Option<String>,
    pub(super) default: Option<String>,
    pub(super) constraints: Option<Constraints>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Constraints {
    pattern: Option<String>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    minimum: Option<Number>,
    maximum: Option<Number>,
}

/// Declares a string that is checked while it is read, so that the error names the line.
macro_rules! checked {
    ($name:ident, $kind:ty, $what:literal, $read:expr) => {
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub(super) $kind);

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let read: fn(&str) -> Option<$kind> = $read;
                read(&text).map(Self).ok_or_else(|| format!(concat!("`{}` is not ", $what), text))
            }
        }
    };
}

checked!(Dotted, String, "a version number such as `1.2`", |text| names::is_version(text).then(|| text.to_owned()));
checked!(Day, String, "a day such as `2026-08-31`", |text| names::is_day(text).then(|| text.to_owned()));
checked!(Kind, Schema, "a known type", |text| schema_of(text, 0).ok());
checked!(Place, String, "`path`, `query`, `header` or `body`", |text| {
    matches!(text, "path" | "query" | "header" | "body").then(|| text.to_owned())
});
checked!(Method, String, "a known method", |text| {
    matches!(text, "GET" | "POST" | "PUT" | "DELETE").then(|| text.to_lowercase())
});
checked!(State, String, "a state such as `ACTIVE (CURRENT)`", |text| {
    let (state, lifecycle) = text.strip_suffix(')')?.split_once(" (")?;
    names::STATES.contains(&lifecycle).then(|| state.to_owned())
});

impl Parameter {
    pub(super) fn field(&self) -> Field {
        let texts = (self.example.as_deref(), self.default.as_deref());
        let listed = self.description.as_deref().map(values).unwrap_or_default();
        Field { listed, ..field(&self.name, self.required, &self.kind, texts, self.constraints.as_ref()) }
    }
}

impl Entry {
    /// The field, or nothing where the source lacks its type.
    pub(super) fn field(&self) -> Option<Field> {
        // An example with one backtick was cut off by the source.
        let whole = |text: &&str| !text.starts_with('`') || text.ends_with('`');
        let texts = (self.example.as_deref().filter(whole), self.default.as_deref());
        let field = field(&self.name, self.required, self.kind.as_ref()?, texts, self.constraints.as_ref());
        Some(Field { listed: self.listed(), ..field })
    }

    /// Values that its description lists.
    pub(super) fn listed(&self) -> Vec<String> {
        self.description.as_deref().map(values).unwrap_or_default()
    }
}

fn field(
    name: &str,
    required: bool,
    kind: &Kind,
    (example, default): (Option<&str>, Option<&str>),
    constraints: Option<&Constraints>,
) -> Field {
    let mut schema = kind.0.clone();
    if let Some(own) = constraints {
        schema.pattern.clone_from(&own.pattern);
        (schema.min_length, schema.max_length) = (own.min_length, own.max_length);
        (schema.minimum, schema.maximum) = (own.minimum.clone(), own.maximum.clone());
    }
    let example = example.map(|text| text.trim().trim_matches('`'));
    schema.examples = example.and_then(|text| value_of(text, &schema)).into_iter().collect();
    schema.default = default.and_then(|text| default_of(text, &schema));
    Field { name: name.to_owned(), required, schema, listed: Vec::new() }
}

/// Line of the last of the texts, each searched after the one before.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    let mut at = 0;
    for wanted in path {
        at += text[at..].find(wanted).unwrap_or_default();
    }
    1 + text[..at].matches('\n').count()
}
