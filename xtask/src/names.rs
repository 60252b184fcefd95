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
