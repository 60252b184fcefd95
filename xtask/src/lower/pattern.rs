//! Patterns of the fixtures as rules that need no regular expressions at run time.

use crate::ir::Constraint;

/// Translates `^[class]*$`, `^[class]+$`, `^[class]$`, `^[class]{n,m}$` and `^(A|B)$`; nothing for any other pattern.
pub(crate) fn translate(pattern: &str) -> Option<Constraint> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    if let Some(choices) = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return alternatives(choices);
    }
    let class = inner.strip_prefix('[')?;
    let end = closing_bracket(class)?;
    let (class, quantifier) = (class.get(..end)?, class.get(end + 1..)?);
    let ranges = ranges(class)?;
    let (min, max) = repetition(quantifier)?;
    Some(Constraint::Class { ranges, min, max })
}

fn alternatives(choices: &str) -> Option<Constraint> {
    let choices: Vec<String> = choices.split('|').map(str::to_owned).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
    choices.iter().all(|choice| !choice.is_empty() && choice.chars().all(plain)).then_some(Constraint::OneOf(choices))
}

fn closing_bracket(class: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in class.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => return Some(index),
            _ => {}
        }
    }
    None
}

/// A hyphen between two characters is a range unless the left one already ended a range.
fn ranges(class: &str) -> Option<Vec<(char, char)>> {
    if class.is_empty() || class.starts_with('^') || class.contains('[') || class.contains("&&") {
        return None;
    }
    let mut items: Vec<(char, bool)> = Vec::new();
    let mut characters = class.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                literal if literal.is_ascii_punctuation() => items.push((literal, true)),
                _ => return None,
            },
            plain => items.push((plain, false)),
        }
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(&(low, _)) = items.get(at) {
        match (items.get(at + 1), items.get(at + 2)) {
            (Some(&('-', false)), Some(&(high, _))) => {
                if high < low {
                    return None;
                }
                ranges.push((low, high));
                at += 3;
            }
            _ => {
                ranges.push((low, low));
                at += 1;
            }
        }
    }
    Some(ranges)
}

fn repetition(quantifier: &str) -> Option<(u64, Option<u64>)> {
    match quantifier {
        "" => Some((1, Some(1))),
        "*" => Some((0, None)),
        "+" => Some((1, None)),
        "?" => Some((0, Some(1))),
        _ => {
            let inner = quantifier.strip_prefix('{')?.strip_suffix('}')?;
            match inner.split_once(',') {
                None => inner.parse().ok().map(|n| (n, Some(n))),
                Some((min, "")) => min.parse().ok().map(|min| (min, None)),
                Some((min, max)) => Some((min.parse().ok()?, Some(max.parse().ok()?))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(pattern: &str) -> (Vec<(char, char)>, u64, Option<u64>) {
        match translate(pattern) {
            Some(Constraint::Class { ranges, min, max }) => (ranges, min, max),
            other => panic!("{pattern}: {other:?}"),
        }
    }

    /// Whether the translated rule accepts the text, judged here without the run-time checker.
    fn accepts(pattern: &str, text: &str) -> bool {
        let (ranges, min, max) = class(pattern);
        let length = text.chars().count() as u64;
        length >= min
            && max.is_none_or(|max| length <= max)
            && text.chars().all(|c| ranges.iter().any(|&(low, high)| (low..=high).contains(&c)))
    }

    #[test]
    fn agrees_with_regular_expressions() {
        let patterns =
            ["^[a-z0-9!@#$%^&*()-_]*$", "^[a-zA-Z0-9-_]+$", "^[A-Za-z0-9_-]*$", "^[YN]$", "^[0-9]{12}$", "^[a-z0-9]*$"];
        for pattern in patterns {
            let regex = regex::Regex::new(pattern).unwrap();
            for byte in 0x20_u8..0x7f {
                let one = char::from(byte).to_string();
                for text in [String::new(), one.clone(), one.repeat(2), one.repeat(12)] {
                    assert_eq!(accepts(pattern, &text), regex.is_match(&text), "{pattern} {text}");
                }
            }
        }
    }

    #[test]
    fn alternatives_are_a_list() {
        let expected = Constraint::OneOf(vec!["Active".to_owned(), "Stop".to_owned()]);
        assert_eq!(translate("^(Active|Stop)$"), Some(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for pattern in ["abc", "^a$", "^[^a]*$", "^[a-z]+[0-9]$", "^(a|b.)$", "^[z-a]$", "^[\\d]*$", "^[]$", "^[a]{x}$"]
        {
            assert_eq!(translate(pattern), None, "{pattern}");
        }
    }
}
