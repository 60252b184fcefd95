//! The `x-sdk` objects: what OpenAPI cannot say.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{Map, is_default};

/// `x-sdk` of a document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSdk {
    /// The name in the vendor table.
    #[serde(default)]
    pub vendor: String,
    /// Name of the service in requests.
    #[serde(default)]
    pub service: String,
    /// `CURRENT`, `SUPPORTED` or `DEPRECATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Day until which the version is guaranteed, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
    /// Page that the document was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Result code of a good answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_code: Option<i64>,
    /// Where the payload is in a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// Pairs of environment and region that exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Place>,
    /// Documented request headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Error shapes; documentation only, so any form will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Value>,
    /// Enumerations whose values the page lists in words.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub enums: Map<Enumeration>,
}

/// The known values of a property that the page types as a string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enumeration {
    /// What it is.
    pub description: String,
    /// Known values.
    pub values: Vec<String>,
    /// Names of values that make none themselves, or a poor one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub names: Map<String>,
}

/// An environment and a region that exist together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Environment.
    pub environment: String,
    /// Region.
    pub region: String,
}

/// A documented request header with its example value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Name as the page spells it.
    pub name: String,
    /// Example value.
    pub value: String,
}

/// `x-sdk` of an operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationSdk {
    /// The page's name of the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page's state of the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `safe`, `idempotent` or `unsafe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<String>,
    /// How to read the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageRule>,
    /// A second operation on the same path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Replaces the document's headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Payload of a repeated deletion that finds nothing, if the operation returns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already_deleted: Option<Value>,
    /// What is lost for good if the response does not arrive, as the end of an error's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_response: Option<String>,
    /// Status that the documented example stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_example_status: Option<u16>,
    /// What it does to what the service keeps: `read`, `mutate` or `destroy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Whether its response holds a secret in plaintext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reveals_secrets: Option<bool>,
}

/// How a list is paged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageRule {
    /// `page` or `marker`.
    pub style: String,
    /// Query parameter that moves on.
    pub index: String,
    /// Query parameter that sets the length of a page.
    pub size: String,
    /// Number of the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u8>,
    /// Field with the items.
    pub items: String,
    /// Field with the number of all items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Field of an item that names it among all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A second operation that a query parameter makes of the same path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Split {
    /// The query parameter.
    pub parameter: String,
    /// Its value, if only this one selects the operation; callers then pass none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Query parameters that the other operation does not take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Name of the Rust method.
    pub operation_id: String,
    /// The page's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Reference to the answer's model.
    pub schema: String,
    /// Name of the example in `examples`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// How to read the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageRule>,
    /// What it does to what the service keeps: `read`, `mutate` or `destroy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Whether its response holds a secret in plaintext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reveals_secrets: Option<bool>,
    /// The only realm of the vendor that has it: `public` or `government`.
    #[serde(rename = "x-realm", default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
}

/// `x-sdk` of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterSdk {
    /// `config` or `signer`: who fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The service refuses a request without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required_by_server: bool,
    /// Rust type where the schema alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rust: Option<String>,
    /// Name in Rust, where the wire's does not read as a setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a filter compares: `equal`, `contains` or `undocumented`.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
    /// How the vendor's own example contradicts the declared type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
}

/// `x-sdk` of a model or a property.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaSdk {
    /// No operation of this version reaches the model.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unused: bool,
    /// The model is only the wrapper around the payload.
    #[serde(default, skip_serializing_if = "is_default")]
    pub envelope: bool,
    /// Key material, token, password or plaintext.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sensitive: bool,
    /// How the vendor's own example contradicts the declared type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// The lenient Rust type.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Other spellings of the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alias: Vec<String>,
    /// Lengths count UTF-8 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub byte_length: bool,
    /// Rules that the service applies beyond the page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checked_by_server: Vec<Rule>,
    /// Names of the values of an enumeration.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub names: Map<String>,
    /// The Rust name, where the rule gives a poor one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rust: Option<String>,
    /// Why an answer of this model must be looked at: it may be a no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_use: Option<String>,
    /// The document's enumeration that the string belongs to.
    #[serde(rename = "enum", default, skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<String>,
    /// The type of the vendor crate that stands for the string, in all its services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_type: Option<String>,
    /// What a number counts: `days` or `hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A limit beyond the page's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// Regular expression of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least length of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Greatest length of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Number that is itself too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<i64>,
    /// Greatest number of bytes of a string in Base64, before encoding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_decoded_length: Option<u64>,
    /// Another property of the model, which is at least as great.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<String>,
    /// Greatest number of members of a JSON object in a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_properties: Option<u64>,
    /// Least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// Greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// Lengths count UTF-8 bytes.
    #[serde(rename = "byte_length", default, skip_serializing_if = "is_default")]
    pub byte_length: bool,
}
