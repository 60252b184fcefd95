//! Reads JSON and queries the way a Go server does that logs what it cannot bind and goes on without it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep Go's reader follows lists and objects.
const DEEPEST: usize = 10_000;

/// A JSON value, read only where a field is looked at: the rest needs valid syntax only.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    /// A number with a fraction, an exponent or too many digits, as written: no integer field takes it.
    Fraction(String),
    Text(String),
    List,
    /// The object as it was written.
    Object(String),
}

impl Node {
    /// Reads a whole body; nothing when any part of it is not JSON.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = repaired(body);
        let whole: &RawValue = serde_json::from_str(&text).ok()?;
        (depth(whole.get()) <= DEEPEST).then(|| Self::of(whole))
    }

    fn of(raw: &RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{') => Self::Object(text.to_owned()),
            Some(b'[') => Self::List,
            Some(b'"') => serde_json::from_str(text).map_or(Self::Null, Self::Text),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => match text.parse() {
                Ok(number) => Self::Unsigned(number),
                Err(_) => text.parse().map_or_else(|_| Self::Fraction(text.to_owned()), Self::Negative),
            },
        }
    }

    /// The members of an object in their order, repeated ones included, with names in one case; none for any other value.
    pub(super) fn members(&self) -> impl Iterator<Item = (String, Self)> {
        let members = match self {
            Self::Object(text) => serde_json::from_str(text).map_or_else(|_| Vec::new(), |Members(members)| members),
            _ => Vec::new(),
        };
        members.into_iter().map(|(name, node)| (folded(&name), node))
    }

    /// Stores an id that fits; anything else leaves the field as it is.
    pub(super) fn id(&self, field: &mut u32) {
        if let Self::Unsigned(number) = self
            && let Ok(number) = u32::try_from(*number)
        {
            *field = number;
        }
    }

    /// Stores a 64-bit ID.
    pub(super) fn long_id(&self, field: &mut u64) {
        if let Self::Unsigned(number) = self {
            *field = *number;
        }
    }

    /// Stores a score; one that is too large leaves the field as it is.
    pub(super) fn score(&self, field: &mut f32) {
        let text = match self {
            Self::Unsigned(number) => number.to_string(),
            Self::Negative(number) => number.to_string(),
            Self::Fraction(text) => text.clone(),
            _ => return,
        };
        *field = text.parse().ok().filter(|score: &f32| score.is_finite()).unwrap_or(*field);
    }

    pub(super) fn long(&self, field: &mut i64) {
        match self {
            Self::Unsigned(number) => *field = i64::try_from(*number).unwrap_or(*field),
            Self::Negative(number) => *field = *number,
            _ => {}
        }
    }

    pub(super) fn number(&self, field: &mut i32) {
        let mut long = i64::from(*field);
        self.long(&mut long);
        *field = i32::try_from(long).unwrap_or(*field);
    }

    pub(super) fn text(&self, field: &mut String) {
        if let Self::Text(text) = self {
            field.clone_from(text);
        }
    }

    pub(super) fn flag(&self, field: &mut bool) {
        if let Self::Bool(flag) = self {
            *field = *flag;
        }
    }

    /// Prepares an object field: null clears it, any other value makes it be there.
    pub(super) fn object<'a, T: Default>(&self, field: &'a mut Option<T>) -> Option<&'a mut T> {
        if *self == Self::Null {
            *field = None;
            None
        } else {
            Some(field.get_or_insert_default())
        }
    }
}

/// A name as names are compared: letters without case, and the two signs that fold to ASCII letters.
pub(super) fn folded(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// Replaces what Go's reader replaces: bytes that are not UTF-8, and halves of a surrogate pair.
fn repaired(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    if !text.contains("\\u") {
        return text;
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        let escape = &rest[at..];
        let length = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                whole.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            // The sign after a backslash belongs to it, a second backslash above all.
            (None, _) => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        whole.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    whole.push_str(rest);
    whole
}

enum Half {
    High,
    Low,
}

/// Which half of a pair the escape at the start of a text stands for, if any.
fn surrogate(text: &str) -> Option<Half> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(hex, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// The pairs of a query; a pair that cannot be decoded is left out.
pub(super) fn query(raw: &str) -> Vec<(String, String)> {
    let readable = raw.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
    readable
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((folded(&decoded(name)?), decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (hex, tail) = tail.split_at_checked(2).filter(|(hex, _)| hex.iter().all(u8::is_ascii_hexdigit))?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                rest = tail;
            }
            plain => bytes.push(plain),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A number in a query: plain decimal digits, or zero.
pub(super) fn query_id<T: std::str::FromStr + Default>(text: &str) -> T {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).unwrap_or_default()
}

/// How deep arrays and objects are nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The members of one object.
struct Members(Vec<(String, Node)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let mut read = Vec::new();
        while let Some((name, raw)) = members.next_entry::<String, &RawValue>()? {
            read.push((name, Node::of(raw)));
        }
        Ok(Members(read))
    }
}

#[cfg(test)]
mod tests;
