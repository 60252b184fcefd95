//! Models and properties as Rust types, with their limits.

use serde_json::{Number, Value};

use super::{Context, Problem, pattern};
use crate::ir::{Constraint, Field, Kind, Presence, Role, Type, TypeDef};
use crate::names;
use crate::openapi::{Schema, escape_pointer, model_name};

const KINDS: &[&str] =
    &["key_material", "one_or_many", "open_enum", "optional", "text_or_number", "timestamp", "unix_seconds"];

/// Every type that one document defines, envelopes aside.
pub(super) fn definitions(context: &Context<'_>) -> Result<Vec<TypeDef>, Problem> {
    let mut types = Vec::new();
    for (name, schema) in &context.document.components.schemas {
        if schema.sdk.envelope {
            continue;
        }
        let pointer = format!("/components/schemas/{}", escape_pointer(name));
        if !names::is_identifier(name) {
            return Err(context.problem(&pointer, format!("`{name}` cannot be the name of a Rust type")));
        }
        let Some(kind) = kind(context, schema, &pointer)? else {
            continue;
        };
        types.push(TypeDef { name: name.clone(), docs: description(schema, name), kind, role: Role::default() });
        for (property, schema) in schema.properties.iter().filter(|(_, schema)| is_inline_enum(schema)) {
            let pointer = format!("{pointer}/properties/{}", escape_pointer(property));
            types.push(TypeDef {
                name: names::pascal(property),
                docs: description(schema, property),
                kind: enumeration(context, schema, &pointer)?,
                role: Role::default(),
            });
        }
    }
    Ok(types)
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
    let required = parent.requires(name) && property.sdk.kind.as_deref() != Some("optional");
    let presence = match (required, property.nullable()) {
        (true, false) => Presence::Required,
        (true, true) => Presence::Nullable,
        (false, false) => Presence::Optional,
        (false, true) => Presence::OptionalNullable,
    };
    let rules = rules(context, property, &ty, pointer)?;
    let mut docs = description(property, name);
    docs.push_str(&notes(property, &rules));
    Ok(Field { wire: name.to_owned(), rust, docs, ty, presence, aliases: property.sdk.alias.clone(), rules })
}

