//! Models and properties as Rust types.

use super::assumed;
use super::formats::{self, PEM};
use super::limits::{notes, rules};
use super::{Context, Problem};
use crate::ir::{Field, Format, Kind, Presence, Role, Type, TypeDef};
use crate::names;
use crate::openapi::{Schema, escape_pointer, model_name};

const KINDS: &[&str] = &[
    "basic_date",
    "boolean_or_text",
    "date_or_time",
    "hmac",
    "json_text",
    "key_material",
    "networks",
    "one_or_many",
    "open_enum",
    "optional",
    "public_key",
    "sort",
    "text_or_number",
    "timestamp",
    "unix_seconds",
    "yes_no",
    "yes_no_lowercase",
];

/// Every type that one document defines, envelopes aside.
pub(super) fn definitions(context: &Context<'_>) -> Result<Vec<TypeDef>, Problem> {
    if let Some(name) = context.document.circular().first() {
        let pointer = format!("/components/schemas/{}", escape_pointer(name));
        return Err(context.problem(&pointer, "the model leads back to itself"));
    }
    let mut types = Vec::new();
    for (name, schema) in &context.document.components.schemas {
        if schema.sdk.envelope || schema.sdk.vendor_type.is_some() {
            continue;
        }
        let pointer = format!("/components/schemas/{}", escape_pointer(name));
        if !names::is_identifier(name) {
            return Err(context.problem(&pointer, format!("`{name}` cannot be the name of a Rust type")));
        }
        let Some(kind) = kind(context, schema, &pointer)? else {
            continue;
        };
        let docs = format!("{}{}", description(schema, name), assumed::note(schema));
        let must_use = schema.sdk.must_use.clone();
        types.push(TypeDef { name: name.clone(), alias: None, docs, kind, must_use, role: Role::default() });
        for (property, schema) in schema.properties.iter().filter(|(_, schema)| is_inline_enum(schema)) {
            let pointer = format!("{pointer}/properties/{}", escape_pointer(property));
            types.push(TypeDef {
                name: names::pascal(property),
                docs: description(schema, property),
                kind: enumeration(context, schema, &pointer)?,
                alias: None,
                must_use: None,
                role: Role::default(),
            });
        }
    }
    types.extend(formats::enumerations(context, &types)?);
    match types.iter().find(|ty: &&TypeDef| contains(&types, ty, &ty.name, &mut Vec::new())) {
        Some(TypeDef { name, .. }) => {
            let pointer = format!("/components/schemas/{}", escape_pointer(name));
            Err(context.problem(&pointer, "the model contains itself outside of a list, so its size has no end"))
        }
        None => Ok(types),
    }
}

/// Whether a value of the type holds one of the type `wanted` in place, not in a list.
fn contains<'a>(types: &'a [TypeDef], ty: &'a TypeDef, wanted: &str, seen: &mut Vec<&'a str>) -> bool {
    let Kind::Struct(fields) = &ty.kind else {
        return false;
    };
    fields.iter().any(|field| {
        let Type::Model(name) = &field.ty else {
            return false;
        };
        if name == wanted {
            return true;
        }
        if seen.contains(&name.as_str()) {
            return false;
        }
        seen.push(name);
        types.iter().find(|other| other.name == *name).is_some_and(|other| contains(types, other, wanted, seen))
    })
}

/// An open enumeration that a property defines; it is named after the property.
fn is_inline_enum(schema: &Schema) -> bool {
    !schema.allowed.is_empty() && schema.sdk.kind.as_deref() == Some("open_enum")
}

