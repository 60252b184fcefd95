//! Reads JSON: errors name the field and never quote a value.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

mod place;
mod secret;
mod strict;

pub(crate) use secret::{from_secret_json, unquoted};

use strict::Strict;

/// Decodes a value from JSON. An error names the field (`keys[3].state`) and never quotes a value.
///
/// # Errors
/// [`ErrorKind::Decode`] if the input is not valid JSON or does not match the type.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    if has_tiny_objects(text) {
        let text = "the response holds far more objects than its size allows for; a proxy may have altered it";
        return Err(Error::new(ErrorKind::Decode, text));
    }
    // Checked once as a whole, which costs a fraction of checking each string.
    let text = std::str::from_utf8(text).map_err(|error| {
        let place = error.valid_up_to();
        let text = match error.error_len() {
            Some(_) => format!("cannot decode the response: byte {place} is not UTF-8; a proxy may have altered it"),
            None => format!("response truncated at byte {place}; the connection or a proxy may have cut it"),
        };
        Error::new(ErrorKind::Decode, text)
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut deserializer)).map_err(|error| explain(&error, text))?;
    deserializer.end().map(|()| value).map_err(|_| {
        let text = "cannot decode the response: text follows the JSON value; a proxy may have added it";
        Error::new(ErrorKind::Decode, text)
    })
}

/// What the error of a value that is read as a whole calls a value that is neither an object nor an array.
pub(crate) const PLAIN_VALUE: &str = "a plain value";

/// Reads JSON whose shape is a guess; `None` if it is another. From text always: each kind of input that a program reads
/// compiles a decoder of its own.
pub(crate) fn guess<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(text).ok()?).ok()
}

/// An object of two bytes becomes a struct of hundreds. With at least this many bytes for each object on average, a
/// decoded response takes at most about 50 times the limit of its body.
const OBJECT: usize = 32;
/// So many small objects are always accepted.
const OBJECTS: usize = 100_000;

/// Returns whether the text would need far more memory than its size suggests.
fn has_tiny_objects(text: &[u8]) -> bool {
    let most = OBJECTS + text.len() / OBJECT;
    // Each object takes two bytes, and braces within strings are counted only if there are that many in all.
    text.len() / 2 > most && braces(text) > most && objects(text) > most
}

/// The number of opening braces. Counted in bytes, which the compiler does many at a time.
fn braces(text: &[u8]) -> usize {
    let count = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(*byte == b'{')).sum::<u8>();
    // Short enough for a sum in one byte, and a multiple of what fits into a register.
    text.chunks(192).map(|chunk| usize::from(count(chunk))).sum()
}

/// The number of braces that open an object and are not part of a string.
fn objects(text: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cold]
fn explain(error: &serde_json::Error, text: &str) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = if error.is_data() {
        let what = error.to_string();
        let name = if what.contains(PLAIN_VALUE) { place::name_of_last } else { place::name };
        let problem = shape_problem(&name(text.as_bytes(), line, column), &what);
        format!("cannot decode the response: {problem}; the service may have changed, so check for a newer release")
    } else if error.is_eof() {
        format!("response truncated at line {line} column {column}; the connection or a proxy may have cut it")
    } else {
        let problem = format!("invalid JSON at line {line} column {column}");
        format!("cannot decode the response: {problem}; a proxy may have altered it")
    };
    Error::new(ErrorKind::Decode, text)
}

fn missing(path: &str, name: &str) -> String {
    match path {
        "" => format!("`{name}` is missing"),
        _ => format!("`{path}.{name}` is missing"),
    }
}

/// What JSON calls a type of serde's.
fn json_name(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "an array",
        "a map" => "an object",
        other => other,
    }
}

/// Serde's message may quote the value, so only the field name or the expected type is taken from it.
fn shape_problem(path: &str, text: &str) -> String {
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return missing(path, name);
    }
    let wanted = text.rsplit_once(", expected ").map_or("another type", |(_, rest)| rest);
    let wanted = json_name(wanted.split(" at line ").next().unwrap_or(wanted));
    if let Some(name) = text.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        return match path {
            "" => format!("`{name}` comes twice"),
            _ => format!("`{name}` comes twice in `{path}`"),
        };
    }
    match path {
        "" => format!("the whole value is not {wanted}"),
        _ => format!("`{path}` is not {wanted}"),
    }
}

#[cfg(test)]
mod tests;
