//! The limits of a property or parameter, and their words in the documentation.

use serde_json::{Number, Value};

use super::formats::PEM;
use super::{Context, Problem, pattern};
use crate::ir::{Constraint, Format, Type};
use crate::names;
use crate::openapi::Schema;

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
    // The type says it: an enumeration, a flag.
    if matches!(
        ty,
        Type::Enum(_)
            | Type::Vendor(_)
            | Type::Id(_)
            | Type::Formatted(Format::Flag | Format::YesNo | Format::LowerYesNo)
    ) {
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
        rules.extend(rule.exclusive_minimum.map(Constraint::Above));
        limits.add(context, &format!("{pointer}/x-sdk/checked_by_server/{index}"), &mut rules)?;
        rules.extend(rule.max_properties.map(Constraint::MaxMembers));
        rules.extend(rule.max_decoded_length.map(Constraint::MaxBytes));
        rules.extend(rule.at_most.as_deref().map(|name| Constraint::AtMostField(names::snake(name))));
    }
    if schema.content_media_type.as_deref() == Some(PEM) {
        let label = match (schema.sdk.sensitive, schema.sdk.kind.as_deref()) {
            (true, _) => "PRIVATE KEY",
            (false, Some("public_key")) => "PUBLIC KEY",
            (false, _) => "CERTIFICATE",
        };
        rules.push(Constraint::Pem(label.to_owned()));
    }
    if *ty == Type::JsonText {
        rules.push(Constraint::Json);
    }
    let choices = schema.allowed.iter().chain(&schema.constant);
    let choices: Option<Vec<String>> = choices.map(|value| value.as_str().map(str::to_owned)).collect();
    match choices {
        Some(choices) if choices.is_empty() => {}
        Some(choices) => rules.push(Constraint::OneOf(choices)),
        None => return Err(context.problem(pointer, "only texts can be listed in place")),
    }
    let fits = rules.iter().all(|rule| match rule {
        Constraint::Min(_) | Constraint::Max(_) => {
            matches!(ty, Type::Integer | Type::Number | Type::UnixSeconds | Type::Days | Type::Hours)
        }
        Constraint::Above(_) | Constraint::MaxDecimal(_) | Constraint::AtMostField(_) => *ty == Type::Number,
        Constraint::MaxMembers(_) => *ty == Type::Formatted(Format::Json),
        Constraint::Pem(_) => matches!(ty, Type::Pem | Type::Secret),
        Constraint::Json => *ty == Type::JsonText,
        Constraint::MaxBytes(_) | Constraint::MaxChars(_) if *ty == Type::Formatted(Format::Json) => true,
        // Of the bytes, before they are encoded.
        Constraint::MaxBytes(_) if *ty == Type::Formatted(Format::Base64) => true,
        Constraint::MinBytes(_) | Constraint::MaxBytes(_) | Constraint::MinChars(_) | Constraint::MaxChars(_)
            if *ty == Type::JsonText =>
        {
            true
        }
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
            number.as_i64().ok_or_else(|| context.problem(&place, "the limit is not a whole number"))
        };
        if let Some(number) = self.minimum {
            rules.push(Constraint::Min(whole(number, "minimum")?));
        }
        match self.maximum {
            Some(number) if number.is_f64() => rules.push(Constraint::MaxDecimal(number.to_string())),
            Some(number) => rules.push(Constraint::Max(whole(number, "maximum")?)),
            None => {}
        }
        if let Some(text) = self.pattern {
            let rule = pattern::translate(text);
            let place = format!("{pointer}/pattern");
            rules.push(rule.ok_or_else(|| context.problem(&place, format!("`{text}` is beyond the known patterns")))?);
        }
        Ok(())
    }
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
        Constraint::Above(n) => format!("Above {n}."),
        Constraint::MaxDecimal(n) => format!("At most {n}."),
        Constraint::AtMostField(name) => format!("At most `{name}`."),
        Constraint::Pem(label) => format!("PEM of {label} blocks."),
        Constraint::MaxMembers(n) => format!("At most {n} members."),
        Constraint::Json => "JSON.".to_owned(),
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