fn kind(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<Option<Kind>, Problem> {
    known_kind(context, schema, pointer)?;
    if !schema.allowed.is_empty() {
        return enumeration(context, schema, pointer).map(Some);
    }
    if schema.properties.is_empty() {
        // Shapes without fields are used where they stand: any JSON, text, a list.
        resolve(context, schema, pointer)?;
        return Ok(None);
    }
    let mut fields = Vec::new();
    for (name, property) in &schema.properties {
        if is_envelope(context, property) {
            continue;
        }
        let pointer = format!("{pointer}/properties/{}", escape_pointer(name));
        fields.push(field(context, schema, name, property, &pointer)?);
    }
    if let Some(name) = schema.required.iter().find(|name| !schema.properties.contains_key(*name)) {
        return Err(context.problem(&format!("{pointer}/required"), format!("there is no property `{name}`")));
    }
    Ok(Some(Kind::Struct(fields)))
}

/// Whether the property is part of the wrapper around a payload.
fn is_envelope(context: &Context<'_>, property: &Schema) -> bool {
    let target = property.reference.as_deref().and_then(|reference| context.document.resolve(reference));
    property.sdk.envelope || target.is_some_and(|target| target.sdk.envelope)
}

fn field(
    context: &Context<'_>,
    parent: &Schema,
    name: &str,
    property: &Schema,
    pointer: &str,
) -> Result<Field, Problem> {
    let rust = names::snake(name);
    if !names::is_identifier(&rust) {
        return Err(context.problem(pointer, format!("`{name}` cannot be the name of a Rust field")));
    }
    let ty =
        if is_inline_enum(property) { Type::Enum(names::pascal(name)) } else { resolve(context, property, pointer)? };
    let presence = Presence::of(parent.requires(name), property.sdk.kind.as_deref(), property.nullable());
    let rules = rules(context, property, &ty, pointer)?;
    let mut docs = description(property, name);
    docs.push_str(&notes(property, &rules));
    docs.push_str(&assumed::realm(context, property.realm.as_deref(), pointer)?);
    docs.push_str(&assumed::note(property));
    if property.realm.is_some() && parent.requires(name) {
        return Err(context.problem(pointer, "what only one realm has cannot be required"));
    }
    let proof = ty == Type::Hmac || property.format.as_deref() == Some("signature");
    Ok(Field { wire: name.to_owned(), rust, docs, ty, presence, aliases: property.sdk.alias.clone(), proof, rules })
}

fn known_kind(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<(), Problem> {
    match schema.sdk.kind.as_deref() {
        Some(kind) if !KINDS.contains(&kind) => {
            Err(context.problem(&format!("{pointer}/x-sdk/type"), format!("`{kind}` is not a lenient type")))
        }
        _ => Ok(()),
    }
}

/// The Rust type of a schema.
pub(super) fn resolve(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<Type, Problem> {
    known_kind(context, schema, pointer)?;
    let kind = schema.sdk.kind.as_deref().unwrap_or_default();
    if let Some(name) = schema.model() {
        let alternatives = schema.one_of.iter().filter(|one| !one.has_type("null")).count();
        if alternatives > 1 {
            return Err(context.problem(&format!("{pointer}/oneOf"), "only a model or null can be chosen from"));
        }
        return referred(context, name, pointer);
    }
    if let Some(reference) = schema.reference.as_deref().filter(|reference| model_name(reference).is_none()) {
        return Err(context.problem(&format!("{pointer}/$ref"), format!("`{reference}` leads to no model")));
    }
    if !schema.one_of.is_empty() {
        return Err(context.problem(&format!("{pointer}/oneOf"), "only a model or null can be chosen from"));
    }
    let names: Vec<&str> = schema.type_names().filter(|name| *name != "null").collect();
    let secret = schema.sdk.sensitive;
    let ty = match names.as_slice() {
        ["string"] if kind == "open_enum" => {
            return Err(
                context.problem(pointer, "an enumeration outside of a model needs a name: define it under components")
            );
        }
        ["string"] if let Some(own) = &schema.sdk.vendor_type => Type::Vendor(vendor_type(context, own, pointer)?),
        ["string"] if schema.sdk.enumeration.is_some() => formats::enumerated(context, schema, pointer)?,
        ["string"] if kind == "key_material" && secret => Type::KeyMaterial,
        ["string"] if kind == "json_text" => Type::JsonText,
        ["string"] if let Some(format) = formats::format(schema, kind) => Type::Formatted(format),
        ["string"] if secret => Type::Secret,
        ["string"] if schema.content_media_type.as_deref() == Some(PEM) => Type::Pem,
        ["string"] if kind == "hmac" => Type::Hmac,
        ["string"] if kind == "one_or_many" => Type::OneOrMany(Box::new(Type::Text)),
        ["string"] if kind == "timestamp" || schema.format.as_deref() == Some("date-time") => Type::Timestamp,
        ["string" | "integer"] if kind == "text_or_number" => Type::TextOrNumber,
        ["string"] => Type::Text,
        ["integer"] if let Some(own) = &schema.sdk.vendor_type => Type::Id(vendor_type(context, own, pointer)?),
        ["integer"] if kind == "unix_seconds" => Type::UnixSeconds,
        ["integer"] if schema.sdk.unit.is_some() => match schema.sdk.unit.as_deref() {
            Some("days") => Type::Days,
            Some("hours") => Type::Hours,
            _ => return Err(context.problem(&format!("{pointer}/x-sdk/unit"), "the units are `days` and `hours`")),
        },
        ["integer"] => Type::Integer,
        ["boolean"] if kind == "boolean_or_text" => Type::Formatted(Format::Flag),
        ["boolean"] if kind == "optional" => Type::BlankBoolean,
        ["boolean"] => Type::Boolean,
        ["number"] => Type::Number,
        ["array"] => Type::List(Box::new(items(context, schema, pointer)?)),
        ["array", "string"] => Type::OneOrMany(Box::new(Type::Text)),
        ["object"] if schema.properties.is_empty() => Type::Json,
        ["object"] => {
            return Err(context.problem(pointer, "an object with fields needs a name: define it under components"));
        }
        _ => return Err(context.problem(&format!("{pointer}/type"), "no Rust type stands for this")),
    };
    if secret && !ty.is_secret() {
        return Err(context.problem(&format!("{pointer}/x-sdk/sensitive"), "only text can be a secret"));
    }
    Ok(ty)
}

fn items(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<Type, Problem> {
    match &schema.items {
        Some(items) => resolve(context, items, &format!("{pointer}/items")),
        None => Err(context.problem(pointer, "a list says nothing about its items")),
    }
}

fn referred(context: &Context<'_>, name: &str, pointer: &str) -> Result<Type, Problem> {
    let Some(target) = context.document.components.schemas.get(name) else {
        return Err(context.problem(pointer, format!("there is no model `{name}`")));
    };
    if let Some(own) = &target.sdk.vendor_type {
        vendor_type(context, own, &format!("/components/schemas/{}", escape_pointer(name))).map(Type::Vendor)
    } else if !target.allowed.is_empty() {
        Ok(Type::Enum(name.to_owned()))
    } else if !target.properties.is_empty() {
        Ok(Type::Model(name.to_owned()))
    } else {
        resolve(context, target, &format!("/components/schemas/{}", escape_pointer(name)))
    }
}

/// A type of the vendor crate.
fn vendor_type(context: &Context<'_>, name: &str, pointer: &str) -> Result<String, Problem> {
    if names::is_identifier(name) && names::pascal(name) == name {
        return Ok(name.to_owned());
    }
    Err(context.problem(&format!("{pointer}/x-sdk/vendor_type"), format!("`{name}` cannot be the name of a Rust type")))
}

fn enumeration(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<Kind, Problem> {
    let wrong = |index: usize| context.problem(&format!("{pointer}/enum/{index}"), "not of the declared type");
    let no_name = |value: &str| context.problem(pointer, format!("`{value}` makes no name; add it to x-sdk.names"));
    let variant = |value: &str| {
        let given = schema.sdk.names.get(value).cloned();
        let name = given.unwrap_or_else(|| names::pascal(value));
        if names::is_identifier(&name) { Ok(name) } else { Err(no_name(value)) }
    };
    if schema.has_type("integer") {
        // The names may know values that the page leaves out.
        let mut values: Vec<i64> = Vec::new();
        for (index, value) in schema.allowed.iter().enumerate() {
            values.push(value.as_i64().ok_or_else(|| wrong(index))?);
        }
        values.extend(schema.sdk.names.keys().filter_map(|key| key.parse::<i64>().ok()));
        values.sort_unstable();
        values.dedup();
        let variants: Result<Vec<_>, Problem> =
            values.into_iter().map(|value| Ok((variant(&value.to_string())?, value))).collect();
        return variants.map(Kind::IntegerEnum);
    }
    let mut variants = Vec::new();
    for (index, value) in schema.allowed.iter().enumerate() {
        let value = value.as_str().ok_or_else(|| wrong(index))?;
        variants.push((variant(value)?, value.to_owned()));
    }
    Ok(Kind::TextEnum(variants))
}

/// The description, or the name where there is none; `lint` insists on one.
fn description(schema: &Schema, name: &str) -> String {
    schema.description.clone().unwrap_or_else(|| format!("`{name}`."))
}
