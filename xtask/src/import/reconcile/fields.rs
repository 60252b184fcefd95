//! Compares request bodies, payloads and their fields.

use super::super::facts::{Body, Node, Stated};
use super::super::location::Location;
use super::parameters::{type_text, typed};
use super::{Walk, skeleton};
use crate::openapi::{MediaType, Schema, TypeSet, model_name};

const JSON: &str = "application/json";

impl Walk<'_> {
    pub(super) fn bodies(&mut self, stated: &Stated, plain: bool) {
        let name = self.name(stated);
        let body = self.find(stated).and_then(|own| own.request_body.as_ref());
        let request = body.and_then(|body| body.content.get(JSON)).map(|media| media.schema.clone());
        match (&stated.request, request) {
            (Some(body), Some(schema)) => {
                self.show(format!("{name} request"), body);
                if let Some(model) = schema.model() {
                    self.fields(&body.fields, model);
                }
            }
            (None, None) => {}
            (Some(_), None) => {
                if self.differ(&name, "request body in the page, absent in the fixture") {
                    skeleton::request(self.document, stated);
                    self.bodies(stated, plain);
                }
                return;
            }
            (None, Some(_)) => {
                if self.differ(&name, "request body absent in the page, in the fixture")
                    && let Some(operation) = self.find_mut(stated)
                {
                    operation.request_body = None;
                }
            }
        }
        let Some(answer) = &stated.answer else { return };
        self.show(format!("{name} response"), answer);
        let schema = match plain {
            true => self.answer_media(stated).map(|media| media.schema.clone()),
            false => self.split(stated).map(|own| Schema { reference: Some(own.schema.clone()), ..Schema::default() }),
        };
        if let Some(model) = schema.as_ref().and_then(Schema::model).map(str::to_owned) {
            self.payload(&model, answer);
        }
    }

    fn show(&mut self, place: String, body: &Body) {
        self.examples.entry(place).or_default().extend(body.example.clone());
    }

    pub(super) fn answer_media(&self, stated: &Stated) -> Option<&MediaType> {
        let responses = self.find(stated)?.responses.iter();
        responses.filter(|(status, _)| status.starts_with('2')).find_map(|(_, own)| own.content.get(JSON))
    }

    /// Compares the payload inside the envelope.
    fn payload(&mut self, model: &str, answer: &Body) {
        let envelope = self.document.sdk.envelope.clone();
        let Some(field) = envelope.filter(|own| own != "*") else {
            return self.fields(&answer.fields, model);
        };
        let schemas = &self.document.components.schemas;
        let Some(schema) = schemas.get(model).and_then(|own| own.properties.get(&field)).cloned() else {
            return;
        };
        let inner = schema.items.as_deref().unwrap_or(&schema);
        match inner.model() {
            Some(name) => self.fields(&answer.fields, name),
            None if answer.fields.is_empty() => {}
            None => {
                if self.differ(model, "payload in the page, none in the fixture") {
                    let name = format!("{}Result", model.trim_end_matches("Response"));
                    skeleton::payload(self.document, model, &field, &name);
                    self.fields(&answer.fields, &name);
                }
            }
        }
    }

    /// Compares the fields of a model.
    pub(super) fn fields(&mut self, nodes: &[Node], model: &str) {
        let realms = self.models.entry(model.to_owned()).or_default();
        if self.whole {
            realms.insert(self.realm);
        }
        for node in nodes {
            let place = format!("{model}.{}", node.name);
            let Some(schemas) = self.document.components.schemas.get(model) else { return };
            let spelled = |(name, own): (&String, &Schema)| *name == node.name || own.sdk.alias.contains(&node.name);
            let known =
                schemas.properties.iter().find(|(name, own)| spelled((name, own))).map(|(name, _)| name.clone());
            let name = match known {
                Some(name) => name,
                None if self.differ(&place, "field in the page, absent in the fixture") => {
                    self.add_field(model, node);
                    node.name.clone()
                }
                None => continue,
            };
            self.note(Location::field(model, &name));
            self.field(model, &name, node, &format!("{model}.{name}"));
        }
    }

    fn add_field(&mut self, model: &str, node: &Node) {
        let inner = format!("{model}{}", skeleton::pascal(&node.name));
        let object = !node.fields.is_empty();
        let mut schema = match (node.type_name(), object) {
            (Some("array"), true) => Schema { items: Some(Box::new(Schema::reference_to(&inner))), ..typed("array") },
            (Some("array"), false) => {
                let first = node.shown.as_ref().and_then(|own| own.get(0));
                let kind = first.and_then(super::super::facts::type_of).unwrap_or("object");
                Schema { items: Some(Box::new(typed(kind))), ..typed("array") }
            }
            (_, true) => Schema::reference_to(&inner),
            (kind, false) => typed(kind.unwrap_or("string")),
        };
        schema.description = None;
        let schemas = &mut self.document.components.schemas;
        if object && !schemas.contains_key(&inner) {
            schemas.insert(inner, typed("object"));
        }
        if let Some(own) = schemas.get_mut(model) {
            // A field that only an example shows may be absent.
            if node.required.unwrap_or(node.kind.is_some()) {
                own.required.push(node.name.clone());
            }
            own.properties.insert(node.name.clone(), schema);
        }
    }

    fn field(&mut self, model: &str, name: &str, node: &Node, place: &str) {
        let Some(own) = self.document.components.schemas.get(model) else { return };
        let Some(mut schema) = own.properties.get(name).cloned() else { return };
        let required = own.requires(name);
        let resolved = self.resolved(&schema);
        let mut changed = false;
        // An example alone says little about a field whose types are known to deviate.
        let whole = node.type_name() == Some("integer") && type_text(&resolved) == "number";
        let told = node.kind.is_some() || schema.sdk.deviation.is_none() && schema.sdk.kind.is_none() && !whole;
        if let (Some(kind), true) = (node.type_name(), told)
            && self.fact(place, "type", kind, &type_text(&resolved))
        {
            schema.types = Some(TypeSet::One(kind.to_owned()));
            schema.reference = None;
            changed = true;
        }
        let null = node.shown.as_ref().is_some_and(serde_json::Value::is_null);
        if null && !schema.nullable() && self.differ(place, "the example shows null, the fixture does not allow it") {
            schema = nullable(schema);
            changed = true;
        }
        changed |= self.limits(place, &node.limits, &resolved, &mut schema);
        if let Some(page) = node.required
            && self.fact(place, "required", &page.to_string(), &required.to_string())
        {
            self.require(model, name, page);
        }
        if changed && let Some(own) = self.document.components.schemas.get_mut(model) {
            own.properties.insert(name.to_owned(), schema.clone());
        }
        let inner = schema.items.as_deref().unwrap_or(&schema);
        if let Some(model) = inner.model().map(str::to_owned).filter(|_| !node.fields.is_empty()) {
            self.fields(&node.fields, &model);
        }
    }

    pub(super) fn require(&mut self, model: &str, name: &str, required: bool) {
        if let Some(own) = self.document.components.schemas.get_mut(model) {
            own.required.retain(|other| other != name);
            if required {
                own.required.push(name.to_owned());
                let order: Vec<String> = own.properties.keys().cloned().collect();
                own.required.sort_by_key(|name| order.iter().position(|own| own == name));
            }
        }
    }
}

fn nullable(schema: Schema) -> Schema {
    if schema.reference.as_deref().and_then(model_name).is_some() {
        let description = schema.description.clone();
        let one = Schema { description: None, ..schema };
        return Schema { description, one_of: vec![one, typed("null")], ..Schema::default() };
    }
    let names: Vec<String> = schema.type_names().map(str::to_owned).chain(["null".to_owned()]).collect();
    Schema { types: Some(TypeSet::of(names)), ..schema }
}
