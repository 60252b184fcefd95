//! The texts of RISKEN's refusals, and its rule that a zero value counts as absent.

use serde_json::{Map, Value};

use crate::spec::violation::{Rule, Violation};

/// The format name that stands for two project ids that differ.
pub(super) const VALID: &str = "valid value";

/// The object that a call carries, and the refusal of one without it.
pub(super) const OBJECTS: [(&str, &str); 5] = [
    ("aws", "required Aws"),
    ("attach_data_source", "required AttachDataSource"),
    ("finding", "Required finding parameter"),
    ("tag", "Required tag parameter"),
    ("pend_finding", "Required pend_finding parameter"),
];

/// Removes zeros, empty texts and nulls, which the server cannot tell from absent ones.
pub(super) fn without_zeros(value: Value) -> Value {
    let Value::Object(map) = value else {
        // Whatever is not an object is read as one without fields.
        return Value::Object(Map::new());
    };
    let kept = map.into_iter().filter(|(_, value)| !is_zero(value));
    let clean = kept.map(|(name, value)| {
        let value = if value.is_object() { without_zeros(value) } else { value };
        (name, value)
    });
    Value::Object(clean.collect())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// One line for all findings; an outer one hides those inside an object.
pub(super) fn message(wrong: &[Violation]) -> String {
    for (field, text) in OBJECTS {
        // A query can have a parameter of the same name.
        let missing =
            |one: &Violation| one.field == field && matches!(one.rule, Rule::Required | Rule::Null | Rule::Kind(_));
        if wrong.iter().any(missing) {
            return text.to_owned();
        }
    }
    let inner = |one: &&Violation| one.field.contains('.');
    let hides = wrong.iter().any(|one| !inner(&one));
    let mut shown: Vec<(&str, String)> = Vec::new();
    for one in wrong.iter().filter(|one| !(hides && inner(one))) {
        let name = one.field.rsplit_once('.').map_or(&*one.field, |(_, name)| name);
        // The first rule that fails speaks for the field.
        if !shown.iter().any(|(known, _)| *known == name) {
            shown.push((name, rule(&one.rule)));
        }
    }
    shown.sort();
    let parts: Vec<_> = shown.iter().map(|(name, rule)| format!("{name}: {rule}")).collect();
    parts.join("; ") + "."
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Required | Rule::Null => "cannot be blank".to_owned(),
        Rule::Length { min: Some(min @ 2..), max: Some(max), .. } => {
            format!("the length must be between {min} and {max}")
        }
        Rule::Length { max: Some(max), .. } => format!("the length must be no more than {max}"),
        // Ids start at one, and a zero is the same as none.
        Rule::AtLeast(1.0) => "cannot be blank".to_owned(),
        Rule::AtLeast(bound) => format!("must be no less than {bound}"),
        Rule::AtMost(bound) => format!("must be no greater than {bound}"),
        Rule::Format(format) if format == VALID => "must be a valid value".to_owned(),
        Rule::Pattern(pattern) => match pattern.strip_prefix("^[0-9]{").and_then(|rest| rest.strip_suffix("}$")) {
            Some(length) => format!("the length must be exactly {length}"),
            None => "must be in a valid format".to_owned(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn message_sorts_fields_and_ends_with_a_full_stop() {
        let fields = ["project_id", "aws_id", "aws_data_source_id"];
        let wrong: Vec<_> = fields.map(|field| Violation::new(field, Rule::Required)).into();
        let expected = "aws_data_source_id: cannot be blank; aws_id: cannot be blank; project_id: cannot be blank.";
        assert_eq!(message(&wrong), expected);
    }

    #[test]
    fn missing_object_hides_other_findings() {
        let wrong = [Violation::new("project_id", Rule::Required), Violation::new("aws", Rule::Required)];
        assert_eq!(message(&wrong), "required Aws");
    }

    #[test]
    fn outer_finding_hides_inner_findings() {
        let length = Rule::Length { min: Some(8), max: Some(255), bytes: true };
        let inner = Violation::new("attach_data_source.external_id", length);
        assert_eq!(message(std::slice::from_ref(&inner)), "external_id: the length must be between 8 and 255.");
        let both = [inner, Violation::new("project_id", Rule::Required)];
        assert_eq!(message(&both), "project_id: cannot be blank.");
    }

    #[test]
    fn zero_counts_as_absent() {
        let sent = json!({"project_id": 0, "aws": {"name": "", "scan_only": false, "n": 1}, "x": null});
        assert_eq!(without_zeros(sent), json!({"aws": {"scan_only": false, "n": 1}}));
        assert_eq!(without_zeros(json!([1])), json!({}));
    }
}
