//! Reads the examples of pages: JSON with `...` where something is left out.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// A comma before a brace that closes.
static SUPERFLUOUS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r",(\s*[}\]])").ok());
/// The end of a value and a name on the next line.
static MISSING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(["\d}\]el])(\s*\n\s*")"#).ok());
/// `...` or `... (omitted) ...` at the end of a string.
static CUT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\s*\.\.\.(?:\s*\(?(?:omitted|후략)\)?\s*\.\.\.)?\s*$").ok());

/// An example, and whether it had to be repaired to be JSON.
#[derive(Debug, PartialEq)]
pub(super) struct Example {
    pub(super) value: Value,
    pub(super) repaired: bool,
}

/// Reads an example; `...` is dropped, missing and superfluous commas are repaired.
pub(super) fn read(text: &str) -> Result<Example, String> {
    let whole = whole(text);
    if let Ok(value) = serde_json::from_str(&whole) {
        return Ok(Example { value, repaired: false });
    }
    let comma = |pattern: &LazyLock<Option<Regex>>, with: &str, text: &str| match pattern.as_ref() {
        Some(regex) => regex.replace_all(text, with).into_owned(),
        None => text.to_owned(),
    };
    let fixed = comma(&SUPERFLUOUS, "$1", &whole);
    let fixed = comma(&MISSING, "$1,$2", &fixed);
    serde_json::from_str(&fixed)
        .map(|value| Example { value, repaired: true })
        .map_err(|error| format!("example is not valid JSON: {error}"))
}

/// The text without the marks of what is left out.
fn whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        push_plain(&mut out, &rest[..start]);
        let inner = &rest[start + 1..];
        let end = string_end(inner);
        out.push('"');
        out.push_str(&cut_string(&inner[..end]));
        out.push('"');
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    push_plain(&mut out, rest);
    out
}

/// Outside of strings, `...` stands for further members: it goes with the comma before it.
fn push_plain(out: &mut String, text: &str) {
    let mut parts = text.split("...").peekable();
    while let Some(part) = parts.next() {
        out.push_str(part);
        if parts.peek().is_some() {
            let kept = out.trim_end().trim_end_matches(',').len();
            out.truncate(kept);
        }
    }
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index,
            _ => {}
        }
    }
    text.len()
}

/// A string that breaks off keeps what it shows.
fn cut_string(text: &str) -> String {
    match CUT.as_ref().filter(|_| text.trim_end().ends_with("...")) {
        Some(regex) => regex.replace(text, "").into_owned(),
        None => text.to_owned(),
    }
}

/// Whether the braces of the lines so far are closed.
pub(super) fn is_closed(text: &str) -> bool {
    let mut depth = 0_i64;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match mark {
            b'"' => rest = after.get(string_end(after) + 1..).unwrap_or_default(),
            b'{' | b'[' => depth += 1,
            _ => depth -= 1,
        }
    }
    depth <= 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_dropped() {
        for (text, value, repaired) in [
            ("{\"header\": {\n...\n}, \"ids\": [\n1,\n2,\n...\n]}", json!({"header": {}, "ids": [1, 2]}), false),
            ("{\"key\": \"0x30, 0x82,\n    ... (omitted) ...\"}", json!({"key": "0x30, 0x82,"}), false),
            ("{\"key\": \"AAAA...\", \"b\": \"Base64(...)\"}", json!({"key": "AAAA", "b": "Base64(...)"}), false),
            ("{\"list\": [{\"a\": 1},\n...\n]}", json!({"list": [{"a": 1}]}), false),
            ("{\"a\": 1\n\"b\": \"x\",\n}", json!({"a": 1, "b": "x"}), true),
        ] {
            assert_eq!(read(text), Ok(Example { value, repaired }), "{text}");
        }
        assert!(read("{\"a\": }").is_err());
    }

    #[test]
    fn braces_in_strings_do_not_count() {
        assert!(is_closed("{\"a\": \"}\"}"));
        assert!(!is_closed("{\"a\": \"}\""));
    }
}