fn known_kind(context: &Context<'_>, schema: &Schema, pointer: &str) -> Result<(), Problem> {
    match schema.sdk.kind.as_deref() {
        Some(kind) if !KINDS.contains(&kind) => {
            Err(context.problem(&format!("{pointer}/x-sdk/type"), format!("`{kind}` is no lenient type")))
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
        ["string"] if kind == "key_material" && secret => Type::KeyMaterial,
        ["string"] if secret => Type::Secret,
        ["string"] if kind == "one_or_many" => Type::OneOrMany(Box::new(Type::Text)),
        ["string"] if kind == "timestamp" || schema.format.as_deref() == Some("date-time") => Type::Timestamp,
        ["string" | "integer"] if kind == "text_or_number" => Type::TextOrNumber,
        ["string"] => Type::Text,
        ["integer"] if kind == "unix_seconds" => Type::UnixSeconds,
        ["integer"] => Type::Integer,
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
    if !target.allowed.is_empty() {
        Ok(Type::Enum(name.to_owned()))
    } else if !target.properties.is_empty() {
        Ok(Type::Model(name.to_owned()))
    } else {
        resolve(context, target, &format!("/components/schemas/{}", escape_pointer(name)))
    }
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

/// The limits of a property or parameter, the service's own included.
pub(super) fn rules(
    context: &Context<'_>,
    schema: &Schema,
    ty: &Type,
    pointer: &str,
) -> Result<Vec<Constraint>, Problem> {
    if let (Type::List(inner), Some(items)) = (ty, &schema.items) {
        return rules(context, items, inner, &format!("{pointer}/items"));
    }
    if matches!(ty, Type::Enum(_)) {
        return Ok(Vec::new());
    }
    let bytes = schema.sdk.byte_length;
    let mut rules = Vec::new();
    let own = Limits {
        pattern: schema.pattern.as_deref(),
        min_length: schema.min_length,
        max_length: schema.max_length,
        minimum: schema.minimum.as_ref(),
        maximum: schema.maximum.as_ref(),
        bytes,
    };
    own.add(context, pointer, &mut rules)?;
    for (index, rule) in schema.sdk.checked_by_server.iter().enumerate() {
        let limits = Limits {
            pattern: rule.pattern.as_deref(),
            min_length: rule.min_length,
            max_length: rule.max_length,
            minimum: rule.minimum.as_ref(),
            maximum: rule.maximum.as_ref(),
            bytes: bytes || rule.byte_length,
        };
        limits.add(context, &format!("{pointer}/x-sdk/checked_by_server/{index}"), &mut rules)?;
    }
    let choices = schema.allowed.iter().chain(&schema.constant);
    let choices: Option<Vec<String>> = choices.map(|value| value.as_str().map(str::to_owned)).collect();
    match choices {
        Some(choices) if choices.is_empty() => {}
        Some(choices) => rules.push(Constraint::OneOf(choices)),
        None => return Err(context.problem(pointer, "only texts can be listed in place")),
    }
    let fits = rules.iter().all(|rule| match rule {
        Constraint::Min(_) | Constraint::Max(_) => matches!(ty, Type::Integer | Type::UnixSeconds),
        _ => matches!(ty, Type::Text | Type::Secret | Type::TextOrNumber | Type::OneOrMany(_) | Type::Timestamp),
    });
    if fits { Ok(rules) } else { Err(context.problem(pointer, "a limit does not fit the type")) }
}

struct Limits<'a> {
    pattern: Option<&'a str>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    minimum: Option<&'a Number>,
    maximum: Option<&'a Number>,
    bytes: bool,
}

impl Limits<'_> {
    fn add(&self, context: &Context<'_>, pointer: &str, rules: &mut Vec<Constraint>) -> Result<(), Problem> {
        let least = |n| if self.bytes { Constraint::MinBytes(n) } else { Constraint::MinChars(n) };
        let most = |n| if self.bytes { Constraint::MaxBytes(n) } else { Constraint::MaxChars(n) };
        rules.extend(self.min_length.map(least));
        rules.extend(self.max_length.map(most));
        let whole = |number: &Number, key: &str| {
            let place = format!("{pointer}/{key}");
            number.as_i64().ok_or_else(|| context.problem(&place, "the limit is no whole number"))
        };
        if let Some(number) = self.minimum {
            rules.push(Constraint::Min(whole(number, "minimum")?));
        }
        if let Some(number) = self.maximum {
            rules.push(Constraint::Max(whole(number, "maximum")?));
        }
        if let Some(text) = self.pattern {
            let rule = pattern::translate(text);
            let place = format!("{pointer}/pattern");
            rules.push(rule.ok_or_else(|| context.problem(&place, format!("`{text}` is beyond the known patterns")))?);
        }
        Ok(())
    }
}

/// The description, or the name where there is none; `lint` insists on one.
fn description(schema: &Schema, name: &str) -> String {
    schema.description.clone().unwrap_or_else(|| format!("`{name}`."))
}

/// Limits and default in words, each in a paragraph after the description.
pub(super) fn notes(schema: &Schema, rules: &[Constraint]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let default = schema.default.as_ref().filter(|value| !value.is_null());
    parts.extend(default.map(|value| format!("Defaults to `{}`.", plain(value))));
    parts.extend(rules.iter().map(rule_words));
    if parts.is_empty() { String::new() } else { format!("\n\n{}", parts.join(" ")) }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rule_words(rule: &Constraint) -> String {
    match rule {
        Constraint::MinChars(n) => format!("At least {n} characters."),
        Constraint::MaxChars(n) => format!("At most {n} characters."),
        Constraint::MinBytes(n) => format!("At least {n} bytes."),
        Constraint::MaxBytes(n) => format!("At most {n} bytes."),
        Constraint::Min(n) => format!("At least {n}."),
        Constraint::Max(n) => format!("At most {n}."),
        Constraint::OneOf(choices) => {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            format!("One of {}.", quoted.join(", "))
        }
        Constraint::Class { ranges, min, max } => {
            let set: Vec<String> = ranges
                .iter()
                .map(|(low, high)| if low == high { format!("`{low}`") } else { format!("`{low}` to `{high}`") })
                .collect();
            let count = match (min, max) {
                (1, Some(1)) => "One character of".to_owned(),
                (min, Some(max)) if min == max => format!("{min} characters of"),
                _ => "Allowed characters:".to_owned(),
            };
            format!("{count} {}.", set.join(", "))
        }
    }
}
