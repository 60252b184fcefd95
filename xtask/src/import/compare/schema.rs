//! Compares models, their fields and the types of both.

use serde_json::Value;

use super::super::hand;
use super::Report;
use crate::openapi::{Map, Schema};

impl Report {
    pub(super) fn models(&mut self, page: &Map<Schema>, fixture: &Map<Schema>) {
        self.sets("model", page.keys().map(String::as_str), fixture.keys().map(String::as_str));
        for (name, own) in page {
            let Some(other) = fixture.get(name) else {
                continue;
            };
            self.flag(name, "unused", own.sdk.unused, other.sdk.unused);
            self.fields(name, own, other);
            self.schema(name, own, other);
        }
    }

    fn fields(&mut self, model: &str, page: &Schema, fixture: &Schema) {
        let names = |schema: &Schema| -> Vec<String> {
            let fields = schema.properties.keys();
            fields.map(|field| format!("{model}.{field}")).collect()
        };
        let (mine, theirs) = (names(page), names(fixture));
        self.sets("field", mine.iter().map(String::as_str), theirs.iter().map(String::as_str));
        self.order(model, "fields", &mine, &theirs);
        for (name, own) in &page.properties {
            let Some(other) = fixture.properties.get(name) else {
                continue;
            };
            let place = format!("{model}.{name}");
            self.flag(&place, "required", page.requires(name), fixture.requires(name));
            self.schema(&place, own, other);
        }
    }

    pub(super) fn schema(&mut self, place: &str, page: &Schema, fixture: &Schema) {
        self.text(place, "type", Some(&shape(page)), Some(&shape(fixture)));
        self.flag(place, "nullable", page.nullable(), fixture.nullable());
        self.text(place, "format", hand::stated_format(page), hand::stated_format(fixture));
        self.text(place, "pattern", page.pattern.as_deref(), fixture.pattern.as_deref());
        let limits =
            [("minLength", page.min_length, fixture.min_length), ("maxLength", page.max_length, fixture.max_length)];
        for (name, own, other) in limits {
            self.fact(place, name, own, other, u64::to_string);
        }
        let bounds = [("minimum", &page.minimum, &fixture.minimum), ("maximum", &page.maximum, &fixture.maximum)];
        for (name, own, other) in bounds {
            self.fact(place, name, own.as_ref(), other.as_ref(), |n| n.to_string());
        }
        self.value(place, "default", page.default.as_ref(), fixture.default.as_ref());
        self.value(place, "constant", page.constant.as_ref(), fixture.constant.as_ref());
        let list = |values: &[Value]| (!values.is_empty()).then(|| Value::from(values.to_vec()));
        for (name, own, other) in
            [("enum", &page.allowed, &fixture.allowed), ("example", &page.examples, &fixture.examples)]
        {
            self.fact(place, name, list(own), list(other), Value::to_string);
        }
        if let (Some(own), Some(other)) = (&page.items, &fixture.items)
            && shape(own) == shape(other)
        {
            self.schema(&format!("{place}[]"), own, other);
        }
    }
}

/// The type as the page would say it, without null.
fn shape(schema: &Schema) -> String {
    if let Some(model) = schema.reference.as_deref() {
        return model.trim_start_matches("#/components/schemas/").to_owned();
    }
    let mut names: Vec<String> = schema.one_of.iter().map(shape).collect();
    for name in schema.type_names().filter(|name| *name != "null") {
        names.push(match (&schema.items, name) {
            (Some(items), "array") => format!("array[{}]", shape(items)),
            _ => name.to_owned(),
        });
    }
    names.retain(|name| !name.is_empty());
    names.join(" or ")
}
