//! Reads JSON and queries the way a Go server does that logs what it cannot bind and goes on without it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value that keeps every member of an object, repeated names included.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    /// A number with a fraction, an exponent or too many digits: no integer field takes it.
    Fraction,
    Text(String),
    List,
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a whole body; nothing when any part of it is not JSON.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_str(&repaired(body)).ok()
    }

    /// The members of an object in their order, with names in one case; none for any other value.
    pub(super) fn members(&self) -> impl Iterator<Item = (String, &Self)> {
        let members = if let Self::Object(members) = self { &members[..] } else { &[] };
        members.iter().map(|(name, node)| (folded(name), node))
    }

    /// Stores an id that fits; anything else leaves the field as it is.
    pub(super) fn id(&self, field: &mut u32) {
        if let Self::Unsigned(number) = self
            && let Ok(number) = u32::try_from(*number)
        {
            *field = number;
        }
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
pub(super) fn query_id(text: &str) -> u32 {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).unwrap_or(0)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Negative(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Fraction)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        while items.next_element::<Node>()?.is_some() {}
        Ok(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut read = Vec::new();
        while let Some(member) = members.next_entry()? {
            read.push(member);
        }
        Ok(Node::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text(body: &[u8]) -> String {
        let mut text = String::new();
        Node::read(body).unwrap().text(&mut text);
        text
    }

    #[test]
    fn anything_wrong_with_the_syntax_loses_the_whole_body() {
        for body in ["", "{", "{} x", "\u{feff}{}", "{'a':1}", "{\"a\":01}", "nul", "\"\\ud83\""] {
            assert_eq!(Node::read(body.as_bytes()), None, "{body:?}");
        }
        assert_eq!(Node::read(b" [1, {}] \n"), Some(Node::List));
    }

    #[test]
    fn an_integer_field_takes_plain_integers_that_fit() {
        for (json, wanted) in
            [("7", 7), ("4294967295", u32::MAX), ("4294967296", 1), ("7.0", 1), ("7e0", 1), ("-7", 1), ("\"7\"", 1)]
        {
            let mut id = 1;
            Node::read(json.as_bytes()).unwrap().id(&mut id);
            assert_eq!(id, wanted, "{json}");
        }
        let (mut status, mut time) = (0, 0);
        Node::Negative(-1).number(&mut status);
        Node::Unsigned(1 << 40).number(&mut status);
        Node::Unsigned(1 << 40).long(&mut time);
        assert_eq!((status, time), (-1, 1 << 40));
    }

    #[test]
    fn replaces_what_is_not_unicode() {
        assert_eq!(text(b"\"a\xff\xfeb\""), "a\u{fffd}\u{fffd}b");
        assert_eq!(text(br#""a\ud800b""#), "a\u{fffd}b");
        assert_eq!(text(br#""\udc00\ud83d\ude00\ud83d""#), "\u{fffd}\u{1f600}\u{fffd}");
        assert_eq!(text(br#""\\ud800 \n""#), "\\ud800 \n");
    }

    #[test]
    fn keeps_repeated_members_and_compares_names_without_case() {
        let node = Node::read(r#"{"AWS_ID":1,"aws_id":2,"aw\u017f_id":3,"awsId":4}"#.as_bytes()).unwrap();
        let names: Vec<_> = node.members().map(|(name, _)| name).collect();
        assert_eq!(names, ["aws_id", "aws_id", "aws_id", "awsid"]);
    }

    #[test]
    fn null_clears_an_object_and_any_other_value_makes_one() {
        let mut field: Option<u32> = None;
        assert!(Node::Unsigned(5).object(&mut field).is_some());
        assert!(Node::Null.object(&mut field).is_none());
        assert_eq!(field, None);
    }

    #[test]
    fn a_query_drops_pairs_that_cannot_be_read() {
        let pairs = query("Project_ID=1001&aws_id=%zz&x;y=1&data_source=aws%3Aportscan&&name=a+b%ff");
        let read: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(read, [("project_id", "1001"), ("data_source", "aws:portscan"), ("name", "a b\u{fffd}")]);
        for (raw, id) in [("0012", 12), ("+12", 0), ("0x12", 0), ("", 0), ("4294967296", 0), ("-1", 0), ("1.0", 0)] {
            assert_eq!(query_id(raw), id, "{raw}");
        }
    }
}
