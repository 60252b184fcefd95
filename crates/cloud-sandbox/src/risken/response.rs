//! The bodies of responses as the services write them.

use serde_json::{Map, Value};

/// A score in its shortest form: `10`, not `10.0`.
pub(super) fn score(score: f32) -> Value {
    // Through the text, since a wider float would show digits that the narrow one does not have.
    serde_json::from_str(&score.to_string()).unwrap_or_default()
}

/// An object without its zero values: zero, the empty text, the empty list.
pub(super) fn present(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let zero = |value: &Value| match value {
        Value::Null => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let kept = fields.into_iter().filter(|(_, value)| !zero(value));
    Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scores_are_printed_in_short_form() {
        for (value, text) in [(10.0, "10"), (1.0, "1"), (0.35, "0.35")] {
            assert_eq!(score(value).to_string(), text);
        }
    }

    #[test]
    fn zero_values_are_absent() {
        let shown = present([("a", 0.into()), ("b", "".into()), ("c", json!([])), ("d", 1.into()), ("e", json!({}))]);
        assert_eq!(shown, json!({"d": 1, "e": {}}));
    }
}
