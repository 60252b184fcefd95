//! What a secret may hold: a JSON object in a text, with a few pairs of texts.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};

const MOST_PAIRS: usize = 10;
const MOST_BYTES: usize = 64 * 1024;

/// Refuses a text that is not such an object; the reason never shows any of it.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.len() > MOST_BYTES {
        return Err(format!("secret_value must have at most {MOST_BYTES} bytes"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(Pairs).and_then(|wrong| reader.end().map(|()| wrong));
    let wrong = read.unwrap_or(Some("must be a JSON object in a text"));
    wrong.map_or(Ok(()), |wrong| Err(format!("secret_value {wrong}")))
}

/// Reads the pairs itself, since a map would hide names that come twice.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = HashSet::new();
        let mut wrong = None;
        while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
            if name.is_empty() {
                wrong = Some("must name each of its pairs");
            } else if !value.is_string() {
                wrong = Some("must hold texts only");
            }
            if !names.insert(name) {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(wrong.or(match names.len() {
            0 => Some("must hold a pair"),
            1..=MOST_PAIRS => None,
            _ => Some("must hold at most 10 pairs"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(number: usize) -> String {
        let pairs: Vec<_> = (0..number).map(|index| format!("\"key{index}\":\"value\"")).collect();
        format!("{{{}}}", pairs.join(","))
    }

    #[test]
    fn value_has_one_to_ten_string_pairs() {
        for text in [&*pairs(1), &*pairs(10), r#" {"key1":"value1","key2":""} "#] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let filled = format!("{{\"k\":\"{}\"}}", "x".repeat(MOST_BYTES - 8));
        assert_eq!((filled.len(), check(&filled)), (MOST_BYTES, Ok(())));
    }

    #[test]
    fn invalid_value_is_refused_without_being_shown() {
        let large = format!("{{\"k\":\"{}\"}}", "x".repeat(MOST_BYTES - 7));
        let eleven = pairs(11);
        for text in [
            "",
            "opensesame",
            "\"opensesame\"",
            "[\"opensesame\"]",
            "null",
            "{}",
            r#"{"":"opensesame"}"#,
            r#"{"pin":1234}"#,
            r#"{"pin":{"opensesame":"x"}}"#,
            r#"{"opensesame":"1","opensesame":"2"}"#,
            r#"{"opensesame":"1"} {}"#,
            r#"{"opensesame":"1""#,
            &large,
            &eleven,
        ] {
            let reason = check(text).unwrap_err();
            assert!(reason.starts_with("secret_value must ") && !reason.contains("opensesame"), "{reason}");
        }
    }
}
