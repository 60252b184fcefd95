//! Where in a JSON text decoding failed.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The place of an error as the numbers of the members and elements that lead there, the innermost first.
///
/// Decoding only counts, and an error leaves the counts behind. The names come from the text, which is then read again
/// by code that is the same for all types.
#[derive(Default)]
pub(super) struct Place(RefCell<Vec<usize>>);

impl Place {
    /// Adds the number of the member or element, from 1, that holds what is there already.
    #[cold]
    pub(super) fn within(&self, number: usize) {
        self.0.borrow_mut().push(number);
    }

    /// Writes the place as `keys[3].state`; empty for the whole value.
    pub(super) fn name(&self, text: &[u8]) -> String {
        let mut name = String::new();
        let numbers = self.0.borrow();
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        // The text does not decode, so that reading it ends with an error: what was found until then counts.
        let _: Result<(), _> = Find { numbers: &numbers, name: &mut name }.deserialize(&mut deserializer);
        name
    }
}

/// Adds the names on the way to the place.
struct Find<'a> {
    numbers: &'a [usize],
    name: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.numbers.is_empty() { Ok(()) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Some((number, rest)) = self.numbers.split_last() else { return Ok(()) };
        for _ in 1..*number {
            members.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if let Some(key) = members.next_key::<String>()? {
            if !self.name.is_empty() {
                self.name.push('.');
            }
            self.name.push_str(&key);
            members.next_value_seed(Find { numbers: rest, name: self.name })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Some((number, rest)) = self.numbers.split_last() else { return Ok(()) };
        for _ in 1..*number {
            elements.next_element::<IgnoredAny>()?;
        }
        // Writing to a string cannot fail.
        let _ = write!(self.name, "[{}]", number.saturating_sub(1));
        elements.next_element_seed(Find { numbers: rest, name: self.name }).map(|_| ())
    }
}
