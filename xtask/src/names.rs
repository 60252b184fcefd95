//! How names on the wire become Rust names: modules, fields, variants and constants.

use proc_macro2::{Ident, Span};

/// The module of a version: `v1_2` for `1.2`.
pub(crate) fn version_module(number: &str) -> String {
    format!("v{}", number.replace(['.', '-'], "_"))
}

/// Whether the text is a version number as vendors spell it: `1`, `1.2`.
pub(crate) fn is_version(number: &str) -> bool {
    number.split('.').all(|part| !part.is_empty() && part.len() < 7 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The number to sort by: `1.10` comes after `1.9`.
pub(crate) fn version_parts(number: &str) -> Vec<u64> {
    number.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// Whether the text is a name of a vendor, crate or service: it becomes a part of file names.
pub(crate) fn is_label(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether the text is a title: one line with something in it.
pub(crate) fn is_title(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Whether the text is a day of the calendar, as `2026-08-31`.
pub(crate) fn is_day(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u32>().ok()
    };
    let (true, Some("-"), Some("-")) = (text.len() == 10, text.get(4..5), text.get(7..8)) else { return false };
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(5..7), part(8..10)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// The days from 1970-01-01 to a day of the calendar.
pub(crate) fn day_number(text: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    if !is_day(text) {
        return None;
    }
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// The lifecycle states of a version.
pub(crate) const STATES: &[&str] = &["CURRENT", "SUPPORTED", "DEPRECATED"];

/// `isMine` becomes `is_mine`; whatever is not a letter or digit becomes an underscore.
pub(crate) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        if character.is_ascii_uppercase() {
            let previous = index.checked_sub(1).and_then(|at| characters.get(at));
            let next = characters.get(index + 1);
            let after_word = previous.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            let ends_acronym =
                previous.is_some_and(char::is_ascii_uppercase) && next.is_some_and(char::is_ascii_lowercase);
            if (after_word || ends_acronym) && !out.ends_with('_') {
                out.push('_');
            }
        }
        out.push(character.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// `list_keys` becomes `ListKeys`, `SYMMETRIC_KEY` becomes `SymmetricKey`, `KR1` becomes `Kr1`.
pub(crate) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let shouted = !word.chars().any(|c| c.is_ascii_lowercase());
        let mut rest = word.chars();
        out.extend(rest.next().map(|first| first.to_ascii_uppercase()));
        out.extend(rest.map(|c| if shouted { c.to_ascii_lowercase() } else { c }));
    }
    out
}

/// `show_key` becomes `SHOW_KEY`.
pub(crate) fn constant(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// Whether the text can be a Rust identifier once keywords are made raw.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The identifier of a name: keywords become raw, the four that cannot get an underscore.
pub(crate) fn ident(name: &str) -> Ident {
    match name {
        "self" | "Self" | "super" | "crate" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ if KEYWORDS.contains(&name) => Ident::new_raw(name, Span::call_site()),
        _ => Ident::new(name, Span::call_site()),
    }
}

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart() {
        let cases = [
            ("isMine", "is_mine"),
            ("key_id", "key_id"),
            ("ip4AuthUse", "ip4_auth_use"),
            ("level3WeakCount", "level3_weak_count"),
            ("X-TOAST-MAC", "x_toast_mac"),
            ("HTTPServer", "http_server"),
            ("secure-key-manager", "secure_key_manager"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(version_module("1.2"), "v1_2");
        assert!(["1", "1.2", "10.0"].into_iter().all(is_version));
        assert!(!["", "1.", "v1", "1.x", "-1", "../1", "1234567"].into_iter().any(is_version));
    }

    #[test]
    fn labels_titles_and_days_are_told_from_other_text() {
        assert!(["kms", "secure-key-manager", "a1"].into_iter().all(is_label));
        assert!(!["", "-a", "1a", "Kms", "a_b", "a/b", "..", "../../x", "a\n", "a.b"].into_iter().any(is_label));
        assert!(["Key Service", "A|B", "키"].into_iter().all(is_title));
        assert!(!["", " ", "a\nb", "a\tb", "a\u{2028}b"].into_iter().any(is_title));
        assert!(["2026-08-31", "2024-02-29", "2000-02-29"].into_iter().all(is_day));
        for text in [
            "",
            "2026-08-32",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-04-31",
            "2026-02-29",
            "1900-02-29",
            "20260831",
            "2026/08/31",
            "2026-8-31",
            "2026-08-31Z",
            "+026-08-31",
            "2026-+8-31",
            "August 2026",
            "２026-08-31",
        ] {
            assert!(!is_day(text), "{text}");
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (day, number) in [
            ("1970-01-01", 0),
            ("1970-03-01", 59),
            ("2000-02-29", 11_016),
            ("2024-03-01", 19_783),
            ("2026-12-31", 20_818),
            ("2027-01-01", 20_819),
        ] {
            assert_eq!(day_number(day), Some(number), "{day}");
        }
        assert_eq!(day_number("2026-02-29"), None);
    }

    #[test]
    fn variants_are_capitalised() {
        let cases = [
            ("SYMMETRIC_KEY", "SymmetricKey"),
            ("KR1", "Kr1"),
            ("critical", "Critical"),
            ("M", "M"),
            ("InProgress", "InProgress"),
            ("list_keys", "ListKeys"),
        ];
        for (name, expected) in cases {
            assert_eq!(pascal(name), expected);
        }
    }

    #[test]
    fn keywords_stay_usable() {
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("self").to_string(), "self_");
        assert_eq!(ident("name").to_string(), "name");
        assert!(!is_identifier("1a") && !is_identifier("") && is_identifier("_a1"));
    }
}
