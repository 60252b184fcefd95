//! The encryption context: pairs of names and values that a message authenticates but does not hide.
//!
//! Serialized as in the specification, `framework/structures.md`.

use std::collections::{BTreeMap, btree_map};
use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// Names that begin so are the format's own.
const RESERVED: &str = "aws-crypto-";

/// The encryption context of a message: pairs that are stored in the clear and cannot be changed.
///
/// `Debug` shows how many pairs there are, and none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// Returns the value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all pairs, ordered by name.
    #[must_use]
    pub fn iter(&self) -> Pairs<'_> {
        Pairs(self.0.iter())
    }

    /// Returns how many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that all these pairs are in the context. Other pairs may be there too.
    ///
    /// # Errors
    /// [`ErrorKind::Context`] if one is missing or has another value.
    pub fn expect(&self, pairs: &[(&str, &str)]) -> Result<()> {
        if pairs.iter().all(|(name, value)| self.get(name) == Some(value)) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Context, "the encryption context of the message lacks a pair that was expected"))
    }

    /// Reads what [`encode`] wrote, without its length. Other writers order the pairs in other ways; each name is there once.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let malformed = || Error::new(ErrorKind::Malformed, "the encryption context in the header is malformed");
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let (count, mut rest) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let count = u16::from_be_bytes(*count);
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let name = text(&mut rest).ok_or_else(malformed)?;
            let value = text(&mut rest).ok_or_else(malformed)?;
            if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(malformed());
            }
        }
        if count == 0 || !rest.is_empty() { Err(malformed()) } else { Ok(Self(pairs)) }
    }
}

impl<'a> IntoIterator for &'a Context {
    type Item = (&'a str, &'a str);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

/// The pairs of a [`Context`], ordered by name.
#[derive(Clone)]
pub struct Pairs<'a>(btree_map::Iter<'a, String, String>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Pairs<'_> {}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pairs([{} pairs])", self.len())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context([{} pairs])", self.0.len())
    }
}

/// Splits off a string that its length precedes.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

/// Serializes the pairs, without the length that precedes them in the header. Empty if there are none.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> Result<Vec<u8>> {
    let input = |text| Error::new(ErrorKind::Input, text);
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted = pairs.to_vec();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    if sorted.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other)) {
        return Err(input("a name occurs twice in the encryption context"));
    }
    if sorted.iter().any(|(name, _)| name.starts_with(RESERVED)) {
        return Err(input(
            "names of the encryption context must not begin with `aws-crypto-`, which the format reserves",
        ));
    }
    let too_long = |_| input("the encryption context is longer than 65,535 bytes");
    let count = u16::try_from(sorted.len()).map_err(too_long)?;
    let mut bytes =
        Vec::with_capacity(2 + sorted.iter().map(|(name, value)| 4 + name.len() + value.len()).sum::<usize>());
    bytes.extend(count.to_be_bytes());
    for text in sorted.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(u16::try_from(text.len()).map_err(too_long)?.to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    u16::try_from(bytes.len()).map_err(too_long)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_read_as_it_was_written_in_order_of_the_bytes() {
        let bytes = encode(&[("table", "orders"), ("a", ""), ("", "empty"), ("ä", "한국")]).unwrap();
        let context = Context::decode(&bytes).unwrap();
        assert_eq!(context.iter().collect::<Vec<_>>(), [("", "empty"), ("a", ""), ("table", "orders"), ("ä", "한국")]);
        assert!(encode(&[]).unwrap().is_empty() && Context::decode(&[]).unwrap().is_empty());
        assert!(context.expect(&[("table", "orders")]).is_ok());
        for wrong in [[("table", "order")], [("Table", "orders")], [("other", "")]] {
            assert_eq!(context.expect(&wrong).unwrap_err().kind(), ErrorKind::Context);
        }
        assert!(!format!("{context:?}").contains("orders"));
    }

    #[test]
    fn context_that_the_format_cannot_hold_is_rejected() {
        let long = "x".repeat(70_000);
        let half = "x".repeat(40_000);
        let cases: [&[(&str, &str)]; 5] = [
            &[("a", "1"), ("b", ""), ("a", "2")],
            &[("aws-crypto-public-key", "x")],
            &[("a", &long)],
            &[(&long, "")],
            &[("a", &half), ("b", &half)],
        ];
        for pairs in cases {
            assert_eq!(encode(pairs).unwrap_err().kind(), ErrorKind::Input);
        }
    }

    #[test]
    fn malformed_context_is_rejected() {
        let cases: [(&str, &[u8]); 7] = [
            ("no pairs, counted", &[0, 0]),
            ("half a count", &[0]),
            ("a missing pair", &[0, 1]),
            ("a missing value", &[0, 1, 0, 1, b'a']),
            ("a short value", &[0, 1, 0, 1, b'a', 0, 2, b'b']),
            ("a byte too many", &[0, 1, 0, 1, b'a', 0, 0, 0]),
            ("a name twice", &[0, 2, 0, 1, b'a', 0, 0, 0, 1, b'a', 0, 0]),
        ];
        for (what, bytes) in cases {
            assert_eq!(Context::decode(bytes).unwrap_err().kind(), ErrorKind::Malformed, "{what}");
        }
        assert!(Context::decode(&[0, 1, 0, 1, 0xFF, 0, 0]).is_err(), "not UTF-8");
        // The JavaScript package orders by the rules of a language: `a` before `B`.
        let unordered = Context::decode(&[0, 2, 0, 1, b'a', 0, 0, 0, 1, b'B', 0, 0]).unwrap();
        assert_eq!(unordered.iter().collect::<Vec<_>>(), [("B", ""), ("a", "")]);
    }
}
