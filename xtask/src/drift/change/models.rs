//! Compares models and their fields.

use serde_json::Value;

use super::super::rules::What;
use super::{Walk, arrow, different, from_to};
use crate::ir::Presence;

/// The place of a field.
struct Field<'a> {
    place: String,
    name: &'a str,
    request: bool,
    /// Both states of the model.
    models: (&'a Value, &'a Value),
}

impl Walk {
    pub(super) fn models(&mut self, old: &Value, new: &Value) {
        let typed = |model: &Value| model["x-sdk"]["envelope"] != true;
        for (name, one, other) in different(old, new) {
            // Without an operation that leads to it, a model has no Rust type.
            let reached = (self.before.is_reached(&name), self.after.is_reached(&name));
            let (one, other) = match reached {
                (false, false) => {
                    self.add(What::Documentation, name, "no operation uses it");
                    continue;
                }
                (false, true) => (&Value::Null, other),
                (true, false) if typed(one) => (one, &Value::Null),
                _ => (one, other),
            };
            match (one.is_null(), other.is_null()) {
                (true, _) if typed(other) => self.add(What::ModelAdded, name, ""),
                (_, true) if typed(one) => self.add(What::ModelRemoved, name, ""),
                (false, false) if typed(one) => self.model(&name, one, other),
                // Its payload is compared as the answer of operations.
                _ => self.add(What::Documentation, name, "envelope"),
            }
        }
        // A model can change by what it refers to, or by the order of its fields alone.
        for (name, one) in old.as_object().into_iter().flatten() {
            if self.after.is_secret(name) && !self.before.is_secret(name) {
                self.add(What::TraitsLost, name, "");
            }
            self.order(name, one, &new[name]);
        }
    }

    fn model(&mut self, name: &str, old: &Value, new: &Value) {
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "properties" => self.fields(name, old, new),
                // Compared below, because the type depends on both.
                "required" => {}
                "description" | "x-assumed" => self.add(What::Documentation, name, key),
                "enum" => self.values(name, one, other),
                "x-sdk" if different(one, other).iter().all(|(key, ..)| key == "unused") => {
                    self.add(What::Documentation, name, key);
                }
                "type" => self.add(What::FieldType, name, from_to(one, other)),
                _ => self.add(What::Unknown, name, key),
            }
        }
        self.presences(name, old, new);
    }

    fn fields(&mut self, name: &str, old: &Value, new: &Value) {
        let request = self.before.is_request(name) || self.after.is_request(name);
        for (field, one, other) in different(&old["properties"], &new["properties"]) {
            let place = format!("{name}.{field}");
            let at = Field { place, name: &field, request, models: (old, new) };
            match (one.is_null(), other.is_null()) {
                (true, _) => self.added(&at),
                (_, true) => self.add(What::FieldRemoved, at.place, ""),
                _ if request => self.sent(&at.place, one, other, What::FieldType),
                _ => self.received(&at.place, one, other),
            }
        }
    }

    fn added(&mut self, at: &Field<'_>) {
        let (old, new) = at.models;
        let what = match (at.request, is_required(new, at.name)) {
            (true, true) => What::RequestFieldRequired,
            (true, false) => What::RequestFieldAdded,
            // A type without required fields is `Default`.
            (false, true) if required(old).is_empty() => What::FirstRequiredField,
            (false, _) => What::ResponseFieldAdded,
        };
        self.add(what, &at.place, "");
    }

    /// Fields of both states that are required or nullable in another way; the others are new or gone.
    fn presences(&mut self, name: &str, old: &Value, new: &Value) {
        let request = self.before.is_request(name) || self.after.is_request(name);
        let update = self.after.is_update(name);
        let fields = old["properties"].as_object().into_iter().flat_map(|own| own.keys());
        for field in fields.filter(|field| !new["properties"][field.as_str()].is_null()) {
            let (one, other) = (presence(old, field), presence(new, field));
            let what = match one.is_required() == other.is_required() {
                _ if one.wrapper(update) != other.wrapper(update) => What::FieldPresence,
                // An argument of `new`.
                false if request => What::FieldPresence,
                // A type without required fields is `Default`.
                false if other.is_required() && required(old).is_empty() => What::FirstRequiredField,
                _ => What::FieldNull,
            };
            if one != other {
                self.add(what, format!("{name}.{field}"), arrow(words(one), words(other)));
            }
        }
    }

    /// The order of the arguments of a request's constructor, which requests with three required fields do not have.
    fn order(&mut self, name: &str, old: &Value, new: &Value) {
        let (one, other) = (required(old), required(new));
        let both = |own: &[String], rest: &[String]| -> Vec<String> {
            own.iter().filter(|field| rest.contains(field)).cloned().collect()
        };
        let (before, after) = (both(&one, &other), both(&other, &one));
        let request = self.before.is_request(name) || self.after.is_request(name);
        if request && before != after && (one.len() <= 2 || other.len() <= 2) {
            self.add(What::FieldOrder, name, arrow(before.join(", "), after.join(", ")));
        }
    }

    /// The values of an enumeration with a type of its own.
    pub(super) fn values(&mut self, place: &str, old: &Value, new: &Value) {
        let list = |own: &Value| own.as_array().cloned().unwrap_or_default();
        let (one, other) = (list(old), list(new));
        for value in other.iter().filter(|value| !one.contains(value)) {
            self.add(What::EnumValueAdded, place, value.to_string());
        }
        for value in one.iter().filter(|value| !other.contains(value)) {
            self.add(What::EnumValueRemoved, place, value.to_string());
        }
    }
}

/// The fields without `Option`, in their order.
fn required(model: &Value) -> Vec<String> {
    let fields = model["properties"].as_object().into_iter().flat_map(|own| own.keys());
    fields.filter(|field| is_required(model, field)).cloned().collect()
}

fn is_required(model: &Value, field: &str) -> bool {
    presence(model, field).is_required()
}

fn presence(model: &Value, field: &str) -> Presence {
    let listed = model["required"].as_array().is_some_and(|own| own.iter().any(|name| name == field));
    let own = &model["properties"][field];
    Presence::of(listed, own["x-sdk"]["type"].as_str(), is_nullable(own))
}

fn words(presence: Presence) -> &'static str {
    match presence {
        Presence::Required => "required",
        Presence::Nullable => "required, nullable",
        Presence::Optional => "optional",
        Presence::OptionalNullable => "optional, nullable",
    }
}

fn is_nullable(schema: &Value) -> bool {
    let null = |own: &Value| *own == "null";
    let listed = schema["type"].as_array().is_some_and(|own| own.iter().any(null));
    listed || schema["oneOf"].as_array().is_some_and(|own| own.iter().any(|one| null(&one["type"])))
}
