//! Descriptions that name a format or list values, of strings without the mark that types them.

use regex::Regex;

use crate::lower::PEM;
use crate::openapi::{Parameter, Schema};

/// What the description of a parameter says and its schema, or that of its items, does not.
pub(super) fn missing_of_parameter(parameter: &Parameter) -> Option<&'static str> {
    // Nobody passes a header, and a reference or a mark of the parameter itself is a type.
    if parameter.place == "header" || parameter.sdk.rust.is_some() || parameter.schema.reference.is_some() {
        return None;
    }
    let schema = parameter.schema.items.as_deref().unwrap_or(&parameter.schema);
    missing(parameter.description.as_deref(), schema)
}

/// What the description says about the format and the schema does not, so that the Rust type would be a string.
pub(super) fn missing(description: Option<&str>, schema: &Schema) -> Option<&'static str> {
    let text = description?;
    let kind = schema.sdk.kind.as_deref().unwrap_or_default();
    let format = schema.format.as_deref().unwrap_or_default();
    let (encoding, media) = (schema.content_encoding.as_deref(), schema.content_media_type.as_deref());
    let finds = |pattern: &str| Regex::new(pattern).is_ok_and(|found| found.is_match(text));
    let encoded = encoding == Some("base64")
        || matches!(format, "ciphertext" | "signature")
        || matches!(kind, "hmac" | "key_material");
    let is_time = matches!(kind, "basic_date" | "date_or_time" | "timestamp") || format == "date-time";
    // Values after `such as` are examples, and others may follow.
    let listed = schema.has_type("string")
        && finds("`[^`]+`(?: \\([^)]*\\))?,? or `[^`]+`")
        && !text.contains("such as")
        && !text.contains("assumed");
    let is_marked = is_time
        || !kind.is_empty()
        || schema.sdk.enumeration.is_some()
        || schema.sdk.vendor_type.is_some()
        || !schema.allowed.is_empty();
    let rules = [
        (
            text.contains("Base64"),
            encoded,
            "says Base64: set `contentEncoding`, or `format` of a text that is not decoded",
        ),
        (text.contains("PEM"), media == Some(PEM), "says PEM: set `contentMediaType` to `application/x-pem-file`"),
        (
            finds("`[Yy]` .*`[Nn]`"),
            kind.starts_with("yes_no"),
            "says `Y` or `N`: set `x-sdk.type` to `yes_no` or `yes_no_lowercase`",
        ),
        (text.contains("YYYYMMDD"), is_time, "says YYYYMMDD: set `x-sdk.type` to `basic_date`"),
        (text.contains("YYYY-MM-DD"), is_time, "says YYYY-MM-DD: set `x-sdk.type` to `date_or_time` or `timestamp`"),
        (text.contains("CIDR"), kind == "networks", "says CIDR: set `x-sdk.type` to `networks`"),
        (
            text.contains("a colon and `asc` or `desc`"),
            kind == "sort" || !schema.has_type("string"),
            "says how a list is sorted: set `x-sdk.type` to `sort`",
        ),
        (listed, is_marked, "lists values: set `x-sdk.enum`, and list them in the document's `x-sdk.enums`"),
    ];
    rules.into_iter().find(|(says, marked, _)| *says && !marked).map(|(_, _, mark)| mark)
}
