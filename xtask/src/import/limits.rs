//! Limits, defaults and values that a table states inside the words of a description.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What a description says beyond prose.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Limits {
    pub(super) minimum: Option<u64>,
    pub(super) maximum: Option<u64>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) default: Option<Value>,
    pub(super) allowed: Vec<String>,
    pub(super) required: bool,
}

/// Patterns are compiled once; a page has hundreds of rows.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(MOST, r"(?:maximum|up to|Up to) (\d+) characters|최대 (\d+)자");
pattern!(LENGTHS, r"(\d+)-(\d+) characters");
pattern!(RANGE, r"(\d+)(?: to |-|~| ~ )(\d+)");
pattern!(GREATEST, r"max: (\d+)");
pattern!(DEFAULT, r"(?:[Dd]efault|기본값)\s*:\s*([A-Za-z0-9]+)");
// `(A/B, …)`
pattern!(SLASHES, r"\((?:required, )?([A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)+)[,)]");
// `One of A or B`
pattern!(ONE_OF, r"One of ([A-Za-z0-9_-]+ or [A-Za-z0-9_-]+)");
// `(A: first, B: second)`
pattern!(
    BRACED,
    r#"\((["`]?[A-Za-z0-9_]+["`]?(?:\s*:\s*[^,()]*)?(?:, ["`]?[A-Za-z0-9_]+["`]?(?:\s*:\s*[^,()]*)?)+)\)"#
);
// `A, B (…)`
pattern!(LEADING, r"^([A-Z]{2}(?:, [A-Z]{2})+) \(");
// `` `a`, `b` ``
pattern!(QUOTED, r"^((?:`[a-z_0-9]+`)(?:, `[a-z_0-9]+`)+)\s*$");
// `` `1`: first, `2`: second ``
pattern!(NUMBERED, r"^(`\d+`: \w+(?:, `\d+`: \w+)+)\s*$");

/// Reads the description of a field of a JSON type.
pub(super) fn read(description: &str, kind: &str) -> Limits {
    // A comma without a space belongs to a number.
    let text = description.replace(',', "\u{1}").replace("\u{1} ", ", ").replace('\u{1}', "");
    let groups = |pattern: &LazyLock<Option<Regex>>| -> Vec<u64> {
        let found = pattern.as_ref().and_then(|own| own.captures(&text));
        found.iter().flat_map(|own| own.iter().skip(1).flatten()).filter_map(|own| own.as_str().parse().ok()).collect()
    };
    let mut limits = Limits { required: text.contains("(required"), ..Limits::default() };
    match kind {
        "string" => {
            limits.max_length = groups(&MOST).first().copied();
            if let [least, most] = groups(&LENGTHS)[..] {
                (limits.min_length, limits.max_length) = (Some(least), Some(most));
            }
            limits.allowed = allowed(&text);
        }
        "integer" => {
            match groups(&RANGE)[..] {
                [least, most] => (limits.minimum, limits.maximum) = (Some(least), Some(most)),
                _ => limits.maximum = groups(&GREATEST).first().copied(),
            }
            limits.allowed = allowed(&text);
            limits.allowed.retain(|own| own.bytes().all(|byte| byte.is_ascii_digit()));
            if limits.minimum.is_none() && (text.contains("positive integer") || text.contains("양의 정수")) {
                limits.minimum = Some(1);
            }
        }
        _ => {}
    }
    limits.default = default(&text, kind, &limits.allowed);
    limits
}

/// A default of the type; `all` and the like are prose.
fn default(text: &str, kind: &str, allowed: &[String]) -> Option<Value> {
    let word = DEFAULT.as_ref()?.captures(text)?.get(1)?.as_str();
    match kind {
        "boolean" => word.to_lowercase().parse().ok().map(Value::Bool),
        "integer" => word.parse::<u64>().ok().map(Value::from),
        "string" => allowed.iter().any(|own| own == word).then(|| word.into()),
        _ => None,
    }
}

