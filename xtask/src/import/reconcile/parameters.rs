//! Compares the parameters of an operation.

use serde_json::Value;

use super::super::facts::{Parameter, Stated};
use super::super::limits::Limits;
use super::super::location::Location;
use super::Walk;
use crate::openapi::{self, Schema, TypeSet};

impl Walk<'_> {
    pub(super) fn parameters(&mut self, stated: &Stated, plain: bool) {
        let operation = self.name(stated);
        for own in &stated.parameters {
            let place = format!("{operation} {} {}", own.place, own.name);
            if self.position(stated, own).is_none() {
                if !self.differ(&place, "parameter in the page, absent in the fixture") {
                    continue;
                }
                self.insert(stated, own);
            }
            let Some(index) = self.position(stated, own) else { continue };
            self.note(Location::parameter(&stated.path, &stated.method, index));
            self.parameter(stated, own, index, &place);
        }
        if !plain {
            self.only(stated, &operation);
        }
    }

    fn position(&self, stated: &Stated, own: &Parameter) -> Option<usize> {
        self.find(stated)?.parameters.iter().position(|other| other.name == own.name && other.place == own.place)
    }

    /// Puts a new parameter before the headers, where the page's order has it.
    fn insert(&mut self, stated: &Stated, own: &Parameter) {
        let parameter = openapi::Parameter {
            name: own.name.clone(),
            place: own.place.to_owned(),
            required: own.required.unwrap_or(own.place == "path"),
            schema: listed(own.kind.unwrap_or("string")),
            ..openapi::Parameter::default()
        };
        if let Some(operation) = self.find_mut(stated) {
            let last = operation.parameters.iter().rposition(|other| other.place == own.place);
            let headers = operation.parameters.iter().position(|other| other.place == "header");
            let at = last.map(|at| at + 1).or(headers).unwrap_or(operation.parameters.len());
            operation.parameters.insert(at, parameter);
        }
    }

    fn parameter(&mut self, stated: &Stated, own: &Parameter, index: usize, place: &str) {
        let Some(found) = self.find(stated).and_then(|own| own.parameters.get(index)).cloned() else {
            return;
        };
        if let Some(required) = own.required
            && self.fact(place, "required", &required.to_string(), &found.required.to_string())
            && let Some(parameter) = self.find_mut(stated).and_then(|own| own.parameters.get_mut(index))
        {
            parameter.required = required;
        }
        let Some(kind) = own.kind else { return };
        let resolved = self.resolved(&found.schema);
        let mut schema = found.schema.clone();
        let mut changed = false;
        if self.fact(place, "type", kind, &type_text(&resolved)) {
            schema = listed(kind);
            changed = true;
        }
        changed |= self.limits(place, &own.limits, &resolved, &mut schema);
        if changed && let Some(parameter) = self.find_mut(stated).and_then(|own| own.parameters.get_mut(index)) {
            parameter.schema = schema;
        }
    }

    /// Compares what the description states; changes `schema` where it differs from the page.
    pub(super) fn limits(&mut self, place: &str, page: &Limits, resolved: &Schema, schema: &mut Schema) -> bool {
        let mut changed = false;
        let number = |own: Option<u64>| own.map(serde_json::Number::from);
        for (name, own, other) in [
            ("minimum", number(page.minimum), resolved.minimum.clone()),
            ("maximum", number(page.maximum), resolved.maximum.clone()),
            ("minLength", number(page.min_length), resolved.min_length.map(serde_json::Number::from)),
            ("maxLength", number(page.max_length), resolved.max_length.map(serde_json::Number::from)),
        ] {
            let Some(own) = own else { continue };
            let shown = other.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            if self.fact(place, name, &own.to_string(), &shown) {
                match name {
                    "minimum" => schema.minimum = Some(own),
                    "maximum" => schema.maximum = Some(own),
                    "minLength" => schema.min_length = page.min_length,
                    _ => schema.max_length = page.max_length,
                }
                changed = true;
            }
        }
        if let Some(default) = &page.default {
            let found = schema.default.clone();
            let shown = found.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            if self.fact(place, "default", &default.to_string(), &shown) {
                schema.default = Some(default.clone());
                changed = true;
            }
        }
        if !page.allowed.is_empty() {
            let whole = resolved.has_type("integer");
            let value =
                |own: &String| own.parse::<u64>().ok().filter(|_| whole).map_or(own.as_str().into(), Value::from);
            let values: Vec<Value> = page.allowed.iter().map(value).collect();
            let shown = Value::from(resolved.allowed.clone()).to_string();
            if self.fact(place, "values", &Value::from(values.clone()).to_string(), &shown) {
                match schema.model().map(str::to_owned) {
                    Some(name) => {
                        if let Some(model) = self.document.components.schemas.get_mut(&name) {
                            model.allowed = values;
                        }
                    }
                    None => schema.allowed = values,
                }
                changed = true;
            }
        }
        changed
    }

    /// The parameters that only the second format takes.
    fn only(&mut self, stated: &Stated, operation: &str) {
        let others = |own: &&Parameter| own.place == "query" && Some(&own.name) != stated.select.as_ref();
        let page: Vec<String> = stated.parameters.iter().filter(others).map(|own| own.name.clone()).collect();
        let fixture = self.split(stated).map(|own| own.only.clone()).unwrap_or_default();
        if self.fact(operation, "parameters of its own", &page.join(" "), &fixture.join(" "))
            && let Some(split) = self.find_mut(stated).and_then(|own| own.sdk.split.as_mut())
        {
            split.only = page;
        }
    }

    /// The schema that a reference stands for.
    pub(super) fn resolved(&self, schema: &Schema) -> Schema {
        let model = schema.model().and_then(|name| self.document.components.schemas.get(name));
        model.unwrap_or(schema).clone()
    }
}

/// The type of a parameter: the only lists that pages have there are of strings.
fn listed(kind: &str) -> Schema {
    let items = (kind == "array").then(|| Box::new(typed("string")));
    Schema { items, ..typed(kind) }
}

pub(super) fn typed(kind: &str) -> Schema {
    Schema { types: Some(TypeSet::One(kind.to_owned())), ..Schema::default() }
}

/// The types without null.
pub(super) fn type_text(schema: &Schema) -> String {
    let names: Vec<&str> = schema.type_names().filter(|name| *name != "null").collect();
    names.join(" or ")
}
