//! Where in a JSON text decoding failed.

use std::fmt::Write as _;

/// An object or an array around the place.
enum Container {
    /// The name of the member whose value is being read.
    Object(Option<String>),
    /// The number of the element, from 0.
    Array(usize),
}

/// The place of a value as `keys[3].state`; empty for the whole text.
///
/// `line` and `column` are those of the last byte that was read, so decoding itself need not keep track.
#[cold]
pub(super) fn name(text: &[u8], line: usize, column: usize) -> String {
    found(text, line, column, false)
}

/// The place of the last value before that one. What is read as a whole is noticed after the next byte, which may have
/// closed the object that the value is in.
#[cold]
pub(super) fn name_of_last(text: &[u8], line: usize, column: usize) -> String {
    found(text, line, column, true)
}

fn found(text: &[u8], line: usize, column: usize, last: bool) -> String {
    let before =
        text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum::<usize>();
    let read = text.get(..before + column).unwrap_or(text);
    let mut around = Vec::new();
    let mut position = 0;
    // The last string, quotes included: a name if a colon follows.
    let mut string = 0..0;
    while let Some(byte) = read.get(position) {
        let start = position;
        position += 1;
        match byte {
            b'"' => {
                position += string_length(read.get(position..).unwrap_or_default());
                string = start..position;
            }
            b'{' => around.push(Container::Object(None)),
            b'[' => around.push(Container::Array(0)),
            b'}' | b']' if last && position == read.len() => {}
            b'}' | b']' => drop(around.pop()),
            b':' => {
                if let Some(Container::Object(name)) = around.last_mut() {
                    *name = read.get(string.clone()).and_then(super::guess);
                }
            }
            b',' => match around.last_mut() {
                Some(Container::Object(name)) => *name = None,
                Some(Container::Array(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
    }
    join(&around)
}

/// The length of the rest of a string, with its closing quote.
fn string_length(rest: &[u8]) -> usize {
    let mut escaped = false;
    let end = rest.iter().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => *byte == b'"',
    });
    end.map_or(rest.len(), |end| end + 1)
}

fn join(around: &[Container]) -> String {
    let mut path = String::new();
    for container in around {
        match container {
            Container::Object(Some(name)) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(name);
            }
            Container::Object(None) => {}
            // Writing to a string cannot fail.
            Container::Array(index) => drop(write!(path, "[{index}]")),
        }
    }
    path
}
