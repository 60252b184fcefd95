//! Compares an operation: body, responses, and its second format.

use serde_json::Value;

use super::super::answer;
use super::super::rules::What;
use super::super::uses::named;
use super::parameters::{Format, taken};
use super::schema::{shape, words};
use super::{Walk, arrow, different, from_to, name};

impl Walk {
    /// Each operation with its document, which has the models.
    pub(super) fn operation(&mut self, (before, old): (&Value, &Value), (after, new): (&Value, &Value)) {
        let place = name(old);
        let (one, other) = (answer::of(before, old), answer::of(after, new));
        self.answer(&place, &one, &other);
        self.statuses(&place, &old["responses"], &new["responses"], shape(&one) == shape(&other));
        self.parameters(&place, &taken(old, Format::First), &taken(new, Format::First));
        let formats = (&old["x-sdk"]["split"], &new["x-sdk"]["split"]);
        if let (Some(second), true) = (formats.0["operationId"].as_str(), formats.1.is_object()) {
            self.answer(second, &answer::of_split(before, old), &answer::of_split(after, new));
            self.parameters(second, &taken(old, Format::Second), &taken(new, Format::Second));
        }
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "operationId" => self.add(What::OperationRenamed, &place, from_to(one, other)),
                "deprecated" if *other == true => self.add(What::OperationDeprecated, &place, ""),
                "summary" | "description" | "deprecated" | "x-assumed" | "x-realm" => {
                    self.add(What::Documentation, &place, key);
                }
                "security" => self.add(What::Protocol, &place, key),
                "requestBody" => self.body(&place, one, other),
                // Compared above.
                "parameters" | "responses" => {}
                "x-sdk" => self.operation_sdk(&place, one, other),
                _ => self.add(What::Unknown, &place, key),
            }
        }
    }

    fn body(&mut self, place: &str, old: &Value, new: &Value) {
        match (old.is_null(), new.is_null()) {
            (true, _) => self.add(What::BodyAdded, place, ""),
            (_, true) => self.add(What::BodyRemoved, place, ""),
            _ => match (model_of(old), model_of(new)) {
                (one, other) if one == other => self.add(What::Documentation, place, "request"),
                (one, other) => self.add(What::BodyType, place, arrow(one, other)),
            },
        }
    }

    /// The type that the method returns.
    fn answer(&mut self, place: &str, old: &Value, new: &Value) {
        let (one, other) = (shape(old), shape(new));
        if one != other {
            let told = |shape: &Value| if shape.is_null() { "nothing".to_owned() } else { words(shape) };
            self.add(What::ResponseType, place, arrow(told(&one), told(&other)));
        }
    }

    /// The statuses, with what is not the answer.
    fn statuses(&mut self, place: &str, old: &Value, new: &Value, same_answer: bool) {
        for (status, one, other) in different(old, new) {
            let good = answer::is_good(&status);
            let moved = model_of(one) != model_of(other);
            match (one.is_null(), other.is_null()) {
                // Said already, as the type of the answer.
                (false, false) if good && moved && !same_answer => {}
                (false, false) if good && moved => self.add(What::Protocol, place, format!("response {status}")),
                (false, false) => self.add(What::Documentation, place, format!("response {status}")),
                _ if good => self.add(What::Protocol, place, format!("status {status}")),
                _ => self.add(What::Documentation, place, format!("status {status}")),
            }
        }
    }

    fn operation_sdk(&mut self, place: &str, old: &Value, new: &Value) {
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "title" | "state" | "success_example_status" => self.add(What::Documentation, place, key),
                "headers" => self.add(What::Protocol, place, key),
                "split" => self.split(place, one, other),
                _ => self.add(What::Unknown, place, key),
            }
        }
    }

    fn split(&mut self, place: &str, old: &Value, new: &Value) {
        let own = |split: &Value| split["operationId"].as_str().unwrap_or(place).to_owned();
        match (old.is_null(), new.is_null()) {
            (true, _) => return self.add(What::OperationAdded, own(new), ""),
            (_, true) => return self.add(What::OperationRemoved, own(old), ""),
            _ => {}
        }
        for (key, one, other) in different(old, new) {
            let what = match key.as_str() {
                "operationId" => What::OperationRenamed,
                "title" | "summary" | "description" | "example" | "x-realm" => What::Documentation,
                // Compared as answer and parameters of either format.
                "schema" | "parameter" | "only" => continue,
                // With a value, the call sends the parameter on its own; without, it is an argument.
                "value" if one.is_null() || other.is_null() => continue,
                "value" => What::Protocol,
                _ => What::Unknown,
            };
            self.add(what, own(old), from_to(one, other));
        }
    }
}

/// The model of a body, or `nothing`.
fn model_of(body: &Value) -> String {
    let schema = body.pointer("/content/application~1json/schema");
    let reference = schema.and_then(|own| own["$ref"].as_str());
    match (schema, reference) {
        (None, _) => "nothing".to_owned(),
        (_, Some(reference)) => named(reference).to_owned(),
        (Some(schema), None) => schema.to_string(),
    }
}
