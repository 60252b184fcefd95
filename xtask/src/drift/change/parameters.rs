//! Compares the parameters that each format of an operation takes.

use serde_json::Value;

use super::super::rules::What;
use super::{Walk, arrow, different};

/// Which method of an operation: the second one exists where `x-sdk.split` names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    First,
    Second,
}

/// The parameters of the format, by the rules of the generator.
pub(super) fn taken(operation: &Value, format: Format) -> Vec<Value> {
    let split = &operation["x-sdk"]["split"];
    let is_only = |name: &Value| split["only"].as_array().is_some_and(|own| own.contains(name));
    let mut found = Vec::new();
    for own in operation["parameters"].as_array().into_iter().flatten() {
        let is_query = own["in"] == "query" && split.is_object();
        let selects = is_query && own["name"] == split["parameter"];
        let mut own = own.clone();
        match format {
            Format::First if selects || is_query && is_only(&own["name"]) => continue,
            // The call sends the value on its own.
            Format::Second if selects && split["value"].is_string() => continue,
            Format::Second if selects => own["required"] = true.into(),
            _ => {}
        }
        found.push(own);
    }
    found
}

impl Walk {
    /// The parameters of one format in both states.
    pub(super) fn parameters(&mut self, operation: &str, before: &[Value], after: &[Value]) {
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        let place = |own: &Value| own["in"].as_str().unwrap_or_default().to_owned();
        let label = |own: &Value| format!("{operation}.{}", own["name"].as_str().unwrap_or_default());
        for own in before {
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
        let (one, other) = (arguments(before), arguments(after));
        let both = |own: &[&str], rest: &[&str]| {
            own.iter().filter(|name| rest.contains(name)).copied().collect::<Vec<_>>().join(", ")
        };
        let (one, other) = (both(&one, &other), both(&other, &one));
        if one != other {
            self.add(What::ArgumentOrder, operation, arrow(one, other));
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
}

/// The required query parameters that are arguments of their own, in their order.
fn arguments(parameters: &[Value]) -> Vec<&str> {
    let all: Vec<&Value> = parameters.iter().filter(|own| !is_filled_in(own) && is_required(own)).collect();
    let is_end = |own: &Value| {
        let schema = &own["schema"];
        let hints = [&schema["format"], &schema["x-sdk"]["type"], &own["x-sdk"]["rust"]];
        let instant = hints.iter().any(|own| matches!(own.as_str(), Some("date-time" | "timestamp" | "datetime")));
        own["in"] == "query" && instant && matches!(own["name"].as_str(), Some("from" | "to"))
    };
    // Beside other arguments, both ends of a period are one.
    let is_period = all.len() > 2 && all.iter().filter(|own| is_end(own)).count() == 2;
    let queries = all.into_iter().filter(|own| own["in"] == "query" && !(is_period && is_end(own)));
    queries.filter_map(|own| own["name"].as_str()).collect()
}

/// Whether the signer or the configuration gives the parameter, and no caller.
fn is_filled_in(parameter: &Value) -> bool {
    parameter["in"] == "header" || parameter["in"] == "path" && parameter["x-sdk"]["source"] == "config"
}

/// Whether callers must give the parameter.
fn is_required(parameter: &Value) -> bool {
    parameter["required"] == true || parameter["x-sdk"]["required_by_server"] == true
}
