//! What strings stand for: the formats that properties are marked with, and the document's enumerations.

use super::{Context, Problem};
use crate::ir::{Format, Kind, Role, Type, TypeDef};
use crate::names;
use crate::openapi::{Schema, escape_pointer};

/// The media type of certificates and keys.
pub(crate) const PEM: &str = "application/x-pem-file";

/// The format of a string, from the standard keywords first.
pub(super) fn format(schema: &Schema, kind: &str) -> Option<Format> {
    match (schema.content_encoding.as_deref(), schema.content_media_type.as_deref(), kind) {
        // Key material has more than one format, and decides on its own.
        (_, _, "key_material") => None,
        (Some("base64"), _, _) => Some(Format::Base64),
        (_, Some("application/json"), _) => Some(Format::Json),
        (_, _, "yes_no") => Some(Format::YesNo),
        (_, _, "yes_no_lowercase") => Some(Format::LowerYesNo),
        (_, _, "basic_date") => Some(Format::BasicDate),
        (_, _, "date_or_time") => Some(Format::DateOrTime),
        (_, _, "networks") => Some(Format::Networks),
        (_, _, "sort") => Some(Format::Sort),
        _ => None,
    }
}

/// A string of one of the document's enumerations.
pub(super) fn enumerated(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<Type, Problem> {
    let name = schema.sdk.enumeration.as_deref().unwrap_or_default();
    if context.document.sdk.enums.contains_key(name) {
        return Ok(Type::Enum(name.to_owned()));
    }
    Err(context.problem(&format!("{pointer}/x-sdk/enum"), format!("`{name}` is not in the document's `x-sdk.enums`")))
}

/// The enumerations that the document lists beside its models, whose names are `known`.
pub(super) fn enumerations(context: &Context<'_>, known: &[TypeDef]) -> Result<Vec<TypeDef>, Problem> {
    let mut types: Vec<TypeDef> = Vec::new();
    for (name, own) in &context.document.sdk.enums {
        let pointer = format!("/x-sdk/enums/{}", escape_pointer(name));
        let mut variants = Vec::new();
        for value in &own.values {
            let variant = own.names.get(value).cloned().unwrap_or_else(|| names::pascal(value));
            if !names::is_identifier(&variant) {
                return Err(context.problem(&pointer, format!("`{value}` makes no name; add it to `names`")));
            }
            variants.push((variant, value.clone()));
        }
        if !names::is_identifier(name) || known.iter().any(|ty| ty.name == *name) {
            return Err(context.problem(&pointer, format!("`{name}` is taken, or cannot be the name of a Rust type")));
        }
        let (docs, kind) = (own.description.clone(), Kind::TextEnum(variants));
        let (alias, must_use, role) = (None, None, Role::default());
        types.push(TypeDef { name: name.clone(), alias, docs, kind, must_use, role });
    }
    Ok(types)
}
