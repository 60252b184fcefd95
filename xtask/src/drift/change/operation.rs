//! Compares an operation: parameters, body, responses, and its second format.

use serde_json::Value;

use super::super::answer;
use super::super::rules::What;
use super::super::uses::named;
use super::schema::{shape, words};
use super::{Walk, arrow, different, from_to, name};

impl Walk {
    /// Each operation with its document, which has the models.
    pub(super) fn operation(&mut self, (before, old): (&Value, &Value), (after, new): (&Value, &Value)) {
        let place = name(old);
        let (one, other) = (answer::of(before, old), answer::of(after, new));
        self.answer(&place, &one, &other);
        self.statuses(&place, &old["responses"], &new["responses"], shape(&one) == shape(&other));
        let formats = (&old["x-sdk"]["split"], &new["x-sdk"]["split"]);
        if let (Some(second), true) = (formats.0["operationId"].as_str(), formats.1.is_object()) {
            self.answer(second, &answer::of_split(before, old), &answer::of_split(after, new));
        }
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "operationId" => self.add(What::OperationRenamed, &place, from_to(one, other)),
                "deprecated" if *other == true => self.add(What::OperationDeprecated, &place, ""),
                "summary" | "description" | "deprecated" | "x-assumed" | "x-realm" => {
                    self.add(What::Documentation, &place, key);
                }
                "security" => self.add(What::Protocol, &place, key),
                "parameters" => self.parameters(&place, one, other),
                "requestBody" => self.body(&place, one, other),
                // Compared above.
                "responses" => {}
                "x-sdk" => self.operation_sdk(&place, one, other),
                _ => self.add(What::Unknown, &place, key),
            }
        }
    }

    fn parameters(&mut self, operation: &str, old: &Value, new: &Value) {
        let list = |own: &Value| own.as_array().cloned().unwrap_or_default();
        let (before, after) = (list(old), list(new));
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        let place = |own: &Value| own["in"].as_str().unwrap_or_default().to_owned();
        let label = |own: &Value| format!("{operation}.{}", own["name"].as_str().unwrap_or_default());
        for own in &before {
            match after.iter().find(|other| same(own, other)) {
                Some(other) if is_filled_in(own) && is_filled_in(other) => self.filled_in(&label(own), own, other),
                Some(other) => self.parameter(&label(own), own, other),
                None if is_filled_in(own) => self.add(What::Protocol, label(own), format!("{} removed", place(own))),
                None => self.add(What::ParameterRemoved, label(own), ""),
            }
        }
        for own in after.iter().filter(|own| !before.iter().any(|other| same(own, other))) {
            match (is_filled_in(own), is_required(own)) {
                (true, _) => self.add(What::Protocol, label(own), format!("new {}", place(own))),
                (_, true) => self.add(What::ArgumentAdded, label(own), ""),
                _ => self.add(What::OptionAdded, label(own), ""),
            }
        }
    }

    fn parameter(&mut self, place: &str, old: &Value, new: &Value) {
        let (before, after) = (is_required(old), is_required(new));
        if before != after {
            self.add(What::ParameterRequired, place, arrow(before, after));
        }
        for (key, one, other) in different(old, new) {
            match key.as_str() {
                "schema" => self.sent(place, one, other, What::ParameterType),
                // Compared above.
                "required" | "x-sdk" if before != after => {}
                "required" | "example" | "description" | "x-assumed" | "x-realm" => {
                    self.add(What::Documentation, place, key);
                }
                "x-style" => self.add(What::Protocol, place, key),
                _ => self.add(What::Unknown, place, key),
            }
        }
    }

    /// A parameter that no method shows.
    fn filled_in(&mut self, place: &str, old: &Value, new: &Value) {
        let prose = |key: &str| matches!(key, "description" | "example" | "examples" | "x-assumed" | "x-realm");
        for (key, one, other) in different(old, new) {
            let only_prose = prose(&key) || key == "schema" && different(one, other).iter().all(|(key, ..)| prose(key));
            let what = if only_prose { What::Documentation } else { What::Protocol };
            self.add(what, place, key);
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
                // The answer is compared with that of the first format.
                "schema" => continue,
                // Either format then takes other parameters.
                "only" => What::ParameterRequired,
                _ => What::Unknown,
            };
            self.add(what, own(old), from_to(one, other));
        }
    }
}

/// Whether the signer or the configuration gives the parameter, and no caller.
fn is_filled_in(parameter: &Value) -> bool {
    parameter["in"] == "header" || parameter["in"] == "path" && parameter["x-sdk"]["source"] == "config"
}

/// Whether callers must give the parameter.
fn is_required(parameter: &Value) -> bool {
    parameter["required"] == true || parameter["x-sdk"]["required_by_server"] == true
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
