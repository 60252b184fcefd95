//! The segments of a path, and parameters as arguments.

use super::super::Problem;
use super::super::assumed;
use super::super::limits::{notes, rules};
use super::super::types::resolve;
use super::Reader;
use crate::ir::{Argument, Constraint, Format, Parameter, ParameterType, Segment, Type};
use crate::names;
use crate::openapi;

impl Reader<'_> {
    /// Headers are nobody's argument, and path parameters are read with the path.
    pub(super) fn check_placed(&self, parameter: &openapi::Parameter, pointer: &str) -> Result<(), Problem> {
        let elsewhere = matches!(parameter.sdk.source.as_deref(), Some("config" | "signer"));
        match parameter.place.as_str() {
            "path" | "query" => Ok(()),
            "header" if elsewhere => Ok(()),
            "header" => Err(self.context.problem(pointer, "a header needs x-sdk.source `config` or `signer`")),
            other => Err(self.context.problem(&format!("{pointer}/in"), format!("`{other}` is not a place"))),
        }
    }

    pub(super) fn segments(&self) -> Result<(Vec<Segment>, Vec<Parameter>), Problem> {
        let mut segments = Vec::new();
        let mut ids = Vec::new();
        let mut rest = self.path;
        while let Some((literal, tail)) = rest.split_once('{') {
            let Some((name, tail)) = tail.split_once('}') else {
                return Err(self.problem("", "a brace in the path is not closed"));
            };
            if !literal.is_empty() {
                segments.push(Segment::Literal(literal.to_owned()));
            }
            let found = self.operation.parameters.iter().enumerate();
            let found = found.into_iter().find(|(_, p)| p.place == "path" && p.name == name);
            let Some((index, parameter)) = found else {
                return Err(self.problem("/parameters", format!("the path needs `{name}`")));
            };
            if parameter.sdk.source.as_deref() == Some("config") {
                segments.push(Segment::Config(name.to_owned()));
            } else {
                segments.push(Segment::Param(name.to_owned()));
                ids.push(self.parameter(parameter, &format!("{}/parameters/{index}", self.pointer))?);
            }
            rest = tail;
        }
        if !rest.is_empty() {
            segments.push(Segment::Literal(rest.to_owned()));
        }
        Ok((segments, ids))
    }

    pub(super) fn parameter(&self, parameter: &openapi::Parameter, pointer: &str) -> Result<Parameter, Problem> {
        let schema = &parameter.schema;
        let place = format!("{pointer}/schema");
        let names: Vec<&str> = schema.type_names().filter(|name| *name != "null").collect();
        let (ty, rules) = if names.contains(&"array") {
            self.list(parameter, pointer)?
        } else {
            if parameter.style.is_some() {
                return Err(self.context.problem(&format!("{pointer}/x-style"), "only an array has a style"));
            }
            let resolved = resolve(self.context, schema, &place)?;
            let rules = rules(self.context, schema, &resolved, &place)?;
            let ty = match resolved {
                Type::Timestamp => ParameterType::DateTime,
                Type::Text | Type::TextOrNumber if parameter.sdk.rust.as_deref() == Some("datetime") => {
                    ParameterType::DateTime
                }
                Type::Text if parameter.sdk.rust.as_deref() == Some("boolean") => ParameterType::Boolean,
                Type::Text | Type::TextOrNumber => ParameterType::Text,
                Type::Integer => ParameterType::Integer,
                Type::Number => ParameterType::Number,
                Type::Boolean | Type::Formatted(Format::Flag) => ParameterType::Boolean,
                // Secrets do not belong in a URL.
                Type::Formatted(format) if !format.is_secret() => ParameterType::Formatted(format),
                Type::Enum(name) => ParameterType::Enum(name),
                Type::Vendor(name) => ParameterType::Vendor(name),
                Type::Id(name) => ParameterType::Id(name),
                _ => return Err(self.context.problem(&place, "no argument type stands for this")),
            };
            (ty, rules)
        };
        let mut docs = parameter.description.clone().unwrap_or_else(|| format!("`{}`.", parameter.name));
        docs.push_str(self.compared(parameter, pointer)?);
        // The limits of a list are those of each item, as its description says.
        let noted: &[Constraint] = if matches!(ty, ParameterType::List { .. }) { &[] } else { &rules };
        docs.push_str(&notes(schema, noted));
        docs.push_str(&assumed::realm(self.context, parameter.realm.as_deref(), pointer)?);
        if parameter.realm.is_some() && parameter.required {
            return Err(self.context.problem(pointer, "what only one realm has cannot be required"));
        }
        let rust = parameter.sdk.name.clone().unwrap_or_else(|| names::snake(&parameter.name));
        if !names::is_identifier(&rust) || names::snake(&rust) != rust {
            return Err(self
                .context
                .problem(&format!("{pointer}/x-sdk/name"), format!("`{rust}` is not in snake case")));
        }
        Ok(Parameter {
            wire: parameter.name.clone(),
            rust,
            docs,
            ty,
            rules,
            example: parameter.example.clone().or_else(|| schema.examples.first().cloned()),
        })
    }

    /// An array, with the limits of its items.
    fn list(&self, parameter: &openapi::Parameter, pointer: &str) -> Result<(ParameterType, Vec<Constraint>), Problem> {
        let joined = match parameter.style.as_deref() {
            None => false,
            Some("comma") => true,
            Some(other) => {
                let message = format!("`{other}` is not a style");
                return Err(self.context.problem(&format!("{pointer}/x-style"), message));
            }
        };
        let place = format!("{pointer}/schema/items");
        let Some(items) = &parameter.schema.items else {
            return Err(self.context.problem(&place, "a list says nothing about its items"));
        };
        let resolved = resolve(self.context, items, &place)?;
        let rules = rules(self.context, items, &resolved, &place)?;
        let of = match resolved {
            Type::Text => None,
            // Values that are numbers have no text to join or repeat.
            Type::Enum(name) if items.has_type("string") || self.is_text(&name) => Some(name),
            _ => return Err(self.context.problem(&place, "no argument type stands for a list of this")),
        };
        Ok((ParameterType::List { of, joined }, rules))
    }

    fn is_text(&self, model: &str) -> bool {
        self.context.document.components.schemas.get(model).is_some_and(|model| model.has_type("string"))
    }

    /// What a filter compares, in a sentence after its description.
    fn compared(&self, parameter: &openapi::Parameter, pointer: &str) -> Result<&'static str, Problem> {
        match parameter.sdk.matching.as_deref() {
            None => Ok(""),
            Some("equal") => Ok(" Compares the whole value."),
            Some("contains") => Ok(" A part of the value is enough."),
            Some("undocumented") => {
                Ok(" The vendor does not document whether a part of the value is enough: compare the results yourself.")
            }
            Some(other) => {
                let message = format!("`{other}` is not `equal`, `contains` or `undocumented`");
                Err(self.context.problem(&format!("{pointer}/x-sdk/match"), message))
            }
        }
    }

    /// At most two beside the body; two ends of a span count as one.
    pub(super) fn arguments(
        &self,
        ids: Vec<Parameter>,
        mut required: Vec<Parameter>,
    ) -> Result<Vec<Argument>, Problem> {
        let end = |required: &[Parameter], name: &str| {
            required.iter().position(|p| p.wire == name && p.ty == ParameterType::DateTime)
        };
        let mut period = None;
        if ids.len() + required.len() > 2
            && let (Some(from), Some(to)) = (end(&required, "from"), end(&required, "to"))
        {
            let (first, last) = (from.max(to), from.min(to));
            let (one, two) = (required.remove(first), required.remove(last));
            let (from, to) = if one.wire == "from" { (one, two) } else { (two, one) };
            period = Some(Argument::Period { from, to });
        }
        let arguments: Vec<Argument> = ids
            .into_iter()
            .map(Argument::Path)
            .chain(required.into_iter().map(Argument::Query))
            .chain(period)
            .collect();
        if arguments.len() > 2 {
            return Err(self.problem("/parameters", "more than two required parameters are hard to call"));
        }
        Ok(arguments)
    }
}