/// The values, if the text lists all of them.
fn allowed(text: &str) -> Vec<String> {
    let found = [&SLASHES, &ONE_OF, &BRACED, &LEADING, &QUOTED, &NUMBERED].into_iter().find_map(|pattern| {
        let list = pattern.as_ref()?.captures(text)?.get(1)?.as_str();
        let separator = [", ", " or ", "/"].into_iter().find(|own| list.contains(own))?;
        let word = |item: &str| item.split(':').next().unwrap_or(item).trim().trim_matches(['"', '`']).to_owned();
        Some(list.split(separator).map(word).collect::<Vec<_>>())
    });
    let values = found.unwrap_or_default();
    let flags = values == ["Y", "N"];
    let words = values.iter().any(|own| matches!(own.to_lowercase().as_str(), "default" | "max" | "min" | "true"));
    if flags || words { Vec::new() } else { values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_taken_apart() {
        let list = |values: &[&str]| values.iter().map(|own| (*own).to_owned()).collect::<Vec<_>>();
        for (text, kind, expected) in [
            (
                "Page size (default: 10, 10 to 100)",
                "integer",
                Limits { minimum: Some(10), maximum: Some(100), default: Some(10.into()), ..Limits::default() },
            ),
            (
                "페이지 크기(기본값: 10, 10~100)",
                "integer",
                Limits { minimum: Some(10), maximum: Some(100), default: Some(10.into()), ..Limits::default() },
            ),
            (
                "Page number (default: 1, must be a positive integer)",
                "integer",
                Limits { minimum: Some(1), default: Some(1.into()), ..Limits::default() },
            ),
            (
                "Page size to view (default: 10, max: 1000)",
                "integer",
                Limits { maximum: Some(1000), default: Some(10.into()), ..Limits::default() },
            ),
            (
                "Details included or not (Default: false)",
                "boolean",
                Limits { default: Some(false.into()), ..Limits::default() },
            ),
            ("Name filter (maximum 100 characters)", "string", Limits { max_length: Some(100), ..Limits::default() }),
            (
                "(required, 1-100 characters)",
                "string",
                Limits { min_length: Some(1), max_length: Some(100), required: true, ..Limits::default() },
            ),
            ("(up to 1,000 characters)", "string", Limits { max_length: Some(1000), ..Limits::default() }),
            (
                "(required, AND/OR, default: AND)",
                "string",
                Limits {
                    allowed: list(&["AND", "OR"]),
                    default: Some("AND".into()),
                    required: true,
                    ..Limits::default()
                },
            ),
            (
                "Filter (SECRET/SYMMETRIC_KEY, default: all)",
                "string",
                Limits { allowed: list(&["SECRET", "SYMMETRIC_KEY"]), ..Limits::default() },
            ),
            (
                "One of RSASSA-PSS or RSASSA-PKCS1-v1_5",
                "string",
                Limits { allowed: list(&["RSASSA-PSS", "RSASSA-PKCS1-v1_5"]), ..Limits::default() },
            ),
            (
                "Standard (\"M\": Main, \"F\": Electronic finance)",
                "string",
                Limits { allowed: list(&["M", "F"]), ..Limits::default() },
            ),
            (
                "KO, EN, JA (default : KO)",
                "string",
                Limits { allowed: list(&["KO", "EN", "JA"]), default: Some("KO".into()), ..Limits::default() },
            ),
            ("`asc`, `desc`", "string", Limits { allowed: list(&["asc", "desc"]), ..Limits::default() }),
            ("Status (1: OK, 2: CONFIGURED)", "integer", Limits { allowed: list(&["1", "2"]), ..Limits::default() }),
            ("`1`: active, `2`: pending ", "integer", Limits { allowed: list(&["1", "2"]), ..Limits::default() }),
            ("Enabled (Y/N)", "string", Limits::default()),
            ("Region (KR1, KR2, ...)", "string", Limits::default()),
            ("Time (datetime)", "string", Limits::default()),
        ] {
            assert_eq!(read(text, kind), expected, "{text}");
        }
    }
}
