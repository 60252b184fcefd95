//! Compares what models are used for: requests, responses and updates give the same field different types.

use serde_json::Value;

use super::super::rules::{Bump, What};
use super::super::uses::model;
use super::{Walk, arrow};
use crate::ir::{Field, Kind, Role, TypeDef};
use crate::lower;
use crate::openapi::Document;
use crate::render::public_type;

impl Walk {
    /// Models of both documents, whose types can change although the models do not.
    pub(super) fn roles(&mut self, old: &Value, new: &Value) {
        let Ok(document) = serde_json::from_value::<Document>(new.clone()) else { return };
        for ty in lower::shapes(&document) {
            let name = ty.name.as_str();
            let Kind::Struct(fields) = &ty.kind else { continue };
            if !self.before.is_reached(name) || !self.after.is_reached(name) {
                continue;
            }
            let (before, after) = (self.before.role(name), self.after.role(name));
            let only_sent = |role: &Role| role.request && !role.response;
            if before.request && !after.request || only_sent(&after) && !only_sent(&before) {
                self.add(What::ModelUse, name, arrow(words(&before), words(&after)));
            }
            let both = fields.iter().filter(|field| model(old, name)["properties"].get(&field.wire).is_some());
            for field in both.filter(|_| before != after) {
                let place = format!("{name}.{}", field.wire);
                let (one, other) = (in_role(&ty, &before, field), in_role(&ty, &after, field));
                let is_told = self.found.iter().any(|own| own.place == place && own.bump() == Bump::Major);
                if one != other && !is_told {
                    self.add(What::FieldType, place, arrow(one, other));
                }
            }
        }
    }
}

/// The type of a field where its model is used so.
fn in_role(ty: &TypeDef, role: &Role, field: &Field) -> String {
    let mut ty = ty.clone();
    lower::take_role(&mut ty, role.clone());
    ty.field(&field.rust).map(|field| public_type(&ty, field).to_string().replace(' ', "")).unwrap_or_default()
}

fn words(role: &Role) -> &'static str {
    match (role.request, role.response) {
        (true, true) => "request and response",
        (true, false) => "request",
        _ => "response",
    }
}
