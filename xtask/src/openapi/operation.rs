//! An operation: its parameters, request body and responses.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Map, OperationSdk, ParameterSdk, Requirement, Schema, is_default};

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Operation {
    /// Name of the Rust method.
    pub operation_id: String,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the vendor withdraws it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
    /// Path, query and header parameters in page order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<RequestBody>,
    /// Documented statuses.
    pub responses: Map<Response>,
    /// Replaces the document's security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<Vec<Requirement>>,
    /// What OpenAPI cannot say about the operation.
    #[serde(rename = "x-sdk", default, skip_serializing_if = "is_default")]
    pub sdk: OperationSdk,
    /// What the vendor leaves open, and how it is read here.
    #[serde(rename = "x-assumed", default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// The only realm of the vendor that has it: `public` or `government`.
    #[serde(rename = "x-realm", default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
}

impl Operation {
    /// The first success with JSON: its status and body.
    #[must_use]
    pub fn answer(&self) -> Option<(&String, &MediaType)> {
        self.good().find_map(|(status, response)| Some((status, response.content.get("application/json")?)))
    }

    /// The responses that mean success.
    pub fn good(&self) -> impl Iterator<Item = (&String, &Response)> {
        self.responses.iter().filter(|(status, _)| status.starts_with('2'))
    }
}

/// A path, query or header parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name on the wire.
    pub name: String,
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub place: String,
    /// Whether a request must carry it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its type and limits.
    pub schema: Schema,
    /// Documented example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// What OpenAPI cannot say about the parameter.
    #[serde(rename = "x-sdk", default, skip_serializing_if = "is_default")]
    pub sdk: ParameterSdk,
    /// The only realm of the vendor that has it: `public` or `government`.
    #[serde(rename = "x-realm", default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// How an array is written: `comma` for one value, else as a repeated key.
    #[serde(rename = "x-style", default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
}

/// The body of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestBody {
    /// What it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a request must carry it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// Media types; only `application/json` is used.
    pub content: Map<MediaType>,
}

/// A documented answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// When it comes.
    pub description: String,
    /// Media types; absent where the page names no schema and shows no body.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub content: Map<MediaType>,
}

/// A schema with its examples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaType {
    /// The shape.
    pub schema: Schema,
    /// The documented example, word for word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// Named examples, where an operation is split.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub examples: Map<Example>,
}

/// A named example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The body.
    pub value: Value,
}
